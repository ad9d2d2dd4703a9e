"""A rotation of the mesh's CA through the real engine, policies included, on simulated clouds. The tests follow."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.e2e.command import HMS, Hms

if TYPE_CHECKING:
    from simulator.world import Record

pytestmark = pytest.mark.e2e

STACKS = ("aws-dev", "azure-dev")
RELEASE = "kubernetes:helm.sh/v3:Release"
PINNED = Path(__file__).with_name("urns-dev.txt").read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`dev`, protected, as a fleet that matters is."""
    path = tmp_path_factory.mktemp("fleet") / "dev.yaml"
    text = Path("fleets/dev.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("protect: false", "protect: true"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hms(tmp_path_factory: pytest.TempPathFactory, fleet: Path) -> Hms:
    hms = Hms(tmp_path_factory.mktemp("ca"), fleet=fleet)
    hms("up", "--all")
    return hms


def step(hms: Hms, name: str) -> dict[str, dict[str, int]]:
    """Take a step; its numbers, by stack."""
    answer = hms("mesh", "ca", name, "--simulate", "--yes")
    for stack in STACKS:
        assert answer.summaries[stack]["policies"]["mandatory"] == 0
        assert answer.counts(stack)["replace"] == 0
    return {stack: {key: n for key, n in answer.counts(stack).items() if key != "same" and n} for stack in STACKS}


def releases(hms: Hms) -> list[Record]:
    return [record for record in hms.world() if record.token == RELEASE]


def cas(hms: Hms) -> list[tuple[str, list[str]]]:
    """What each cluster's release has: the CA that signs, and those that are trusted, by their names."""
    found = []
    for record in releases(hms):
        values = record.inputs["values"]["tls"]
        signing = x509.load_pem_x509_certificate(base64.b64decode(values["ca"]["cert"]))
        trusted = x509.load_pem_x509_certificates(values["caBundle"]["content"].encode())
        found.append((name(signing), [name(each) for each in trusted]))
    return found


def name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def urns(hms: Hms) -> set[str]:
    return {urn for stack in STACKS for urn in hms.declared(stack)}


def test_a_step_out_of_turn_changes_nothing(hms: Hms, fleet: Path) -> None:
    before, text = hms.world(), fleet.read_text(encoding="utf-8")
    answer = hms("mesh", "ca", "promote", "--simulate", "--yes", code=2)
    assert "not the turn of promote" in answer.out
    assert (hms.world(), fleet.read_text(encoding="utf-8")) == (before, text)


def test_create_makes_a_ca_and_touches_no_cluster(hms: Hms) -> None:
    before = releases(hms)
    assert step(hms, "create") == {"aws-dev": {"create": 2}, "azure-dev": {}}
    assert releases(hms) == before
    assert len(urns(hms) - set(PINNED)) == 2


def test_a_stage_that_is_skipped_by_hand_is_refused(hms: Hms, fleet: Path, tmp_path: Path) -> None:
    skipped = tmp_path / "dev.yaml"
    skipped.write_text(fleet.read_text(encoding="utf-8").replace("next: created", "next: promoted"), encoding="utf-8")
    before = hms.world()
    answer = hms("up", "--all", fleet=skipped, code=2)
    assert "more than one stage away" in answer.out
    assert hms.world() == before


def test_trust_gives_every_cluster_both(hms: Hms) -> None:
    assert step(hms, "trust") == {"aws-dev": {"update": 1}, "azure-dev": {"update": 1}}
    assert cas(hms) == [("Cilium CA", ["Cilium CA", "Cilium CA 2"])] * 2


def test_promote_lets_the_second_sign(hms: Hms) -> None:
    assert step(hms, "promote") == {"aws-dev": {"update": 1}, "azure-dev": {"update": 1}}
    assert cas(hms) == [("Cilium CA 2", ["Cilium CA 2", "Cilium CA"])] * 2


def test_distrust_deletes_the_first_and_nothing_else(hms: Hms, fleet: Path) -> None:
    before = urns(hms)
    assert step(hms, "distrust") == {"aws-dev": {"update": 1, "delete": 2}, "azure-dev": {"update": 1}}
    assert cas(hms) == [("Cilium CA 2", ["Cilium CA 2"])] * 2
    gone = before - urns(hms)
    assert {urn.rpartition("::")[2] for urn in gone} == {"mesh-key", "mesh-certificate"}
    assert fleet.read_text(encoding="utf-8").count("\n") == Path("fleets/dev.yaml").read_text("utf-8").count("\n") + 2


def test_afterwards_nothing_is_left_to_do(hms: Hms) -> None:
    hms("preview", "--all", "--expect-no-changes")
    assert "not the turn of distrust" in hms("mesh", "ca", "distrust", "--simulate", "--yes", code=2).out


def test_no_key_was_written_or_shown(hms: Hms) -> None:
    shown = subprocess.run(
        [HMS, "mesh", "ca", "status", "--simulate", "--state", str(hms.state), "--fleet", str(hms.fleet)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    keys = {base64.b64decode(record.inputs["values"]["tls"]["ca"]["key"]).decode() for record in releases(hms)}
    assert len(keys) == 1
    files = [path for path in hms.state.rglob("*") if path.is_file() and "world" not in path.name]
    seen = "\n".join([*(path.read_text(encoding="utf-8", errors="ignore") for path in files), *hms.printed, shown])
    for key in keys:
        assert key.splitlines()[1] not in seen
        assert base64.b64encode(key.encode()).decode() not in seen
    assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY", seen)
