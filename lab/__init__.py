"""Real Kubernetes, Cilium and networks of a fleet on one Linux machine, driven by what the program planned."""
