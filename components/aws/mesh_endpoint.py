"""Where other clusters reach a cluster's mesh API server: an internal load balancer with planned addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws.naming import LOAD_BALANCER_NAME, bounded, cluster_name, named
from infra.ports import MESH_API_PORT

if TYPE_CHECKING:
    from components.aws.site import AwsSite
    from infra.plan import ClusterPlan


@dataclass(frozen=True, kw_only=True)
class MeshEndpointArgs:
    """Arguments of :class:`MeshEndpoint`."""

    plan: ClusterPlan
    site: AwsSite
    provider: aws.Provider


class MeshEndpoint(pulumi.ComponentResource):
    """A network load balancer, one fixed address a zone, in front of a node port.

    It is not made by a controller in the cluster: its addresses stand in the Helm values of every peer before the
    cluster exists, and it goes with the rest when all is destroyed.

    Attributes
    ----------
    target_group_arn
        Group that the nodes are put into.
    """

    def __init__(self, name: str, args: MeshEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:MeshEndpoint", name, None, opts)
        self._name = name
        self._args = args
        plan, site = args.plan, args.site
        physical = bounded(cluster_name(plan.tags, f"{plan.name}-mesh"), LOAD_BALANCER_NAME)
        rules = self._node_port_rules()
        balancer = aws.lb.LoadBalancer(
            f"{name}-nlb",
            # Pulumi's own names would not fit. So a replacement cannot stand beside what it replaces, nor could it:
            # both want the same addresses.
            name=physical,
            internal=True,
            load_balancer_type="network",
            subnet_mappings=[
                aws.lb.LoadBalancerSubnetMappingArgs(subnet_id=subnet, private_ipv4_address=address)
                for subnet, address in zip(site.mesh_subnet_ids, plan.mesh_addresses, strict=True)
            ],
            security_groups=[site.mesh_group_id],
            # An address answers also where its own zone has no healthy node.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=plan.protect,
            tags=named(plan.tags, physical),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                protect=plan.protect,
                delete_before_replace=True,
                depends_on=rules,
            ),
        )
        targets = aws.lb.TargetGroup(
            f"{name}-targets",
            name=physical,
            vpc_id=site.vpc_id,
            target_type="instance",
            protocol="TCP",
            port=plan.mesh_node_port,
            # A node may be client and target of one connection, which fails with the client's address kept.
            preserve_client_ip="false",
            deregistration_delay=30,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                protocol="TCP", port="traffic-port", interval=10, healthy_threshold=2, unhealthy_threshold=2
            ),
            tags=named(plan.tags, f"{name}-targets"),
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, delete_before_replace=True),
        )
        aws.lb.Listener(
            f"{name}-listener",
            load_balancer_arn=balancer.arn,
            protocol="TCP",
            port=MESH_API_PORT,
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)],
            tags=named(plan.tags, f"{name}-listener"),
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        self.target_group_arn: pulumi.Output[str] = targets.arn
        self.register_outputs({"targetGroupArn": self.target_group_arn})

    def _node_port_rules(self) -> list[pulumi.Resource]:
        """Open the node port between the site's mesh group and its nodes, both ends, for this cluster alone."""
        plan, site = self._args.plan, self._args.site
        child = pulumi.ResourceOptions(parent=self, provider=self._args.provider)
        return [
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-nodes-in",
                security_group_id=site.node_group_id,
                referenced_security_group_id=site.mesh_group_id,
                ip_protocol="tcp",
                from_port=plan.mesh_node_port,
                to_port=plan.mesh_node_port,
                description=f"ClusterMesh API server of {plan.name}",
                tags=named(plan.tags, f"{self._name}-nodes-in"),
                opts=child,
            ),
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-mesh-out",
                security_group_id=site.mesh_group_id,
                referenced_security_group_id=site.node_group_id,
                ip_protocol="tcp",
                from_port=plan.mesh_node_port,
                to_port=plan.mesh_node_port,
                description=f"ClusterMesh API server of {plan.name}",
                tags=named(plan.tags, f"{self._name}-mesh-out"),
                opts=child,
            ),
        ]
