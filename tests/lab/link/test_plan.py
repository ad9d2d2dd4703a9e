"""Both ends of every planned tunnel, and what is wrong with them, without a twin."""

from __future__ import annotations

import pytest

from lab.link.causes import causes_between, causes_of
from lab.link.pairs import Tunnel, pair
from lab.link.planned import UNKNOWN, Planned
from lab.link.reading import read_ends
from tests.lab.link.mistakes import PER_TUNNEL, SLOTS, Mistake, Slot
from tests.lab.link.planned_fleets import as_previewed, planned, without

FLEETS = {"dev": 4, "two": 8, "transit": 4}


def tunnels(resources: tuple[Planned, ...]) -> dict[str, Tunnel]:
    return {tunnel.azure.name: tunnel for tunnel in pair(read_ends(resources)) if tunnel.azure}


def blamed(tunnel: Tunnel) -> set[tuple[str, str]]:
    return {(cause.resource, cause.property) for cause in causes_of(tunnel)}


@pytest.mark.parametrize(("fleet", "count"), FLEETS.items())
def test_nothing_is_wrong_with_what_the_program_plans(fleet: str, count: int) -> None:
    ends = read_ends(planned(fleet))
    found = pair(ends)
    assert len(found) == len(ends.aws) == len(ends.azure) == count
    assert len({end.outside for end in ends.aws}) == count
    assert ends.assumed == ()
    for tunnel in found:
        assert causes_of(tunnel) == ()
        assert tunnel.aws
        assert tunnel.azure
        assert causes_between(tunnel.aws.gateway, tunnel.azure.gateway) == ()
        assert tunnel.instance == tunnel.meant == (tunnel.number - 1) % 4 // 2


@pytest.mark.parametrize("fleet", FLEETS)
def test_a_preview_gives_the_same_tunnels_and_says_what_it_takes_for_right(fleet: str) -> None:
    resources = as_previewed(planned(fleet))
    ends = read_ends(resources)
    for tunnel in pair(ends):
        assert causes_of(tunnel) == ()
    assert {name.split()[0] for name in ends.assumed} >= {end.local.name for end in ends.azure if end.local}
    assert all(end.gateway.prefixes for end in (*ends.aws, *ends.azure))


def test_a_key_is_known_by_what_it_was_made_from_and_by_nothing_else() -> None:
    ends = read_ends(planned("dev"))
    assert len({end.key for end in ends.aws}) == 4
    assert {end.key for end in ends.aws} == {end.key for end in ends.azure}
    assert {one.inputs["sharedKey"] for one in planned("dev") if "sharedKey" in one.inputs} == {UNKNOWN}


def test_a_key_that_a_cloud_would_make_is_nobody_elses() -> None:
    (bare,) = (one for one in planned("dev") if one.name == "aws-azure-vpn-1")
    keys = {Planned(urn=f"{bare.urn}{n}", type=bare.type, name=bare.name).fingerprint("sharedKey") for n in (1, 2)}
    assert len(keys) == 2


@pytest.mark.parametrize("mistake", PER_TUNNEL, ids=lambda mistake: mistake.name)
@pytest.mark.parametrize("slot", SLOTS[:4], ids=lambda slot: f"{slot.link} {slot.number}")
def test_each_mistake_is_named_and_nothing_else_is(mistake: Mistake, slot: Slot) -> None:
    found = tunnels(mistake.apply(planned("two"), slot))
    assert blamed(found[slot.connection]) == mistake.to_blame(slot)
    assert not [name for name, tunnel in found.items() if name != slot.connection and blamed(tunnel)]


def test_a_tunnel_that_no_connection_is_for() -> None:
    resources = tuple(one for one in planned("dev") if one.name != "aws-azure-connection-2")
    (alone,) = (tunnel for tunnel in pair(read_ends(resources)) if tunnel.azure is None)
    assert blamed(alone) == {("aws-azure-vpn-1", "tunnel2Address")}


def test_connections_that_lead_to_no_tunnel() -> None:
    found = tunnels(without(planned("dev"), "VpnConnection"))
    assert {name: blamed(tunnel) for name, tunnel in found.items()} == {
        f"aws-azure-connection-{n}": {(f"aws-azure-aws-end-{n}", "gatewayIpAddress")} for n in (1, 2, 3, 4)
    }


def test_a_stack_without_that_of_the_other_site_is_told_so() -> None:
    for tunnel in tunnels(without(planned("dev"), "VpnGateway")).values():
        assert tunnel.aws
        assert blamed(tunnel) == {(tunnel.aws.vpn.name, "vpnGatewayId")}


def test_no_secret_is_told() -> None:
    for mistake in PER_TUNNEL:
        for tunnel in tunnels(mistake.apply(planned("two"), SLOTS[0])).values():
            assert not any(
                end.key in str(cause) for end in (tunnel.aws, tunnel.azure) if end for cause in causes_of(tunnel)
            )
