"""Plans with one mistake a tunnel, made by changing what the real program plans; a twin has room for eight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.lab.link.planned_fleets import changed, planned, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.planned import Planned

UP = ""
"""What a tunnel shows whose mistake hides itself."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A tunnel to spoil, and the names of what it is made of."""

    link: str
    number: int

    @property
    def connection(self) -> str:
        return f"{self.link}-connection-{self.number}"

    @property
    def end(self) -> str:
        return f"{self.link}-aws-end-{self.number}"

    @property
    def vpn(self) -> str:
        return f"{self.link}-vpn-{(self.number + 1) // 2}"

    @property
    def customer(self) -> str:
        return f"{self.link}-customer-gateway-{(self.number + 1) // 2}"

    @property
    def gateway(self) -> str:
        return f"{self.link.removeprefix('aws-')}-vpn-gateway"

    def option(self, name: str) -> str:
        return f"tunnel{(self.number + 1) % 2 + 1}{name}"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake.

    Parameters
    ----------
    at
        Which resource, as an attribute of a slot.
    key
        The property, as a slot names it.
    change
        Gets the resource's inputs and the property's name.
    shown
        What the tunnel lacks for it; several where more than one is right.
    blamed
        Resource and property that have to be named; the changed ones if none are given.
    """

    name: str
    at: str
    key: str
    change: Callable[[dict[str, Any], str], None]
    shown: str | tuple[str, ...]
    blamed: tuple[tuple[str, str], ...] = ()
    option: bool = False

    def apply(self, resources: tuple[Planned, ...], slot: Slot) -> tuple[Planned, ...]:
        key = slot.option(self.key) if self.option else self.key
        return changed(resources, getattr(slot, self.at), lambda inputs: self.change(inputs, key))

    def to_blame(self, slot: Slot) -> set[tuple[str, str]]:
        if self.blamed:
            return {(getattr(slot, at), key) for at, key in self.blamed}
        return {(getattr(slot, self.at), slot.option(self.key) if self.option else self.key)}


def put(value: Any) -> Callable[[dict[str, Any], str], None]:
    def change(inputs: dict[str, Any], key: str) -> None:
        assert inputs.get(key) != value
        inputs[key] = value

    return change


def drop(inputs: dict[str, Any], key: str) -> None:
    del inputs[key]


def policy(**words: str) -> Callable[[dict[str, Any], str], None]:
    def change(inputs: dict[str, Any], _: str) -> None:
        inputs["ipsecPolicies"][0] |= words

    return change


def bgp(**values: Any) -> Callable[[dict[str, Any], str], None]:
    def change(inputs: dict[str, Any], _: str) -> None:
        assert not values.items() <= inputs["bgpSettings"].items()
        inputs["bgpSettings"] |= values

    return change


def _policy(name: str, field: str, word: str, shown: str, **more: str) -> Mistake:
    return Mistake(
        name=name,
        at="connection",
        key=f"ipsecPolicies[0].{field}",
        change=policy(**{field: word, **more}),
        shown=shown,
    )


def _aws(name: str, key: str, value: Any, shown: str, *blamed: tuple[str, str]) -> Mistake:
    change = drop if value is None else put(value)
    return Mistake(name=name, at="vpn", key=key, change=change, shown=shown, blamed=blamed, option=True)


def _second_for_first(inputs: dict[str, Any], _: str) -> None:
    """Exchange the two hosts of the /30: what is Azure's is given to AWS."""
    first, _, last = inputs["bgpSettings"]["bgpPeeringAddress"].rpartition(".")
    inputs["bgpSettings"]["bgpPeeringAddress"] = f"{first}.{int(last) + 1}"


def _first_for_second(inputs: dict[str, Any], _: str) -> None:
    for one in inputs["gatewayCustomBgpIpAddresses"]:
        first, _, last = one["customBgpIpAddress"].rpartition(".")
        one["customBgpIpAddress"] = f"{first}.{int(last) - 1}"


def _other_pair(inputs: dict[str, Any], _: str) -> None:
    """Give the connection the pair of its neighbour."""
    for one in inputs["gatewayCustomBgpIpAddresses"]:
        old, new = ("169.254.21.", "169.254.22.")
        if one["customBgpIpAddress"].startswith(new):
            old, new = new, old
        one["customBgpIpAddress"] = one["customBgpIpAddress"].replace(old, new)


