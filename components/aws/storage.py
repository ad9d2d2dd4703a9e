"""Encrypted storage for what a cluster keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.cluster import EksCluster

NAME = "hms-encrypted"
"""Name of the class, on both clouds: a component does not know where it runs."""


@dataclass(frozen=True, kw_only=True)
class StorageClassArgs:
    """Arguments of :func:`storage_class`.

    Parameters
    ----------
    key_arn
        Key of the disks.
    after
        The driver, among others.
    """

    cluster: EksCluster
    key_arn: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


def storage_class(name: str, args: StorageClassArgs) -> k8s.storage.v1.StorageClass:
    """Make the class whose volumes are gp3 disks, encrypted with the site's key, in the zone of their pod."""
    return k8s.storage.v1.StorageClass(
        name,
        metadata=k8s.meta.v1.ObjectMetaArgs(name=NAME),
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": args.key_arn, "csi.storage.k8s.io/fstype": "ext4"},
        # Only then is it known in which zone the pod runs.
        volume_binding_mode="WaitForFirstConsumer",
        reclaim_policy="Delete",
        allow_volume_expansion=True,
        opts=pulumi.ResourceOptions(
            provider=args.cluster.provider, depends_on=list(args.after), deleted_with=args.cluster.resource
        ),
    )
