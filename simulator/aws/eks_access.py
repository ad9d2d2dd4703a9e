"""Who may do what in an EKS cluster: access entries, their policies, and identities of pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import policies, tokens
from simulator.aws.common import CREATED, given, make, names
from simulator.aws.eks_cluster import cluster_of, cluster_reference
from simulator.kind import Duration, Failure, Reference, Refused, get, known, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_TYPES = ("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "EC2", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX")
_POLICIES = frozenset(
    f"arn:aws:eks::aws:cluster-access-policy/AmazonEKS{name}Policy"
    for name in (
        "Admin",
        "AdminView",
        "AutoNode",
        "BlockStorage",
        "BlockStorageCluster",
        "ClusterAdmin",
        "Compute",
        "ComputeCluster",
        "Edit",
        "Hybrid",
        "LoadBalancing",
        "LoadBalancingCluster",
        "Networking",
        "NetworkingCluster",
        "SecretReader",
        "View",
    )
)


def _principal(path: str, code: str = "InvalidParameterException") -> Reference:
    """Refer to a role of this account; users and other accounts are not looked up."""
    return Reference(
        path,
        tokens.ROLE,
        by="arn",
        code=code,
        message="The specified principalArn is invalid: invalid principal: {value}",
        when=lambda value: ":role/" in str(value) and "/aws-service-role/" not in str(value),
    )


def _entries_used(context: Context, inputs: Inputs) -> None:
    cluster = cluster_of(context, inputs)
    if cluster is not None and get(cluster.outputs, "accessConfig.authenticationMode") == "CONFIG_MAP":
        raise Refused(
            "InvalidRequestException",
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
        )


def _entry_form(inputs: Inputs) -> Iterable[Failure]:
    kind = inputs.get("type", "STANDARD")
    for path, group in walk(inputs, "kubernetesGroups[]"):
        if known(group) and str(group).startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            yield Failure(
                path,
                f"The kubernetes group name {group} is invalid, it cannot start with {str(group).partition(':')[0]}:",
            )
    if known(kind) and kind != "STANDARD" and given(inputs.get("kubernetesGroups")):
        yield Failure("kubernetesGroups", f"Kubernetes groups can't be given for an access entry of type {kind}")
    principal = inputs.get("principalArn")
    if known(principal) and not str(principal).startswith("arn:aws"):
        yield Failure("principalArn", f"({principal}) is an invalid ARN")


def _entry_outputs(context: Context, inputs: Inputs) -> Outputs:
    principal = str(inputs["principalArn"])
    name = principal.rpartition("/")[2]
    kind = str(inputs.get("type") or "STANDARD")
    user = (
        "system:node:{{EC2PrivateDNSName}}"
        if kind.startswith("EC2")
        else (
            f"arn:aws:sts::{context.account}:assumed-role/{name}/{{{{SessionName}}}}"
            if ":role/" in principal
            else principal
        )
    )
    groups = ["system:nodes"] if kind.startswith("EC2") else []
    return {
        "accessEntryArn": f"arn:aws:eks:{context.scope}:{context.account}:access-entry/{inputs['clusterName']}/role/"
        f"{context.account}/{name}/{context.uuid('entry')}",
        "createdAt": CREATED,
        "modifiedAt": CREATED,
        "kubernetesGroups": list(inputs.get("kubernetesGroups") or groups),
        "userName": inputs.get("userName") or user,
    }


ACCESS_ENTRY = make(
    tokens.EKS_ACCESS_ENTRY,
    make_id=lambda _, inputs: f"{inputs['clusterName']}:{inputs['principalArn']}",
    exists=(
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster: {id}",
    ),
    immutable=("clusterName", "principalArn", "type"),
    references=(cluster_reference(), _principal("principalArn")),
    checks=(names("type", _TYPES), _entry_form),
    admits=(_entries_used,),
    defaults={"type": "STANDARD"},
    compute=_entry_outputs,
    computed=("kubernetesGroups", "userName"),
    duration=Duration(create=1, update=1, delete=1),
)


def _scope_form(inputs: Inputs) -> Iterable[Failure]:
    kind, spaces = get(inputs, "accessScope.type"), get(inputs, "accessScope.namespaces")
    if kind == "namespace" and not (spaces if known(spaces) else spaces is not None):
        yield Failure("accessScope.namespaces", "namespaces must be given for an access scope of type namespace")
    if kind == "cluster" and known(spaces) and spaces:
        yield Failure("accessScope.namespaces", "namespaces can't be given for an access scope of type cluster")


def _policy_admitted(context: Context, inputs: Inputs) -> None:
    if inputs["policyArn"] not in _POLICIES:
        raise Refused(
            "InvalidParameterException", f"The policyArn parameter format is not valid: {inputs['policyArn']}"
        )
    same = {"clusterName": inputs["clusterName"], "principalArn": inputs["principalArn"]}
    entries = list(context.find(tokens.EKS_ACCESS_ENTRY, **same))
    if not entries:
        raise Refused(
            "ResourceNotFoundException",
            f"The specified principalArn could not be found. You can view your available access entries with "
            f"'list-access-entries': {inputs['principalArn']}",
            status=404,
        )
    if any(entry.outputs.get("type") != "STANDARD" for entry in entries):
        raise Refused("InvalidRequestException", "Policies can be associated with access entries of type STANDARD only")


ACCESS_POLICY = make(
    tokens.EKS_ACCESS_POLICY,
    tagged=False,
    make_id=lambda _, inputs: f"{inputs['clusterName']}#{inputs['principalArn']}#{inputs['policyArn']}",
    exists=("ResourceInUseException", "The access policy is associated already: {id}"),
    immutable=("accessScope", "clusterName", "policyArn", "principalArn"),
    references=(cluster_reference(), _principal("principalArn")),
    checks=(names("accessScope.type", ("cluster", "namespace")), _scope_form),
    admits=(_policy_admitted,),
    compute=lambda _context, _inputs: {"associatedAt": CREATED, "modifiedAt": CREATED},
    duration=Duration(create=1, delete=1),
)


def _pods_may_assume(context: Context, inputs: Inputs) -> None:
    for role in context.find(tokens.ROLE, arn=inputs["roleArn"]):
        trust = role.outputs["assumeRolePolicy"]
        if not all(
            policies.allows(trust, "Service", "pods.eks.amazonaws.com", action)
            for action in ("sts:AssumeRole", "sts:TagSession")
        ):
            raise Refused(
                "InvalidParameterException",
                f"Trust policy of role {inputs['roleArn']} must allow pods.eks.amazonaws.com sts:AssumeRole and "
                "sts:TagSession",
            )
    same = {name: inputs[name] for name in ("clusterName", "namespace", "serviceAccount")}
    for other in context.find(tokens.EKS_POD_IDENTITY, **same):
        raise Refused("ResourceInUseException", f"Association already exists: {other.outputs['associationId']}")


def _pod_identity_outputs(context: Context, inputs: Inputs) -> Outputs:
    arn = f"arn:aws:eks:{context.scope}:{context.account}:podidentityassociation/{inputs['clusterName']}/{context.id}"
    return {"associationId": context.id, "associationArn": arn}


POD_IDENTITY = make(
    tokens.EKS_POD_IDENTITY,
    make_id=lambda context, _: f"a-{context.hex(17, 'association')}",
    immutable=("clusterName", "namespace", "serviceAccount"),
    references=(
        cluster_reference(),
        _principal("roleArn"),
        _principal("targetRoleArn"),
    ),
    admits=(_pods_may_assume,),
    compute=_pod_identity_outputs,
    duration=Duration(create=2, update=1, delete=1),
)

KINDS = (ACCESS_ENTRY, ACCESS_POLICY, POD_IDENTITY)
