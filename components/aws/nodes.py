"""The node pools of an EKS cluster, and the addons that need nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws.disk_driver import DiskDriver, DiskDriverArgs
from components.aws.naming import managed_policy, named
from components.aws.node_template import NodeTemplateArgs, node_template
from components.aws.service_role import service_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.cluster import EksCluster
    from components.aws.service_role import ServiceRole
    from components.aws.site import AwsSite
    from infra.plan import NodePoolPlan

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""What a node may do: join, and pull images. Not AmazonEKS_CNI_Policy: its agent never calls EC2 for addresses."""

_ARM = re.compile(r"a1\.|[a-z]+\d+g")
"""Instance types with Graviton processors: a ``g`` follows the generation, as in m7g, c7gn or im4gn."""

NOT_READY = aws.eks.NodeGroupTaintArgs(key="node.cilium.io/agent-not-ready", value="true", effect="NO_EXECUTE")
"""Keeps pods off a node until Cilium runs there and takes it away; the operator knows the key from Cilium's values."""


@dataclass(frozen=True, kw_only=True)
class EksNodesArgs:
    """Arguments of :class:`EksNodes`.

    Parameters
    ----------
    after
        The Cilium release. A node without a CNI never gets ready, and EKS then fails the group after 20 minutes; when
        all is destroyed the nodes go first, so that their pods can still end.
    keeps_state
        Whether something in the cluster keeps data: it needs the driver for disks then.
    target_group_arn
        Target group of the mesh endpoint, for nodes of every pool; None outside the mesh.
    """

    cluster: EksCluster
    site: AwsSite
    provider: aws.Provider
    after: pulumi.Resource
    keeps_state: bool
    target_group_arn: pulumi.Input[str] | None


def image_type(size: str) -> str:
    """Give the image of Amazon Linux 2023 that runs on an instance type; EKS refuses a group where they differ."""
    return "AL2023_ARM_64_STANDARD" if _ARM.match(size) else "AL2023_x86_64_STANDARD"


class EksNodes(pulumi.ComponentResource):
    """One managed node group a pool, over three zones, and CoreDNS once there are nodes.

    Attributes
    ----------
    ready
        Resources that exist only once ordinary pods run.
    """

    def __init__(self, name: str, args: EksNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:Nodes", name, None, opts)
        self._name = name
        self._args = args
        plan = args.cluster.plan
        role = service_role(
            name,
            "ec2.amazonaws.com",
            [managed_policy(args.site.region, policy) for policy in NODE_POLICIES],
            named(plan.tags, f"{name}-role"),
            self._child(),
        )
        groups = [self._group(pool, role) for pool in plan.node_pools]
        self.ready: tuple[pulumi.Resource, ...] = (
            self._core_dns(groups),
            *self._targets(groups),
            *(self._disks(groups) if args.keeps_state else ()),
        )
        self.register_outputs({})

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=list(depends_on))

    def _group(self, pool: NodePoolPlan, role: ServiceRole) -> aws.eks.NodeGroup:
        args, plan = self._args, self._args.cluster.plan
        name = f"{self._name}-{pool.name}"
        template = node_template(
            name,
            NodeTemplateArgs(
                pool=pool,
                security_group_ids=[args.cluster.security_group_id, args.site.node_group_id],
                key_arn=args.site.key_arn,
                tags=plan.tags,
            ),
            self._child(),
        )
        # Renaming a pool replaces its nodes, the new ones first.
        return aws.eks.NodeGroup(
            name,
            cluster_name=args.cluster.name,
            node_role_arn=role.role.arn,
            subnet_ids=list(args.site.node_subnet_ids),
            version=plan.kubernetes,
            ami_type=image_type(pool.size),
            capacity_type="ON_DEMAND",
            instance_types=[pool.size],
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=pool.min, max_size=pool.max, desired_size=pool.min
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            taints=[NOT_READY],
            tags=named(plan.tags, name),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                # A node needs its permissions to join and to leave, and a way out to the registries.
                depends_on=[args.after, *role.attachments, *args.site.egress],
                # An autoscaler moves it between min and max.
                ignore_changes=["scalingConfig.desiredSize"],
                custom_timeouts=pulumi.CustomTimeouts(create="1h", update="2h", delete="1h"),
            ),
        )

    def _core_dns(self, groups: Sequence[pulumi.Resource]) -> aws.eks.Addon:
        # EKS waits for an addon's pods, so nodes come before it.
        return aws.eks.Addon(
            f"{self._name}-coredns",
            cluster_name=self._args.cluster.name,
            addon_name="coredns",
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=named(self._args.cluster.plan.tags, f"{self._name}-coredns"),
            opts=self._child(groups),
        )

    def _targets(self, groups: Sequence[aws.eks.NodeGroup]) -> list[pulumi.Resource]:
        if self._args.target_group_arn is None:
            return []
        return [
            aws.autoscaling.Attachment(
                f"{self._name}-{pool.name}-mesh",
                # EKS makes one Auto Scaling group for a node group.
                autoscaling_group_name=group.resources.apply(lambda made: str(made[0].autoscaling_groups[0].name)),
                lb_target_group_arn=self._args.target_group_arn,
                opts=self._child(),
            )
            for pool, group in zip(self._args.cluster.plan.node_pools, groups, strict=True)
        ]

    def _disks(self, groups: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        args = self._args
        driver = DiskDriver(
            f"{self._name}-disks",
            DiskDriverArgs(cluster=args.cluster, site=args.site, provider=args.provider, after=groups),
            pulumi.ResourceOptions(parent=self),
        )
        return [driver.addon]
