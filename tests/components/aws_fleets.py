"""Fleets that the AWS tests build, and what they build from them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import yaml

from components.aws.cloud import AwsCloud
from infra.model import Fleet
from infra.plan import AwsSitePlan, FleetPlan
from infra.planner import plan_fleet
from tests.components.recording import Recording, record

DEV = yaml.safe_load((Path(__file__).parents[2] / "fleets" / "dev.yaml").read_text())


def plan_of(change: dict[str, Any] | None = None) -> FleetPlan:
    """Plan ``dev`` with changes: keys are dotted paths, a value of None removes."""
    document = copy.deepcopy(DEV)
    for path, value in (change or {}).items():
        *above, last = path.split(".")
        place = document
        for step in above:
            place = place.setdefault(step, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return plan_fleet(Fleet.model_validate(document))


ENI = {
    "mesh.profile": "eni",
    "sites.azure": None,
    "clusters.azure-1": None,
    "links": None,
    "components": None,
    "flows": None,
}
"""Changes that make a fleet of AWS alone, in the ``eni`` profile."""


def build(plan: FleetPlan) -> None:
    """Build all AWS sites of a fleet and what stands on them, with a stand-in for Cilium and one identity."""
    for site_plan in plan.sites.values():
        if not isinstance(site_plan, AwsSitePlan):
            continue
        cloud = AwsCloud(plan, site_plan, aws.Provider(f"{site_plan.name}-aws", region=site_plan.region))
        exports = cloud.site().exports()
        pulumi.export(site_plan.name, {"gateway": exports.gateway_id, "tables": list(exports.route_table_ids)})
        for cluster_plan in (one for one in plan.clusters.values() if one.site == site_plan.name):
            cluster = cloud.cluster(cluster_plan)
            release = k8s.helm.v3.Release(
                f"{cluster_plan.name}-cilium",
                chart="cilium",
                values={"host": cluster.api_host, "role": cluster.operator_role_arn},
                opts=pulumi.ResourceOptions(provider=cluster.provider),
            )
            ready = cloud.nodes(cluster, after=release)
            cloud.storage_class(cluster, after=ready)
            cloud.identity(cluster, name="api", namespace="hms-api", service_account="api")


_recordings: dict[str, Recording] = {}


def recorded(change: dict[str, Any]) -> Recording:
    """Record the AWS part of a changed ``dev``, once for all tests of a process: they only look at it."""
    key = json.dumps(change, sort_keys=True)
    if key not in _recordings:
        _recordings[key] = record(lambda: build(plan_of(change)))
    return _recordings[key]


def dev() -> Recording:
    """Record the AWS part of ``dev``."""
    return recorded({})
