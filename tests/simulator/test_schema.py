from __future__ import annotations

import inspect
import typing
from importlib import import_module

import pytest

from simulator import schema
from simulator.sdk_types import Choice, Constant, Later, ListOf, MapOf, Record, Scalar, Type
from simulator.values import UNKNOWN

CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"


def complaints(token: str, inputs: dict[str, typing.Any]) -> dict[str, str]:
    return {failure.path: failure.reason for failure in schema.check(token, inputs)}


def test_an_unknown_property_is_named_and_the_right_one_suggested() -> None:
    found = complaints("aws:ec2/vpc:Vpc", {"cidrBlok": "10.0.0.0/16"})
    assert found == {"cidrBlok": "unknown property; did you mean 'cidrBlock'?"}


def test_nested_ones_are_found_with_their_path() -> None:
    inputs = {"resourceGroupName": "rg", "ipConfigurations": [{"name": "a", "subnet": {"idd": "x"}}]}
    assert list(complaints("azure-native:network:VirtualNetworkGateway", inputs)) == ["ipConfigurations[0].subnet.idd"]


def test_every_missing_part_of_an_ipsec_policy_is_named() -> None:
    inputs = {
        "connectionType": "IPsec",
        "resourceGroupName": "rg",
        "virtualNetworkGateway1": {"id": "x"},
        "ipsecPolicies": [{"dhGroup": "DHGroup14"}],
    }
    found = complaints(CONNECTION, inputs)
    assert len(found) == 7
    assert set(found.values()) == {"missing required property"}
    assert "ipsecPolicies[0].saLifeTimeSeconds" in found


def test_azure_knows_only_the_values_of_its_enums() -> None:
    inputs = {"connectionType": "IPSec", "resourceGroupName": "rg", "virtualNetworkGateway1": {"id": "x"}}
    assert "'IPsec'" in complaints(CONNECTION, inputs)["connectionType"]


def test_aws_enums_are_suggestions() -> None:
    inputs = {"role": "r", "policyArn": "arn:aws:iam::123456789012:policy/own"}
    assert complaints("aws:iam/rolePolicyAttachment:RolePolicyAttachment", inputs) == {}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("yes", "expected a boolean, got 'yes'"),
        (1, "expected a boolean, got 1"),
        ([], "expected a boolean, got a list"),
    ],
)
def test_wrong_types(value: object, reason: str) -> None:
    assert complaints("aws:ec2/vpc:Vpc", {"enableDnsSupport": value}) == {"enableDnsSupport": reason}


def test_a_boolean_is_no_number() -> None:
    found = complaints("aws:ec2/vpc:Vpc", {"ipv4NetmaskLength": True})
    assert found == {"ipv4NetmaskLength": "expected an integer, got True"}


def test_unknown_values_pass_wherever_they_are() -> None:
    assert complaints("aws:eks/cluster:Cluster", {"roleArn": UNKNOWN, "vpcConfig": {"subnetIds": [UNKNOWN]}}) == {}
    assert complaints("aws:eks/cluster:Cluster", {"roleArn": UNKNOWN, "vpcConfig": UNKNOWN}) == {}


def test_a_long_value_is_not_repeated_in_the_message() -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}, "enableDnsSupport": "-----BEGIN PRIVATE KEY-----"}
    assert "BEGIN" not in complaints("aws:ec2/vpc:Vpc", inputs)["enableDnsSupport"]


def test_a_union_complains_about_the_option_that_was_meant() -> None:
    container = {"name": "a", "livenessProbe": {"httpGet": {"port": True}}}
    template = {"spec": {"containers": [container]}}
    inputs = {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    path = "spec.template.spec.containers[0].livenessProbe.httpGet.port"
    assert complaints("kubernetes:apps/v1:Deployment", inputs) == {path: "expected an integer or a string, got True"}


def test_secrets_and_outputs_are_read_too() -> None:
    key = schema.resource("tls:index/privateKey:PrivateKey")
    assert key.secrets == {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"}
    assert "publicKeyPem" in key.outputs


def test_what_the_sdk_does_not_have() -> None:
    with pytest.raises(schema.NotInSdk, match="aws:ec2/vpc:Vpcc"):
        schema.check("aws:ec2/vpc:Vpcc", {})
    with pytest.raises(schema.NotInSdk):
        schema.check_invoke("aws:ec2/getNothing:getNothing", {})


def test_functions() -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    assert schema.check_invoke(token, {"state": "available", "filters": [{"name": "a", "values": ["b"]}]}) == []
    assert [failure.path for failure in schema.check_invoke(token, {"filters": [{"name": "a"}]})] == [
        "filters[0].values"
    ]


def test_provider_configuration_is_read_back_from_text() -> None:
    config = schema.decode_config("aws", {"region": "eu-west-1", "defaultTags": '{"tags": {"a": "b"}}', "version": "7"})
    assert config == {"region": "eu-west-1", "defaultTags": {"tags": {"a": "b"}}}
    assert list(schema.check_config("aws", config)) == []
    wrong = schema.decode_config("kubernetes", {"helmReleaseSettings": '{"drive": "x"}'})
    assert [failure.path for failure in schema.check_config("kubernetes", wrong)] == ["helmReleaseSettings.drive"]


SAMPLES = [
    ("aws:ec2/vpnConnection:VpnConnection", "pulumi_aws.ec2", "VpnConnectionArgs"),
    ("aws:eks/nodeGroup:NodeGroup", "pulumi_aws.eks", "NodeGroupArgs"),
    ("azure-native:network:VirtualNetworkGateway", "pulumi_azure_native.network", "VirtualNetworkGatewayInitArgs"),
    ("azure-native:containerservice:ManagedCluster", "pulumi_azure_native.containerservice", "ManagedClusterArgs"),
    ("kubernetes:apps/v1:Deployment", "pulumi_kubernetes.apps.v1", "DeploymentInitArgs"),
    ("kubernetes:helm.sh/v3:Release", "pulumi_kubernetes.helm.v3", "ReleaseArgs"),
    ("eks:index:Cluster", "pulumi_eks", "ClusterArgs"),
    ("tls:index/selfSignedCert:SelfSignedCert", "pulumi_tls", "SelfSignedCertArgs"),
    ("random:index/randomPassword:RandomPassword", "pulumi_random", "RandomPasswordArgs"),
]


@pytest.mark.parametrize(("token", "module", "name"), SAMPLES)
def test_reading_the_source_gives_what_importing_gives(token: str, module: str, name: str) -> None:
    cls = getattr(import_module(module), name)
    properties = schema.resource(token).inputs
    parameters = inspect.signature(cls.__init__).parameters
    names = {
        python: getattr(member.fget, "_pulumi_name", python)
        for python, member in vars(cls).items()
        if isinstance(member, property)
    }
    assert set(properties) == set(names.values())
    for python, pulumi_name in names.items():
        given_up = parameters[python].default is not inspect.Parameter.empty
        assert properties[pulumi_name].required is not given_up, pulumi_name
        resolve(properties[pulumi_name].type)


def resolve(type_: Type, seen: frozenset[str] = frozenset()) -> None:
    """Every type that a type leads to can be read."""
    match type_:
        case Later():
            resolve(type_.resolve(), seen)
        case ListOf() | MapOf():
            resolve(type_.item, seen)
        case Choice():
            for option in type_.options:
                resolve(option, seen)
        case Record():
            if type_.name not in seen:
                for item in type_.load().values():
                    resolve(item.type, seen | {type_.name})
        case Constant():
            assert type_.values
        case Scalar():
            assert type_.name
