"""``hms diagnose`` of what is wrong with a cluster's objects, and as its user sees it."""

from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.told import STATUS, WELL, Told, told_until
from tests.live.watch import PEER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

NAMESPACE, NAME = "hms-nfo", "allow-from-cdf"
CLUSTER = "io.cilium.k8s.policy.cluster"


@contextmanager
def without_cluster_label(lab: LiveLab) -> Iterator[None]:
    """Let a policy, whose callers are in another cluster, name none: it then means those of its own."""
    place = ("cilium.io", "v2", NAMESPACE, "ciliumnetworkpolicies", NAME)
    objects = lab.objects(PEER)
    planned = objects.get_namespaced_custom_object(*place)["spec"]
    changed: dict[str, Any] = copy.deepcopy(planned)
    for rule in changed["ingress"]:
        for source in rule["fromEndpoints"]:
            assert CLUSTER in json.dumps(source.pop("matchExpressions"))
    objects.patch_namespaced_custom_object(*place, {"spec": changed})
    try:
        yield
    finally:
        objects.patch_namespaced_custom_object(*place, {"spec": planned})


def test_a_policy_without_cluster_label(lab: LiveLab, figures: Figures) -> None:
    with without_cluster_label(lab):
        expected = Told((STATUS,), (("policies", PEER),))
        assert told_until(lab, expected, 30.0)[0] == expected
        said = lab.hms("diagnose", "--lab", "-o", "json", code=1)
        (finding,) = json.loads(said.out)["findings"]
        assert finding["check"] == "policies"
        assert f"{NAMESPACE}/{NAME}" in finding["saw"]
        assert finding["run"]
    well, seconds = told_until(lab, WELL, 30.0)
    assert well == WELL
    figures.add("a policy without the cluster label repaired", f"told to be well after {seconds:.1f} s")


def test_nothing_is_named_where_all_is_well(lab: LiveLab, figures: Figures) -> None:
    said = json.loads(lab.hms("diagnose", "--lab", "-o", "json").out)
    assert said["findings"] == []
    figures.add("hms diagnose of two clusters", f"{said['seconds']:.1f} s")
