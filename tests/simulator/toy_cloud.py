"""A small cloud of a few kinds, with rules of every sort, for tests of the simulator's core."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from simulator.kind import (
    Autoname,
    Duration,
    Failure,
    Inputs,
    Invoke,
    Kind,
    Outputs,
    Reference,
    Refused,
    Unfinished,
    get,
    known,
)
from simulator.registry import Package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.context import Context

VPC_TOKEN = "aws:ec2/vpc:Vpc"
SUBNET_TOKEN = "aws:ec2/subnet:Subnet"
ROLE_TOKEN = "aws:iam/role:Role"
CLUSTER_TOKEN = "aws:eks/cluster:Cluster"
GROUP_TOKEN = "aws:ec2/securityGroup:SecurityGroup"
NODE_GROUP_TOKEN = "aws:eks/nodeGroup:NodeGroup"


def network_address(inputs: Inputs) -> Iterator[Failure]:
    cidr = inputs.get("cidrBlock")
    if known(cidr):
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            yield Failure("cidrBlock", str(error))


def inside_vpc(context: Context, inputs: Inputs) -> None:
    vpc = context.one(VPC_TOKEN, inputs["vpcId"])
    subnet = ipaddress.ip_network(inputs["cidrBlock"])
    if vpc is None or not subnet.subnet_of(ipaddress.ip_network(vpc.outputs["cidrBlock"])):  # type: ignore[arg-type]
        raise Refused("InvalidSubnet.Range", f"The CIDR '{subnet}' is invalid.")


def vpc_outputs(context: Context, _inputs: Inputs) -> Outputs:
    context.implicit("aws:ec2/routeTable:RouteTable", context.token("rtb"), {"vpcId": context.id})
    return {"arn": f"arn:aws:ec2:{context.region}:{context.account}:vpc/{context.id}"}


def cluster_outputs(context: Context, inputs: Inputs) -> Outputs:
    group = context.implicit(GROUP_TOKEN, context.token("sg"), {"name": f"eks-cluster-sg-{inputs['name']}"})
    host = f"{context.hex(32).upper()}.gr7.{context.region}.eks.amazonaws.com"
    return {
        "arn": f"arn:aws:eks:{context.region}:{context.account}:cluster/{inputs['name']}",
        "endpoint": f"https://{host}",
        "certificateAuthority": {"data": "Y2E="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{context.region}.amazonaws.com/id/{host[:32]}"}]}],
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": group.id},
    }


def node_group_outputs(_context: Context, inputs: Inputs) -> Outputs:
    if get(inputs, "scalingConfig.desiredSize") == 0:
        raise Unfinished({"status": "CREATE_FAILED"}, "NodeCreationFailure: no node joined")
    return {"status": "ACTIVE"}


def gateway_id(inputs: Inputs) -> Iterator[str]:
    yield inputs["vpcId"]


KINDS = (
    Kind(
        token=VPC_TOKEN,
        id_prefix="vpc",
        immutable=("cidrBlock",),
        checks=(network_address,),
        defaults={"enableDnsSupport": True},
        compute=vpc_outputs,
        duration=Duration(0.05, 0.05, 0.05),
    ),
    Kind(
        token=SUBNET_TOKEN,
        id_prefix="subnet",
        immutable=("vpcId", "cidrBlock"),
        references=(Reference("vpcId", VPC_TOKEN, code="InvalidVpcID.NotFound", blocks_delete=True),),
        admits=(inside_vpc,),
    ),
    Kind(
        token=GROUP_TOKEN,
        id_prefix="sg",
        immutable=("name", "vpcId"),
        autoname=Autoname("name"),
        references=(Reference("vpcId", VPC_TOKEN, blocks_delete=True),),
        exclusive=gateway_id,
    ),
    Kind(token="aws:ec2/securityGroupRule:SecurityGroupRule", id_prefix="sgrule"),
    Kind(
        token=ROLE_TOKEN,
        scope="global",
        autoname=Autoname("name", max_length=64),
        immutable=("name",),
        make_id=lambda _context, inputs: str(inputs["name"]),
        compute=lambda context, inputs: {"arn": f"arn:aws:iam::{context.account}:role/{inputs['name']}"},
        exists=("EntityAlreadyExists", "Role with name {id} already exists."),
    ),
    Kind(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        scope="global",
        immutable=("role", "policyArn"),
        references=(Reference("role", ROLE_TOKEN, blocks_delete=True, blocks_code="DeleteConflict"),),
        make_id=lambda _context, inputs: f"{inputs['role']}/{inputs['policyArn']}",
    ),
    Kind(
        token=CLUSTER_TOKEN,
        immutable=("name", "roleArn", "vpcConfig.subnetIds"),
        autoname=Autoname("name"),
        make_id=lambda _context, inputs: str(inputs["name"]),
        references=(
            Reference("roleArn", ROLE_TOKEN, by="arn"),
            Reference("vpcConfig.subnetIds[]", SUBNET_TOKEN, blocks_delete=True),
        ),
        compute=cluster_outputs,
        computed=("vpcConfig.clusterSecurityGroupId",),
    ),
    Kind(
        token=NODE_GROUP_TOKEN,
        make_id=lambda _context, inputs: f"{inputs['clusterName']}:{inputs['nodeGroupName']}",
        compute=node_group_outputs,
    ),
    Kind(token="aws:eks/accessEntry:AccessEntry", id_prefix="entry"),
    Kind(token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation", id_prefix="association"),
    Kind(token="aws:eks/addon:Addon", id_prefix="addon"),
    Kind(token="aws:iam/openIdConnectProvider:OpenIdConnectProvider", scope="global", id_prefix="oidc"),
)
VERSION = Invoke(
    token="aws:eks/getAddonVersion:getAddonVersion",
    answer=lambda _context, arguments: {"version": f"v1.0.0-{arguments['addonName']}"},
)
CONFIG_MAP = Kind(
    token="kubernetes:core/v1:ConfigMap",
    make_id=lambda _context, inputs: f"{inputs['metadata']['namespace']}/{inputs['metadata']['name']}",
)

AWS = Package("aws", {kind.token: kind for kind in KINDS}, {VERSION.token: VERSION})
KUBERNETES = Package(
    "kubernetes",
    {CONFIG_MAP.token: CONFIG_MAP},
    scope=lambda config, _inputs: str(config.get("clusterIdentifier") or config.get("kubeconfig")),
)
