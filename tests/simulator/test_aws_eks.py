"""EKS: control planes, nodes, addons and access."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from simulator.aws import tokens
from simulator.aws.eks_node_health import AUTO_SCALING_ROLE
from simulator.world import Record
from tests.simulator.aws_world import REGION, UnhealthyError, aws, policy, refused, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]

SCALE = {"minSize": 1, "desiredSize": 1, "maxSize": 3}
CNI = {"addonName": "vpc-cni"}
ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}


@pytest.fixture
def subnets(aws: Aws) -> list[str]:
    return aws.subnets(aws.vpc())


@pytest.fixture
def cluster(aws: Aws, subnets: list[str]) -> str:
    return aws.cluster(subnets)


def cilium(aws: Aws, cluster: str, chart: str = "cilium") -> None:
    host = aws.record(tokens.EKS_CLUSTER, cluster).outputs["endpoint"].removeprefix("https://")
    values = {"k8sServiceHost": host, "k8sServicePort": 443, "kubeProxyReplacement": "true", "cluster": {"id": 1}}
    with aws.world.transaction():
        outputs = {"chart": chart, "values": values}
        aws.world.put(Record(tokens.HELM_RELEASE, host, "kube-system/cilium", "urn:release", outputs, outputs))


# --- control planes


def test_a_cluster(aws: Aws, subnets: list[str], cluster: str) -> None:
    outputs = aws.record(tokens.EKS_CLUSTER, cluster).outputs
    host = outputs["endpoint"].removeprefix("https://")
    assert len(host.split(".")[0]) == 32
    assert host.endswith(f".gr7.{REGION}.eks.amazonaws.com")
    issuer = outputs["identities"][0]["oidcs"][0]["issuer"]
    assert issuer.startswith(f"https://oidc.eks.{REGION}.amazonaws.com/id/")
    pem = base64.b64decode(outputs["certificateAuthority"]["data"])
    assert x509.load_pem_x509_certificate(pem).subject.rfc4514_string() == "CN=kubernetes"
    group = aws.record(tokens.SECURITY_GROUP, outputs["vpcConfig"]["clusterSecurityGroupId"])
    assert group.outputs["name"].startswith("eks-cluster-sg-one-")
    before = dict(outputs)
    after = aws.update(tokens.EKS_CLUSTER, cluster, tags={"a": "b"}).outputs
    assert {name: after[name] for name in ("endpoint", "certificateAuthority", "identities", "vpcConfig")} == {
        name: before[name] for name in ("endpoint", "certificateAuthority", "identities", "vpcConfig")
    }
    aws.create(tokens.OIDC_PROVIDER, url=issuer, clientIdLists=["sts.amazonaws.com"])
    with refused("DependencyViolation"):
        aws.delete(tokens.SUBNET, subnets[0])
    aws.delete(tokens.EKS_CLUSTER, cluster)
    assert not [record for record in aws.world.records() if record.owner and "eks" in record.owner]


def test_a_name_is_taken_once_a_region(aws: Aws, subnets: list[str], cluster: str) -> None:
    with refused("ResourceInUseException", "Cluster already exists with name"):
        aws.cluster(subnets, cluster)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "a b"}, "1 to 100 characters"),
        ({"name": "a" * 101}, "1 to 100 characters"),
        ({"enabledClusterLogTypes": ["api", "kernel"]}, "to be one of"),
        ({"vpcConfig": {"subnetIds": ["s"], "endpointPublicAccess": False}}, "cannot be false at the same time"),
        ({"vpcConfig": {"subnetIds": ["s"], "publicAccessCidrs": ["10.0.0.0/8"]}}, "not allowed in publicAccessCidrs"),
        ({"vpcConfig": {"subnetIds": ["s"], "publicAccessCidrs": ["203.0.113.7/24"]}}, "IPv4 CIDR"),
        ({"vpcConfig": {"subnetIds": ["s"], "publicAccessCidrs": [f"8.8.{n}.0/24" for n in range(41)]}}, "at most 40"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "100.64.0.0/16"}}, "must be within"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.0.0/11"}}, "between 12 and 24"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.0.0/25"}}, "between 12 and 24"),
        ({"kubernetesNetworkConfig": {"ipFamily": "ipv5"}}, "to be one of"),
        ({"encryptionConfig": {"provider": {"keyArn": "x"}, "resources": ["pods"]}}, "to be one of"),
        ({"accessConfig": {"authenticationMode": "NONE"}}, "to be one of"),
        ({"upgradePolicy": {"supportType": "NEVER"}}, "to be one of"),
    ],
)
def test_bad_clusters(aws: Aws, change: dict[str, Any], says: str) -> None:
    given = {"roleArn": "arn:aws:iam::123456789012:role/x", "vpcConfig": {"subnetIds": ["s"]}, **change}
    with wrong(says):
        aws.create(tokens.EKS_CLUSTER, **given)


def test_where_a_cluster_stands(aws: Aws, subnets: list[str]) -> None:
    other = aws.subnets(aws.vpc("10.30.0.0/16"), "10.30")
    with refused("InvalidParameterException", "two different AZs"):
        aws.cluster(subnets[:1])
    with refused("InvalidParameterException", "same VPC"):
        aws.cluster([subnets[0], other[1]])
    with refused("InvalidSubnetID.NotFound"):
        aws.cluster([subnets[0], "subnet-0"])
    with refused("InvalidParameterException", "not in the same VPC"):
        group = aws.group(aws.record(tokens.SUBNET, other[0]).outputs["vpcId"])
        aws.cluster(subnets, vpcConfig={"subnetIds": subnets, "securityGroupIds": [group]})
    with refused("InvalidParameterException", "overlaps"):
        aws.cluster(subnets, kubernetesNetworkConfig={"serviceIpv4Cidr": "10.20.128.0/20"})
    vpc = aws.record(tokens.SUBNET, subnets[0]).outputs["vpcId"]
    groups = [aws.group(vpc, f"g{number}") for number in range(5)]
    with refused("InvalidParameterException", "Too many security groups"):
        aws.cluster(subnets, vpcConfig={"subnetIds": subnets, "securityGroupIds": groups})
    aws.cluster(subnets, vpcConfig={"subnetIds": subnets, "securityGroupIds": groups[:4]})
    with refused("DependencyViolation"):
        aws.delete(tokens.SECURITY_GROUP, groups[0])


def test_a_zone_without_room_for_clusters(aws: Aws) -> None:
    vpc = aws.id(tokens.VPC, at="us-east-1", cidrBlock="10.20.0.0/16")
    ids = [
        aws.id(tokens.SUBNET, at="us-east-1", vpcId=vpc, cidrBlock=f"10.20.{number}.0/24", availabilityZone=zone)
        for number, zone in enumerate(("us-east-1a", "us-east-1e"))
    ]
    role = aws.role("control", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
    with refused("UnsupportedAvailabilityZoneException", "us-east-1e"):
        aws.create(tokens.EKS_CLUSTER, "one", at="us-east-1", roleArn=role, vpcConfig={"subnetIds": ids})


def test_who_a_cluster_is(aws: Aws, subnets: list[str]) -> None:
    with refused("InvalidParameterException", "trusted entity is not correct"):
        aws.cluster(subnets, roleArn=aws.role("pods", "ec2.amazonaws.com", "AmazonEKSClusterPolicy"))
    with refused("InvalidParameterException", "does not exist or"):
        aws.cluster(subnets, roleArn="arn:aws:iam::123456789012:role/none")
    with refused("InvalidParameterException", "AmazonEKSClusterPolicy"):
        aws.cluster(subnets, roleArn=aws.role("bare", "eks.amazonaws.com"))


def test_secrets_need_a_key(aws: Aws, subnets: list[str]) -> None:
    config = {"provider": {"keyArn": f"arn:aws:kms:{REGION}:123456789012:key/none"}, "resources": ["secrets"]}
    with refused("InvalidParameterException", "Invalid key ARN"):
        aws.cluster(subnets, encryptionConfig=config)
    config["provider"] = {"keyArn": aws.create(tokens.KMS_KEY).outputs["arn"]}
    aws.cluster(subnets, encryptionConfig=config)
    changed = aws.replaces(tokens.EKS_CLUSTER, {"encryptionConfig": config}, {})
    assert changed, "encryption is never taken away in place"
    assert not aws.replaces(tokens.EKS_CLUSTER, {}, {"encryptionConfig": config})


def test_versions(aws: Aws, subnets: list[str]) -> None:
    with refused("InvalidParameterException", "unsupported Kubernetes version 1.31"):
        aws.cluster(subnets, version="1.31")
    made = aws.cluster(subnets, version="1.33")
    with refused("InvalidParameterException", "from 1.33 to 1.35"):
        aws.update(tokens.EKS_CLUSTER, made, version="1.35")
    with refused("InvalidParameterException", "from 1.33 to 1.32"):
        aws.update(tokens.EKS_CLUSTER, made, version="1.32")
    assert aws.update(tokens.EKS_CLUSTER, made, version="1.34").outputs["version"] == "1.34"


def test_authentication_goes_forward_only(aws: Aws, cluster: str) -> None:
    with refused("InvalidRequestException", "from API to CONFIG_MAP"):
        aws.update(tokens.EKS_CLUSTER, cluster, accessConfig={"authenticationMode": "CONFIG_MAP"})


def test_a_protected_cluster(aws: Aws, subnets: list[str]) -> None:
    made = aws.cluster(subnets, deletionProtection=True)
    with refused("InvalidRequestException", "deletion protection"):
        aws.delete(tokens.EKS_CLUSTER, made)
    aws.update(tokens.EKS_CLUSTER, made, deletionProtection=False)
    aws.delete(tokens.EKS_CLUSTER, made)


def test_what_replaces_a_cluster(aws: Aws) -> None:
    old = {"name": "a", "vpcConfig": {"subnetIds": ["a"]}, "kubernetesNetworkConfig": {"serviceIpv4Cidr": "a"},
           "bootstrapSelfManagedAddons": False, "roleArn": "a", "version": "1.33"}  # fmt: skip
    new = {"name": "b", "vpcConfig": {"subnetIds": ["b"]}, "kubernetesNetworkConfig": {"serviceIpv4Cidr": "b"},
           "bootstrapSelfManagedAddons": True, "roleArn": "b", "version": "1.34"}  # fmt: skip
    assert aws.replaces(tokens.EKS_CLUSTER, old, new) == {
        "name", "kubernetesNetworkConfig.serviceIpv4Cidr", "bootstrapSelfManagedAddons", "roleArn",
    }  # fmt: skip


# --- nodes


def test_nodes_need_a_cni(aws: Aws, subnets: list[str], cluster: str) -> None:
    with pytest.raises(UnhealthyError, match="NodeCreationFailure: Unhealthy nodes"):
        aws.nodes(cluster, subnets)
    assert aws.record(tokens.EKS_NODE_GROUP, "one:pool").outputs["status"] == "CREATE_FAILED"
    cilium(aws, cluster, "ingress-nginx")
    with pytest.raises(UnhealthyError, match="Unhealthy nodes"):
        aws.update(tokens.EKS_NODE_GROUP, "one:pool", tags={"try": "2"})


def test_nodes_with_cilium(aws: Aws, subnets: list[str], cluster: str) -> None:
    cilium(aws, cluster)
    made = aws.nodes(cluster, subnets, taints=[{"key": "a", "value": "b", "effect": "NO_EXECUTE"}])
    assert made.outputs["status"] == "ACTIVE"
    scaling_group = made.outputs["resources"][0]["autoscalingGroups"][0]["name"]
    assert scaling_group.startswith("eks-pool-")
    assert aws.record(tokens.AUTO_SCALING_GROUP, scaling_group)
    with refused("ResourceInUseException", "nodegroups attached"):
        aws.delete(tokens.EKS_CLUSTER, cluster)
    with refused("ResourceInUseException", "NodeGroup already exists"):
        aws.nodes(cluster, subnets)
    aws.delete(tokens.EKS_NODE_GROUP, made.id)
    assert aws.world.one(tokens.AUTO_SCALING_GROUP, scaling_group) is None
    aws.delete(tokens.EKS_CLUSTER, cluster)
    assert not aws.world.find(tokens.HELM_RELEASE), "what is in a cluster goes with it"


def test_another_clusters_cilium_does_not_help(aws: Aws, subnets: list[str], cluster: str) -> None:
    cilium(aws, aws.cluster(subnets, "two"))
    with pytest.raises(UnhealthyError, match="Unhealthy nodes"):
        aws.nodes(cluster, subnets)


def test_nodes_with_the_clouds_own_cni(aws: Aws, subnets: list[str], cluster: str) -> None:
    aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI)
    aws.nodes(cluster, subnets)
    aws.nodes(aws.cluster(subnets, "two", bootstrapSelfManagedAddons=True), subnets)


def test_no_nodes_need_nothing(aws: Aws, subnets: list[str], cluster: str) -> None:
    aws.nodes(cluster, subnets, scalingConfig={"minSize": 0, "desiredSize": 0, "maxSize": 3})


def test_nodes_that_may_not_join(aws: Aws, subnets: list[str], cluster: str) -> None:
    cilium(aws, cluster)
    role = aws.role("weak", "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy")
    with pytest.raises(UnhealthyError, match="failed to join"):
        aws.nodes(cluster, subnets, nodeRoleArn=role)


def test_roles_of_nodes(aws: Aws, subnets: list[str], cluster: str) -> None:
    with refused("InvalidParameterException", "required service principals"):
        aws.nodes(cluster, subnets, nodeRoleArn=aws.role("wrong", "eks.amazonaws.com"))
    with refused("InvalidParameterException", "cannot be found"):
        aws.nodes(cluster, subnets, nodeRoleArn="arn:aws:iam::123456789012:role/none")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"nodeGroupName": "a" * 64}, "1 to 63 characters"),
        ({"amiType": "AL2024"}, "to be one of"),
        ({"capacityType": "FREE"}, "to be one of"),
        ({"taints": [{"key": "a", "effect": "NoSchedule"}]}, "to be one of"),
        ({"instanceTypes": ["large"]}, "an EC2 instance type"),
        ({"instanceTypes": ["m7g.large"]}, "not a valid instance type for requested amiType"),
        ({"instanceTypes": ["m6i.large"], "amiType": "AL2023_ARM_64_STANDARD"}, "not a valid instance type"),
        ({"scalingConfig": {"minSize": 2, "desiredSize": 1, "maxSize": 3}}, "min <= desired"),
        ({"scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 0}}, "max >= 1"),
        ({"updateConfig": {}}, "exactly one of max_unavailable"),
        ({"updateConfig": {"maxUnavailable": 0}}, "range"),
        ({"launchTemplate": {"version": "1"}}, "exactly one of id and name"),
        ({"launchTemplate": {"version": "1", "id": "lt-0"}, "diskSize": 20}, "Disk size must be specified within"),
        ({"launchTemplate": {"version": "1", "id": "lt-0"}, "remoteAccess": {}}, "Remote access"),
    ],
)
def test_bad_node_groups(aws: Aws, change: dict[str, Any], says: str) -> None:
    given = {"clusterName": "one", "subnetIds": ["s"], "nodeRoleArn": "arn", "scalingConfig": SCALE, **change}
    with wrong(says):
        aws.create(tokens.EKS_NODE_GROUP, **given)


def test_where_nodes_stand(aws: Aws, subnets: list[str], cluster: str) -> None:
    other = aws.subnets(aws.vpc("10.30.0.0/16"), "10.30")
    with refused("InvalidParameterException", "not in the same VPC"):
        aws.nodes(cluster, other)
    with refused("ResourceNotFoundException", "No cluster found for name: none"):
        aws.nodes("none", subnets)


def test_versions_of_nodes(aws: Aws, subnets: list[str]) -> None:
    made = aws.cluster(subnets, version="1.33", bootstrapSelfManagedAddons=True)
    with refused("InvalidParameterException", "can't run with control plane 1.33"):
        aws.nodes(made, subnets, version="1.34")
    with refused("InvalidParameterException", "is invalid"):
        aws.nodes(made, subnets, version="1.20")
    with refused("InvalidParameterException", "AL2_x86_64 is not supported"):
        aws.nodes(made, subnets, amiType="AL2_x86_64")
    aws.nodes(made, subnets, version="1.32", amiType="AL2_x86_64")


def test_launch_templates(aws: Aws, subnets: list[str]) -> None:
    cluster = aws.cluster(subnets, bootstrapSelfManagedAddons=True)
    template = aws.create(tokens.LAUNCH_TEMPLATE, "nodes", metadataOptions={"httpTokens": "required"})
    assert template.outputs["latestVersion"] == 1
    with refused("InvalidLaunchTemplateName.AlreadyExistsException"):
        aws.create(tokens.LAUNCH_TEMPLATE, "nodes")
    with refused("InvalidRequestException", "version 2"):
        aws.nodes(cluster, subnets, launchTemplate={"id": template.id, "version": "2"})
    with refused("InvalidRequestException", "does not exist"):
        aws.nodes(cluster, subnets, launchTemplate={"id": "lt-0", "version": "1"})
    aws.nodes(cluster, subnets, launchTemplate={"id": template.id, "version": "1"})
    again = aws.update(tokens.LAUNCH_TEMPLATE, template.id, updateDefaultVersion=True)
    assert (again.outputs["latestVersion"], again.outputs["defaultVersion"]) == (2, 2)
    own_type = aws.id(tokens.LAUNCH_TEMPLATE, "typed", instanceType="m6i.large")
    with refused("InvalidParameterException", "Cannot specify instance types"):
        aws.nodes(cluster, subnets, "two", launchTemplate={"id": own_type, "version": "1"}, instanceTypes=["m6i.large"])
    image = aws.id(tokens.LAUNCH_TEMPLATE, "image", imageId="ami-0")
    with refused("InvalidParameterException", "AMI Type other than CUSTOM"):
        aws.nodes(cluster, subnets, "two", launchTemplate={"id": image, "version": "1"},
                  amiType="AL2023_x86_64_STANDARD")  # fmt: skip
    profile = aws.id(tokens.LAUNCH_TEMPLATE, "profile", iamInstanceProfile={"name": "x"})
    with refused("InvalidParameterException", "iamInstanceProfile"):
        aws.nodes(cluster, subnets, "two", launchTemplate={"id": profile, "version": "1"})


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"name": "a"}, "3 to 128 characters"),
        ({"metadataOptions": {"httpTokens": "always"}}, "to be one of"),
        ({"metadataOptions": {"httpPutResponseHopLimit": 65}}, "range"),
        ({"userData": "#!/bin/sh"}, "BASE64"),
        ({"userData": base64.b64encode(b"x" * 16_385).decode()}, "16384 bytes"),
        ({"blockDeviceMappings": [{"ebs": {"volumeType": "gp4"}}]}, "to be one of"),
        ({"blockDeviceMappings": [{"ebs": {"volumeType": "gp2", "volumeSize": 20_000}}]}, "Volume of 20000GiB"),
        ({"blockDeviceMappings": [{"ebs": {"kmsKeyId": "k"}}]}, "encrypted must be true"),
    ],
)
def test_bad_launch_templates(aws: Aws, inputs: dict[str, Any], says: str) -> None:
    with wrong(says):
        aws.create(tokens.LAUNCH_TEMPLATE, **inputs)


def test_disks_need_a_key_that_lets_auto_scaling_in(aws: Aws, subnets: list[str]) -> None:
    cluster = aws.cluster(subnets, bootstrapSelfManagedAddons=True)
    account = "123456789012"
    only = {"Condition": {"ArnEquals": {"aws:PrincipalArn": AUTO_SCALING_ROLE.format(account=account)}}}
    scaling = {**ROOT, "Principal": {"AWS": "*"}, **only}
    actions = ({**scaling, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}, {**scaling, "Action": "kms:CreateGrant"})
    for name, statements, works in (("closed", (), False), ("half", actions[:1], False), ("open", actions, True)):
        key = aws.create(tokens.KMS_KEY, policy=policy(ROOT, *statements)).outputs["arn"]
        disk = {"encrypted": "true", "kmsKeyId": key, "volumeType": "gp3", "volumeSize": 50}
        template = aws.id(tokens.LAUNCH_TEMPLATE, f"t-{name}", blockDeviceMappings=[{"ebs": disk}])
        wanted = {"launchTemplate": {"id": template, "version": "1"}}
        if works:
            aws.nodes(cluster, subnets, name, **wanted)
        else:
            with pytest.raises(UnhealthyError, match="InvalidKMSKey"):
                aws.nodes(cluster, subnets, name, **wanted)


def test_what_replaces_nodes(aws: Aws) -> None:
    old = {"launchTemplate": {"id": "lt-1", "version": "1"}, "scalingConfig": {"maxSize": 1}, "subnetIds": ["a"]}
    new = {"launchTemplate": {"id": "lt-1", "version": "2"}, "scalingConfig": {"maxSize": 2}, "subnetIds": ["b"]}
    assert aws.replaces(tokens.EKS_NODE_GROUP, old, new) == {"subnetIds[0]"}
    other = {**old, "launchTemplate": {"id": "lt-2", "version": "1"}}
    assert aws.replaces(tokens.EKS_NODE_GROUP, old, other) == {"launchTemplate.id"}


# --- addons


def test_addons_that_need_nodes(aws: Aws, subnets: list[str], cluster: str) -> None:
    with pytest.raises(UnhealthyError, match="InsufficientNumberOfReplicas"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, addonName="coredns")
    aws.create(tokens.EKS_ADDON, clusterName=cluster, addonName="eks-pod-identity-agent")
    cilium(aws, cluster)
    aws.nodes(cluster, subnets)
    aws.update(tokens.EKS_ADDON, "one:coredns", tags={"try": "2"})
    aws.create(tokens.EKS_ADDON, clusterName=cluster, addonName="aws-ebs-csi-driver")


def test_bad_addons(aws: Aws, subnets: list[str], cluster: str) -> None:
    with refused("InvalidParameterException", "core-dns specified is not supported"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, addonName="core-dns")
    with refused("InvalidParameterException", "version specified is not supported"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI, addonVersion="1.12")
    with wrong("Json schema"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI, configurationValues="replicas")
    with wrong("to be one of"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI, resolveConflictsOnCreate="FORCE")
    with refused("InvalidParameterException", "role"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI, serviceAccountRoleArn="arn:aws:iam::1:role/x")
    aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI, configurationValues='{"env": {}}')
    with refused("ResourceInUseException"):
        aws.create(tokens.EKS_ADDON, clusterName=cluster, **CNI)
    full = aws.cluster(subnets, "full", bootstrapSelfManagedAddons=True)
    with refused("ConfigurationConflict"):
        aws.create(tokens.EKS_ADDON, clusterName=full, **CNI)
    aws.create(tokens.EKS_ADDON, clusterName=full, **CNI, resolveConflictsOnCreate="OVERWRITE")


# --- access


def test_access_entries(aws: Aws, subnets: list[str], cluster: str) -> None:
    role = aws.role("admin", "ec2.amazonaws.com")
    entry = {"clusterName": cluster, "principalArn": role}
    made = aws.create(tokens.EKS_ACCESS_ENTRY, **entry)
    assert made.id == f"one:{role}"
    with refused("ResourceInUseException"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **entry)
    with refused("InvalidParameterException", "invalid principal"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **{**entry, "principalArn": "arn:aws:iam::123456789012:role/none"})
    with wrong("invalid ARN"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **{**entry, "principalArn": "admin"})
    with wrong("cannot start with system:"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **entry, kubernetesGroups=["system:masters"])
    with wrong("to be one of"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **entry, type="ROOT")
    with wrong("can't be given for an access entry of type"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **entry, type="EC2_LINUX", kubernetesGroups=["a"])
    old = aws.cluster(subnets, "old", accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused("InvalidRequestException", "authentication mode"):
        aws.create(tokens.EKS_ACCESS_ENTRY, **{**entry, "clusterName": old})


def test_the_entry_of_a_node_role_comes_with_its_nodes(aws: Aws, subnets: list[str]) -> None:
    cluster = aws.cluster(subnets, bootstrapSelfManagedAddons=True)
    aws.nodes(cluster, subnets)
    with refused("ResourceInUseException"):
        aws.create(tokens.EKS_ACCESS_ENTRY, clusterName=cluster, principalArn="arn:aws:iam::123456789012:role/node",
                   type="EC2_LINUX")  # fmt: skip


def test_access_policies(aws: Aws, cluster: str) -> None:
    role = aws.role("admin", "ec2.amazonaws.com")
    given = {
        "clusterName": cluster,
        "principalArn": role,
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    }
    with refused("ResourceNotFoundException", "principalArn could not be found"):
        aws.create(tokens.EKS_ACCESS_POLICY, **given)
    aws.create(tokens.EKS_ACCESS_ENTRY, clusterName=cluster, principalArn=role)
    aws.create(tokens.EKS_ACCESS_POLICY, **given)
    with refused("ResourceInUseException"):
        aws.create(tokens.EKS_ACCESS_POLICY, **given)
    with refused("InvalidParameterException", "policyArn"):
        aws.create(tokens.EKS_ACCESS_POLICY, **{**given, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
    with wrong("namespaces must be given"):
        aws.create(tokens.EKS_ACCESS_POLICY, **{**given, "accessScope": {"type": "namespace"}})
    with wrong("namespaces can't be given"):
        aws.create(tokens.EKS_ACCESS_POLICY, **{**given, "accessScope": {"type": "cluster", "namespaces": ["a"]}})
    machine = aws.role("machine", "ec2.amazonaws.com")
    aws.create(tokens.EKS_ACCESS_ENTRY, clusterName=cluster, principalArn=machine, type="EC2_LINUX")
    with refused("InvalidRequestException", "STANDARD only"):
        aws.create(tokens.EKS_ACCESS_POLICY, **{**given, "principalArn": machine})


def test_pod_identities(aws: Aws, cluster: str) -> None:
    both = ("sts:AssumeRole", "sts:TagSession")
    given = {"clusterName": cluster, "namespace": "hms", "serviceAccount": "api"}
    role = aws.role("api", "pods.eks.amazonaws.com", actions=both)
    made = aws.create(tokens.EKS_POD_IDENTITY, **given, roleArn=role)
    assert made.outputs["associationArn"].endswith(f":podidentityassociation/one/{made.id}")
    with refused("ResourceInUseException", made.id):
        aws.create(tokens.EKS_POD_IDENTITY, **given, roleArn=role)
    half = aws.role("half", "pods.eks.amazonaws.com")
    with refused("InvalidParameterException", "sts:TagSession"):
        aws.create(tokens.EKS_POD_IDENTITY, **{**given, "serviceAccount": "other"}, roleArn=half)
    with refused("InvalidParameterException", "invalid principal"):
        aws.create(tokens.EKS_POD_IDENTITY, **given, roleArn="arn:aws:iam::123456789012:role/none")
