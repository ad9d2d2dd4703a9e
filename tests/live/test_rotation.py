"""The mesh's CA is changed, stage by stage, while pods of one cluster call those of another."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.live.lab import host_of, until
from tests.live.stream import Stream, settled
from tests.live.told import WELL, told_until
from tests.live.watch import HERE, PEER

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

WITHOUT_POLICIES = ("--no-policies", "tests/e2e/test_mesh_ca.py has them")
"""A preview a stack less."""

STAGES = ("create", "trust", "promote", "distrust")

PATIENCE = 5.0
"""Seconds for a request. Agents compile their programs anew meanwhile, and two cores do that for four nodes."""


def trusted(lab: LiveLab) -> tuple[str, ...]:
    """Give the fingerprints of the CAs that clusters trust, the one that signs first; all have to trust the same."""
    told = json.loads(lab.hms("mesh", "ca", "status", "--simulate", "--lab", "-o", "json").out)["clusters"]
    assert told.keys() == lab.plan.clusters.keys()
    assert [cluster["unsigned"] for cluster in told.values()] == [[] for _ in told]
    (found,) = {tuple(cluster["trusted"]) for cluster in told.values()}
    return found


def test_no_request_fails_while_the_ca_changes(lab: LiveLab, figures: Figures) -> None:
    before = trusted(lab)
    local = lab.names(HERE, "cdf")
    known, took = {}, {}
    with (
        lab.caller(PEER, "nfo") as caller,
        Stream(caller, host_of("cdf"), lab.plan.fleet.components["cdf"].port, PATIENCE) as stream,
    ):
        begun = time.monotonic()
        until("pods of the other cluster answer", lambda: settled(stream.since(begun), local))
        begun = time.monotonic()
        for stage in STAGES:
            at = time.monotonic()
            lab.hms(
                "mesh", "ca", stage, "--simulate", "--lab", "--yes", "--no-policies", "tried elsewhere", timeout=400
            )
            took[stage] = time.monotonic() - at
            known[stage] = trusted(lab)
        time.sleep(PATIENCE)
        requests = stream.since(begun)
    lost = [request for request in requests if not request.by]
    stages = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in took.items())
    figures.add("CA rotation", f"{len(lost)} of {len(requests)} requests lost; {stages}")
    assert len(requests) > 5 * sum(took.values())
    assert lost == []
    (old,), (new,) = before, known["distrust"]
    assert [known[stage] for stage in STAGES] == [(old,), (old, new), (new, old), (new,)]
    assert told_until(lab, WELL, 60.0)[0] == WELL
