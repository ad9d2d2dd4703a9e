"""What one site needs of another: one typed contract, filled with live outputs or from a stack's outputs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pulumi

T = TypeVar("T", "AwsSiteExports", "AzureSiteExports", "TrustExports")


@dataclass(frozen=True, kw_only=True)
class AwsSiteExports:
    """An AWS site, as links and other stacks see it.

    Parameters
    ----------
    gateway_id
        Id of the virtual private gateway or transit gateway; empty where the site has none.
    route_table_ids
        The three private route tables (node and mesh subnets), one a zone.
    node_security_group_id, mesh_security_group_id
        Groups of all nodes, and of all mesh load balancers, of the site: links add their openings to them.
    tunnel_log_group_arn
        Log group for tunnel and BGP logs; empty where the site has no gateway.
    """

    vpc_id: pulumi.Output[str]
    gateway_id: pulumi.Output[str]
    route_table_ids: tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]
    node_security_group_id: pulumi.Output[str]
    mesh_security_group_id: pulumi.Output[str]
    tunnel_log_group_arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class AzureSiteExports:
    """An Azure site, as links and other stacks see it.

    Parameters
    ----------
    gateway_id, gateway_name
        The VPN gateway; empty where the site has none.
    public_ips
        Addresses of the gateway's instances 0 and 1; empty where the site has none.
    node_nsg_name, mesh_nsg_name
        Security groups of the node subnet and of the mesh subnet: links add their openings to them.
    """

    resource_group_name: pulumi.Output[str]
    resource_group_id: pulumi.Output[str]
    vnet_id: pulumi.Output[str]
    vnet_name: pulumi.Output[str]
    gateway_id: pulumi.Output[str]
    gateway_name: pulumi.Output[str]
    public_ips: tuple[pulumi.Output[str], pulumi.Output[str]]
    node_nsg_name: pulumi.Output[str]
    mesh_nsg_name: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class TrustExports:
    """A certificate authority; the key is secret wherever it goes.

    Parameters
    ----------
    ca_certificate, ca_private_key
        PEM of the CA that signs.
    ca_bundle
        PEM of all CAs that are trusted, the one that signs first.
    """

    ca_certificate: pulumi.Output[str]
    ca_private_key: pulumi.Output[str]
    ca_bundle: pulumi.Output[str]


SiteExports = AwsSiteExports | AzureSiteExports

_LENGTHS = {"route_table_ids": 3, "public_ips": 2}


def as_outputs(exports: AwsSiteExports | AzureSiteExports | TrustExports) -> dict[str, Any]:
    """Write exports as a stack output; secrets stay secret."""
    return {
        field.name: list(value) if isinstance(value := getattr(exports, field.name), tuple) else value
        for field in fields(exports)
    }


def from_outputs(kind: type[T], outputs: pulumi.Output[Any]) -> T:
    """Read exports from a stack's output, as :func:`as_outputs` wrote it; a secret output gives secret values."""

    def one(name: str) -> pulumi.Output[str]:
        return outputs.apply(lambda exported: str(exported[name]))

    def item(name: str, index: int) -> pulumi.Output[str]:
        return outputs.apply(lambda exported: str(exported[name][index]))

    def several(name: str) -> tuple[pulumi.Output[str], ...]:
        return tuple(item(name, index) for index in range(_LENGTHS[name]))

    values: dict[str, Any] = {
        field.name: several(field.name) if field.name in _LENGTHS else one(field.name) for field in fields(kind)
    }
    return kind(**values)
