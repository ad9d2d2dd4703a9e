"""The role of Cilium's operator in the ``eni`` profile, where it makes network interfaces for pods."""

from __future__ import annotations

from typing import Any

NAMESPACE = "kube-system"
SERVICE_ACCOUNT = "cilium-operator"
"""Service account that Cilium's chart makes for the operator."""

# Cilium, "AWS ENI", section "Required Privileges"; the last two for released addresses and collected interfaces.
_LOOK = (
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcs",
    "ec2:GetManagedPrefixListEntries",
)
_CHANGE = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:AttachNetworkInterface",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:UnassignPrivateIpAddresses",
)


def operator_statements(partition: str, region: str) -> list[dict[str, Any]]:
    """List what the operator may do: look at the network of its region, and change network interfaces there.

    Looking cannot be bound to resources in EC2. Changing is bound to the region; tags may be written on interfaces
    only, and only while they are made, so that the operator cannot relabel what others own.
    """
    here = {"StringEquals": {"aws:RequestedRegion": region}}
    return [
        {"Sid": "Look", "Effect": "Allow", "Action": list(_LOOK), "Resource": "*", "Condition": here},
        {"Sid": "Interfaces", "Effect": "Allow", "Action": list(_CHANGE), "Resource": "*", "Condition": here},
        {
            "Sid": "TagInterfaces",
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": f"arn:{partition}:ec2:{region}:*:network-interface/*",
            "Condition": {"StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"}},
        },
    ]
