"""The mesh endpoint: a load balancer whose addresses every peer knows beforehand."""

from __future__ import annotations

from components.aws.naming import bounded
from tests.components.aws_fleets import dev, plan_of, recorded

LONG = "a" * 32


def test_its_addresses_are_the_planned_ones_in_the_mesh_subnets() -> None:
    recording, plan = dev(), plan_of()
    mappings = recording.named("aws-1-mesh-nlb").inputs["subnetMappings"]
    assert tuple(one["privateIpv4Address"] for one in mappings) == plan.clusters["aws-1"].mesh_addresses
    assert plan.clusters["aws-1"].mesh_addresses == ("10.16.128.5", "10.16.132.5", "10.16.136.5")
    associated = [
        recording.named(f"aws-network-mesh-{zone}", "RouteTableAssociation").inputs["subnetId"] for zone in range(3)
    ]
    assert [one["subnetId"] for one in mappings] == associated


def test_it_is_internal_and_in_the_mesh_group() -> None:
    recording = dev()
    inputs = recording.named("aws-1-mesh-nlb").inputs
    assert inputs["internal"] is True
    assert inputs["loadBalancerType"] == "network"
    assert inputs["enableCrossZoneLoadBalancing"] is True
    assert inputs["securityGroups"] == [recording.outputs[recording.named("aws-firewall").urn]["meshGroupId"]]


def test_it_listens_on_the_mesh_port_and_leads_to_the_node_port() -> None:
    recording = dev()
    listener = recording.named("aws-1-mesh-listener").inputs
    assert (listener["protocol"], listener["port"]) == ("TCP", 2379)
    targets = recording.named("aws-1-mesh-targets").inputs
    assert (targets["protocol"], targets["port"], targets["targetType"]) == ("TCP", 32001, "instance")
    assert targets["preserveClientIp"] == "false"
    assert targets["healthCheck"]["protocol"] == "TCP"


def test_nodes_of_every_pool_are_its_targets() -> None:
    recording = recorded({"clusters.aws-1.nodePools": {"system": {}, "big": {}}})
    attachments = recording.of_type("Attachment")
    assert len(attachments) == 2
    assert len({one.inputs["autoscalingGroupName"] for one in attachments}) == 2
    for one in attachments:
        assert recording.waits_for(one, recording.named("aws-1-mesh-targets"))


def test_its_node_port_is_open_to_the_mesh_group_only() -> None:
    recording = dev()
    groups = recording.outputs[recording.named("aws-firewall").urn]
    rule = recording.named("aws-1-mesh-nodes-in").inputs
    assert rule["securityGroupId"] == groups["nodeGroupId"]
    assert rule["referencedSecurityGroupId"] == groups["meshGroupId"]
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 32001, 32001)
    assert "cidrIpv4" not in rule


def test_the_rules_outlive_the_load_balancer() -> None:
    recording = dev()
    for name in ("aws-1-mesh-nodes-in", "aws-1-mesh-mesh-out"):
        assert recording.waits_for(recording.named("aws-1-mesh-nlb"), recording.named(name))


def test_it_does_not_wait_for_the_cluster() -> None:
    recording = dev()
    assert not recording.waits_for(recording.named("aws-1-mesh-nlb"), recording.named("aws-1-eks"))


def test_a_cluster_outside_the_mesh_has_none() -> None:
    recording = recorded({"clusters.aws-1.meshed": False})
    assert recording.of_type("LoadBalancer", "TargetGroup", "Attachment") == []
    assert recording.named("aws-1-nodes-coredns")


def test_names_fit_however_long_the_clusters_is() -> None:
    recording = recorded(
        {
            "clusters": {LONG: {"site": "aws", "id": 1}},
            "sites.azure": None,
            "links": None,
            "components": None,
            "flows": None,
        }
    )
    for one in recording.of_type("LoadBalancer", "TargetGroup"):
        assert len(one.inputs["name"]) <= 32
        assert one.delete_before_replace


def test_shortened_names_stay_distinct_and_well_formed() -> None:
    names = {bounded(f"dev-{LONG}-{number}", 32) for number in range(50)}
    assert len(names) == 50
    assert all(len(name) <= 32 and not name.endswith("-") for name in names)
    assert bounded("dev-aws-1-mesh", 32) == "dev-aws-1-mesh"
