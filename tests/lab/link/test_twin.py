"""Real tunnels: what the program plans comes up, and every wrong plan shows what it should, with its cause."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.errors import LabError
from lab.link.session import twin_of
from ops.services.link.trial import run_link_test
from tests.lab.link import mistakes
from tests.lab.link.planned_fleets import as_previewed, planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.judge import Judgement, Verdict
    from lab.link.planned import Planned
    from ops.services.link.report import Report

pytestmark = pytest.mark.lab

IKE = "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384"
GROUPS = mistakes.grouped()
EACH = [(group, mistake, slot) for group, members in GROUPS.items() for mistake, slot in members]


def report_of(resources: tuple[Planned, ...]) -> Report:
    return run_link_test(resources, timers="quick", progress=lambda _: None)


@cache
def spoiled(group: int) -> Judgement:
    return report_of(mistakes.spoiled(GROUPS[group])).judgement


@cache
def told(make: Callable[[], tuple[Planned, ...]]) -> Judgement:
    return report_of(make()).judgement


def verdict(judgement: Judgement, connection: str) -> Verdict:
    (found,) = (one for one in judgement.verdicts if one.tunnel.azure and one.tunnel.azure.name == connection)
    return found


def shown(judgement: Judgement, link: str) -> list[str]:
    return [verdict(judgement, f"{link}-connection-{number}").shown for number in (1, 2, 3, 4)]


def blamed(judgement: Judgement, connection: str) -> set[tuple[str, str]]:
    return {(cause.resource, cause.property) for cause in verdict(judgement, connection).causes}


@pytest.mark.parametrize(
    ("fleet", "tunnels", "paths"), [("dev", 4, [(1, 2)]), ("two", 8, [(1, 2), (1, 2)]), ("transit", 4, [(4, 2)])]
)
def test_what_the_program_plans_comes_up(fleet: str, tunnels: int, paths: list[tuple[int, int]]) -> None:
    report = report_of(planned(fleet))
    assert report.good, report.as_json()
    seen = [one.seen for one in report.judgement.verdicts]
    assert len(seen) == tunnels
    assert {(one.ike, one.esp, one.rekeyed) for one in seen} == {(IKE, "AES_GCM_16-256", "AES_GCM_16-256/ECP_384")}
    assert {one.bgp for one in seen} == {("Established", "Established")}
    networks = [one.seen for one in report.judgement.between]
    assert [one.paths for one in networks] == paths
    assert all(one.largest == 1400 for one in networks)
    assert [one.used[0] for one in networks] == [there for there, _ in paths]
    # Who hears nothing at all hears nothing in the clear either.
    assert report.judgement.clear == 0
    assert report.sealed > 200 * tunnels


def test_a_preview_comes_up_as_well() -> None:
    report = report_of(as_previewed(planned("dev")))
    assert report.good, report.as_json()
    assert report.assumed


@pytest.mark.parametrize(("group", "mistake", "slot"), EACH, ids=lambda value: getattr(value, "name", ""))
def test_a_wrong_plan_shows_what_it_should_and_its_cause(
    group: int, mistake: mistakes.Mistake, slot: mistakes.Slot
) -> None:
    found = verdict(spoiled(group), slot.connection)
    expected = mistake.shown if isinstance(mistake.shown, tuple) else (mistake.shown,)
    assert found.shown in expected, found.told
    assert blamed(spoiled(group), slot.connection) == mistake.to_blame(slot)
    assert not found.good


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ("aws-azure-connection-2", "no acceptable KEY_EXCHANGE_METHOD"),
        ("aws-south-connection-2", "received proposals unacceptable"),
        ("aws-azure-connection-4", "NO_PROPOSAL_CHOSEN"),
        ("aws-south-connection-4", "no CHILD_SA built"),
    ],
)
def test_the_daemons_words_are_told(connection: str, words: str) -> None:
    assert words in verdict(spoiled(0), connection).told


def test_a_wrong_asn_shows_itself_at_both_tunnels_of_the_customer_gateway() -> None:
    found = told(mistakes.whole_resources)
    assert shown(found, "aws-azure") == ["bgp"] * 4
    for number in (1, 2):
        assert "Bad peer AS" in verdict(found, f"aws-azure-connection-{number}").told
        assert blamed(found, f"aws-azure-connection-{number}") == {("aws-azure-customer-gateway-1", "bgpAsn")}
    for number in (3, 4):
        assert blamed(found, f"aws-azure-connection-{number}") == {("aws-azure-vpn-2", "staticRoutesOnly")}


def test_a_customer_gateway_that_is_nobodys_address_and_swapped_tunnel_addresses() -> None:
    found = told(mistakes.whole_resources)
    assert shown(found, "aws-south") == ["ike"] * 4
    for number in (1, 2):
        assert blamed(found, f"aws-south-connection-{number}") == {("aws-south-customer-gateway-1", "ipAddress")}
    for number in (3, 4):
        assert blamed(found, f"aws-south-connection-{number}") == {(f"aws-south-aws-end-{number}", "gatewayIpAddress")}


def test_customer_gateways_with_each_others_address_reach_the_wrong_instance() -> None:
    found = told(mistakes.other_instance)
    # Every instance answers for every connection, so there is a tunnel, and nobody at its inside address.
    assert shown(found, "aws-azure") == ["bgp"] * 4
    for number in (1, 2, 3, 4):
        customer = f"aws-azure-customer-gateway-{(number + 1) // 2}"
        assert blamed(found, f"aws-azure-connection-{number}") == {(customer, "ipAddress")}


def test_keys_of_each_other() -> None:
    found = told(mistakes.other_instance)
    assert shown(found, "aws-south") == ["ike", "ike", "", ""]
    for number in (1, 2):
        assert "MAC mismatched" in verdict(found, f"aws-south-connection-{number}").told
        assert blamed(found, f"aws-south-connection-{number}") == {(f"aws-south-connection-{number}", "sharedKey")}
    assert verdict(found, "aws-south-connection-3").good


def test_without_custom_addresses_two_of_four_sessions_are_dead() -> None:
    found = told(mistakes.no_custom_addresses)
    assert shown(found, "aws-azure") == ["", "bgp", "", "bgp"]
    for number in (1, 2, 3, 4):
        connection = f"aws-azure-connection-{number}"
        assert blamed(found, connection) == {(connection, "gatewayCustomBgpIpAddresses")}


def test_an_active_passive_gateway_has_half_of_the_tunnels() -> None:
    found = told(mistakes.no_custom_addresses)
    assert shown(found, "aws-south") == ["", "", "ike", "ike"]
    for number in (1, 2, 3, 4):
        assert ("south-vpn-gateway", "activeActive") in blamed(found, f"aws-south-connection-{number}")


def test_green_tunnels_without_a_route_into_them() -> None:
    found = told(mistakes.no_propagation)
    assert shown(found, "aws-azure") == [""] * 4
    network = next(one for one in found.between if one.seen.azure == "azure-vpn-gateway")
    assert network.wrong == ("no packet passes",)
    assert [cause.property for cause in network.causes] == ["vpnGatewayId of route propagations"]
    assert shown(found, "aws-south") == ["bgp"] * 4
    assert blamed(found, "aws-south-connection-1") == {("south-vpn-gateway", "enableBgp")}


def test_a_transit_gateway_without_routes() -> None:
    (network,) = told(mistakes.unrouted_transit).between
    assert network.wrong == ("no packet passes",)
    assert [cause.property for cause in network.causes] == ["destinationCidrBlock of routes"]


def test_a_transit_gateway_that_takes_one_path() -> None:
    (network,) = told(mistakes.narrow_transit).between
    assert network.wrong == ("AWS has 1 of 4 paths",)
    assert [(cause.resource, cause.property) for cause in network.causes] == [("aws-gateway-tgw", "vpnEcmpSupport")]


@cache
def exercised() -> tuple[dict[str, Any], dict[str, Any], str]:
    """Cut a path, exchange all keys, and ask for a cut that is none; in one twin."""
    with twin_of(planned("dev"), timers="quick") as session:
        drill = session.ask("drill", cut="path")
        rotation = session.ask("rotate")
        with pytest.raises(LabError) as refused:
            session.ask("drill", cut="moon")
    return drill, rotation, str(refused.value)


def test_a_cut_path_costs_seconds_and_the_link_is_whole_again() -> None:
    drill, _, _ = exercised()
    assert drill["what"].startswith("path of aws-azure-vpn-")
    assert drill["hit"] > 0
    assert 1 < drill["seconds"] < 10
    assert 0 <= drill["whole"] < 15


def test_all_keys_are_exchanged_and_no_request_is_lost() -> None:
    _, rotation, _ = exercised()
    assert len(rotation["tunnels"]) == 4
    assert rotation["sent"] > 100
    assert rotation["lost"] == 0


def test_a_cut_that_is_none_is_refused() -> None:
    assert exercised()[2] == "there is no cut 'moon'"


def test_nothing_is_left_after_kill() -> None:
    before = mounts(), namespaces()
    program = (
        "from tests.lab.link.planned_fleets import planned\nfrom lab.link.session import twin_of\nimport time\n"
        "with twin_of(planned('dev'), timers='quick') as session:\n    print('up', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    tree = below(process.pid)
    names = {Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() for pid in tree}
    assert {"charon", "bird", "unshare"} <= names
    process.kill()
    process.wait()
    end = time.monotonic() + 10
    while any(running(pid) for pid in tree) and time.monotonic() < end:
        time.sleep(0.1)
    assert [pid for pid in tree if running(pid)] == []
    assert (mounts(), namespaces()) == before


def mounts() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def namespaces() -> list[str]:
    return sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []  # noqa: PTH208, PTH112


def below(parent: int) -> list[int]:
    """List the processes below one."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            children.setdefault(parent_of(int(path.name)), []).append(int(path.name))
    found, todo = [], list(children.get(parent, ()))
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def running(pid: int) -> bool:
    return parent_of(pid) != 0
