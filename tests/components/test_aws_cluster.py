"""The EKS control plane: what pulumi_eks is asked for, who may reach it, how it is talked to."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.aws.cluster import hide_authority
from components.aws.kubeconfig import kubeconfig
from tests.components.aws_fleets import ENI, dev, recorded


def control_plane(change: dict[str, Any] | None = None) -> dict[str, Any]:
    recording = recorded(change) if change else dev()
    return dict(recording.named("aws-1-eks").inputs)


def test_it_comes_without_cni_proxy_and_addons() -> None:
    inputs = control_plane()
    assert inputs["useDefaultVpcCni"] is True  # False would install it
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["kubeProxyAddonOptions"]["enabled"] is False
    assert inputs["corednsAddonOptions"]["enabled"] is False
    assert inputs["skipDefaultNodeGroup"] is True
    assert inputs["skipDefaultSecurityGroups"] is True
    assert inputs["createOidcProvider"] is False


def test_it_keeps_its_secrets_encrypted_and_all_its_logs() -> None:
    recording, inputs = dev(), control_plane()
    assert inputs["encryptionConfigKeyArn"].startswith("arn:aws:kms:")
    assert inputs["enabledClusterLogTypes"] == ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    logs = recording.named("aws-1-logs")
    assert logs.inputs["name"] == "/aws/eks/dev-aws-1/cluster"
    assert recording.waits_for(recording.named("aws-1-eks"), logs)


def test_its_role_is_complete_before_it_and_until_it_is_gone() -> None:
    recording = dev()
    cluster = recording.named("aws-1-eks")
    for name in ("aws-1-control-plane-AmazonEKSClusterPolicy", "aws-1-secrets"):
        assert recording.waits_for(cluster, recording.named(name)), name


def test_the_plan_decides_version_services_and_name() -> None:
    inputs = control_plane({"clusters.aws-1.kubernetes": "1.36", "clusters.aws-1.serviceCidr": "10.96.0.0/19"})
    assert inputs["version"] == "1.36"
    assert inputs["kubernetesServiceIpAddressRange"] == "10.96.0.0/19"
    assert inputs["name"] == "dev-aws-1"
    assert inputs["upgradePolicy"] == {"supportType": "STANDARD"}
    assert inputs["authenticationMode"] == "API"


def test_it_stands_in_the_node_subnets() -> None:
    recording = dev()
    group = recording.named("aws-1-nodes-system", "NodeGroup")
    assert control_plane()["subnetIds"] == group.inputs["subnetIds"]
    assert len(set(control_plane()["subnetIds"])) == 3


def test_it_is_public_to_the_named_ranges_only() -> None:
    inputs = control_plane()
    assert (inputs["endpointPrivateAccess"], inputs["endpointPublicAccess"]) == (True, True)
    assert inputs["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_without_named_ranges_it_is_private() -> None:
    inputs = control_plane({"adminCidrs": []})
    assert (inputs["endpointPrivateAccess"], inputs["endpointPublicAccess"]) == (True, False)
    assert "publicAccessCidrs" not in inputs


@pytest.mark.parametrize("world", ["0.0.0.0/0", "128.0.0.0/1"])
def test_a_control_plane_for_everybody_is_refused(world: str) -> None:
    with pytest.raises(ValueError, match=f"plan: admin_cidrs of 'aws-1': {world} lets everybody in; name the ranges"):
        recorded({"adminCidrs": ["203.0.113.0/24", world]})


@pytest.mark.parametrize("protect", [True, False])
def test_deletion_protection_follows_the_fleet(protect: bool) -> None:  # noqa: FBT001 - parametrized
    assert control_plane({"protect": protect})["deletionProtection"] is protect


def test_its_children_get_the_sites_provider() -> None:
    recording = dev()
    assert recording.by_urn(recording.named("aws-1-eks").providers["aws"]).name == "aws-aws"


def test_the_issuer_is_trusted_for_aws_alone() -> None:
    (oidc,) = dev().of_type("OpenIdConnectProvider")
    assert oidc.inputs["clientIdLists"] == ["sts.amazonaws.com"]
    assert oidc.inputs["url"].startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")
    assert "thumbprintLists" not in oidc.inputs


def test_the_kubeconfig_is_secret_and_the_provider_survives_its_changes() -> None:
    provider = dev().named("aws-1-kubernetes")
    assert provider.is_secret("kubeconfig")
    assert provider.inputs["clusterIdentifier"] == "dev-aws-1"


def test_the_kubeconfigs_that_pulumi_eks_makes_are_secret_too() -> None:
    assert dev().named("aws-1-eks").transforms == 1

    def transformed(token: str) -> pulumi.ResourceTransformResult | None:
        options = pulumi.ResourceOptions(protect=True, ignore_changes=["version"])
        props = {"name": "dev-aws-1"}
        return hide_authority(pulumi.ResourceTransformArgs(True, token, "aws-1-eks", props, options))  # noqa: FBT003

    assert transformed("aws:iam/role:Role") is None
    result = transformed("aws:eks/cluster:Cluster")
    assert result is not None
    assert result.props == {"name": "dev-aws-1"}
    assert "certificateAuthority" in (result.opts.additional_secret_outputs or [])
    assert result.opts.protect
    assert result.opts.ignore_changes == ["version"]


def test_agents_get_the_bare_host() -> None:
    host = dev().named("aws-1-cilium").inputs["values"]["host"]
    assert host.endswith(".gr7.us-east-1.eks.amazonaws.com")
    assert "/" not in host


def test_the_kubeconfig_holds_no_credential() -> None:
    config = json.loads(
        kubeconfig(name="dev-x", region="eu-west-1", endpoint="https://x", certificate_authority="Y2E=")
    )
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["args"] == [
        "--region",
        "eu-west-1",
        "eks",
        "get-token",
        "--cluster-name",
        "dev-x",
        "--output",
        "json",
    ]
    (cluster,) = config["clusters"]
    assert cluster["cluster"] == {"server": "https://x", "certificate-authority-data": "Y2E="}
    assert config["current-context"] == config["contexts"][0]["name"] == "dev-x"


def test_the_operator_has_a_role_in_the_eni_profile_only() -> None:
    assert dev().named("aws-1-cilium").inputs["values"].get("role") is None
    recording = recorded(ENI)
    role = recording.named("aws-1-cilium-operator-role")
    assert recording.named("aws-1-cilium").inputs["values"]["role"].endswith(role.inputs["name"])
    # Without its policy it could not give the first node an address.
    assert recording.waits_for(recording.named("aws-1-cilium"), recording.named("aws-1-cilium-operator-policy"))


def test_the_operator_may_change_interfaces_and_nothing_else() -> None:
    policy = json.loads(recorded(ENI).named("aws-1-cilium-operator-policy").inputs["policy"])
    allowed = {action for one in policy["Statement"] for action in [one["Action"]] if isinstance(action, str)}
    allowed |= {action for one in policy["Statement"] if isinstance(one["Action"], list) for action in one["Action"]}
    # "Required Privileges" of Cilium's ENI page, with released addresses.
    assert allowed >= {
        f"ec2:{name}"
        for name in (
            "DeleteNetworkInterface",
            "DescribeInstanceTypes",
            "DescribeNetworkInterfaces",
            "DescribeSubnets",
            "DescribeVpcs",
            "DescribeRouteTables",
            "DescribeSecurityGroups",
            "CreateNetworkInterface",
            "AttachNetworkInterface",
            "ModifyNetworkInterfaceAttribute",
            "AssignPrivateIpAddresses",
            "UnassignPrivateIpAddresses",
            "CreateTags",
            "DescribeTags",
        )
    }
    changing = {action for action in allowed if not action.startswith(("ec2:Describe", "ec2:Get"))}
    assert all("NetworkInterface" in one or "PrivateIpAddresses" in one or one == "ec2:CreateTags" for one in changing)
    tagging = next(one for one in policy["Statement"] if one["Action"] == "ec2:CreateTags")
    assert tagging["Resource"] == "arn:aws:ec2:us-east-1:*:network-interface/*"
    assert tagging["Condition"] == {"StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"}}
