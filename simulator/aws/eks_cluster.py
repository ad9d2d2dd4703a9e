"""EKS control planes."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

from simulator.aws import policies, quotas, tokens
from simulator.aws.common import (
    cidr,
    group_reference,
    key_reference,
    make,
    matching,
    names,
    network,
    subnet_reference,
    zones_of,
)
from simulator.aws.eks_outputs import cluster_outputs
from simulator.kind import Autoname, Duration, Failure, Reference, Refused, get, known, walk
from simulator.kubernetes.cluster import forget
from simulator.kubernetes.live import emptied_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs
    from simulator.world import Record

VERSIONS: Final = ("1.32", "1.33", "1.34", "1.35", "1.36")
"""Kubernetes versions that EKS makes new clusters with."""

_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_AUTHENTICATION = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_NOT_PUBLIC = (*_PRIVATE, *map(IPv4Network, ("100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")))
_NO_CLUSTERS_IN = {"us-east-1e", "us-west-1b", "ca-central-1d"}
_MANY_PUBLIC_RANGES = 40


def _endpoints(inputs: Inputs) -> Iterable[Failure]:
    vpc = inputs.get("vpcConfig")
    if not isinstance(vpc, dict):
        return
    if vpc.get("endpointPublicAccess") is False and vpc.get("endpointPrivateAccess", False) is False:
        yield Failure("vpcConfig", "Private and public endpoint access cannot be false at the same time.")
    ranges = vpc.get("publicAccessCidrs")
    if isinstance(ranges, list) and len(ranges) > _MANY_PUBLIC_RANGES:
        yield Failure("vpcConfig.publicAccessCidrs", f"at most {_MANY_PUBLIC_RANGES} public access CIDRs are allowed")
    for path, value in walk(inputs, "vpcConfig.publicAccessCidrs[]"):
        block = network(value)
        if block is not None and any(block.subnet_of(private) for private in _NOT_PUBLIC):
            yield Failure(path, f"The following CIDRs are not allowed in publicAccessCidrs: [{value}]")


def _service_range(inputs: Inputs) -> Iterable[Failure]:
    value = get(inputs, "kubernetesNetworkConfig.serviceIpv4Cidr")
    block = network(value) if known(value) else None
    if block is not None and not any(block.subnet_of(private) for private in _PRIVATE):
        yield Failure(
            "kubernetesNetworkConfig.serviceIpv4Cidr",
            f"{value} must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )


def _invalid(message: str) -> Refused:
    return Refused("InvalidParameterException", message)


def require_trust(context: Context, role_arn: str, service: str) -> None:
    """Refuse a role that a service could not assume."""
    for role in context.find(tokens.ROLE, arn=role_arn):
        if policies.allows(role.outputs["assumeRolePolicy"], "Service", service, "sts:AssumeRole"):
            return
    raise _invalid(
        f"Role with arn: {role_arn}, could not be assumed because it does not exist or the trusted entity is not "
        f"correct ({service})"
    )


def policies_of(context: Context, role_arn: str) -> set[str]:
    """Names of the AWS-managed policies attached to a role."""
    found: set[str] = set()
    for role in context.find(tokens.ROLE, arn=role_arn):
        attached = [
            str(record.outputs["policyArn"])
            for record in context.find(tokens.ROLE_POLICY_ATTACHMENT, role=role.outputs["name"])
        ]
        attached += [str(arn) for arn in role.outputs.get("managedPolicyArns") or ()]
        found |= {arn.rpartition("/")[2] for arn in attached}
    return found


def _role_ready(context: Context, inputs: Inputs) -> None:
    role = inputs["roleArn"]
    require_trust(context, role, "eks.amazonaws.com")
    if "AmazonEKSClusterPolicy" not in policies_of(context, role):
        raise _invalid(
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the "
            "following policies [arn:aws:iam::aws:policy/AmazonEKSClusterPolicy] are attached"
        )


def _placed(context: Context, inputs: Inputs) -> None:
    subnets = [str(subnet) for subnet in inputs["vpcConfig"]["subnetIds"]]
    zones = zones_of(context, subnets)
    if len(set(zones)) < 2:
        raise _invalid("Subnets specified must be in at least two different AZs")
    if refused := sorted(set(zones) & _NO_CLUSTERS_IN):
        raise Refused(
            "UnsupportedAvailabilityZoneException",
            f"Cannot create cluster because {refused[0]}, the targeted availability zone, does not currently have "
            "sufficient capacity to support the cluster.",
        )
    vpcs = sorted(
        {str(record.outputs["vpcId"]) for subnet in subnets if (record := context.one(tokens.SUBNET, subnet))}
    )
    if len(vpcs) > 1:
        raise _invalid(f"Subnets specified must all belong to the same VPC: {', '.join(vpcs)}")
    groups = inputs["vpcConfig"].get("securityGroupIds") or ()
    if len(groups) > quotas.limit("groups_per_interface") - 1:  # the cluster's own group is one of them
        raise _invalid("Too many security groups: the cluster security group counts, too")
    for group in groups:
        record = context.one(tokens.SECURITY_GROUP, group)
        if record is not None and record.outputs["vpcId"] not in vpcs:
            raise _invalid(f"Security group(s) [{group}] are not in the same VPC as the subnets.")
    services, vpc = get(inputs, "kubernetesNetworkConfig.serviceIpv4Cidr"), context.one(tokens.VPC, vpcs[0])
    block, around = network(services), network(vpc.outputs["cidrBlock"]) if vpc else None
    if block is not None and around is not None and block.overlaps(around):
        raise _invalid(f"The CIDR block {services} of the services overlaps with the CIDR {around} of the VPC")


def _number(version: str) -> int:
    return int(version.partition(".")[2])


def _version_known(context: Context, inputs: Inputs) -> None:
    version = inputs.get("version")
    if version is not None and version not in VERSIONS:
        raise _invalid(f"unsupported Kubernetes version {version}")
    before = context.old.outputs.get("version") if context.old else None
    if version is not None and before is not None and _number(version) - _number(str(before)) not in {0, 1}:
        raise _invalid(f"Unsupported Kubernetes minor version update from {before} to {version}")


def _authentication_forward(context: Context, inputs: Inputs) -> None:
    before = get(context.old.outputs, "accessConfig.authenticationMode") if context.old else None
    after = get(inputs, "accessConfig.authenticationMode")
    if before and after and _AUTHENTICATION.index(after) < _AUTHENTICATION.index(before):
        raise Refused("InvalidRequestException", f"Unsupported authentication mode update from {before} to {after}")


def _cluster_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        quotas.require("clusters", context.find(tokens.EKS_CLUSTER))
    _role_ready(context, inputs)
    _placed(context, inputs)
    _version_known(context, inputs)
    _authentication_forward(context, inputs)


def _cluster_replaces(old: Inputs, new: Inputs, changed: tuple[str, ...]) -> Iterable[str]:
    """Encryption can be added in place, and never taken away."""
    if old.get("encryptionConfig") is not None and new.get("encryptionConfig") is None:
        return [path for path in changed if path.startswith("encryptionConfig")]
    return []


def _cluster_deleted(context: Context) -> None:
    if context.old is None:
        return
    if context.old.outputs.get("deletionProtection") is True:
        raise Refused(
            "InvalidRequestException", f"Cluster {context.id} has deletion protection enabled: disable it first"
        )
    forget(context.world, context.old)  # what is in the cluster goes with it, asked or not


CLUSTER = make(
    tokens.EKS_CLUSTER,
    arn_as=("eks", "cluster/{name}"),
    make_id=lambda _, inputs: str(inputs["name"]),
    exists=("ResourceInUseException", "Cluster already exists with name: {id}"),
    autoname=Autoname("name", max_length=100),
    immutable=(
        "name",
        "roleArn",
        "bootstrapSelfManagedAddons",
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "kubernetesNetworkConfig.ipFamily",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
        "remoteNetworkConfig",
        "outpostConfig",
    ),
    references=(
        subnet_reference("vpcConfig.subnetIds[]"),
        group_reference("vpcConfig.securityGroupIds[]"),
        key_reference("encryptionConfig.provider.keyArn", "InvalidParameterException", "Invalid key ARN {value}"),
    ),
    checks=(
        matching("name", r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", "1 to 100 characters of A-Za-z0-9_-"),
        names("enabledClusterLogTypes[]", _LOG_TYPES),
        names("encryptionConfig.resources[]", ("secrets",)),
        names("accessConfig.authenticationMode", _AUTHENTICATION),
        names("upgradePolicy.supportType", ("STANDARD", "EXTENDED")),
        names("kubernetesNetworkConfig.ipFamily", ("ipv4", "ipv6")),
        cidr("kubernetesNetworkConfig.serviceIpv4Cidr", 12, 24),
        cidr("vpcConfig.publicAccessCidrs[]"),
        _endpoints,
        _service_range,
    ),
    admits=(_cluster_admitted,),
    defaults={"bootstrapSelfManagedAddons": True, "deletionProtection": False},
    compute=cluster_outputs,
    computed=("vpcConfig", "version", "accessConfig", "kubernetesNetworkConfig", "upgradePolicy"),
    replaces=_cluster_replaces,
    on_delete=_cluster_deleted,
    duration=Duration(create=600, update=300, delete=180),
)

KINDS = (emptied_in_lab(CLUSTER),)


def cluster_reference(path: str = "clusterName", *, holds: str = "") -> Reference:
    """Refer to the cluster that something is part of.

    Parameters
    ----------
    path
        The input that names it.
    holds
        EKS's sentence where this thing keeps the cluster from being deleted; empty: it goes with the cluster.
    """
    return Reference(
        path,
        tokens.EKS_CLUSTER,
        code="ResourceNotFoundException",
        message="No cluster found for name: {value}.",
        blocks_delete=bool(holds),
        blocks_code="ResourceInUseException",
        blocks_message=holds,
    )


def cluster_of(context: Context, inputs: Inputs) -> Record | None:
    """Give the cluster that something is part of."""
    return context.one(tokens.EKS_CLUSTER, str(inputs["clusterName"]))
