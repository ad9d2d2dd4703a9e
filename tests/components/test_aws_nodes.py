"""Node pools, the addons that need nodes, and storage."""

from __future__ import annotations

import base64
import json
from email import message_from_string
from typing import Any

import pytest

from components.aws.node_template import user_data
from components.aws.nodes import image_type
from tests.components.aws_fleets import ENI, dev, recorded

STATE = {"components.api.state": {"size": "10Gi"}}
POOLS = {
    "clusters.aws-1.nodePools": {
        "system": {},
        "big": {"size": "m7g.2xlarge", "min": 1, "max": 9, "diskGib": 200},
    }
}


def launch_template(name: str = "aws-1-nodes-system", change: dict[str, Any] | None = None) -> dict[str, Any]:
    recording = recorded(change) if change else dev()
    return dict(recording.named(name, "LaunchTemplate").inputs)


def site_key() -> str:
    return str(launch_template()["blockDeviceMappings"][0]["ebs"]["kmsKeyId"])


def test_nodes_come_after_cilium_and_go_before_it() -> None:
    recording = recorded(POOLS)
    release = recording.named("aws-1-cilium")
    groups = recording.of_type("NodeGroup")
    assert len(groups) == 2
    for group in groups:
        assert release.urn in group.dependencies
    assert not any(recording.waits_for(release, group) for group in groups)


def test_nodes_can_join_and_reach_the_registries_all_their_life() -> None:
    recording = dev()
    group = recording.named("aws-1-nodes-system", "NodeGroup")
    needed = [*recording.of_type("Route", "RouteTableAssociation")]
    needed += [one for one in recording.of_type("RolePolicyAttachment") if one.name.startswith("aws-1-nodes-")]
    assert len(needed) > 10
    for one in needed:
        assert recording.waits_for(group, one), one.name


def test_nodes_may_join_and_pull_and_no_more() -> None:
    for recording in (dev(), recorded(ENI)):
        policies = {
            one.inputs["policyArn"].rpartition("/")[2]
            for one in recording.of_type("RolePolicyAttachment")
            if one.name.startswith("aws-1-nodes-")
        }
        assert policies == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_pods_stay_off_a_node_until_cilium_runs() -> None:
    taints = dev().named("aws-1-nodes-system", "NodeGroup").inputs["taints"]
    assert taints == [{"key": "node.cilium.io/agent-not-ready", "value": "true", "effect": "NO_EXECUTE"}]


def test_pools_are_the_planned_ones() -> None:
    recording = recorded(POOLS)
    big = recording.named("aws-1-nodes-big", "NodeGroup").inputs
    assert big["scalingConfig"] == {"minSize": 1, "maxSize": 9, "desiredSize": 1}
    assert big["instanceTypes"] == ["m7g.2xlarge"]
    assert big["version"] == "1.35"
    assert len(set(big["subnetIds"])) == 3
    disk = launch_template("aws-1-nodes-big", POOLS)["blockDeviceMappings"][0]["ebs"]
    assert disk["volumeSize"] == 200


def test_an_autoscaler_may_move_the_size() -> None:
    assert dev().named("aws-1-nodes-system", "NodeGroup").ignore_changes == ("scalingConfig.desiredSize",)


def test_a_group_uses_the_newest_version_of_its_template() -> None:
    recording = dev()
    group = recording.named("aws-1-nodes-system", "NodeGroup")
    assert group.inputs["launchTemplate"]["version"] == "1"
    assert recording.waits_for(group, recording.named("aws-1-nodes-system", "LaunchTemplate"))


@pytest.mark.parametrize(
    ("size", "image"),
    [
        ("m6i.xlarge", "AL2023_x86_64_STANDARD"),
        ("g4dn.xlarge", "AL2023_x86_64_STANDARD"),
        ("g6.xlarge", "AL2023_x86_64_STANDARD"),
        ("m7g.large", "AL2023_ARM_64_STANDARD"),
        ("c6gn.large", "AL2023_ARM_64_STANDARD"),
        ("im4gn.large", "AL2023_ARM_64_STANDARD"),
        ("a1.large", "AL2023_ARM_64_STANDARD"),
    ],
)
def test_the_image_fits_the_processor(size: str, image: str) -> None:
    assert image_type(size) == image


