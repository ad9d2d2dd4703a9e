"""The fleet of the plan through the real engine, from nothing to nothing. The tests of this file follow each other."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import Hms

pytestmark = pytest.mark.e2e

NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0}


@pytest.fixture(scope="module")
def hms(tmp_path_factory: pytest.TempPathFactory) -> Hms:
    return Hms(tmp_path_factory.mktemp("dev"), policies=False)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`dev` with a second AWS cluster and a third site."""
    data = yaml.safe_load(Path("fleets/dev.yaml").read_text(encoding="utf-8"))
    data["sites"]["west"] = {"cloud": "aws", "region": "us-west-2", "cidr": "10.18.0.0/16"}
    data["links"] += [{"sites": ["aws", "west"]}, {"sites": ["azure", "west"]}]
    data["clusters"]["aws-2"] = {"site": "aws", "id": 3}
    data["clusters"]["west-1"] = {"site": "west", "id": 4}
    data["components"]["cdf"]["clusters"].append("west-1")
    path = tmp_path_factory.mktemp("fleet") / "grown.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def test_preview_of_nothing_writes_nothing(hms: Hms) -> None:
    counts = hms("preview", "--stack", "aws-dev").counts("aws-dev")
    assert counts["create"] > 50
    assert hms.world() == []


def test_up_builds_both_stacks(hms: Hms) -> None:
    answer = hms("up", "--all")
    assert list(answer.summaries) == ["aws-dev", "azure-dev"]
    for stack in answer.summaries:
        counts = answer.counts(stack)
        assert counts["create"] > 50
        assert {**counts, "create": 0, "same": 0} == {**NOTHING, "same": 0}
    kinds = [record.token for record in hms.world()]
    assert kinds.count("aws:eks/cluster:Cluster") == 1
    assert kinds.count("azure-native:containerservice:ManagedCluster") == 1
    assert kinds.count("aws:ec2/vpnConnection:VpnConnection") == 2
    assert kinds.count("azure-native:network:VirtualNetworkGatewayConnection") == 4
    assert kinds.count("kubernetes:helm.sh/v3:Release") == 2


def test_the_two_stacks_are_the_one(hms: Hms) -> None:
    aws, azure = hms.declared("aws-dev"), hms.declared("azure-dev")
    whole = Path(__file__).with_name("urns-dev.txt").read_text(encoding="utf-8").split()
    assert sorted(aws | azure) == whole
    assert all(urn.startswith("pulumi:providers:") for urn in aws & azure)


def test_up_again_changes_nothing(hms: Hms) -> None:
    answer = hms("up", "--all")
    for stack in ("aws-dev", "azure-dev"):
        assert {**answer.counts(stack), "same": 0} == {**NOTHING, "same": 0}


def test_refresh_finds_nothing(hms: Hms) -> None:
    answer = hms("refresh", "--all")
    for stack in ("aws-dev", "azure-dev"):
        assert {**answer.counts(stack), "same": 0} == {**NOTHING, "same": 0}


def test_the_state_and_the_screen_hold_no_secret(hms: Hms) -> None:
    """What the clouds know in plain text, searched for in all that the engine wrote and we printed."""
    secrets: set[str] = set()
    for record in hms.world():
        for name in ("sharedKey", "tunnel1PresharedKey", "tunnel2PresharedKey"):
            if value := record.outputs.get(name):
                secrets.add(value)
        if record.token == "kubernetes:helm.sh/v3:Release":
            key = base64.b64decode(record.inputs["values"]["tls"]["ca"]["key"]).decode()
            # Its first line by itself, since JSON escapes the breaks. The last ones are the public key's as well.
            secrets |= {key, key.splitlines()[1]}
    assert len(secrets) == 4 + 2, "four pre-shared keys, and one key of the mesh's CA"
    files = [path for path in hms.state.rglob("*") if path.is_file() and "world" not in path.name]
    written = "\n".join(path.read_text(encoding="utf-8", errors="ignore") for path in files)
    assert "kubeconfig" in written
    seen = written + "\n".join(hms.printed)
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert form not in seen
    assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY", seen)
    assert not re.search(r"apiVersion: ?v1\W+clusters:", seen)


def test_status_and_outputs_tell_of_both(hms: Hms) -> None:
    assert "aws-1" in hms("outputs", "--stack", "aws-dev").out
    status = hms("status").out
    for name in ("aws-dev", "azure-dev", "aws-1", "azure-1", "aws-azure", "api", "etl"):
        assert name in status


def test_a_field_that_is_fixed_is_refused(hms: Hms, tmp_path: Path) -> None:
    text = Path("fleets/dev.yaml").read_text(encoding="utf-8")
    moved = tmp_path / "moved.yaml"
    moved.write_text(text.replace("id: 2\n", "id: 3\n"), encoding="utf-8")
    before = hms.world()
    answer = hms("up", "--all", fleet=moved, code=2)
    assert "cannot change from 2 to 3" in answer.out + answer.err
    assert hms.world() == before


def test_growing_replaces_and_deletes_nothing(hms: Hms, grown: Path) -> None:
    before = {stack: set(hms.resources(stack)) for stack in ("aws-dev", "azure-dev")}
    answer = hms("up", "--all", fleet=grown)
    assert list(answer.summaries) == ["aws-dev", "azure-dev", "west-dev"]
    for stack, urns in before.items():
        counts = answer.counts(stack)
        assert (counts["replace"], counts["delete"]) == (0, 0)
        assert urns <= set(hms.resources(stack))
    hms("preview", "--all", "--expect-no-changes", fleet=grown)


def test_destroy_leaves_nothing(hms: Hms, grown: Path) -> None:
    answer = hms("destroy", "--all", fleet=grown)
    assert list(answer.summaries) == ["west-dev", "azure-dev", "aws-dev"]
    assert hms.world() == []
