"""``hms link``: where its plans come from, what it reports, and what clouds answer of their tunnels."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from lab.link.judge import judge
from lab.link.pairs import Tunnel, pair
from lab.link.planned import UNKNOWN, Planned
from lab.link.reading import read_ends
from lab.link.seen import Seen, SitesSeen, TunnelSeen
from ops.errors import HmsError, RefusedError
from ops.services.link.planned import deployed, exported, from_files, previewed
from ops.services.link.report import Report
from ops.services.link.rotation import stages
from ops.services.link.status import link_status, status_table
from policies.wire import SECRET, SIGNATURE
from tests.lab.link.mistakes import PER_TUNNEL, SLOTS
from tests.lab.link.planned_fleets import as_previewed, planned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "k0123456789markedfake"


def state_of(one: Planned) -> dict[str, Any]:
    """Write a resource as the engine does in a state."""

    def ciphered(value: Any) -> Any:
        return {SIGNATURE: SECRET, "ciphertext": "v1:abc"} if value == UNKNOWN else value

    return {
        "urn": one.urn,
        "type": one.type,
        "id": one.id,
        "inputs": {key: ciphered(value) for key, value in one.inputs.items()},
        "outputs": dict(one.outputs),
        "propertyDependencies": {key: list(urns) for key, urns in one.dependencies.items()},
    }


def export(resources: tuple[Planned, ...]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": [state_of(one) for one in resources]}}


def described(resources: tuple[Planned, ...]) -> list[tuple[Any, ...]]:
    ends = read_ends(resources)
    aws = [(end.name, end.outside, end.peer, end.inside, end.key) for end in ends.aws]
    return [*aws, *((end.name, end.peer, end.custom, end.key, end.gateway.addresses) for end in ends.azure)]


class TestPlanned:
    def test_an_export_gives_what_is_planned(self) -> None:
        assert described(exported(export(planned("dev")))) == described(planned("dev"))

    def test_what_is_about_to_be_deleted_is_no_plan(self) -> None:
        told = export(planned("dev"))
        old = [{**one, "delete": True} for one in told["deployment"]["resources"] if "VpnConnection" in one["type"]]
        told["deployment"]["resources"] += old
        assert described(exported(told)) == described(planned("dev"))

    def test_a_preview_gives_the_same_tunnels(self) -> None:
        hidden = as_previewed(planned("dev"))
        text = json.dumps([state_of(one) for one in hidden])
        unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
        states = json.loads(text.replace(json.dumps(UNKNOWN), json.dumps(unknown)))
        steps = [{"op": "create", "urn": one["urn"], "newState": one} for one in states]
        steps.append({"op": "delete", "urn": "urn:gone", "oldState": states[0]})
        found = pair(read_ends(previewed({"steps": steps})))
        assert [tunnel.name for tunnel in found] == [tunnel.name for tunnel in pair(read_ends(planned("dev")))]

    def test_a_secret_that_is_shown_is_forgotten_and_still_told_apart(self) -> None:
        told = export(planned("dev"))
        for one in told["deployment"]["resources"]:
            for key in ("tunnel1PresharedKey", "sharedKey"):
                if key in one["inputs"]:
                    one["inputs"][key] = {SIGNATURE: SECRET, "plaintext": json.dumps(f"{KEY}{one['urn'][-1]}")}
        found = exported(told)
        assert KEY not in repr(found)
        assert len({one.inputs["sharedKey"] for one in found if "sharedKey" in one.inputs}) == 4

    def test_a_file_may_be_either(self, tmp_path: Path) -> None:
        first = tmp_path / "state.json"
        first.write_text(json.dumps(export(planned("dev"))), encoding="utf-8")
        assert described(from_files([first])) == described(planned("dev"))

    @pytest.mark.parametrize(
        ("text", "message"),
        [("{", "cannot be read"), ("{}", "no preview and no exported stack"), ('{"steps": []}', "no tunnel")],
    )
    def test_a_file_without_tunnels_is_refused(self, tmp_path: Path, text: str, message: str) -> None:
        file = tmp_path / "plan.json"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(RefusedError, match=message):
            from_files([file])


class FakeEngine:
    """Two stacks: the gateway is in one, and the link, which names it by its id, in the other."""

    def __init__(self, *, standing: tuple[str, ...] = ("aws-dev", "azure-dev")) -> None:
        aws = tuple(one for one in planned("dev") if one.type.startswith("aws:") and "link:Vpn" not in one.urn)
        rest = tuple(one for one in planned("dev") if one not in aws)
        self.stacks = {"aws-dev": aws, "azure-dev": tuple(map(_moved, rest))}
        self.standing = standing

    def state(self, stack: str) -> Any:
        return type("State", (), {"deployed": stack in self.standing})()

    def export(self, stack: str) -> dict[str, Any]:
        return export(self.stacks[stack])


def _moved(one: Planned) -> Planned:
    state = state_of(one)
    return exported({"deployment": {"resources": [state | {"urn": one.urn.replace(":dev::", ":azure-dev::")}]}})[0]


class TestDeployed:
    def test_a_link_between_stacks_finds_the_gateway_of_the_other(self) -> None:
        engine: Any = FakeEngine()
        ends = read_ends(deployed(engine, ("aws-dev", "azure-dev", "dev")))
        assert len(ends.aws) == 4
        assert {end.gateway.name for end in ends.aws} == {"aws-gateway-vgw"}

    def test_one_stack_alone_is_meant(self) -> None:
        engine: Any = FakeEngine()
        assert len(read_ends(deployed(engine, ("aws-dev", "azure-dev"), "azure-dev")).aws) == 4
        with pytest.raises(RefusedError, match="no tunnel"):
            deployed(engine, ("aws-dev", "azure-dev"), "aws-dev")

    def test_nothing_deployed_is_refused_with_what_to_type(self) -> None:
        engine: Any = FakeEngine(standing=())
        with pytest.raises(RefusedError, match="not deployed: aws-dev, azure-dev") as caught:
            deployed(engine, ("aws-dev", "azure-dev"))
        assert "hms up --all --simulate" in caught.value.fix


def good(number: int) -> TunnelSeen:
    return TunnelSeen(
        number=number,
        ike="AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384",
        esp="AES_GCM_16-256",
        rekeyed="AES_GCM_16-256/ECP_384",
        bgp=("Established", "Established"),
        aws_learned=("10.17.0.0/16",),
        azure_learned=("10.16.0.0/16",),
        ping=True,
    )


def seen(tunnels: tuple[Tunnel, ...], *, clear: int = 0, largest: int = 1400) -> Seen:
    sites = SitesSeen(
        aws="aws-gateway-vgw",
        azure="azure-vpn-gateway",
        paths=(1, 2),
        used=(1, 4),
        ping=(True, True),
        largest=largest,
    )
    return Seen(tunnels=tuple(good(one.number) for one in tunnels), sites=(sites,), up=2.0, sealed=1000, clear=clear)


def report(resources: tuple[Planned, ...], **what: Any) -> Report:
    tunnels = pair(read_ends(resources))
    return Report(judgement=judge(tunnels, seen(tunnels, **what)), seconds=5.0, up=2.0, sealed=1000, assumed=())


class TestReport:
    def test_a_whole_link_is_good(self) -> None:
        assert report(planned("dev")).good
        assert "4 of 4 tunnels up" in report(planned("dev")).summary

    @pytest.mark.parametrize("what", [{"clear": 60}, {"largest": 1372}])
    def test_something_in_the_clear_or_a_small_packet_is_not(self, what: dict[str, int]) -> None:
        assert not report(planned("dev"), **what).good

    def test_a_green_tunnel_that_is_loose_in_the_plan_is_not(self) -> None:
        loose = next(one for one in PER_TUNNEL if one.name == "AWS offers two groups")
        found = report(loose.apply(planned("dev"), SLOTS[0]))
        assert not found.good
        told = found.as_json()
        (tunnel,) = (one for one in told["tunnels"] if not one["good"])
        assert tunnel["lacks"] == ""
        assert tunnel["causes"][0]["property"] == "tunnel2Phase1DhGroupNumbers"
        assert "1 of them with something wrong in the plan" in found.summary

    def test_tables_name_resource_and_property(self) -> None:
        loose = next(one for one in PER_TUNNEL if one.name == "nobody calls")
        table = report(loose.apply(planned("dev"), SLOTS[0])).tables()[-1]
        assert table.title == "What is wrong"
        ((where, shown, cause, change),) = table.rows
        assert where.endswith("aws-azure-connection-2")
        assert shown == "up all the same"
        assert cause.startswith("aws-azure-vpn-1: tunnel2StartupAction ")
        assert change == "set it to start"

    def test_junit_has_a_case_for_each_tunnel_each_pair_of_networks_and_what_is_outside(self) -> None:
        suite = ET.fromstring(report(planned("dev"), clear=60).as_junit())  # noqa: S314 - we wrote it
        assert (suite.get("tests"), suite.get("failures")) == ("6", "1")
        assert [one.get("classname") for one in suite if one.find("failure") is not None] == ["link.outside"]

    def test_json_says_its_version(self) -> None:
        told = json.loads(json.dumps(report(planned("dev")).as_json()))
        assert (told["v"], told["good"], len(told["tunnels"])) == (1, True, 4)


def test_keys_are_exchanged_one_stage_a_tunnel() -> None:
    steps = stages(planned("dev"))
    assert len(steps) == len(set(steps)) == 4
    for number, step in enumerate(steps, start=1):
        assert step.startswith("pulumi up --stack dev --replace 'urn:pulumi:dev::")
        assert step.endswith(f"aws-azure-tunnel-{number}-psk' && hms link status")


# Written by hand after the clouds' published shapes (ec2 DescribeVpnConnections; az network, 2024-05-01).
def telemetry(*down: str) -> Callable[..., Any]:
    def ask(*arguments: str) -> Any:
        assert arguments[:2] == ("ec2", "describe-vpn-connections")
        assert arguments[arguments.index("--region") + 1] == "us-east-1"
        ids = arguments[3 : arguments.index("--region")]
        return {"VpnConnections": [_connection(one, down) for one in planned("dev") if one.id in ids]}

    return ask


def _connection(one: Planned, down: tuple[str, ...]) -> dict[str, Any]:
    ends = [str(one.outputs[f"tunnel{number}Address"]) for number in (1, 2)]
    return {
        "VpnConnectionId": one.id,
        "State": "available",
        "VgwTelemetry": [
            {
                "AcceptedRouteCount": 0 if end in down else 1,
                "LastStatusChange": "2026-11-24T12:00:00+00:00",
                "OutsideIpAddress": end,
                "Status": "DOWN" if end in down else "UP",
                "StatusMessage": "IPSEC IS UP" if end in down else "1 BGP ROUTES",
            }
            for end in ends
        ],
    }


def azure_says(*, silent: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> Callable[..., Any]:
    def ask(*arguments: str) -> Any:
        name = arguments[4].rpartition("/")[2]
        if arguments[1] == "vpn-connection":
            return {"name": name, "connectionStatus": "NotConnected" if name in broken else "Connected"}
        assert arguments[:3] == ("network", "vnet-gateway", "list-bgp-peer-status")
        peers = [end.inputs["bgpSettings"]["bgpPeeringAddress"] for end in planned("dev") if "aws-end" in end.name]
        return {"value": [each for peer in peers for each in _peer(peer, silent)]}

    return ask


def _peer(peer: str, silent: tuple[str, ...]) -> list[dict[str, Any]]:
    """Both instances tell of each peer; one of them has the tunnel."""
    states = ["Connecting", "Connecting" if peer in silent else "Connected"]
    return [
        {"neighbor": peer, "asn": 64528, "state": state, "routesReceived": int(state == "Connected")}
        for state in states
    ]


class TestStatus:
    def test_every_tunnel_is_up_where_both_clouds_say_so(self) -> None:
        found = link_status(planned("dev"), telemetry(), azure_says())
        assert [one.up for one in found] == [True] * 4
        assert {(one.aws, one.azure, one.bgp) for one in found} == {("up: 1 BGP ROUTES", "Connected", "Connected")}

    def test_what_aws_sees_down_is_down(self) -> None:
        address = read_ends(planned("dev")).aws[2].outside
        found = link_status(planned("dev"), telemetry(address), azure_says())
        assert [one.up for one in found] == [True, True, False, True]
        assert found[2].aws == "down: IPSEC IS UP"

    def test_a_session_that_azure_does_not_have(self) -> None:
        found = link_status(planned("dev"), telemetry(), azure_says(silent=("169.254.22.1",)))
        assert [(one.up, one.bgp) for one in found][1] == (False, "Connecting")

    def test_a_connection_that_azure_does_not_have(self) -> None:
        found = link_status(planned("dev"), telemetry(), azure_says(broken=("aws-azure-connection-4",)))
        assert [one.azure for one in found] == ["Connected"] * 3 + ["NotConnected"]
        assert not found[3].up

    def test_the_table_has_a_row_for_each(self) -> None:
        table = status_table(link_status(planned("dev"), telemetry(), azure_says()))
        assert [len(row) for row in table.rows] == [len(table.head)] * 4

    def test_an_answer_of_another_shape_is_told(self) -> None:
        with pytest.raises(HmsError, match="describe-vpn-connections"):
            link_status(planned("dev"), lambda *_: {"VpnConnections": [{"VgwTelemetry": [{}]}]}, azure_says())
