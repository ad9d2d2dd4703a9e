"""The simulated AWS: one module a service, each with its own ``KINDS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.aws import (
    eks_access,
    eks_addons,
    eks_cluster,
    eks_nodes,
    endpoints,
    gateways,
    iam,
    kms,
    launch_templates,
    load_balancers,
    logs,
    peering,
    regions,
    routing,
    s3,
    security_groups,
    target_groups,
    transit_gateway,
    vpc,
    vpn,
    vpn_gateways,
)
from simulator.aws.functions import INVOKES
from simulator.kind import Failure, Kind, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS: tuple[Kind, ...] = (
    *vpc.KINDS,
    *gateways.KINDS,
    *routing.KINDS,
    *security_groups.KINDS,
    *endpoints.KINDS,
    *logs.KINDS,
    *vpn_gateways.KINDS,
    *vpn.KINDS,
    *transit_gateway.KINDS,
    *peering.KINDS,
    *iam.KINDS,
    *kms.KINDS,
    *s3.KINDS,
    *launch_templates.KINDS,
    *load_balancers.KINDS,
    *target_groups.KINDS,
    *eks_cluster.KINDS,
    *eks_nodes.KINDS,
    *eks_addons.KINDS,
    *eks_access.KINDS,
)


def scope(config: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """Region of a resource: its own ``region``, else the provider's."""
    own = inputs.get("region")
    return str(own) if known(own) and own else str(config.get("region") or "")


def check_config(config: Mapping[str, Any]) -> Iterable[Failure]:
    """Refuse a provider without a region, or with one that does not exist."""
    region = config.get("region")
    if region is None or region == "":
        yield Failure("region", "Missing region information: set the AWS region of the provider")
    elif known(region) and region not in regions.ZONE_LETTERS:
        yield Failure("region", f"invalid AWS Region: {region}")


__all__ = ["INVOKES", "KINDS", "check_config", "scope"]
