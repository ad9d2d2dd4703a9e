"""What each cluster gets of the HMS components, and who may call whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.load import load_fleet
from infra.network_policies import ALLOW_DNS, CLUSTER_KEY, DEFAULT_DENY, network_policies
from infra.planner import plan_fleet
from infra.workloads import ComponentPlan, FlowPair, flow_matrix, plan_workloads
from tests.infra.fleets import fleet_data, planned

if TYPE_CHECKING:
    from infra.plan import FleetPlan


@pytest.fixture(scope="module")
def dev() -> FleetPlan:
    return plan_fleet(load_fleet(Path("fleets/dev.yaml")))


def component(clusters: list[str], port: int = 8080, **more: object) -> dict[str, Any]:
    return {"image": "registry.test/hms:1.0.0", "clusters": clusters, "port": port, **more}


def three(flows: list[tuple[str, str]], *, outside: str = "", **components: dict[str, Any]) -> FleetPlan:
    """Three clusters on two sites; ``outside`` is not in the mesh."""
    data = fleet_data(
        {"aws": "aws", "azure": "azure"},
        {"aws-1": ("aws", 1), "aws-2": ("aws", 2), "azure-3": ("azure", 3)},
        components=components,
        flows=[{"from": source, "to": destination} for source, destination in flows],
    )
    if outside:
        data["clusters"][outside]["meshed"] = False
    return planned(data)


def of(plan: FleetPlan, cluster: str, name: str) -> ComponentPlan:
    return next(one for one in plan_workloads(plan, cluster).components if one.name == name)


def names(plan: FleetPlan, cluster: str, *, stubs: bool) -> list[str]:
    return [one.name for one in plan_workloads(plan, cluster).components if one.runs is not stubs]


def test_dev_runs_what_the_plan_says(dev: FleetPlan) -> None:
    assert names(dev, "aws-1", stubs=False) == ["api", "dev", "a2a", "cdf"]
    assert names(dev, "azure-1", stubs=False) == ["api", "ops", "nfo", "doc", "etl"]
    assert names(dev, "aws-1", stubs=True) == ["nfo"]
    assert names(dev, "azure-1", stubs=True) == ["a2a", "cdf"]
    assert not plan_workloads(dev, "aws-1").keeps_state
    assert plan_workloads(dev, "azure-1").keeps_state


def test_dev_services(dev: FleetPlan) -> None:
    got = {
        (cluster, one.name): (one.service.is_global, one.service.shared, one.service.affinity)
        for cluster in dev.clusters
        for one in plan_workloads(dev, cluster).components
    }
    own, stub, source, critical = (
        (False, False, "none"),
        (True, False, "none"),
        (True, True, "none"),
        (True, True, "local"),
    )
    assert got == {
        ("aws-1", "api"): critical,
        ("aws-1", "dev"): own,
        ("aws-1", "a2a"): source,
        ("aws-1", "cdf"): source,
        ("aws-1", "nfo"): stub,
        ("azure-1", "api"): critical,
        ("azure-1", "a2a"): stub,
        ("azure-1", "cdf"): stub,
        ("azure-1", "ops"): own,
        ("azure-1", "nfo"): source,
        ("azure-1", "doc"): own,
        ("azure-1", "etl"): own,
    }


def test_dev_policies_of_one_component(dev: FleetPlan) -> None:
    assert [(one.name, one.clusters, one.port) for one in of(dev, "azure-1", "nfo").policies] == [
        ("allow-from-cdf", ("aws-1",), 8085),
        ("allow-to-cdf", ("aws-1",), 8083),
        ("allow-from-ops", ("azure-1",), 8085),
        ("allow-to-doc", ("azure-1",), 8086),
        ("allow-to-etl", ("azure-1",), 8087),
    ]
    assert of(dev, "azure-1", "nfo").calls == {
        "cdf": "cdf.hms-cdf.svc.cluster.local:8083",
        "doc": "doc.hms-doc.svc.cluster.local:8086",
        "etl": "etl.hms-etl.svc.cluster.local:8087",
    }


def test_other_clusters_learn_only_of_namespaces_with_a_crossing_flow(dev: FleetPlan) -> None:
    crossing = {one.name for cluster in dev.clusters for one in plan_workloads(dev, cluster).components if one.crosses}
    # doc is called in its own cluster only, and etl calls nobody outside.
    assert crossing == {"api", "dev", "a2a", "cdf", "ops", "nfo"}


def test_a_service_is_the_clusters_own_where_all_callers_have_it() -> None:
    everywhere = ["aws-1", "azure-3"]
    plan = three([("web", "api")], web=component(everywhere), api=component(everywhere))
    assert not of(plan, "aws-1", "api").service.is_global
    assert [one.clusters for one in of(plan, "aws-1", "web").policies] == [("aws-1",)]


def test_one_caller_without_it_makes_it_global_for_all() -> None:
    plan = three([("web", "api")], web=component(["aws-1", "aws-2"]), api=component(["aws-1", "azure-3"]))
    assert of(plan, "aws-1", "api").service.affinity == "local"
    assert not of(plan, "aws-2", "api").runs
    assert [one.clusters for one in of(plan, "aws-1", "web").policies] == [("aws-1", "azure-3")]
    assert [one.clusters for one in of(plan, "azure-3", "api").policies] == [("aws-1", "aws-2")]


def test_critical_alone_makes_it_global() -> None:
    plan = three([], api=component(["aws-1", "azure-3"], critical=True))
    assert (of(plan, "aws-1", "api").service.is_global, of(plan, "aws-1", "api").service.affinity) == (True, "local")


def test_a_cluster_outside_the_mesh_keeps_to_itself() -> None:
    plan = three(
        [("web", "api")],
        outside="azure-3",
        web=component(["aws-1", "azure-3"]),
        api=component(["aws-2", "azure-3"]),
    )
    alone = of(plan, "azure-3", "api")
    assert not alone.service.is_global
    assert not alone.crosses
    assert [one.clusters for one in alone.policies] == [("azure-3",)]
    assert [one.clusters for one in of(plan, "azure-3", "web").policies] == [("azure-3",)]
    assert [one.clusters for one in of(plan, "aws-1", "web").policies] == [("aws-2",)]
    assert [one.clusters for one in of(plan, "aws-2", "api").policies] == [("aws-1",)]


def test_a_flow_without_any_way_gets_nothing() -> None:
    plan = three([("web", "api")], outside="azure-3", web=component(["azure-3"]), api=component(["aws-1"]))
    assert of(plan, "azure-3", "web").policies == ()
    assert names(plan, "azure-3", stubs=True) == []
    assert not any(pair.allowed for pair in flow_matrix(plan))


def test_a_flow_written_twice_is_one() -> None:
    plan = three([("web", "api"), ("web", "api")], web=component(["aws-1"]), api=component(["aws-1"]))
    assert len(of(plan, "aws-1", "web").policies) == 1


@pytest.mark.parametrize("cluster", ["aws-1", "azure-1"])
def test_every_namespace_denies_by_default(dev: FleetPlan, cluster: str) -> None:
    for one in plan_workloads(dev, cluster).components:
        policies = network_policies(one)
        assert policies[0] == DEFAULT_DENY
        assert (ALLOW_DNS in policies) == one.runs
        assert len({policy.name for policy in policies}) == len(policies)
    assert DEFAULT_DENY.spec == {"endpointSelector": {}, "ingress": [{}], "egress": [{}]}


def test_both_ends_of_a_crossing_flow(dev: FleetPlan) -> None:
    def spec(cluster: str, name: str, policy: str) -> dict[str, Any]:
        return next(one.spec for one in network_policies(of(dev, cluster, name)) if one.name == policy)

    def peer(name: str, *clusters: str) -> list[dict[str, Any]]:
        labels = {"k8s:io.kubernetes.pod.namespace": f"hms-{name}", "app.kubernetes.io/name": name}
        expression = {"key": "io.cilium.k8s.policy.cluster", "operator": "In", "values": list(clusters)}
        return [{"matchLabels": labels, "matchExpressions": [expression]}]

    ports = [{"ports": [{"port": "8080", "protocol": "TCP"}]}]
    assert spec("azure-1", "ops", "allow-to-api") == {
        "endpointSelector": {"matchLabels": {"app.kubernetes.io/name": "ops"}},
        "egress": [{"toEndpoints": peer("api", "aws-1", "azure-1"), "toPorts": ports}],
    }
    assert spec("aws-1", "api", "allow-from-ops") == {
        "endpointSelector": {"matchLabels": {"app.kubernetes.io/name": "api"}},
        "ingress": [{"fromEndpoints": peer("ops", "azure-1"), "toPorts": ports}],
    }


def _policy_lets(plan: FleetPlan, pair: FlowPair, direction: str) -> bool:
    here, there = (
        ((pair.source_cluster, pair.source), (pair.destination_cluster, pair.destination))
        if direction == "egress"
        else ((pair.destination_cluster, pair.destination), (pair.source_cluster, pair.source))
    )
    for policy in network_policies(of(plan, *here)):
        for rule in policy.spec.get(direction, []):
            for peer in rule.get("toEndpoints" if direction == "egress" else "fromEndpoints", []):
                expressions = peer.get("matchExpressions", [])
                clusters = [one["values"] for one in expressions if one["key"] == CLUSTER_KEY]
                ports = [port["port"] for entry in rule["toPorts"] for port in entry["ports"]]
                if (
                    peer["matchLabels"].get("app.kubernetes.io/name") == there[1]
                    and any(there[0] in values for values in clusters)
                    and str(pair.port) in ports
                ):
                    return True
    return False


def test_the_matrix_is_what_the_policies_say_at_both_ends(dev: FleetPlan) -> None:
    matrix = flow_matrix(dev)
    assert len(matrix) == 9 * 8
    for pair in matrix:
        assert (_policy_lets(dev, pair, "egress") and _policy_lets(dev, pair, "ingress")) == pair.allowed, pair
    allowed = [
        f"{one.source_cluster}/{one.source}>{one.destination_cluster}/{one.destination}"
        for one in matrix
        if one.allowed
    ]
    assert sorted(allowed) == sorted(
        [
            "aws-1/dev>aws-1/api",
            "aws-1/dev>azure-1/api",
            "aws-1/api>aws-1/cdf",
            "azure-1/api>aws-1/cdf",
            "aws-1/api>aws-1/a2a",
            "azure-1/api>aws-1/a2a",
            "aws-1/a2a>aws-1/api",
            "aws-1/a2a>azure-1/api",
            "aws-1/cdf>azure-1/nfo",
            "azure-1/nfo>aws-1/cdf",
            "azure-1/ops>aws-1/api",
            "azure-1/ops>azure-1/api",
            "azure-1/ops>azure-1/nfo",
            "azure-1/nfo>azure-1/doc",
            "azure-1/nfo>azure-1/etl",
            "azure-1/etl>azure-1/doc",
        ]
    )


def test_a_component_may_call_its_own_replicas_elsewhere() -> None:
    plan = three([("api", "api")], api=component(["aws-1", "azure-3"], critical=True))
    assert [one.name for one in of(plan, "aws-1", "api").policies] == ["allow-to-api", "allow-from-api"]
    assert sum(pair.allowed for pair in flow_matrix(plan)) == 2
