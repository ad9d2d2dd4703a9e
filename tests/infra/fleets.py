"""Fleets for tests of plans: built from parts, so that a test says only what it is about."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from infra.model import Fleet
from infra.planner import plan_fleet

if TYPE_CHECKING:
    from infra.plan import FleetPlan

REGIONS = {
    "aws": ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "sa-east-1"),
    "azure": ("eastus", "westeurope", "northeurope", "westus2", "japaneast", "uksouth"),
}


def fleet_data(
    sites: dict[str, str], clusters: dict[str, tuple[str, int]], *, second_octet: int = 16, **more: Any
) -> dict[str, Any]:
    """Give the data of a fleet whose sites are all joined.

    Parameters
    ----------
    sites
        Name to cloud.
    clusters
        Name to site and id.
    """
    counted = {"aws": 0, "azure": 0}
    declared = {}
    for index, (name, cloud) in enumerate(sites.items()):
        region = REGIONS[cloud][counted[cloud] % len(REGIONS[cloud])]
        counted[cloud] += 1
        declared[name] = {"cloud": cloud, "region": region, "cidr": f"10.{second_octet + index}.0.0/16"}
    return {
        "name": "test",
        "tags": {"owner": "tests", "costCenter": "tests"},
        "sites": declared,
        "links": [{"sites": list(pair)} for pair in combinations(sites, 2)],
        "clusters": {name: {"site": site, "id": number} for name, (site, number) in clusters.items()},
        **more,
    }


def planned(data: dict[str, Any]) -> FleetPlan:
    return plan_fleet(Fleet.model_validate(data))