PER_TUNNEL = (
    _policy("IKE group differs", "dhGroup", "ECP256", "ike"),
    _policy("IKE integrity differs", "ikeIntegrity", "SHA256", "ike"),
    _policy("IKE encryption differs", "ikeEncryption", "GCMAES128", "ike"),
    _policy("ESP differs", "ipsecEncryption", "GCMAES128", "esp", ipsecIntegrity="GCMAES128"),
    _policy("PFS differs", "pfsGroup", "ECP256", "rekey"),
    _policy("PFS is None", "pfsGroup", "None", "rekey"),
    _aws("AWS offers two groups", "Phase1DhGroupNumbers", [14, 20], UP),
    _aws("AWS offers its default in phase 2", "Phase2EncryptionAlgorithms", None, UP),
    # Eight up to here: the first twin.
    _aws("AWS speaks IKEv1", "IkeVersions", ["ikev1"], "ike"),
    _aws("AWS speaks IKEv1 too", "IkeVersions", ["ikev1", "ikev2"], UP),
    _aws("nobody calls", "StartupAction", "add", "ike"),
    _aws("nobody calls again", "DpdTimeoutAction", "clear", UP),
    Mistake(name="Azure speaks IKEv1", at="connection", key="connectionProtocol", change=put("IKEv1"), shown="ike"),
    Mistake(
        name="ASN in the local network gateway differs",
        at="end",
        key="bgpSettings.asn",
        change=bgp(asn=65010),
        shown="bgp",
    ),
    Mistake(
        name="Azure's address for AWS",
        at="end",
        key="bgpSettings.bgpPeeringAddress",
        change=_second_for_first,
        shown="bgp",
    ),
    Mistake(
        name="AWS's address for Azure",
        at="connection",
        key="gatewayCustomBgpIpAddresses",
        change=_first_for_second,
        shown="bgp",
    ),
    # The second.
    Mistake(
        name="custom BGP address of another tunnel",
        at="connection",
        key="gatewayCustomBgpIpAddresses",
        change=_other_pair,
        shown="bgp",
    ),
    Mistake(
        name="no custom BGP address", at="connection", key="gatewayCustomBgpIpAddresses", change=drop, shown=("bgp", UP)
    ),
    Mistake(name="no BGP on the connection", at="connection", key="enableBgp", change=put(value=False), shown="bgp"),
    Mistake(
        name="listed ranges only",
        at="connection",
        key="usePolicyBasedTrafficSelectors",
        change=put(value=True),
        shown=("esp", "bgp"),
    ),
    Mistake(
        name="local network gateway has another address",
        at="end",
        key="gatewayIpAddress",
        change=put("203.0.114.7"),
        shown="ike",
    ),
    _aws(
        "AWS refuses Azure's PFS group",
        "Phase2DhGroupNumbers",
        [19],
        "rekey",
        ("connection", "ipsecPolicies[0].pfsGroup"),
    ),
    _aws(
        "AWS refuses Azure's IKE",
        "Phase1EncryptionAlgorithms",
        ["AES256"],
        "ike",
        ("connection", "ipsecPolicies[0].ikeEncryption"),
    ),
    Mistake(name="no policy", at="connection", key="ipsecPolicies", change=drop, shown="ike"),
)
"""Each spoils one tunnel."""

SLOTS = tuple(Slot(link=link, number=number) for number in (2, 4, 1, 3) for link in ("aws-azure", "aws-south"))


def grouped() -> dict[int, tuple[tuple[Mistake, Slot], ...]]:
    """Put eight mistakes into each twin."""
    size = len(SLOTS)
    return {
        start // size: tuple(zip(PER_TUNNEL[start : start + size], SLOTS, strict=False))
        for start in range(0, len(PER_TUNNEL), size)
    }


def spoiled(group: tuple[tuple[Mistake, Slot], ...]) -> tuple[Planned, ...]:
    resources = planned("two")
    for mistake, slot in group:
        resources = mistake.apply(resources, slot)
    return resources


def _swap(resources: tuple[Planned, ...], first: str, second: str, key: str) -> tuple[Planned, ...]:
    values = {one.name: one.inputs[key] for one in resources if one.name in (first, second)}
    spoilt = changed(resources, first, lambda inputs: inputs.update({key: values[second]}))
    return changed(spoilt, second, lambda inputs: inputs.update({key: values[first]}))


def whole_resources() -> tuple[Planned, ...]:
    """Four mistakes that spoil two tunnels each: the customer gateways and VPN connections of both links."""
    resources = planned("two")
    for name, change in (
        ("aws-azure-customer-gateway-1", lambda inputs: inputs.update(bgpAsn="65010")),
        ("aws-azure-vpn-2", lambda inputs: inputs.update(staticRoutesOnly=True)),
        ("aws-south-customer-gateway-1", lambda inputs: inputs.update(ipAddress="20.42.9.9")),
    ):
        resources = changed(resources, name, change)
    return _swap(resources, "aws-south-aws-end-3", "aws-south-aws-end-4", "gatewayIpAddress")


def other_instance() -> tuple[Planned, ...]:
    """Give one link's customer gateways each other's addresses, and two connections of the other each other's keys."""
    resources = _swap(planned("two"), "aws-azure-customer-gateway-1", "aws-azure-customer-gateway-2", "ipAddress")
    keys = {one.name: one.dependencies["sharedKey"] for one in resources if "sharedKey" in one.inputs}

    def swapped(one: Planned, other: str) -> Planned:
        return replace(one, dependencies={**one.dependencies, "sharedKey": keys[other]})

    swaps = {"aws-south-connection-1": "aws-south-connection-2", "aws-south-connection-2": "aws-south-connection-1"}
    return tuple(swapped(one, swaps[one.name]) if one.name in swaps else one for one in resources)


def no_custom_addresses() -> tuple[Planned, ...]:
    """Leave custom BGP addresses out of every connection of one link, and an instance out of the other's gateway."""
    resources = planned("two")
    for number in (1, 2, 3, 4):
        resources = changed(
            resources, f"aws-azure-connection-{number}", lambda inputs: drop(inputs, "gatewayCustomBgpIpAddresses")
        )
    return changed(resources, "south-vpn-gateway", lambda inputs: inputs.update(activeActive=False))


def no_propagation() -> tuple[Planned, ...]:
    """Leave out what leads the VPC to its gateway, and BGP out of the Azure gateway's other site."""
    resources = without(planned("two"), "VpnGatewayRoutePropagation")
    return changed(resources, "south-vpn-gateway", lambda inputs: inputs.update(enableBgp=False))


def unrouted_transit() -> tuple[Planned, ...]:
    """Leave the routes to a transit gateway out of the VPC's tables."""
    return without(planned("transit"), "Route")


def narrow_transit() -> tuple[Planned, ...]:
    """Switch a transit gateway's equal paths off."""
    return changed(planned("transit"), "aws-gateway-tgw", lambda inputs: inputs.update(vpnEcmpSupport="disable"))
