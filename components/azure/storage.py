"""The encrypted storage class of an AKS cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from infra.workloads import STORAGE_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.azure.cluster import AksCluster
    from components.azure.site import AzureSite


@dataclass(frozen=True, kw_only=True)
class EncryptedStorageArgs:
    """What the storage class is built from.

    Parameters
    ----------
    cluster
        Where it is built.
    site
        The site whose disk encryption set encrypts the volumes.
    after
        What it waits for.
    """

    cluster: AksCluster
    site: AzureSite
    after: Sequence[pulumi.Resource]


class EncryptedStorage(pulumi.ComponentResource):
    """Premium disks under the site's own key, made in the zone of the pod that first asks for one."""

    def __init__(self, name: str, args: EncryptedStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Storage", name, None, opts)
        self.storage_class = k8s.storage.v1.StorageClass(
            f"{name}-class",
            # Claims name it; a class cannot change under them.
            metadata=k8s.meta.v1.ObjectMetaArgs(name=STORAGE_CLASS),
            provisioner="disk.csi.azure.com",
            parameters={
                "skuName": "Premium_LRS",
                "diskEncryptionSetID": args.site.encryption.disk_encryption_set.id,
                # Azure tags the disks so; it takes the list apart at these two characters.
                "tags": ",".join(
                    f"{key}={value}"
                    for key, value in sorted(args.cluster.plan.tags.items())
                    if not {",", "="} & {*key, *value}
                ),
            },
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.cluster.provider,
                depends_on=list(args.after),
                deleted_with=args.cluster.managed_cluster,
            ),
        )
        self.register_outputs({"name": STORAGE_CLASS})