def test_the_metadata_service_wants_a_token_and_is_out_of_the_pods_reach() -> None:
    options = launch_template()["metadataOptions"]
    assert options["httpTokens"] == "required"
    assert options["httpPutResponseHopLimit"] == 1


def test_disks_are_encrypted_with_the_sites_key() -> None:
    (mapping,) = launch_template()["blockDeviceMappings"]
    assert mapping["deviceName"] == "/dev/xvda"
    assert mapping["ebs"]["encrypted"] == "true"
    assert mapping["ebs"]["kmsKeyId"].startswith("arn:aws:kms:")
    assert mapping["ebs"]["volumeType"] == "gp3"
    assert mapping["ebs"]["deleteOnTermination"] == "true"


def test_nodes_are_in_the_clusters_group_and_in_the_sites() -> None:
    recording = dev()
    sites = recording.outputs[recording.named("aws-firewall").urn]["nodeGroupId"]
    groups = launch_template()["vpcSecurityGroupIds"]
    assert sites in groups
    assert len(groups) == 2
    assert all(group.startswith("sg-") for group in groups)


def test_what_nodes_bring_with_them_is_tagged() -> None:
    specifications = launch_template()["tagSpecifications"]
    assert {one["resourceType"] for one in specifications} == {"instance", "volume", "network-interface"}
    assert all(one["tags"]["fleet"] == "dev" for one in specifications)


def test_user_data_is_what_nodeadm_reads() -> None:
    message = message_from_string(base64.b64decode(user_data()).decode())
    assert message.get_content_type() == "multipart/mixed"
    (part,) = message.get_payload()
    assert part.get_content_type() == "application/node.eks.aws"
    config = json.loads(part.get_payload())
    assert config["apiVersion"] == "node.eks.aws/v1alpha1"
    assert config["spec"] == {"kubelet": {"config": {"maxPods": 110}}}
    assert user_data() == launch_template()["userData"]


def test_core_dns_comes_after_every_node_group() -> None:
    recording = recorded(POOLS)
    addon = recording.named("aws-1-nodes-coredns")
    assert addon.inputs["addonName"] == "coredns"
    for group in recording.of_type("NodeGroup"):
        assert group.urn in addon.dependencies


def test_only_a_cluster_that_keeps_state_has_the_disk_driver() -> None:
    assert [one.inputs["addonName"] for one in dev().of_type("Addon")] == ["coredns"]
    recording = recorded(STATE)
    driver = recording.named("aws-1-nodes-disks-addon")
    assert driver.inputs["addonName"] == "aws-ebs-csi-driver"
    role = recording.named("aws-1-nodes-disks-driver-role")
    assert driver.inputs["serviceAccountRoleArn"].endswith(role.inputs["name"])
    assert recording.waits_for(driver, recording.named("aws-1-nodes-system", "NodeGroup"))
    assert recording.waits_for(driver, recording.named("aws-1-nodes-disks-driver-policy"))
    trust = role.inputs["assumeRolePolicy"]
    assert "system:serviceaccount:kube-system:ebs-csi-controller-sa" in trust


def test_the_disk_driver_may_use_the_sites_key_alone() -> None:
    policy = json.loads(recorded(STATE).named("aws-1-nodes-disks-driver-policy").inputs["policy"])
    assert {one["Resource"] for one in policy["Statement"]} == {site_key()}


def test_volumes_are_encrypted_and_go_with_the_cluster() -> None:
    recording = recorded(STATE)
    storage = recording.named("aws-1-storage-class")
    assert storage.inputs["metadata"]["name"] == "hms-encrypted"
    assert storage.inputs["provisioner"] == "ebs.csi.aws.com"
    assert storage.inputs["parameters"]["encrypted"] == "true"
    assert storage.inputs["parameters"]["kmsKeyId"] == site_key()
    tags = {value for key, value in storage.inputs["parameters"].items() if key.startswith("tagSpecification_")}
    assert "managed-by=pulumi" in tags, "the driver tags the disks that it makes"
    assert storage.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage.deleted_with == recording.named("aws-1-eks").urn
    assert recording.waits_for(storage, recording.named("aws-1-nodes-disks-addon"))
