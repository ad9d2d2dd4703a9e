"""EKS addons: which there are, and which of them stay DEGRADED until there are nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from simulator.aws import tokens
from simulator.aws.common import CREATED, make, names
from simulator.aws.eks_cluster import cluster_of, cluster_reference
from simulator.kind import Duration, Failure, Reference, Refused, Unfinished, get, known
from simulator.kubernetes.live import CORE_DNS, waits_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs


class Addon(NamedTuple):
    """An addon: the version EKS takes by default, and whether it has pods that need a node somewhere."""

    version: str
    deployment: bool


ADDONS: Final[dict[str, Addon]] = {
    "adot": Addon("v0.131.0-eksbuild.1", deployment=True),
    "amazon-cloudwatch-observability": Addon("v4.4.0-eksbuild.1", deployment=True),
    "aws-ebs-csi-driver": Addon("v1.49.0-eksbuild.1", deployment=True),
    "aws-efs-csi-driver": Addon("v2.1.11-eksbuild.1", deployment=True),
    "aws-guardduty-agent": Addon("v1.11.0-eksbuild.4", deployment=False),
    "aws-mountpoint-s3-csi-driver": Addon("v2.0.0-eksbuild.1", deployment=True),
    "cert-manager": Addon("v1.18.2-eksbuild.2", deployment=True),
    "coredns": Addon("v1.12.4-eksbuild.1", deployment=True),
    "eks-node-monitoring-agent": Addon("v1.4.1-eksbuild.1", deployment=False),
    "eks-pod-identity-agent": Addon("v1.3.9-eksbuild.3", deployment=False),
    "external-dns": Addon("v0.19.0-eksbuild.2", deployment=True),
    "kube-proxy": Addon("v1.34.0-eksbuild.4", deployment=False),
    "kube-state-metrics": Addon("v2.17.0-eksbuild.1", deployment=True),
    "metrics-server": Addon("v0.8.0-eksbuild.2", deployment=True),
    "prometheus-node-exporter": Addon("v1.9.1-eksbuild.4", deployment=False),
    "snapshot-controller": Addon("v8.3.0-eksbuild.1", deployment=True),
    "vpc-cni": Addon("v1.20.4-eksbuild.1", deployment=False),
}
"""By name. Daemon sets are healthy with no nodes at all; deployments wait for replicas."""

_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")


def _values_form(inputs: Inputs) -> Iterable[Failure]:
    values = inputs.get("configurationValues")
    if not known(values) or values == "":
        return
    try:
        parsed = yaml.safe_load(str(values))  # JSON is YAML, and EKS takes both
    except yaml.YAMLError:
        parsed = None
    if not isinstance(parsed, dict):
        yield Failure(
            "configurationValues",
            "ConfigurationValue provided in request is not supported: Json schema "
            "validation failed: it is no JSON or YAML object",
        )


def _addon_admitted(context: Context, inputs: Inputs) -> None:
    name, version = inputs["addonName"], inputs.get("addonVersion")
    if name not in ADDONS:
        raise Refused("InvalidParameterException", f"Addon {name} specified is not supported")
    if version is not None and not _VERSION.fullmatch(version):
        raise Refused("InvalidParameterException", f"Addon version specified is not supported: {version}")
    cluster = cluster_of(context, inputs)
    own = cluster is not None and cluster.outputs.get("bootstrapSelfManagedAddons") is not False
    if context.old is None and own and name in {"coredns", "kube-proxy", "vpc-cni"}:
        resolve = inputs.get("resolveConflictsOnCreate", "NONE")
        if resolve == "NONE":
            raise Refused(
                "ConfigurationConflict",
                f"Conflicts found when trying to apply {name}: the cluster has the self-managed one. Will not "
                "continue due to resolve conflicts mode",
            )


def _has_nodes(context: Context, cluster: str) -> bool:
    return any(
        group.outputs.get("status") == "ACTIVE" and int(get(group.outputs, "scalingConfig.desiredSize") or 0) > 0
        for group in context.find(tokens.EKS_NODE_GROUP, clusterName=cluster)
    )


def _addon_outputs(context: Context, inputs: Inputs) -> Outputs:
    addon = ADDONS[inputs["addonName"]]
    old: Any = context.old.outputs.get("addonVersion") if context.old else None
    outputs: Outputs = {
        "arn": f"arn:aws:eks:{context.scope}:{context.account}:addon/{inputs['clusterName']}/{inputs['addonName']}/"
        f"{context.uuid('addon')}",
        "addonVersion": inputs.get("addonVersion") or old or addon.version,
        "configurationValues": inputs.get("configurationValues") or "",
        "createdAt": CREATED,
        "modifiedAt": CREATED,
    }
    if addon.deployment and not _has_nodes(context, inputs["clusterName"]):
        raise Unfinished(
            outputs,
            f"EKS Add-On ({context.id}) is DEGRADED: InsufficientNumberOfReplicas: The add-on is unhealthy because it "
            "doesn't have the desired number of replicas.",
        )
    return outputs


ADDON = make(
    tokens.EKS_ADDON,
    make_id=lambda _, inputs: f"{inputs['clusterName']}:{inputs['addonName']}",
    exists=("ResourceInUseException", "Addon already exists: {id}"),
    immutable=("addonName", "clusterName"),
    references=(
        cluster_reference(),
        Reference(
            "serviceAccountRoleArn",
            tokens.ROLE,
            by="arn",
            code="InvalidParameterException",
            message="The role {value} does not exist",
        ),
        Reference(
            "podIdentityAssociations[].roleArn",
            tokens.ROLE,
            by="arn",
            code="InvalidParameterException",
            message="The role {value} does not exist",
        ),
    ),
    checks=(
        names("resolveConflictsOnCreate", ("NONE", "OVERWRITE")),
        names("resolveConflictsOnUpdate", ("NONE", "OVERWRITE", "PRESERVE")),
        _values_form,
    ),
    admits=(_addon_admitted,),
    compute=_addon_outputs,
    computed=("addonVersion", "configurationValues"),
    duration=Duration(create=60, update=60, delete=30),
)

KINDS = (waits_in_lab(ADDON, CORE_DNS),)
