"""Who may use an EKS cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from simulator.monitor import NOTHING, Component, Given, Registered, together
from simulator.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping


def access(component: Component, cluster: Registered, provider: Registered, instance_role: Registered | None) -> None:
    """Register who may use the cluster: entries of the API, the aws-auth map, or both."""
    mode = component.input("authenticationMode").value
    if mode in {None, "CONFIG_MAP", "API_AND_CONFIG_MAP"}:
        component.register(
            "kubernetes:core/v1:ConfigMap",
            f"{component.name}-nodeAccess",
            _node_access(component, instance_role),
            provider=provider.provider_reference,
            after=(provider.urn,),
        )
    if mode in {"API", "API_AND_CONFIG_MAP"}:
        entries = component.input("accessEntries")
        if instance_role is not None:
            entry = {"principalArn": instance_role.get("arn"), "type": Given("EC2_LINUX")}
            _entry(component, cluster, "defaultNodeGroupInstanceRole", entry, {})
        for key, entry in (entries.value or {}).items():
            known = ("principalArn", "type", "kubernetesGroups", "tags")
            properties = {name: together(entries, value=entry.get(name)) for name in known}
            properties["userName"] = together(entries, value=entry.get("username"))
            _entry(component, cluster, key, properties, entry.get("accessPolicies") or {})


def _entry(
    component: Component, cluster: Registered, key: str, properties: Mapping[str, Given], policies: Mapping[str, Any]
) -> None:
    name = f"{component.name}-{key}"
    entry = component.register(
        "aws:eks/accessEntry:AccessEntry", name, {**properties, "clusterName": cluster.get("name")},
        after=(cluster.urn,),
    )  # fmt: skip
    for association, policy in policies.items():
        component.register(
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            f"{name}-{association}",
            {
                "accessScope": Given(policy.get("accessScope")),
                "policyArn": Given(policy.get("policyArn")),
                "principalArn": properties["principalArn"],
                "clusterName": cluster.get("name"),
            },
            parent=entry.urn,
            after=(entry.urn,),
        )


def _node_access(component: Component, instance_role: Registered | None) -> dict[str, Given]:
    role_arn = instance_role.get("arn") if instance_role is not None else NOTHING
    given = (component.input("roleMappings"), component.input("userMappings"), role_arn)
    metadata = {
        "name": "aws-auth",
        "namespace": "kube-system",
        "annotations": {"pulumi.com/patchForce": "true"},
    }
    data: Any = UNKNOWN
    if all(one.known for one in given):
        roles = [
            {"rolearn": one["roleArn"], "username": one["username"], "groups": one["groups"]}
            for one in given[0].value or []
        ]
        if role_arn.value is not None:
            groups = ["system:bootstrappers", "system:nodes"]
            node = {"rolearn": role_arn.value, "username": "system:node:{{EC2PrivateDNSName}}", "groups": groups}
            roles.append(node)
        data = {"mapRoles": yaml.safe_dump(roles, sort_keys=False)}
        if given[1].value:
            users = [
                {"userarn": one["userArn"], "username": one["username"], "groups": one["groups"]}
                for one in given[1].value
            ]
            data["mapUsers"] = yaml.safe_dump(users, sort_keys=False)
    return {
        "apiVersion": Given("v1"),
        "kind": Given("ConfigMap"),
        "immutable": Given(value=False),
        "metadata": Given(metadata),
        "data": together(*given, value=data),
    }
