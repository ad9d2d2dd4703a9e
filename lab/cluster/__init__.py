"""The Kubernetes control plane of a lab's cluster, and what its cloud would add to it."""
