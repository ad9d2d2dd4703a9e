"""Managed node groups. They become ACTIVE only with Ready nodes, and nodes become Ready only with a CNI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.aws import quotas, tokens
from simulator.aws.common import make, matching, names, subnet_reference
from simulator.aws.eks_cluster import VERSIONS, cluster_of, cluster_reference, require_trust
from simulator.aws.eks_node_health import template_of, unhealthy
from simulator.kind import Autoname, Duration, Failure, Reference, Refused, Unfinished, get, known, walk
from simulator.kubernetes.live import NODES, waits_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_AMI_TYPES = (
    "AL2_x86_64",
    "AL2_x86_64_GPU",
    "AL2_ARM_64",
    "AL2023_x86_64_STANDARD",
    "AL2023_ARM_64_STANDARD",
    "AL2023_x86_64_NVIDIA",
    "AL2023_ARM_64_NVIDIA",
    "AL2023_x86_64_NEURON",
    "BOTTLEROCKET_x86_64",
    "BOTTLEROCKET_ARM_64",
    "BOTTLEROCKET_x86_64_FIPS",
    "BOTTLEROCKET_ARM_64_FIPS",
    "BOTTLEROCKET_x86_64_NVIDIA",
    "BOTTLEROCKET_ARM_64_NVIDIA",
    "WINDOWS_CORE_2019_x86_64",
    "WINDOWS_FULL_2019_x86_64",
    "WINDOWS_CORE_2022_x86_64",
    "WINDOWS_FULL_2022_x86_64",
    "CUSTOM",
)
_INSTANCE_TYPE = r"[a-z]{1,5}\d{1,2}[a-z-]*\.(metal|\d*x?large|medium|small|micro|nano)[a-z0-9-]*"
_GRAVITON = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
_OLDER_MINORS = 3
_LAST_WITH_AL2 = "1.32"


def _scaling_form(inputs: Inputs) -> Iterable[Failure]:
    scaling = inputs.get("scalingConfig")
    order = ("minSize", "desiredSize", "maxSize")
    sizes: list[Any] = [scaling.get(name) for name in order] if isinstance(scaling, dict) else []
    if sizes and known(*sizes):
        low, wanted, high = map(int, sizes)
        if not 0 <= low <= wanted <= high or high < 1:
            yield Failure(
                "scalingConfig",
                f"minSize {low}, desiredSize {wanted} and maxSize {high} must satisfy 0 <= min <= desired <= max, "
                "max >= 1",
            )
    update = inputs.get("updateConfig")
    if isinstance(update, dict):
        given = [name for name in ("maxUnavailable", "maxUnavailablePercentage") if update.get(name) is not None]
        if len(given) != 1:
            yield Failure("updateConfig", "exactly one of max_unavailable and max_unavailable_percentage must be given")
        if known(update.get("maxUnavailable")) and not 1 <= int(update["maxUnavailable"]) <= 100:
            yield Failure("updateConfig.maxUnavailable", "expected maxUnavailable to be in the range (1 - 100)")


def _template_form(inputs: Inputs) -> Iterable[Failure]:
    template = inputs.get("launchTemplate")
    if not isinstance(template, dict):
        return
    if (template.get("id") is None) == (template.get("name") is None):
        yield Failure("launchTemplate", "exactly one of id and name of the launch template must be given")
    if inputs.get("diskSize") is not None:
        yield Failure("diskSize", "Disk size must be specified within the launch template.")
    if inputs.get("remoteAccess") is not None:
        yield Failure("remoteAccess", "Remote access configuration cannot be specified with a launch template.")


def _architecture(inputs: Inputs) -> Iterable[Failure]:
    ami = inputs.get("amiType", "AL2023_x86_64_STANDARD")
    for path, kind in walk(inputs, "instanceTypes[]"):
        if known(kind, ami) and ami != "CUSTOM" and bool(_GRAVITON.match(str(kind))) != ("ARM_64" in str(ami)):
            yield Failure(path, f"[{kind}] is not a valid instance type for requested amiType {ami}")


def _invalid(message: str) -> Refused:
    return Refused("InvalidParameterException", message)


def _template_fits(context: Context, inputs: Inputs) -> None:
    template, chosen = template_of(context, inputs), inputs.get("launchTemplate")
    if template is None or not chosen:
        return
    version = str(chosen.get("version"))
    latest = int(template.outputs["latestVersion"])
    if version not in {"$Latest", "$Default"} and not (version.isdigit() and 1 <= int(version) <= latest):
        raise Refused(
            "InvalidRequestException",
            f"Could not find the specified version {version} for the launch template with ID {template.id}.",
        )
    if template.outputs.get("instanceType") and inputs.get("instanceTypes"):
        raise _invalid("Cannot specify instance types in launch template and API request")
    if template.outputs.get("imageId") and inputs.get("amiType", "CUSTOM") != "CUSTOM":
        raise _invalid(
            "You cannot specify an AMI Type other than CUSTOM when specifying an image id in your launch template."
        )
    for name in ("iamInstanceProfile", "instanceMarketOptions", "hibernationOptions"):
        if template.outputs.get(name):
            raise _invalid(f"Launch template {template.id} should not specify {name}: EKS sets it")


def _group_admitted(context: Context, inputs: Inputs) -> None:
    cluster = cluster_of(context, inputs)
    if cluster is None:
        return
    if context.old is None:
        quotas.require("node_groups", context.find(tokens.EKS_NODE_GROUP, clusterName=inputs["clusterName"]))
    try:
        require_trust(context, inputs["nodeRoleArn"], "ec2.amazonaws.com")
    except Refused as refused:
        raise _invalid(
            "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of "
            f"nodeRole {inputs['nodeRoleArn']}"
        ) from refused
    vpc = get(cluster.outputs, "vpcConfig.vpcId")
    for subnet in inputs["subnetIds"]:
        record = context.one(tokens.SUBNET, subnet)
        if record is not None and record.outputs["vpcId"] != vpc:
            raise _invalid(f"Subnets are not in the same VPC as the cluster: {subnet} is not in {vpc}")
    _version_fits(inputs, str(cluster.outputs["version"]))
    _template_fits(context, inputs)


def _version_fits(inputs: Inputs, control_plane: str) -> None:
    version = inputs.get("version")
    if version is not None:
        if version not in VERSIONS:
            raise _invalid(
                f"Requested Nodegroup release version {version} is invalid. Allowed kubernetes version is "
                f"{control_plane}"
            )
        behind = VERSIONS.index(control_plane) - VERSIONS.index(version)
        if not 0 <= behind <= _OLDER_MINORS:
            raise _invalid(f"Nodegroup Kubernetes version {version} can't run with control plane {control_plane}")
    effective = version or control_plane
    if str(inputs.get("amiType")).startswith("AL2_") and VERSIONS.index(effective) > VERSIONS.index(_LAST_WITH_AL2):
        raise _invalid(f"Requested AMI type {inputs['amiType']} is not supported for kubernetes version {effective}")


def _group_outputs(context: Context, inputs: Inputs) -> Outputs:
    cluster = cluster_of(context, inputs)
    name = inputs["nodeGroupName"]
    scaling_group = f"eks-{name}-{context.uuid('asg')}"
    template = template_of(context, inputs)
    outputs: Outputs = {
        "status": "ACTIVE",
        "resources": [{"autoscalingGroups": [{"name": scaling_group}], "remoteAccessSecurityGroupId": ""}],
        "amiType": inputs.get("amiType") or "AL2023_x86_64_STANDARD",
        "capacityType": inputs.get("capacityType") or "ON_DEMAND",
        "instanceTypes": list(inputs.get("instanceTypes") or ([] if template else ["t3.medium"])),
        "version": inputs.get("version") or (str(cluster.outputs["version"]) if cluster else ""),
        "releaseVersion": inputs.get("releaseVersion")
        or f"{inputs.get('version') or (cluster.outputs['version'] if cluster else '')}.0-20260901",
    }
    if template is None:
        outputs["diskSize"] = inputs.get("diskSize") or 20
    else:
        chosen = {key: item for key, item in inputs["launchTemplate"].items() if item is not None}
        outputs["launchTemplate"] = {**chosen, "id": template.id, "name": template.outputs["name"]}
    if context.old is None:
        context.implicit(
            tokens.AUTO_SCALING_GROUP,
            scaling_group,
            {"name": scaling_group, "vpcZoneIdentifiers": list(inputs["subnetIds"])},
        )
        _let_nodes_in(context, inputs)
    reason = unhealthy(context, inputs, cluster) if cluster else None
    if reason is not None:
        raise Unfinished({**outputs, "status": "CREATE_FAILED"}, reason)
    return outputs


def _let_nodes_in(context: Context, inputs: Inputs) -> None:
    """EKS makes the access entry of a node role if the cluster uses them and has none yet."""
    cluster = cluster_of(context, inputs)
    entry: dict[str, Any] = {"clusterName": inputs["clusterName"], "principalArn": inputs["nodeRoleArn"]}
    mode = get(cluster.outputs if cluster else {}, "accessConfig.authenticationMode")
    if mode != "CONFIG_MAP" and not any(context.find(tokens.EKS_ACCESS_ENTRY, **entry)):
        id_ = f"{inputs['clusterName']}:{inputs['nodeRoleArn']}"
        context.implicit(tokens.EKS_ACCESS_ENTRY, id_, {**entry, "type": "EC2_LINUX"})


def _group_replaces(old: Inputs, new: Inputs, changed: tuple[str, ...]) -> Iterable[str]:
    """Another launch template replaces; another version of it does not."""
    before, after = (one.get("launchTemplate") or {} for one in (old, new))
    if not isinstance(after, dict) or any(before.get(name) != after.get(name) for name in ("id", "name")):
        return [path for path in changed if path.startswith("launchTemplate")]
    return []


NODE_GROUP = make(
    tokens.EKS_NODE_GROUP,
    arn_as=("eks", "nodegroup/{clusterName}/{nodeGroupName}"),
    make_id=lambda _, inputs: f"{inputs['clusterName']}:{inputs['nodeGroupName']}",
    exists=("ResourceInUseException", "NodeGroup already exists with name and cluster name {id}"),
    autoname=Autoname("nodeGroupName", max_length=63),
    immutable=(
        "amiType",
        "capacityType",
        "clusterName",
        "diskSize",
        "instanceTypes",
        "nodeGroupName",
        "nodeGroupNamePrefix",
        "nodeRoleArn",
        "remoteAccess",
        "subnetIds",
    ),
    references=(
        cluster_reference(holds="Cluster has nodegroups attached"),
        subnet_reference("subnetIds[]"),
        Reference(
            "nodeRoleArn",
            tokens.ROLE,
            by="arn",
            code="InvalidParameterException",
            message="The role with name {value} cannot be found.",
        ),
        *(
            Reference(
                f"launchTemplate.{name}",
                tokens.LAUNCH_TEMPLATE,
                by=name,
                code="InvalidRequestException",
                message="The launch template {value} does not exist.",
            )
            for name in ("id", "name")
        ),
    ),
    checks=(
        matching("nodeGroupName", r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}", "1 to 63 characters of A-Za-z0-9_-"),
        names("amiType", _AMI_TYPES),
        names("capacityType", ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK")),
        names("taints[].effect", ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")),
        matching("instanceTypes[]", _INSTANCE_TYPE, "an EC2 instance type"),
        _scaling_form,
        _template_form,
        _architecture,
    ),
    admits=(_group_admitted,),
    compute=_group_outputs,
    computed=("amiType", "capacityType", "instanceTypes", "version", "releaseVersion", "diskSize", "launchTemplate"),
    volatile=("status",),
    replaces=_group_replaces,
    duration=Duration(create=150, update=180, delete=150),
)

KINDS = (waits_in_lab(NODE_GROUP, NODES),)
