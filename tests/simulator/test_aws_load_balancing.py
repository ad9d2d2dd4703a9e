"""Load balancers, target groups, listeners; VPC endpoints; data sources; the provider's configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator.aws import KINDS, check_config, regions, scope, tokens
from simulator.kind import UNKNOWN
from simulator.schema import resource
from simulator.world import Record
from tests.simulator.aws_world import REGION, ZONES, aws, policy, refused, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]

TARGETS = {"port": 32_001, "protocol": "TCP", "targetType": "instance"}


def mappings(subnets: list[str], host: int = 5) -> list[dict[str, Any]]:
    return [{"subnetId": subnet, "privateIpv4Address": f"10.20.{number}.{host}"} for number, subnet in
            enumerate(subnets)]  # fmt: skip


def balancer(aws: Aws, subnets: list[str], /, name: str = "mesh", host: int = 5, **changes: Any) -> str:
    given = {"internal": True, "loadBalancerType": "network", "subnetMappings": mappings(subnets, host), **changes}
    return aws.id(tokens.LOAD_BALANCER, name, **given)


@pytest.fixture
def subnets(aws: Aws) -> list[str]:
    return aws.subnets(aws.vpc())


def vpc_of(aws: Aws, subnets: list[str]) -> str:
    return str(aws.record(tokens.SUBNET, subnets[0]).outputs["vpcId"])


def test_a_network_load_balancer(aws: Aws, subnets: list[str]) -> None:
    made = balancer(aws, subnets)
    outputs = aws.record(tokens.LOAD_BALANCER, made).outputs
    number = made.rpartition("/")[2]
    assert made == f"arn:aws:elasticloadbalancing:{REGION}:123456789012:loadbalancer/net/mesh/{number}"
    assert outputs["arnSuffix"] == f"net/mesh/{number}"
    assert outputs["dnsName"] == f"mesh-{number}.elb.{REGION}.amazonaws.com"
    assert outputs["zoneId"] == regions.NLB_ZONE_IDS[REGION]
    assert outputs["vpcId"] == vpc_of(aws, subnets)
    with refused("DuplicateLoadBalancerName"):
        balancer(aws, subnets, host=6)
    with refused("DependencyViolation"):
        aws.delete(tokens.SUBNET, subnets[0])
    aws.delete(tokens.LOAD_BALANCER, made)


@pytest.mark.parametrize("name", ["a" * 33, "-a", "a-", "a_b", "internal-a"])
def test_bad_names(aws: Aws, name: str) -> None:
    with wrong("1 to 32 alphanumeric"):
        balancer(aws, ["s"], name)
    with wrong("1 to 32 alphanumeric"):
        aws.create(tokens.TARGET_GROUP, name, vpcId="vpc-0", **TARGETS)


def test_addresses_of_a_load_balancer(aws: Aws, subnets: list[str]) -> None:
    balancer(aws, subnets)
    with refused("ResourceInUse", "10.20.0.5 is already in use"):
        balancer(aws, subnets, "two")
    for host in (0, 3, 255):
        with refused("InvalidConfigurationRequest", "not a usable address"):
            balancer(aws, subnets, "two", host)
    with refused("InvalidConfigurationRequest", "not a usable address"):
        balancer(aws, list(reversed(subnets)), "two", 6)
    with wrong("only an internal network load balancer"):
        balancer(aws, subnets, "two", internal=False)
    with wrong("only an internal network load balancer"):
        balancer(aws, subnets, "two", loadBalancerType="application")


def test_where_a_load_balancer_stands(aws: Aws, subnets: list[str]) -> None:
    vpc = vpc_of(aws, subnets)
    twice = aws.subnet(vpc, "10.20.9.0/24")
    with refused("InvalidConfigurationRequest", "same Availability Zone"):
        balancer(aws, subnets, subnetMappings=[{"subnetId": subnets[0]}, {"subnetId": twice}])
    other = aws.subnets(aws.vpc("10.30.0.0/16"), "10.30")
    with refused("InvalidConfigurationRequest", "different VPCs"):
        balancer(aws, subnets, subnetMappings=[{"subnetId": subnets[0]}, {"subnetId": other[1]}])
    with refused("InvalidSubnet", "no internet gateway"):
        aws.create(tokens.LOAD_BALANCER, "public", loadBalancerType="network", subnets=subnets)
    with refused("ValidationError", "two subnets"):
        aws.create(tokens.LOAD_BALANCER, "app", internal=True, subnets=subnets[:1])
    foreign = aws.group(str(aws.record(tokens.SUBNET, other[0]).outputs["vpcId"]))
    with refused("InvalidConfigurationRequest", "security groups are invalid"):
        balancer(aws, subnets, securityGroups=[foreign])
    with wrong("must be specified"):
        aws.create(tokens.LOAD_BALANCER, "none", loadBalancerType="network")
    with wrong("conflicts with subnet_mapping"):
        balancer(aws, subnets, subnets=subnets)


def test_a_public_load_balancer_keeps_the_internet_gateway(aws: Aws, subnets: list[str]) -> None:
    internet = aws.id(tokens.INTERNET_GATEWAY, vpcId=vpc_of(aws, subnets))
    aws.create(tokens.LOAD_BALANCER, "public", loadBalancerType="network", subnets=subnets)
    with refused("DependencyViolation", "mapped public address"):
        aws.delete(tokens.INTERNET_GATEWAY, internet)


def test_security_groups_of_a_load_balancer(aws: Aws, subnets: list[str]) -> None:
    vpc = vpc_of(aws, subnets)
    groups = [aws.group(vpc, f"g{number}") for number in range(6)]
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        balancer(aws, subnets, securityGroups=groups)
    balancer(aws, subnets, securityGroups=groups[:1])
    with refused("DependencyViolation"):
        aws.delete(tokens.SECURITY_GROUP, groups[0])


def test_what_replaces_a_network_load_balancer(aws: Aws) -> None:
    old = {"loadBalancerType": "network", "subnetMappings": mappings(["a", "b"]), "securityGroups": ["sg"]}
    assert not aws.replaces(tokens.LOAD_BALANCER, old, {**old, "subnetMappings": mappings(["a", "b", "c"])})
    assert aws.replaces(tokens.LOAD_BALANCER, old, {**old, "subnetMappings": mappings(["a"])})
    assert aws.replaces(tokens.LOAD_BALANCER, old, {**old, "subnetMappings": mappings(["a", "b"], 6)})
    assert not aws.replaces(tokens.LOAD_BALANCER, old, {**old, "securityGroups": ["other"]})
    assert aws.replaces(tokens.LOAD_BALANCER, old, {**old, "securityGroups": None})
    assert aws.replaces(tokens.LOAD_BALANCER, old, {**old, "internal": True}) == {"internal"}


def test_a_protected_load_balancer(aws: Aws, subnets: list[str]) -> None:
    made = balancer(aws, subnets, enableDeletionProtection=True)
    with refused("OperationNotPermitted"):
        aws.delete(tokens.LOAD_BALANCER, made)
    aws.update(tokens.LOAD_BALANCER, made, enableDeletionProtection=False)
    aws.delete(tokens.LOAD_BALANCER, made)


def test_targets_and_listeners(aws: Aws, subnets: list[str]) -> None:
    vpc = vpc_of(aws, subnets)
    targets = aws.id(tokens.TARGET_GROUP, "mesh", vpcId=vpc, **TARGETS, healthCheck={"protocol": "TCP"})
    assert targets.startswith(f"arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/mesh/")
    with refused("DuplicateTargetGroupName"):
        aws.create(tokens.TARGET_GROUP, "mesh", vpcId=vpc, **TARGETS)
    with refused("ValidationError", "VPC ID"):
        aws.create(tokens.TARGET_GROUP, "other", vpcId="vpc-0", **TARGETS)
    front = balancer(aws, subnets)
    actions = [{"type": "forward", "targetGroupArn": targets}]
    listener = {"loadBalancerArn": front, "port": 2379, "protocol": "TCP", "defaultActions": actions}
    made = aws.id(tokens.LISTENER, **listener)
    assert made.startswith(front.replace(":loadbalancer/", ":listener/"))
    with refused("DuplicateListener"):
        aws.create(tokens.LISTENER, **listener)
    with refused("ValidationError", "HTTP"):
        aws.create(tokens.LISTENER, **{**listener, "port": 80, "protocol": "HTTP"})
    with refused("CertificateNotFound"):
        aws.create(tokens.LISTENER, **{**listener, "port": 443, "protocol": "TLS"})
    with refused("IncompatibleProtocols"):
        aws.create(tokens.LISTENER, **{**listener, "port": 53, "protocol": "UDP"})
    with refused("LoadBalancerNotFound"):
        aws.create(tokens.LISTENER, **{**listener, "loadBalancerArn": "arn:x"})
    with refused("TargetGroupNotFound"):
        aws.create(tokens.LISTENER, **{**listener, "defaultActions": [{"type": "forward", "targetGroupArn": "arn:x"}]})
    with refused("TargetGroupAssociationLimit"):
        aws.create(tokens.LISTENER, **{**listener, "loadBalancerArn": balancer(aws, subnets, "two", 6)})
    elsewhere = aws.id(tokens.TARGET_GROUP, "far", vpcId=aws.vpc("10.30.0.0/16"), **TARGETS)
    far = [{"type": "forward", "targetGroupArn": elsewhere}]
    with refused("InvalidConfigurationRequest", "another VPC"):
        aws.create(tokens.LISTENER, **{**listener, "port": 2380, "defaultActions": far})
    with refused("ResourceInUse", "currently in use by a listener"):
        aws.delete(tokens.TARGET_GROUP, targets)
    aws.delete(tokens.LISTENER, made)
    aws.delete(tokens.TARGET_GROUP, targets)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"port": 0}, "range"),
        ({"port": None}, "port should be set"),
        ({"protocol": "SCTP"}, "to be one of"),
        ({"targetType": "pod"}, "to be one of"),
        ({"preserveClientIp": "no"}, "to be one of"),
        ({"deregistrationDelay": 3_601}, "range"),
        ({"healthCheck": {"protocol": "UDP"}}, "to be one of"),
        ({"healthCheck": {"protocol": "TCP", "path": "/"}}, "cannot be specified when protocol is TCP"),
        ({"healthCheck": {"interval": 4}}, "range"),
        ({"healthCheck": {"interval": 10, "timeout": 10}}, "smaller than the interval"),
        ({"healthCheck": {"healthyThreshold": 1}}, "range"),
        ({"healthCheck": {"port": "99999"}}, "traffic-port"),
        ({"protocol": "HTTP", "healthCheck": {"protocol": "TCP"}}, "network load balancers only"),
    ],
)
def test_bad_target_groups(aws: Aws, change: dict[str, Any], says: str) -> None:
    given = {name: value for name, value in {"vpcId": "vpc-0", **TARGETS, **change}.items() if value is not None}
    with wrong(says):
        aws.create(tokens.TARGET_GROUP, "targets", **given)


def test_machines_behind_a_target_group(aws: Aws, subnets: list[str]) -> None:
    vpc = vpc_of(aws, subnets)
    targets = aws.id(tokens.TARGET_GROUP, "mesh", vpcId=vpc, **TARGETS)
    given = {"autoscalingGroupName": "eks-pool", "lbTargetGroupArn": targets}
    with refused("ValidationError", "AutoScalingGroup name not found"):
        aws.create(tokens.AUTO_SCALING_ATTACHMENT, **given)
    with aws.world.transaction():
        aws.world.put(Record(tokens.AUTO_SCALING_GROUP, REGION, "eks-pool", "urn", {}, {"name": "eks-pool"}))
    aws.create(tokens.AUTO_SCALING_ATTACHMENT, **given)
    with refused("ValidationError", "Target Groups may not be valid"):
        aws.create(tokens.AUTO_SCALING_ATTACHMENT, **{**given, "lbTargetGroupArn": "arn:x"})
    by_address = aws.id(tokens.TARGET_GROUP, "ips", vpcId=vpc, **{**TARGETS, "targetType": "ip"})
    with refused("ValidationError", "target type ip"):
        aws.create(tokens.AUTO_SCALING_ATTACHMENT, **{**given, "lbTargetGroupArn": by_address})


# --- endpoints


def test_gateway_endpoints(aws: Aws) -> None:
    vpc = aws.vpc()
    table = aws.id(tokens.ROUTE_TABLE, vpcId=vpc)
    given = {"vpcId": vpc, "serviceName": f"com.amazonaws.{REGION}.s3", "routeTableIds": [table]}
    assert aws.create(tokens.VPC_ENDPOINT, **given).outputs["prefixListId"].startswith("pl-")
    with refused("RouteAlreadyExists"):
        aws.create(tokens.VPC_ENDPOINT, **given)
    with refused("InvalidServiceName"):
        aws.create(tokens.VPC_ENDPOINT, **{**given, "serviceName": "com.amazonaws.us-east-1.s3"})
    with refused("InvalidServiceName"):
        aws.create(tokens.VPC_ENDPOINT, **{**given, "serviceName": f"com.amazonaws.{REGION}.ec2"})
    with wrong("can't be given for an endpoint of type Gateway"):
        aws.create(tokens.VPC_ENDPOINT, **given, subnetIds=["subnet-0"])
    with wrong("must be specified"):
        aws.create(tokens.VPC_ENDPOINT, vpcId=vpc)
    with wrong("MalformedPolicyDocument"):
        aws.create(tokens.VPC_ENDPOINT, **given, policy="{")
    with refused("DependencyViolation"):
        aws.delete(tokens.VPC, vpc)


def test_interface_endpoints(aws: Aws, subnets: list[str]) -> None:
    vpc = vpc_of(aws, subnets)
    given = {
        "vpcId": vpc,
        "serviceName": f"com.amazonaws.{REGION}.ecr.api",
        "vpcEndpointType": "Interface",
        "subnetIds": subnets,
        "privateDnsEnabled": True,
    }
    with refused("InvalidParameter", "enableDnsHostnames"):
        aws.create(tokens.VPC_ENDPOINT, **given)
    aws.update(tokens.VPC, vpc, enableDnsHostnames=True)
    made = aws.create(tokens.VPC_ENDPOINT, **given)
    assert len(made.outputs["networkInterfaceIds"]) == 3
    with refused("InvalidParameter", "conflicting DNS domain"):
        aws.create(tokens.VPC_ENDPOINT, **given)
    twice = aws.subnet(vpc, "10.20.9.0/24")
    with refused("DuplicateSubnetsInSameZone"):
        aws.create(tokens.VPC_ENDPOINT, **{**given, "privateDnsEnabled": False, "subnetIds": [subnets[0], twice]})
    foreign = aws.subnets(aws.vpc("10.30.0.0/16"), "10.30")
    with refused("InvalidSubnet.NotFound"):
        aws.create(tokens.VPC_ENDPOINT, **{**given, "privateDnsEnabled": False, "subnetIds": foreign})
    with refused("DependencyViolation"):
        aws.delete(tokens.SUBNET, subnets[0])


# --- data sources and the package


def test_data_sources(aws: Aws, subnets: list[str]) -> None:
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getRegion:getRegion")["region"] == REGION
    assert aws.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    assert aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones")["names"] == list(ZONES)
    with refused("InvalidParameterValue", "invalid AWS Region"):
        aws.invoke("aws:index/getRegion:getRegion", at="eu-west-9")
    document = aws.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        statements=[
            {"actions": ["sts:AssumeRole"], "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}]}
        ],
    )
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    assert json.loads(document["json"]) == json.loads(policy(statement))
    aws.create(tokens.ROLE, assumeRolePolicy=document["minifiedJson"])
    name = f"com.amazonaws.{REGION}.s3"
    assert aws.invoke("aws:ec2/getManagedPrefixList:getManagedPrefixList", name=name)["id"].startswith("pl-")
    with refused("InvalidPrefixListName.NotFound"):
        aws.invoke("aws:ec2/getManagedPrefixList:getManagedPrefixList", name="none")
    aws.cluster(subnets)
    assert aws.invoke("aws:eks/getClusterAuth:getClusterAuth", name="one")["token"].startswith("k8s-aws-v1.")
    found = aws.invoke("aws:eks/getCluster:getCluster", name="one")
    assert found["endpoint"].startswith("https://")
    with refused("ResourceNotFoundException"):
        aws.invoke("aws:eks/getCluster:getCluster", name="none")
    version = {"kubernetesVersion": "1.35", "mostRecent": True}
    assert aws.invoke("aws:eks/getAddonVersion:getAddonVersion", addonName="coredns", **version)["version"]
    with refused("InvalidParameterException"):
        aws.invoke("aws:eks/getAddonVersion:getAddonVersion", addonName="none", **version)


def test_the_providers_region() -> None:
    assert [failure.path for failure in check_config({})] == ["region"]
    assert "invalid AWS Region: eu-west-9" in [failure.reason for failure in check_config({"region": "eu-west-9"})]
    assert not list(check_config({"region": REGION}))
    assert not list(check_config({"region": UNKNOWN}))
    assert scope({"region": REGION}, {}) == REGION
    assert scope({"region": REGION}, {"region": "us-east-1"}) == "us-east-1"
    assert scope({"region": REGION}, {"region": UNKNOWN}) == REGION


def test_every_kind_is_in_the_sdk_and_speaks_of_its_properties() -> None:
    for kind in KINDS:
        known = resource(kind.token)
        properties = {*known.inputs, *known.outputs}
        for pattern in (*kind.immutable, *(reference.path for reference in kind.references), *kind.secrets,
                        *kind.computed, *kind.volatile, *kind.defaults):  # fmt: skip
            first = pattern.partition(".")[0].removesuffix("[]")
            assert first in properties, f"{kind.token} has no {first}"


def test_rules_say_nothing_of_what_a_preview_cannot_know() -> None:
    for kind in KINDS:
        inputs = dict.fromkeys(resource(kind.token).inputs, UNKNOWN)
        found = [failure for check in kind.checks for failure in check(inputs)]
        # Two things that exclude each other are refused whether or not their values are known.
        assert all("specified" in one.reason or "conflicts" in one.reason or "only one" in one.reason
                   or "exactly one" in one.reason for one in found), (kind.token, found)  # fmt: skip


def test_zones() -> None:
    assert regions.zone_id("us-east-1e") == "use1-az5"
    assert regions.zone_id("ap-northeast-1c") == "apne1-az2"
    assert regions.partition("cn-north-1") == "aws-cn"
    assert regions.zones("eu-west-9") == ()
