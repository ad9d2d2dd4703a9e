"""Nodes have no public address, and pods do not reach the nodes' credentials."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks import at_most, each, is_false, one_of
from policies.frameworks import CIS_AKS, FSBP, MCSB
from policies.rule import Metadata, Resource, Results

if TYPE_CHECKING:
    from policies.values import View

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
AKS_CLUSTER = "azure-native:containerservice:ManagedCluster"
AKS_POOL = "azure-native:containerservice:AgentPool"

_PUBLIC = "nodes would stand on the internet"


@Metadata(
    over=Resource,
    id="imdsv2-required",
    family="exposure",
    title="EC2 hands out credentials by IMDSv2 only, and not to pods",
    severity="high",
    frameworks=((FSBP, "EC2.170"), (FSBP, "EC2.8")),
    types=(LAUNCH_TEMPLATE, "aws:ec2/instance:Instance"),
    remediation="Set metadata_options with http_tokens='required' and http_put_response_hop_limit=1.",
    link="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
)
def imdsv2_required(resource: Resource) -> Results:
    metadata = resource["metadataOptions"]
    if metadata["httpEndpoint"].text() == "disabled":
        return
    yield from one_of(metadata["httpTokens"], ("required",), "a pod that forwards requests would give the role away")
    yield from at_most(metadata["httpPutResponseHopLimit"], 1, "a pod would get the credentials of its node")


@Metadata(
    over=Resource,
    id="nodes-no-public-address",
    family="exposure",
    title="Machines and subnets give out no public addresses",
    severity="high",
    frameworks=((FSBP, "EC2.15"), (FSBP, "EC2.25"), (CIS_AKS, "5.4.3"), (MCSB, "NS-1")),
    types=(LAUNCH_TEMPLATE, "aws:ec2/instance:Instance", "aws:ec2/subnet:Subnet", AKS_CLUSTER, AKS_POOL),
    remediation="Leave the public address out; machines go out by the NAT gateway.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html",
)
def nodes_no_public_address(resource: Resource) -> Results:
    if resource.type == LAUNCH_TEMPLATE:
        yield from each(resource["networkInterfaces"], lambda one: is_false(one["associatePublicIpAddress"], _PUBLIC))
    elif resource.type == AKS_CLUSTER:
        yield from each(resource["agentPoolProfiles"], lambda pool: is_false(pool["enableNodePublicIP"], _PUBLIC))
    else:
        yield from _private(resource.root)


def _private(machine: View) -> Results:
    for name in ("associatePublicIpAddress", "mapPublicIpOnLaunch", "enableNodePublicIP"):
        yield from is_false(machine[name], _PUBLIC)
