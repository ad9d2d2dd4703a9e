"""How a node of a pool comes up: disk, metadata service, security groups, kubelet."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_aws as aws

from components.aws.naming import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from infra.plan import NodePoolPlan

MAX_PODS = 110
"""Most pods on a node. The image would count the addresses that the VPC CNI could give, which is not there."""

ROOT_DEVICE = "/dev/xvda"
"""Root disk of Amazon Linux 2023."""

_BOUNDARY = "hms-node-config"


def user_data() -> str:
    """Write the user data of a node: the part of nodeadm's configuration that EKS does not fill in itself.

    Returns
    -------
    Base64 of a MIME message, the only form to which EKS adds its own part (endpoint, CA, cluster name).
    """
    config = {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {"kubelet": {"config": {"maxPods": MAX_PODS}}},
    }
    message = (
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"',
        "",
        f"--{_BOUNDARY}",
        "Content-Type: application/node.eks.aws",
        "",
        json.dumps(config, indent=2),
        f"--{_BOUNDARY}--",
        "",
    )
    return base64.b64encode("\n".join(message).encode()).decode()


@dataclass(frozen=True, kw_only=True)
class NodeTemplateArgs:
    """Arguments of :func:`node_template`.

    Parameters
    ----------
    security_group_ids
        All groups of the pool's nodes: EKS adds none of its own where a template names some.
    key_arn
        Key of the disks.
    """

    pool: NodePoolPlan
    security_group_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


def node_template(name: str, args: NodeTemplateArgs, opts: pulumi.ResourceOptions) -> aws.ec2.LaunchTemplate:
    """Make the launch template of a pool."""
    tagged = named(args.tags, name)
    return aws.ec2.LaunchTemplate(
        name,
        update_default_version=True,
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            # One hop: the node itself, and no pod that has a network of its own.
            http_put_response_hop_limit=1,
            instance_metadata_tags="disabled",
        ),
        block_device_mappings=[
            aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                device_name=ROOT_DEVICE,
                ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                    encrypted="true",
                    kms_key_id=args.key_arn,
                    volume_type="gp3",
                    volume_size=args.pool.disk_gib,
                    delete_on_termination="true",
                ),
            )
        ],
        vpc_security_group_ids=list(args.security_group_ids),
        user_data=user_data(),
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tagged)
            for kind in ("instance", "volume", "network-interface")
        ],
        tags=tagged,
        opts=opts,
    )
