"""The plan's openings as rules of security groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_aws as aws

from components.aws.naming import named
from components.exposure import refuse_unnamed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from infra.plan import Opening
    from infra.ports import Port

# Type 3 is 'unreachable'; only its code 4, 'fragmentation needed', is path MTU discovery. -1 is any code.
_ICMP_CODE = {3: 4}


@dataclass(frozen=True, kw_only=True)
class AwsFirewall:
    """What an AWS site's openings are written into.

    Parameters
    ----------
    node_security_group_id, mesh_security_group_id
        Group of all nodes, and of all mesh load balancers, of the site.
    tags
        Of the rules.
    """

    node_security_group_id: pulumi.Input[str]
    mesh_security_group_id: pulumi.Input[str]
    tags: Mapping[str, str]


def aws_openings(
    name: str, openings: Sequence[Opening], firewall: AwsFirewall, opts: pulumi.ResourceOptions
) -> list[aws.vpc.SecurityGroupIngressRule]:
    """Write openings as ingress rules, one for each port and source range.

    Parameters
    ----------
    name
        Beginning of the rules' names, e.g. ``aws-azure-aws``: link and site.
    opts
        Options of every rule: parent and provider.

    Raises
    ------
    ValueError
        If an opening is for everybody, or for a port that the mesh does not need.
    """
    refuse_unnamed(openings)
    return [
        aws.vpc.SecurityGroupIngressRule(
            rule := f"{name}-{opening.target}-{opening.port.name}-{number}",
            security_group_id=(
                firewall.node_security_group_id if opening.target == "nodes" else firewall.mesh_security_group_id
            ),
            description=f"{opening.port.why} ({name})",
            ip_protocol=opening.port.protocol,
            # For ICMP the ports are type and code.
            from_port=opening.port.port,
            to_port=_to_port(opening.port),
            cidr_ipv4=str(source),
            tags=named(firewall.tags, rule),
            opts=opts,
        )
        for opening in openings
        for number, source in enumerate(opening.sources)
    ]


def _to_port(port: Port) -> int:
    return _ICMP_CODE.get(port.port, -1) if port.protocol == "icmp" else port.port
