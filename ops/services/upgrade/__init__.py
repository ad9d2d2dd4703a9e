"""``hms upgrade plan``: in which order a mesh comes to newer versions of Cilium and Kubernetes, and what is refused."""
