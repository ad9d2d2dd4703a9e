"""``eks.Cluster`` under the real engine: which children it registers, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pytest

from simulator.sdk_types import SIGNATURE
from tests.simulator.engine import Run, needs_engine, serving
from tests.simulator.toy_cloud import AWS, CLUSTER_TOKEN, KUBERNETES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator.server import Server

pytestmark = [needs_engine, pytest.mark.e2e]

NO_CNI: dict[str, Any] = {
    "use_default_vpc_cni": True,
    "bootstrap_self_managed_addons": False,
    "kube_proxy_addon_options": eks.KubeProxyAddonOptionsArgs(enabled=False),
    "coredns_addon_options": eks.CoreDnsAddonOptionsArgs(enabled=False),
    "skip_default_node_group": True,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    yield from serving(tmp_path, [AWS, KUBERNETES])


def clusters(*names: str, own_role: bool = True, **arguments: Any) -> None:
    provider = aws.Provider("region", region="eu-west-1")
    options = pulumi.ResourceOptions(provider=provider)
    for number, name in enumerate(names):
        vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block=f"10.{number}.0.0/16", opts=options)
        subnet = aws.ec2.Subnet(f"{name}-subnet", vpc_id=vpc.id, cidr_block=f"10.{number}.1.0/24", opts=options)
        role = aws.iam.Role(f"{name}-role", assume_role_policy="{}", opts=options) if own_role else None
        cluster = eks.Cluster(
            name,
            **{
                "name": f"{name}-physical",
                "vpc_id": vpc.id,
                "subnet_ids": [subnet.id],
                "service_role": role,
                "skip_default_security_groups": True,
                "authentication_mode": eks.AuthenticationMode.API,
                **NO_CNI,
                **arguments,
            },
            opts=pulumi.ResourceOptions(providers={"aws": provider}),
        )
        for output in ("cluster_security_group_id", "node_security_group_id", "oidc_issuer", "kubeconfig_json"):
            pulumi.export(f"{name}-{output}", getattr(cluster, output))
        pulumi.export(f"{name}-endpoint", cluster.eks_cluster.apply(lambda one: one.endpoint))
        pulumi.export(f"{name}-provider", cluster.core.apply(lambda core: core.provider.urn))


def children(run: Run, of: str) -> dict[str, str]:
    """Names and types of everything below a component."""
    mark = "eks:index:Cluster$"
    return {
        name: resource["type"]
        for name, resource in run.state().items()
        if mark in resource["urn"] and name.startswith(f"{of}-")
    }


def test_without_a_cni_there_is_a_cluster_and_a_provider_and_nothing_else(server: Server, tmp_path: Path) -> None:
    run = Run(server, tmp_path, lambda: clusters("one"))
    run.preview()
    outputs = run.stack.up().outputs
    assert children(run, "one") == {
        "one-eksCluster": CLUSTER_TOKEN,
        "one-eks-k8s": "pulumi:providers:kubernetes",
    }
    cluster = server.world.find(CLUSTER_TOKEN)[0]
    assert cluster.inputs["bootstrapSelfManagedAddons"] is False
    assert cluster.inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": True,
    }
    own = cluster.outputs["vpcConfig"]["clusterSecurityGroupId"]
    assert outputs["one-cluster_security_group_id"].value == own
    assert outputs["one-node_security_group_id"].value == own
    assert outputs["one-oidc_issuer"].value.startswith("oidc.eks.eu-west-1.amazonaws.com/id/")
    assert outputs["one-endpoint"].value == cluster.outputs["endpoint"]
    assert outputs["one-provider"].value.endswith("one-eks-k8s")
    kubeconfig = json.loads(outputs["one-kubeconfig_json"].value)
    assert kubeconfig["users"][0]["user"]["exec"]["args"][:4] == ["--region", "eu-west-1", "eks", "get-token"]


def test_several_at_once_again_and_gone(server: Server, tmp_path: Path) -> None:
    names = ("one", "two", "three", "four")
    run = Run(server, tmp_path, lambda: clusters(*names))
    made = run.up()["create"]
    assert run.up() == {"same": made}
    assert dict(run.stack.refresh().summary.resource_changes or {}) == {"same": made}
    assert {one.inputs["name"] for one in server.world.find(CLUSTER_TOKEN)} == {f"{name}-physical" for name in names}
    run.stack.destroy()
    assert server.world.count() == 0


def test_the_children_that_the_defaults_bring(server: Server, tmp_path: Path) -> None:
    entry = eks.AccessEntryArgs(
        principal_arn="arn:aws:iam::123456789012:role/admin",
        access_policies={
            "all": eks.AccessPolicyAssociationArgs(
                policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            )
        },
    )
    run = Run(
        server,
        tmp_path,
        lambda: clusters(
            "one",
            own_role=False,
            skip_default_security_groups=False,
            authentication_mode=eks.AuthenticationMode.API_AND_CONFIG_MAP,
            access_entries={"admin": entry},
            use_default_vpc_cni=False,
            kube_proxy_addon_options=None,
            create_oidc_provider=True,
        ),
    )
    run.up()
    found = children(run, "one")
    attachments = [name for name, type_ in found.items() if type_.endswith(":RolePolicyAttachment")]
    assert len(attachments) == 1
    assert set(found) - set(attachments) == {
        "one-eksRole",
        "one-eksRole-role",
        "one-eksClusterSecurityGroup",
        "one-eksClusterInternetEgressRule",
        "one-eksCluster",
        "one-kube-proxy",
        "one-eks-k8s",
        "one-nodeAccess",
        "one-admin",
        "one-admin-all",
        "one-vpc-cni",
        "one-nodeSecurityGroup",
        "one-eksNodeIngressRule",
        "one-eksNodeClusterIngressRule",
        "one-eksExtApiServerClusterIngressRule",
        "one-eksNodeInternetEgressRule",
        "one-eksClusterIngressRule",
        "one-oidcProvider",
    }
    state = run.state()
    assert attachments[0] in str(state["one-eksCluster"]["dependencies"])
    assert state["one-kube-proxy"]["outputs"]["addonVersion"] == "v1.0.0-kube-proxy"
    assert set(run.up()) == {"same"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"private_subnet_ids": ["subnet-1"]}, "subnetIds excludes publicSubnetIds and privateSubnetIds"),
        (
            {
                "authentication_mode": None,
                "access_entries": {"a": eks.AccessEntryArgs(principal_arn="arn:aws:iam::123456789012:role/a")},
            },
            "accessEntries needs the authenticationMode API",
        ),
        (
            {"public_access_cidrs": ["192.0.2.0/24"], "endpoint_public_access": False},
            "publicAccessCidrs can only be set when endpointPublicAccess is true",
        ),
        ({"skip_default_node_group": False}, "set skipDefaultNodeGroup"),
        ({"authentication_mode": "NONE"}, "authenticationMode: expected one of 'CONFIG_MAP'"),
    ],
)
def test_what_the_component_refuses(server: Server, tmp_path: Path, arguments: dict[str, Any], said: str) -> None:
    run = Run(server, tmp_path, lambda: clusters("one", **arguments))
    assert said in run.refused("preview")


def test_a_child_that_fails_fails_the_component(server: Server, tmp_path: Path) -> None:
    run = Run(server, tmp_path, lambda: clusters("one", subnet_ids=["subnet-0none"]))
    assert "subnet-0none' does not exist" in run.refused()
    assert server.world.find(CLUSTER_TOKEN) == []


def test_what_is_made_of_a_secret_is_secret(server: Server, tmp_path: Path) -> None:
    def hide(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != CLUSTER_TOKEN:
            return None
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["certificateAuthority"])
        return pulumi.ResourceTransformResult(args.props, pulumi.ResourceOptions.merge(args.opts, hidden))

    def program() -> None:
        pulumi.runtime.register_resource_transform(hide)
        clusters("one")

    run = Run(server, tmp_path, program)
    outputs = run.stack.up().outputs
    assert outputs["one-kubeconfig_json"].secret
    assert not outputs["one-endpoint"].secret
    state = json.dumps(without_secrets(run.stack.export_stack().deployment))
    assert "one-eks-k8s" in state
    assert "current-context" not in state


def without_secrets(value: Any) -> Any:
    """What an exported state holds in plain text; the automation API exports secrets with their text."""
    if isinstance(value, dict):
        return None if SIGNATURE in value else {key: without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value
