"""Policies that AWS manages, as far as clusters, networks and their nodes need them."""

from __future__ import annotations

from typing import Final

AWS_MANAGED: Final = frozenset(
    {
        "AdministratorAccess",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEC2FullAccess",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSLocalOutpostClusterPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSServicePolicy",
        "AmazonEKSVPCResourceController",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonSSMManagedInstanceCore",
        "AmazonVPCFullAccess",
        "AWSKeyManagementServicePowerUser",
        "AWSXRayDaemonWriteAccess",
        "CloudWatchAgentServerPolicy",
        "CloudWatchLogsFullAccess",
        "ReadOnlyAccess",
        "SecretsManagerReadWrite",
        "service-role/AmazonEBSCSIDriverPolicy",
        "service-role/AmazonEFSCSIDriverPolicy",
    }
)
"""Path and name after ``:policy/``. A program that needs another one adds it here, once it is sure that AWS has it."""

NODE_POLICIES: Final = ("AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy")
"""One of them lets a node join its cluster."""

REGISTRY_POLICIES: Final = ("AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly")
"""One of them lets a node pull the images that EKS itself needs."""
