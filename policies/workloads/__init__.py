"""What runs in the clusters: pods, namespaces, network policies."""
