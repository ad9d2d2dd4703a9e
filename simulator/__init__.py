"""Simulated clouds: what AWS, Azure, EKS, Kubernetes, tls and random answer when no cloud is there."""
