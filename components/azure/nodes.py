"""Node pools of an AKS cluster besides its first, which is made with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import containerservice

from components.azure.cluster import MAX_PODS, OS_DISK
from components.azure.network import ZONES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.azure.cluster import AksCluster
    from components.azure.site import AzureSite
    from infra.plan import NodePoolPlan


@dataclass(frozen=True, kw_only=True)
class AksNodesArgs:
    """What further node pools are built from.

    Parameters
    ----------
    cluster
        The cluster; all pools of its plan but the first are built.
    site
        The site that it stands on.
    provider
        Provider of the site's subscription.
    after
        The Cilium release: nodes are ready only with it, and go before it does.
    """

    cluster: AksCluster
    site: AzureSite
    provider: azure_native.Provider
    after: pulumi.Resource


class AksNodes(pulumi.ComponentResource):
    """Further node pools, one after the other: AKS takes one operation on a cluster at a time."""

    def __init__(self, name: str, args: AksNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Nodes", name, None, opts)
        self._name = name
        self._args = args
        pools: list[containerservice.AgentPool] = []
        for pool in args.cluster.plan.node_pools[1:]:
            pools.append(self._pool(pool, after=pools[-1] if pools else args.after))
        self.pools: Sequence[containerservice.AgentPool] = pools
        self.register_outputs({"pools": [pool.name for pool in pools]})

    def _pool(self, pool: NodePoolPlan, *, after: pulumi.Resource) -> containerservice.AgentPool:
        args, plan = self._args, self._args.cluster.plan
        return containerservice.AgentPool(
            f"{self._name}-{pool.name}",
            agent_pool_name=pool.name,
            resource_group_name=args.site.resource_group.name,
            resource_name_=args.cluster.managed_cluster.name,
            mode=containerservice.AgentPoolMode.USER,
            type=containerservice.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
            os_type=containerservice.OSType.LINUX,
            os_sku=containerservice.OSSKU.UBUNTU,
            vm_size=pool.size,
            availability_zones=list(ZONES),
            enable_auto_scaling=True,
            count=pool.min,
            min_count=pool.min,
            max_count=pool.max,
            max_pods=MAX_PODS,
            vnet_subnet_id=args.site.network.node_subnet.id,
            os_disk_type=OS_DISK,
            os_disk_size_gb=pool.disk_gib,
            enable_encryption_at_host=True,
            enable_node_public_ip=False,
            tags=plan.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                depends_on=[after],
                deleted_with=args.cluster.managed_cluster,
                # Azure's own upgrades and its autoscaler move these.
                ignore_changes=["orchestratorVersion", "count"],
            ),
        )
