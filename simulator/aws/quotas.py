"""Service quotas: the defaults of a new account, each of which AWS refuses to exceed.

An account that runs a large fleet has asked AWS for more, most often for VPCs and Elastic IPs, of which three NAT
gateways a site use up the default of five in one region. So the simulated account may be given more, too: the
environment variable ``HMS_SIMULATOR_AWS_QUOTAS`` of the process that serves the providers holds pairs like
``vpcs=50,elastic_ips=60``; the names are those of `DEFAULTS`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.kind import Refused
from simulator.variables import AWS_QUOTAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Quota(NamedTuple):
    """How many, and how AWS refuses one more."""

    limit: int
    code: str
    message: str


DEFAULTS: Final[dict[str, Quota]] = {
    "vpcs": Quota(5, "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
    "subnets": Quota(200, "SubnetLimitExceeded", "The maximum number of subnets per VPC has been reached."),
    "internet_gateways": Quota(
        5, "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."
    ),
    "elastic_ips": Quota(5, "AddressLimitExceeded", "The maximum number of addresses has been reached."),
    "nat_gateways": Quota(
        5, "NatGatewayLimitExceeded", "Performing this operation would exceed the limit of 5 NAT gateways in this zone"
    ),
    "route_tables": Quota(200, "RouteTableLimitExceeded", "The maximum number of route tables has been reached."),
    "routes": Quota(50, "RouteLimitExceeded", "The maximum number of routes has been reached."),
    "security_groups": Quota(
        2500, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."
    ),
    "rules": Quota(
        60,
        "RulesPerSecurityGroupLimitExceeded",
        "The maximum number of rules per security group has been reached.",
    ),
    "groups_per_interface": Quota(
        5,
        "SecurityGroupsPerInterfaceLimitExceeded",
        "The maximum number of security groups per interface has been reached.",
    ),
    "customer_gateways": Quota(
        50, "CustomerGatewayLimitExceeded", "The maximum number of customer gateways has been reached."
    ),
    "vpn_gateways": Quota(
        5, "VpnGatewayLimitExceeded", "The maximum number of virtual private gateways has been reached."
    ),
    "vpn_connections": Quota(
        50, "VpnConnectionLimitExceeded", "The maximum number of VPN connections has been reached."
    ),
    "vpn_connections_per_gateway": Quota(
        10,
        "VpnConnectionLimitExceeded",
        "The maximum number of VPN connections for the virtual private gateway has been reached.",
    ),
    "transit_gateways": Quota(
        5, "TransitGatewayLimitExceeded", "The maximum number of transit gateways has been reached."
    ),
    "peerings": Quota(
        50,
        "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
        "The maximum number of active VPC peering connections for this VPC has been reached.",
    ),
    "load_balancers": Quota(50, "TooManyLoadBalancers", "The maximum number of load balancers has been reached."),
    "clusters": Quota(100, "ResourceLimitExceededException", "cluster limit exceeded for account"),
    "node_groups": Quota(30, "ResourceLimitExceededException", "nodegroup limit exceeded for cluster"),
    "roles": Quota(1000, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
    "policies_per_role": Quota(10, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10"),
}


def limit(name: str, environment: Mapping[str, str] = os.environ) -> int:
    """Quota in force: the raised one if there is one, else the default.

    Raises
    ------
    ValueError
        If the variable names a quota that does not exist, or no number.
    """
    raised: dict[str, int] = {}
    for pair in filter(None, environment.get(AWS_QUOTAS, "").split(",")):
        key, _, number = pair.strip().partition("=")
        if key not in DEFAULTS or not number.isdigit():
            raise ValueError(f"{AWS_QUOTAS}: '{pair}' is not name=number with a name of {sorted(DEFAULTS)}")
        raised[key] = int(number)
    return raised.get(name, DEFAULTS[name].limit)


def require(name: str, existing: Iterable[object]) -> None:
    """Refuse one more where as many exist as the quota allows."""
    if sum(1 for _ in existing) >= limit(name):
        _, code, message = DEFAULTS[name]
        raise Refused(code, message)
