"""The encrypted storage class of an EKS cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from infra.workloads import STORAGE_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.cluster import EksCluster


@dataclass(frozen=True, kw_only=True)
class EncryptedStorageArgs:
    """Arguments of :class:`EncryptedStorage`.

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


class EncryptedStorage(pulumi.ComponentResource):
    """gp3 disks, encrypted with the site's key, made in the zone of the pod that first asks for one."""

    def __init__(self, name: str, args: EncryptedStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:Storage", name, None, opts)
        tags = {
            # Read by the driver, which tags the disks so.
            f"tagSpecification_{number}": f"{key}={value}"
            for number, (key, value) in enumerate(sorted(args.cluster.plan.tags.items()), start=1)
        }
        self.storage_class = k8s.storage.v1.StorageClass(
            f"{name}-class",
            # Claims name it; a class cannot change under them.
            metadata=k8s.meta.v1.ObjectMetaArgs(name=STORAGE_CLASS),
            provisioner="ebs.csi.aws.com",
            parameters={
                "type": "gp3",
                "encrypted": "true",
                "kmsKeyId": args.key_arn,
                "csi.storage.k8s.io/fstype": "ext4",
                **tags,
            },
            # Only then is it known in which zone the pod runs.
            volume_binding_mode="WaitForFirstConsumer",
            reclaim_policy="Delete",
            allow_volume_expansion=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.cluster.provider,
                depends_on=list(args.after),
                deleted_with=args.cluster.resource,
            ),
        )
        self.register_outputs({"name": STORAGE_CLASS})
