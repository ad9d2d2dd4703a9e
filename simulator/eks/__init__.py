"""The eks package: ``eks.Cluster`` is a component, whose provider registers the resources that make up a cluster."""

from simulator.eks.provider import EksProvider

__all__ = ["EksProvider"]
