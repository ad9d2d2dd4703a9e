"""Which cases a connectivity test makes of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.workloads import flow_matrix
from ops.adapters.kubernetes_ports import Place
from ops.errors import RefusedError
from ops.services.connectivity.only import Only, read_only
from ops.services.connectivity.plan import MISS, Case, CasePlan, plan_cases, split_calls
from tests.infra.test_workloads import component, three

if TYPE_CHECKING:
    from infra.plan import FleetPlan


def everything(plan: FleetPlan, only: Only | None = None) -> CasePlan:
    return plan_cases(plan, frozenset(plan.clusters), only)


def of(cases: CasePlan, kind: str) -> list[Case]:
    return [case for case in cases.cases if case.kind == kind]


def lines(cases: list[Case]) -> list[str]:
    return [f"{case.source} -> {case.destination} {' '.join(case.answers)}".strip() for case in cases]


@pytest.fixture(scope="module")
def spread() -> FleetPlan:
    """``shared`` in two of three clusters, called from all."""
    return three(
        [("front", "shared"), ("front", "back")],
        front=component(["aws-1", "aws-2", "azure-3"], port=8080),
        shared=component(["aws-1", "azure-3"], port=8081, critical=True),
        back=component(["azure-3"], port=8082),
    )


def test_every_pair_of_the_matrix_is_called_by_address(dev_plan: FleetPlan) -> None:
    by_address = {
        (case.probe.source, case.probe.target): case
        for case in everything(dev_plan).cases
        if not case.probe.host and case.kind != "large"
    }
    matrix = flow_matrix(dev_plan)
    assert len(by_address) == len(matrix) == 72
    for pair in matrix:
        source = Place(cluster=pair.source_cluster, component=pair.source)
        case = by_address[source, Place(cluster=pair.destination_cluster, component=pair.destination)]
        assert case.kind == ("flow" if pair.allowed else "denied")
        assert case.answers == ((pair.destination_cluster,) if pair.allowed else ())
        assert case.probe.port == pair.port


def test_declared_flows_go_to_the_address_in_the_environment(dev_plan: FleetPlan) -> None:
    flows = [case for case in of(everything(dev_plan), "flow") if case.probe.host]
    # One for each flow of the file and each cluster that its caller runs in: api runs in two.
    assert len(flows) == 13
    crossing = next(case for case in flows if case.source == "aws-1/cdf")
    assert (crossing.probe.host, crossing.probe.port) == ("nfo.hms-nfo.svc.cluster.local", 8085)
    assert crossing.answers == ("azure-1",)
    # A flow is there as long as any cluster answers; which one should is another case.
    assert next(case for case in flows if case.source == "aws-1/dev").answers == ("aws-1", "azure-1")


def test_names_that_a_cluster_has_and_no_flow_leads_to_are_refused(dev_plan: FleetPlan) -> None:
    denied = [case for case in of(everything(dev_plan), "denied") if case.probe.host]
    assert "aws-1/dev -> nfo (service)" in lines(denied)  # a stub: the name is there
    assert not any(case.source.startswith("aws-1") and "doc" in case.destination for case in denied)  # no such name
    assert "aws-1/dev -> api (service)" not in lines(denied)  # a flow
    assert not any(case.probe.source.component == case.probe.target.component for case in denied)


def test_a_critical_component_is_preferred_at_home(dev_plan: FleetPlan) -> None:
    assert lines(of(everything(dev_plan), "prefer")) == [
        "aws-1/dev -> api (service) aws-1",
        "aws-1/a2a -> api (service) aws-1",
        "azure-1/ops -> api (service) azure-1",
    ]
    assert of(everything(dev_plan), "split") == []


def test_a_cluster_without_it_gets_it_from_all_others(spread: FleetPlan) -> None:
    cases = everything(spread)
    (split,) = of(cases, "split")
    assert lines([split]) == ["aws-2/front -> shared (service) aws-1 azure-3"]
    assert split.probe.calls == split_calls(2) > 20
    assert lines(of(cases, "prefer")) == [
        "aws-1/front -> shared (service) aws-1",
        "azure-3/front -> shared (service) azure-3",
    ]


@pytest.mark.parametrize("clusters", [2, 3, 10])
def test_a_split_is_missed_once_in_a_million_tests(clusters: int) -> None:
    calls = split_calls(clusters)
    assert clusters * (1 - 1 / clusters) ** calls <= MISS * 1.000001
    assert clusters * (1 - 1 / clusters) ** (calls - 1) > MISS


def test_each_name_is_looked_up_once_by_each_caller(dev_plan: FleetPlan) -> None:
    cases = everything(dev_plan)
    names = [(case.source, case.probe.host) for case in of(cases, "name")]
    assert len(names) == len(set(names))
    assert set(names) == {(case.source, case.probe.host) for case in cases.cases if case.probe.host}
    # They cost nothing: each looks at a call that is made anyway.
    assert {case.probe for case in of(cases, "name")} <= {
        case.probe for case in cases.cases if case.kind in {"flow", "denied"}
    }


def test_large_packets_go_over_every_link_both_ways(dev_plan: FleetPlan) -> None:
    large = of(everything(dev_plan), "large")
    assert [(case.link, case.probe.source.cluster, case.probe.target.cluster) for case in large] == [
        ("aws-azure", "aws-1", "azure-1"),
        ("aws-azure", "azure-1", "aws-1"),
    ]
    assert all(case.probe.calls * case.probe.octets >= 10_000_000 for case in large)


def test_a_direction_without_a_flow_is_told(spread: FleetPlan) -> None:
    one_way = three(
        [("front", "back")],
        front=component(["aws-1"], port=8080),
        back=component(["azure-3"], port=8082),
    )
    assert everything(spread).notes == ()
    assert [case.probe.source.cluster for case in of(everything(one_way), "large")] == ["aws-1"]
    assert everything(one_way).notes == (
        "link aws-azure: no flow leads from azure to aws, so no large packet was tried",
    )


def test_only_clusters_that_can_be_asked(dev_plan: FleetPlan) -> None:
    cases = plan_cases(dev_plan, frozenset({"aws-1"}))
    assert {case.probe.source.cluster for case in cases.cases} == {"aws-1"}
    assert {case.probe.target.cluster for case in cases.cases} == {"", "aws-1"}
    # Its services may still be answered by the others.
    assert "aws-1/cdf -> nfo (service) azure-1" in lines(of(cases, "flow"))
    assert of(cases, "large") == []


def test_a_cluster_outside_the_mesh_reaches_no_other() -> None:
    plan = three(
        [("front", "shared")],
        outside="aws-2",
        front=component(["aws-1", "aws-2"], port=8080),
        shared=component(["aws-1", "aws-2", "azure-3"], port=8081, critical=True),
    )
    cases = everything(plan)
    assert "aws-2/front -> azure-3/shared (pod)" in lines(of(cases, "denied"))
    assert "aws-2/front -> shared (service) aws-2" in lines(of(cases, "flow"))
    assert not any(case.source == "aws-2/front" for case in of(cases, "prefer"))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("dev:api", {("dev", "api")}),
        ("dev:", {("dev", "api"), ("dev", "cdf")}),
        (":cdf", {("api", "cdf"), ("dev", "cdf")}),
    ],
)
def test_only_some_flows(dev_plan: FleetPlan, text: str, pairs: set[tuple[str, str]]) -> None:
    only = read_only(dev_plan, [text])
    assert only is not None
    assert {pair for pair in [("dev", "api"), ("dev", "cdf"), ("api", "cdf")] if only.has(*pair)} == pairs
    cases = everything(dev_plan, only).cases
    assert cases
    assert all(only.has(case.probe.source.component, case.probe.target.component) for case in cases)


def test_all_flows_where_none_is_named(dev_plan: FleetPlan) -> None:
    assert read_only(dev_plan, []) is None


@pytest.mark.parametrize("text", ["dev", ":", "dev:nobody", "nobody:"])
def test_flows_that_are_none(dev_plan: FleetPlan, text: str) -> None:
    with pytest.raises(RefusedError):
        read_only(dev_plan, [text])
