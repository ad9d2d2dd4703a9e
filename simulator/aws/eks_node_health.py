"""Whether the machines of a node group start, join their cluster and become Ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.aws import policies, tokens
from simulator.aws.common import key_names
from simulator.aws.eks_cluster import policies_of
from simulator.aws.managed_policies import NODE_POLICIES, REGISTRY_POLICIES
from simulator.kind import get, walk
from simulator.kubernetes.cluster import cni_works

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Inputs
    from simulator.world import Record

AUTO_SCALING_ROLE: Final = (
    "arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)
"""Who starts the machines of a managed node group."""


def template_of(context: Context, inputs: Inputs) -> Record | None:
    """Give the launch template that a node group names."""
    chosen = inputs.get("launchTemplate") or {}
    for record in context.find(tokens.LAUNCH_TEMPLATE):
        if chosen.get("id") == record.id or (chosen.get("name") or "") == record.outputs["name"]:
            return record
    return None


def _disk_keys_usable(context: Context, inputs: Inputs) -> bool:
    """EC2 Auto Scaling starts the machines, so its own role must be let into the policy of the disks' key."""
    template = template_of(context, inputs)
    role = AUTO_SCALING_ROLE.format(account=context.account)
    wanted = [value for _, value in walk(template.outputs if template else {}, "blockDeviceMappings[].ebs.kmsKeyId")]
    for key in context.find(tokens.KMS_KEY):
        if set(wanted) & set(key_names(key)):
            wanted = [value for value in wanted if value not in key_names(key)]
            policy = key.outputs.get("policy")
            if not all(policies.allows(policy, "AWS", role, action) for action in ("kms:CreateGrant", "kms:Decrypt")):
                return False
    return not wanted


def unhealthy(context: Context, inputs: Inputs, cluster: Record) -> str | None:
    """Tell why the nodes do not come up, in the words of EKS's health issues, or ``None``."""
    if int(get(inputs, "scalingConfig.desiredSize") or 0) == 0:
        return None
    if not _disk_keys_usable(context, inputs):
        return (
            "AsgInstanceLaunchFailures: Instance became unhealthy while waiting for instance to be in InService state. "
            "Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
        )
    attached = policies_of(context, inputs["nodeRoleArn"])
    if not attached & set(NODE_POLICIES) or not attached & set(REGISTRY_POLICIES):
        return "NodeCreationFailure: Instances failed to join the kubernetes cluster"
    if not cluster_has_cni(context, cluster):
        return "NodeCreationFailure: Unhealthy nodes in the kubernetes cluster"
    return None


def cluster_has_cni(context: Context, cluster: Record) -> bool:
    """Whether nodes of a cluster become Ready: the VPC CNI addon, aws-node, or a Cilium release that can start."""
    return cni_works(context.world, cluster)
