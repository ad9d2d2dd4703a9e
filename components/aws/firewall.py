"""The security groups that all clusters of a site share, with what its own nodes need of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws.naming import named
from components.aws.network import ANYWHERE
from components.aws.openings import AwsFirewall, aws_openings

if TYPE_CHECKING:
    from infra.plan import AwsSitePlan


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """Arguments of :class:`Firewall`."""

    plan: AwsSitePlan
    vpc_id: pulumi.Input[str]
    provider: aws.Provider


class Firewall(pulumi.ComponentResource):
    """A group for nodes and a group for mesh load balancers.

    Every rule is a resource of its own, since links and mesh endpoints add theirs: a group with rules inside it would
    take those away again.

    Attributes
    ----------
    node_group_id, mesh_group_id
        Ids of the two security groups.
    """

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:Firewall", name, None, opts)
        plan = args.plan
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        descriptions = {
            "nodes": f"Nodes of the clusters on {plan.name}",
            "mesh": f"Load balancers of the mesh API servers on {plan.name}",
        }
        # Renaming one replaces it, and with it the load balancers and launch templates that use it.
        groups = {
            target: aws.ec2.SecurityGroup(
                f"{name}-{target}",
                vpc_id=args.vpc_id,
                description=description,
                tags=named(plan.tags, f"{name}-{target}"),
                opts=child,
            )
            for target, description in descriptions.items()
        }
        aws_openings(
            name,
            plan.internal,
            AwsFirewall(
                node_security_group_id=groups["nodes"].id, mesh_security_group_id=groups["mesh"].id, tags=plan.tags
            ),
            child,
        )
        # Nodes fetch images and call the cloud's API; a mesh load balancer only calls its node port (MeshEndpoint).
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-nodes-out",
            security_group_id=groups["nodes"].id,
            ip_protocol="-1",
            cidr_ipv4=ANYWHERE,
            description="Images, cloud APIs and other clusters",
            tags=named(plan.tags, f"{name}-nodes-out"),
            opts=child,
        )
        self.node_group_id: pulumi.Output[str] = groups["nodes"].id
        self.mesh_group_id: pulumi.Output[str] = groups["mesh"].id
        self.register_outputs({"nodeGroupId": self.node_group_id, "meshGroupId": self.mesh_group_id})
