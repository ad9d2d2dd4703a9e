"""The IAM roles of an EKS cluster."""

from __future__ import annotations

import hashlib
import json

from simulator.monitor import Component, Given, Registered


def service_role(component: Component) -> tuple[Registered, tuple[str, ...]]:
    """Return the role of the control plane, and what must be attached to it before the cluster is made."""
    given = component.input("serviceRole")
    if given.value is not None:
        return component.look_up(given), ()
    role, attachments = role_for(
        component,
        f"{component.name}-eksRole",
        "eks.amazonaws.com",
        ("AmazonEKSClusterPolicy",),
        ("sts:AssumeRole", "sts:TagSession"),
        "Allows EKS to manage clusters on your behalf.",
    )
    return role, tuple(one.urn for one in attachments)


def instance_role(component: Component) -> Registered | None:
    """Return the role for nodes, where the program asks for one."""
    if not component.flag("createInstanceRole"):
        return None
    name = f"{component.name}-instanceRole"
    policies = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")
    role, _ = role_for(component, name, "ec2.amazonaws.com", policies, ("sts:AssumeRole",), None)
    component.register(
        "aws:iam/instanceProfile:InstanceProfile", f"{component.name}-instanceProfile", {"role": role.get("name")}
    )
    return role


def role_for(  # noqa: PLR0913, PLR0917
    component: Component,
    name: str,
    service: str,
    policies: tuple[str, ...],
    actions: tuple[str, ...],
    description: str | None,
) -> tuple[Registered, list[Registered]]:
    """Register a role that a service may assume, with managed policies attached."""
    parent = component.register("eks:index:ServiceRole", name, {}, custom=False).urn
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Action": list(actions), "Effect": "Allow", "Principal": {"Service": [service]}}],
    }
    role = component.register(
        "aws:iam/role:Role",
        f"{name}-role",
        {
            "assumeRolePolicy": Given(json.dumps(trust)),
            "description": Given(description),
            "tags": component.input("tags"),
        },
        parent=parent,
    )
    attachments = []
    for policy in policies:
        arn = f"arn:aws:iam::aws:policy/{policy}"
        suffix = hashlib.sha1(arn.encode(), usedforsecurity=False).hexdigest()[:8]
        attachments.append(
            component.register(
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                f"{name}-{suffix}",
                {"policyArn": Given(arn), "role": role.get("name")},
                parent=parent,
            )
        )
    return role, attachments
