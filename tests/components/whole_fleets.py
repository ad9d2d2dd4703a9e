"""Whole fleets, recorded through the composition: what the tests of all components together look at."""

from __future__ import annotations

import inspect
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import yaml

from components.fleet import deploy
from infra.model import Fleet
from infra.planner import plan_fleet
from infra.scopes import scope_of, stack_name
from tests.components.recording import Recording, record
from tests.infra.fleets import fleet_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.plan import FleetPlan
    from tests.components.recording import Registered

FLEETS = Path(__file__).parents[2] / "fleets"

NAMES = ("dev", "eni", "big")


def data_of(name: str) -> dict[str, Any]:
    """Give the data of a fleet by name: ``dev`` and ``eni`` are files, ``big`` has all that they lack."""
    if name == "big":
        return _big()
    data: dict[str, Any] = yaml.safe_load((FLEETS / f"{name}.yaml").read_text())
    return data


def _big() -> dict[str, Any]:
    data = fleet_data(
        {"east": "aws", "west": "aws", "north": "azure", "south": "azure"},
        {"e-1": ("east", 1), "w-1": ("west", 2), "n-1": ("north", 3), "n-2": ("north", 4), "s-1": ("south", 5)},
        adminCidrs=["203.0.113.0/24"],
    )
    data["name"] = "big"
    data["tags"]["extra"] = {"team": "mesh"}
    data["sites"]["west"]["gateway"] = {"kind": "transit-gateway"}
    for cluster in ("w-1", "n-2"):
        data["clusters"][cluster]["nodePools"] = {"system": {}, "large": {"min": 3, "max": 9}, "more": {}}
    data["components"] = {
        "api": {**_component("api"), "clusters": ["e-1", "n-1"], "critical": True},
        "etl": {**_component("etl"), "clusters": ["w-1", "s-1"], "state": {"size": "20Gi"}},
        "doc": {**_component("doc"), "clusters": ["n-2", "w-1"]},
    }
    data["flows"] = [{"from": "api", "to": "etl"}, {"from": "etl", "to": "doc"}, {"from": "doc", "to": "api"}]
    return data


def _component(name: str) -> dict[str, Any]:
    return {"image": f"registry.example/{name}:1.0.0", "port": 8080}


def shuffled(data: dict[str, Any]) -> dict[str, Any]:
    """Give the same fleet with its clusters, components and flows in another order."""
    order = random.Random(7)  # noqa: S311 - not for secrets: the same order in every run

    def mixed(values: list[Any]) -> list[Any]:
        other = list(reversed(values))
        return other if len(values) < 3 else order.sample(other, len(other))

    return {
        **data,
        "clusters": dict(mixed(list(data["clusters"].items()))),
        "components": {
            name: {**component, "clusters": mixed(component["clusters"])}
            for name, component in mixed(list(data["components"].items()))
        },
        "flows": mixed(data["flows"]),
    }


def plan_of(data: dict[str, Any]) -> FleetPlan:
    return plan_fleet(Fleet.model_validate(data))


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A fleet as one graph.

    Parameters
    ----------
    taggable
        Types of resources whose SDK class takes ``tags``.
    """

    plan: FleetPlan
    recording: Recording
    taggable: frozenset[str]

    def top(self, one: Registered) -> Registered:
        """Give the component without a parent that a resource belongs to, or the resource itself."""
        while one.parent != self.recording.stack:
            one = self.recording.by_urn(one.parent)
        return one

    def owner(self, one: Registered) -> str:
        """Give the site, link or cluster that a resource is named after."""
        name = self.top(one).name
        owners = [*self.plan.sites, *self.plan.links, *self.plan.clusters, "mesh"]
        return max((owner for owner in owners if f"{name}-".startswith(f"{owner}-")), key=len)

    def sites(self, one: Registered) -> tuple[str, ...]:
        """Give the sites where a resource can be: two for what belongs to a link."""
        owner = self.owner(one)
        if owner in self.plan.links:
            return self.plan.links[owner].sites
        return (self.plan.clusters[owner].site,) if owner in self.plan.clusters else (owner,)

    def in_clusters(self) -> Iterator[tuple[str, Registered]]:
        """List what is inside Kubernetes, under the name of its cluster."""
        for one in self.recording:
            if one.type.startswith("kubernetes:"):
                yield self.owner(one), one


def whole(plan: FleetPlan) -> Whole:
    """Record a fleet as one graph."""
    declared: list[pulumi.Resource] = []

    def program() -> None:
        pulumi.runtime.register_stack_transformation(lambda args: declared.append(args.resource))
        deploy(plan, scope_of(plan))

    recording = record(program, stack=plan.name)
    return Whole(plan=plan, recording=recording, taggable=frozenset(filter(None, map(_taggable, declared))))


def _taggable(resource: pulumi.Resource) -> str:
    sdk = getattr(type(resource), "_internal_init", None)
    return resource.pulumi_resource_type if sdk and "tags" in inspect.signature(sdk).parameters else ""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """List what is in inputs or outputs, with its path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, f"{path}[{index}]")
    else:
        yield path, value


def record_sites(plan: FleetPlan) -> dict[str, Recording]:
    """Record a fleet as one stack a site, each reading the exports of those before it."""
    stacks: dict[str, Recording] = {}
    for site in plan.sites:
        scope = scope_of(plan, (site,))
        stack = stack_name(plan, site)
        stacks[f"hms/hms/{stack}"] = record(lambda scope=scope: deploy(plan, scope), stack=stack, stacks=stacks)  # type: ignore[misc]
    return stacks


@cache
def fleet(name: str) -> Whole:
    """Record a fleet by name, once for all tests of a process: they only look at it."""
    return whole(plan_of(data_of(name)))
