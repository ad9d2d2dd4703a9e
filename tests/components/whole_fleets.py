"""Whole fleets, recorded through the composition: what the tests of all components together look at."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.fleet import deploy
from infra.model import Fleet
from infra.plan import FleetPlan, plan_fleet
from infra.scopes import scope_of, stack_name
from tests.components.recording import Recording, record
from tests.infra.fleets import fleet_data

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


def record_plan(plan: FleetPlan) -> Recording:
    """Record a fleet as one graph."""
    return record(lambda: deploy(plan, scope_of(plan)), stack=plan.name)


def record_sites(plan: FleetPlan) -> dict[str, Recording]:
    """Record a fleet as one stack a site, each reading the exports of those before it."""
    stacks: dict[str, Recording] = {}
    for site in plan.sites:
        scope = scope_of(plan, (site,))
        stack = stack_name(plan, site)
        stacks[f"hms/hms/{stack}"] = record(lambda scope=scope: deploy(plan, scope), stack=stack, stacks=stacks)  # type: ignore[misc]
    return stacks


@cache
def plan_named(name: str) -> FleetPlan:
    return plan_of(data_of(name))


@cache
def recording_of(name: str) -> Recording:
    """Record a fleet by name, once for all tests of a process: they only look at it."""
    return record_plan(plan_named(name))
