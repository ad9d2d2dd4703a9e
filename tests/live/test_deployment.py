"""The fleet ``dev`` in the lab: what the program declares is what the API servers took, and all of it is well."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

from infra.workloads import plan_workloads
from tests.e2e.command import Hms
from tests.live import machine

if TYPE_CHECKING:
    from tests.live.conftest import Figures
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

MOST_SECONDS = 300.0
MOST_MEMORY = 6.0
"""GiB."""

STACKS = {"aws-dev": "aws-1", "azure-dev": "azure-1"}
NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0}


@pytest.fixture(scope="module")
def hms(lab: LiveLab) -> Hms:
    return Hms(lab.state, lab.fleet)


def declared(hms: Hms, stack: str) -> list[dict[str, Any]]:
    """List the Kubernetes objects of a stack; a Helm release is none."""
    return [
        resource["outputs"]
        for resource in hms.resources(stack).values()
        if resource["type"].startswith("kubernetes:") and "helm.sh" not in resource["type"]
    ]


def test_it_is_up_in_time(lab: LiveLab) -> None:
    assert lab.seconds_up < MOST_SECONDS


@pytest.mark.parametrize("stack", STACKS)
def test_the_api_servers_have_every_object_that_is_declared(stack: str, lab: LiveLab, hms: Hms) -> None:
    objects = declared(hms, stack)
    known = DynamicClient(lab.api(STACKS[stack])._client)
    lost, strange = [], []
    for one in objects:
        name, namespace = one["metadata"]["name"], one["metadata"].get("namespace")
        kind = known.resources.get(api_version=one["apiVersion"], kind=one["kind"])
        try:
            found = known.get(kind, name=name, namespace=namespace)
        except NotFoundError:
            lost.append(f"{one['kind']} {namespace}/{name}")
            continue
        if found.metadata.uid != one["metadata"]["uid"]:
            strange.append(f"{one['kind']} {namespace}/{name}")
    assert len(objects) > 40
    assert (lost, strange) == ([], [])


def test_all_components_are_ready(lab: LiveLab) -> None:
    for cluster in lab.plan.clusters:
        found: dict[str, int] = {}
        for pod in lab.look(cluster).pods:
            found[pod.place.component] = found.get(pod.place.component, 0) + 1
        wanted = {
            component.name: lab.plan.fleet.components[component.name].replicas
            for component in plan_workloads(lab.plan, cluster).components
            if component.runs
        }
        assert found == wanted


def test_replicas_are_on_several_nodes(lab: LiveLab) -> None:
    for cluster in lab.plan.clusters:
        nodes: dict[str, set[str]] = {}
        for pod in lab.look(cluster).pods:
            nodes.setdefault(pod.place.component, set()).add(pod.node)
        several = {name for name in nodes if lab.plan.fleet.components[name].replicas > 1}
        assert several
        assert {name: len(nodes[name]) for name in several} == dict.fromkeys(several, 2)


def test_everything_says_that_it_is_well(lab: LiveLab) -> None:
    told = json.loads(lab.hms("lab", "status", "-o", "json").out)
    for cluster in told["clusters"]:
        assert cluster["api"] == "ready"
        assert set(cluster["nodes"].values()) == {True}
        assert set(cluster["agents"].values()) == {"Ok"}
        assert set(cluster["mesh"].values()) == {"ready"}
        assert len(cluster["nodes"]) == len(cluster["agents"]) == 2
        assert len(cluster["mesh"]) == 1


@pytest.mark.parametrize("verb", ["up", "refresh"])
def test_again_nothing_changes(verb: str, hms: Hms, figures: Figures) -> None:
    begun = time.monotonic()
    answer = hms(verb, "--all", "--lab")
    figures.add(f"hms {verb} again, nothing changed", f"{time.monotonic() - begun:.0f} s")
    for stack in STACKS:
        counts = answer.counts(stack)
        assert counts["same"] > 50
        assert {**counts, "same": 0} == {**NOTHING, "same": 0}


def test_memory(lab: LiveLab, figures: Figures) -> None:
    taken = machine.memory(lab.folder)
    figures.add("memory of the lab's processes", f"{taken:.1f} GiB in {len(machine.tree(lab.folder))} processes")
    assert taken < MOST_MEMORY
