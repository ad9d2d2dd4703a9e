"""What in the plan keeps a tunnel from coming up, or from staying up: resource, property, and what to change.

Each rule looks at both ends as the clouds are told of them. Sources: Microsoft, vpn-gateway-howto-aws-bgp; AWS,
VPNTunnels and initiate-vpn-tunnels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.link.ends import AwsEnd, AwsGateway, AzureEnd, AzureGateway
    from lab.link.pairs import Tunnel
    from lab.link.planned import Planned

Stage = Literal["ike", "esp", "rekey", "bgp", "routes", "outage", "plan"]
"""Where it bites: no SA; no child SA; at the first exchange of keys; no session; no routes or paths; only after an
outage; never by itself, since it is loose and not wrong."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Something in the plan.

    Parameters
    ----------
    resource, property
        What is to blame, by its logical name.
    other
        The resource and property that it has to agree with; empty where it is wrong by itself.
    told
        What is wrong. Never a secret.
    change
        What to write instead.
    """

    stage: Stage
    resource: str
    property: str
    told: str
    change: str
    other: str = ""

    def __str__(self) -> str:
        against = f" (against {self.other})" if self.other else ""
        return f"{self.resource}: {self.property} {self.told}{against}; {self.change}"


def causes_of(tunnel: Tunnel) -> tuple[Cause, ...]:
    """List what is wrong with a tunnel in the plan."""
    aws, azure = tunnel.aws, tunnel.azure
    if aws is None or azure is None:
        return tuple(_alone(aws, azure))
    meant = tunnel.meant
    return tuple(
        dict.fromkeys(
            (
                *_addresses(aws, azure, meant),
                *_exchange(aws, azure),
                *_sealing(aws, azure),
                *_liveness(aws),
                *_bgp(aws, azure),
                *_inside(aws, azure, meant),
            )
        )
    )


def causes_between(aws: AwsGateway, azure: AzureGateway) -> tuple[Cause, ...]:
    """List what keeps two networks apart though their tunnels are up."""
    return tuple(_networks(aws, azure))


def _alone(aws: AwsEnd | None, azure: AzureEnd | None) -> Iterator[Cause]:
    if aws:
        yield Cause(
            stage="ike",
            resource=aws.vpn.name,
            property=aws.option("Address"),
            told="leads to no Azure connection",
            change="add a LocalNetworkGateway and a VirtualNetworkGatewayConnection for it",
        )
    if azure:
        yield _cause(
            "ike",
            azure.local or azure.connection,
            "gatewayIpAddress",
            f"{azure.peer or 'nothing'} is no AWS tunnel",
            "name one",
        )


def _addresses(aws: AwsEnd, azure: AzureEnd, meant: int) -> Iterator[Cause]:
    if not aws.gateway.urn:
        yield _cause(
            "ike",
            aws.vpn,
            "vpnGatewayId",
            "names no gateway among what was read",
            "give the stack of its site too, or its id",
        )
    if azure.gateway.planned.get("activeActive") is not True:
        yield _cause(
            "ike",
            azure.gateway.planned,
            "activeActive",
            "is not true: one instance and one custom BGP address serve half of the tunnels",
            "set it to true with two ipConfigurations",
        )
    elif meant >= len(azure.gateway.addresses):
        yield _cause("ike", azure.gateway.planned, "ipConfigurations", "has no second instance", "give it two")
    else:
        right = azure.gateway.addresses[meant]
        if aws.customer is None:
            yield _cause(
                "ike", aws.vpn, "customerGatewayId", "names no customer gateway that is planned", "give its id"
            )
        elif aws.peer != right:
            yield _cause(
                "ike",
                aws.customer,
                "ipAddress",
                f"is {aws.peer or 'missing'}",
                f"give it {right}, the address of instance {meant}, which has {aws.inside[2]}",
                other=f"{azure.gateway.planned.name}: ipConfigurations[{meant}].publicIPAddress",
            )
    if azure.local is None:
        yield _cause("ike", azure.connection, "localNetworkGateway2", "names none that is planned", "give its id")
    elif azure.peer != aws.outside:
        yield _cause(
            "ike",
            azure.local,
            "gatewayIpAddress",
            f"is {azure.peer or 'missing'}",
            f"give it {aws.outside}",
            other=f"{aws.vpn.name}: {aws.option('Address')}",
        )


def _exchange(aws: AwsEnd, azure: AzureEnd) -> Iterator[Cause]:
    versions = aws.option("IkeVersions")
    if 2 not in aws.versions:
        yield _cause("ike", aws.vpn, versions, "leaves IKEv2 out", 'set it to ["ikev2"]')
    elif len(aws.versions) > 1:
        yield _cause("plan", aws.vpn, versions, "lets IKEv1 in", 'set it to ["ikev2"]')
    if azure.version != 2:
        yield _cause("ike", azure.connection, "connectionProtocol", "is not IKEv2", "set it to IKEv2")
    if aws.key != azure.key:
        yield _cause(
            "ike",
            azure.connection,
            "sharedKey",
            "is another key",
            "give both ends the same one",
            other=f"{aws.vpn.name}: {aws.option('PresharedKey')}",
        )
    if not aws.starts:
        yield _cause("ike", aws.vpn, aws.option("StartupAction"), "is not start: nobody calls", "set it to start")


def _sealing(aws: AwsEnd, azure: AzureEnd) -> Iterator[Cause]:
    """Compare what both ends offer, algorithm by algorithm; Azure takes its exact policy and nothing else."""
    if not azure.connection.get("ipsecPolicies"):
        yield _cause(
            "ike", azure.connection, "ipsecPolicies", "is missing: Azure takes its default list", "give one policy"
        )
        return
    seals = all("gcm" in word for word in azure.esp.encryption)
    rows: tuple[tuple[Stage, str, str, tuple[object, ...], tuple[object, ...]], ...] = (
        ("ike", "Phase1EncryptionAlgorithms", "ikeEncryption", aws.ike.encryption, azure.ike.encryption),
        ("ike", "Phase1IntegrityAlgorithms", "ikeIntegrity", aws.ike.integrity, azure.ike.integrity),
        ("ike", "Phase1DhGroupNumbers", "dhGroup", aws.ike.groups, azure.ike.groups),
        ("esp", "Phase2EncryptionAlgorithms", "ipsecEncryption", aws.esp.encryption, azure.esp.encryption),
        # What authenticates itself has no integrity of its own; AWS wants a word, and one does.
        *(
            ()
            if seals
            else (("esp", "Phase2IntegrityAlgorithms", "ipsecIntegrity", aws.esp.integrity, azure.esp.integrity),)
        ),
        ("rekey", "Phase2DhGroupNumbers", "pfsGroup", aws.esp.groups, azure.esp.groups),
    )
    for stage, option, field, offered, wanted in rows:
        name = aws.option(option)
        listed = aws.vpn.get(name) or "AWS's default, everything"
        if not set(wanted) <= set(offered) or not wanted:
            yield _cause(
                stage,
                azure.connection,
                f"ipsecPolicies[0].{field}",
                f"is {azure.connection.get(f'ipsecPolicies[0].{field}')}",
                "give both ends the same",
                other=f"{aws.vpn.name}: {name} {listed}",
            )
        elif len(offered) > 1:
            yield _cause(
                "plan", aws.vpn, name, f"is wide ({listed})", "offer the one that Azure takes and nothing else"
            )


def _liveness(aws: AwsEnd) -> Iterator[Cause]:
    if aws.dpd_action != "restart":
        yield _cause(
            "outage",
            aws.vpn,
            aws.option("DpdTimeoutAction"),
            f"is {aws.dpd_action}: after an outage nobody calls again",
            "set it to restart",
        )


def _bgp(aws: AwsEnd, azure: AzureEnd) -> Iterator[Cause]:
    if not aws.bgp:
        yield _cause("bgp", aws.vpn, "staticRoutesOnly", "is true: there is no BGP", "set it to false")
    if not azure.bgp:
        yield _cause("bgp", azure.connection, "enableBgp", "is not true", "set it to true")
    if not azure.gateway.bgp:
        yield _cause("bgp", azure.gateway.planned, "enableBgp", "is not true", "set it to true")
    if aws.customer and aws.peer_asn != azure.gateway.asn:
        yield _cause(
            "bgp",
            aws.customer,
            "bgpAsn",
            f"is {aws.peer_asn}",
            f"give it {azure.gateway.asn}",
            other=f"{azure.gateway.planned.name}: bgpSettings.asn",
        )
    if azure.local and aws.gateway.urn and azure.peer_asn != aws.gateway.asn:
        yield _cause(
            "bgp",
            azure.local,
            "bgpSettings.asn",
            f"is {azure.peer_asn}",
            f"give it {aws.gateway.asn}",
            other=f"{aws.gateway.name}: amazonSideAsn",
        )


def _inside(aws: AwsEnd, azure: AzureEnd, meant: int) -> Iterator[Cause]:
    first, second = str(aws.inside[1]), str(aws.inside[2])
    inside = f"{aws.vpn.name}: {aws.option('InsideCidr')} {aws.inside}"
    if azure.local and azure.peer_bgp != first:
        yield _cause(
            "bgp",
            azure.local,
            "bgpSettings.bgpPeeringAddress",
            f"is {azure.peer_bgp or 'missing'}",
            f"give it {first}, the first host, which is AWS's",
            other=inside,
        )
    own = azure.custom[meant] if meant < len(azure.custom) else ""
    if own != second:
        without = f"is missing: the gateway's first, {azure.speaks(meant) or 'none'}, is taken"
        yield _cause(
            "bgp",
            azure.connection,
            "gatewayCustomBgpIpAddresses",
            f"has {own} for instance {meant}" if own else without,
            f"give instance {meant} {second}, the second host, which is Azure's",
            other=inside,
        )
    listed = azure.gateway.custom[meant] if meant < len(azure.gateway.custom) else ()
    if second not in listed:
        yield _cause(
            "bgp",
            azure.gateway.planned,
            f"bgpSettings.bgpPeeringAddresses[{meant}].customBgpIpAddresses",
            f"lacks {second}",
            f"add {second}",
            other=inside,
        )
    if azure.narrow is not None:
        yield _cause(
            "bgp",
            azure.connection,
            "usePolicyBasedTrafficSelectors",
            "is true: the tunnel takes listed ranges only, BGP's addresses not among them",
            "set it to false",
        )


def _networks(aws: AwsGateway, azure: AzureGateway) -> Iterator[Cause]:
    if aws.urn and not aws.prefixes:
        yield Cause(
            stage="routes",
            resource=aws.name,
            property="vpcId of its attachment",
            told="is missing: the gateway is at no VPC and announces nothing",
            change="attach it",
        )
    if aws.routed is None:
        return
    for prefix in azure.prefixes:
        if prefix not in aws.routed:
            yield Cause(
                stage="routes",
                resource=aws.name,
                property="destinationCidrBlock of routes" if aws.transit else "vpnGatewayId of route propagations",
                told=f"leads nothing for {prefix} out of the VPC's tables to it",
                change="add a Route to the transit gateway in each private table"
                if aws.transit
                else "add a VpnGatewayRoutePropagation for each private table",
            )


def _cause(stage: Stage, resource: Planned, name: str, told: str, change: str, *, other: str = "") -> Cause:  # noqa: PLR0913
    return Cause(stage=stage, resource=resource.name, property=name, told=told, change=change, other=other)
