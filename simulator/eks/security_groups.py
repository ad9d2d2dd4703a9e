"""The security groups that the component makes unless it is told not to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.eks.tags import named_tags
from simulator.monitor import Component, Given, Registered, together

if TYPE_CHECKING:
    from collections.abc import Mapping

_YES: Final = Given(value=True)


def cluster_security_group(component: Component) -> Registered:
    """Return the group of the control plane, given or made."""
    given = component.input("clusterSecurityGroup")
    if given.value is not None:
        return component.look_up(given)
    name = f"{component.name}-eksClusterSecurityGroup"
    group = component.register(
        "aws:ec2/securityGroup:SecurityGroup",
        name,
        {
            "vpcId": component.input("vpcId"),
            "revokeRulesOnDelete": _YES,
            "tags": named_tags(component, name, component.input("clusterSecurityGroupTags")),
        },
    )
    _rule(
        component, "eksClusterInternetEgressRule", "egress", group, (0, 0, "-1"), {"cidrBlocks": Given(["0.0.0.0/0"])}
    )
    return group


def node_security_group(component: Component, cluster: Registered, group: Registered) -> tuple[Registered, Registered]:
    """Return the group of the nodes with its rules, and the rule that lets them reach the control plane."""
    name = f"{component.name}-nodeSecurityGroup"
    cluster_name = cluster.get("name")
    owned = together(cluster_name, value={f"kubernetes.io/cluster/{cluster_name.value}": "owned"})
    nodes = component.register(
        "aws:ec2/securityGroup:SecurityGroup",
        name,
        {
            "vpcId": component.input("vpcId"),
            "revokeRulesOnDelete": _YES,
            "tags": named_tags(component, name, owned if cluster_name.known else cluster_name),
        },
    )
    everything, https = (0, 0, "-1"), (443, 443, "tcp")
    from_cluster = group.given_id
    _rule(component, "eksNodeIngressRule", "ingress", nodes, everything, {"self": _YES})
    _rule(
        component,
        "eksNodeClusterIngressRule",
        "ingress",
        nodes,
        (1025, 65535, "tcp"),
        {"sourceSecurityGroupId": from_cluster},
    )
    _rule(
        component, "eksExtApiServerClusterIngressRule", "ingress", nodes, https, {"sourceSecurityGroupId": from_cluster}
    )
    _rule(component, "eksNodeInternetEgressRule", "egress", nodes, everything, {"cidrBlocks": Given(["0.0.0.0/0"])})
    ingress = _rule(
        component, "eksClusterIngressRule", "ingress", group, https, {"sourceSecurityGroupId": nodes.given_id}
    )
    return nodes, ingress


def _rule(  # noqa: PLR0913, PLR0917
    component: Component,
    name: str,
    type_: str,
    group: Registered,
    ports: tuple[int, int, str],
    peer: Mapping[str, Given],
) -> Registered:
    return component.register(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        f"{component.name}-{name}",
        {
            "type": Given(type_),
            "fromPort": Given(ports[0]),
            "toPort": Given(ports[1]),
            "protocol": Given(ports[2]),
            "securityGroupId": group.given_id,
            **peer,
        },
    )
