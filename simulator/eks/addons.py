"""The addons of an EKS cluster."""

from __future__ import annotations

import json
from typing import Final

from simulator.monitor import NOTHING, Component, Given, Registered, together

_YES: Final = Given(value=True)


def optional_addon(component: Component, cluster: Registered, addon: str, input_name: str, *, default: bool) -> None:
    """Register an addon unless it is switched off; CoreDNS, which has no nodes here, only if it is asked for."""
    options = component.input(input_name)
    chosen = options.value or {}
    wanted = chosen.get("enabled", default) is True or (not default and bool(chosen.get("configurationValues")))
    if wanted:
        register_addon(component, cluster, f"{component.name}-{addon}", addon, options)


def vpc_cni(component: Component, cluster: Registered) -> None:
    """Register the VPC CNI, which is a component with one addon in it."""
    name = f"{component.name}-vpc-cni"
    parent = component.register("eks:index:VpcCniAddon", name, {}, custom=False).urn
    register_addon(component, cluster, name, "vpc-cni", component.input("vpcCniOptions"), parent)


def register_addon(  # noqa: PLR0913, PLR0917
    component: Component, cluster: Registered, name: str, addon: str, options: Given, parent: str = ""
) -> None:
    """Register an addon of EKS."""
    chosen = options.value or {}
    version = options.at("version") if "version" in chosen else options.at("addonVersion")
    if version.value is None:
        arguments = {
            "addonName": Given(addon),
            "kubernetesVersion": cluster.get("version"),
            "mostRecent": _YES,
        }
        version = component.invoke("aws:eks/getAddonVersion:getAddonVersion", arguments, "version")
    values = chosen.get("configurationValues")
    component.register(
        "aws:eks/addon:Addon",
        name,
        {
            "clusterName": cluster.get("name"),
            "addonName": Given(addon),
            "addonVersion": version,
            "preserve": _YES,
            "tags": component.input("tags"),
            "resolveConflictsOnCreate": Given(chosen.get("resolveConflictsOnCreate", "OVERWRITE")),
            "resolveConflictsOnUpdate": Given(chosen.get("resolveConflictsOnUpdate", "OVERWRITE")),
            "configurationValues": together(options, value=json.dumps(values)) if values else NOTHING,
            "serviceAccountRoleArn": options.at("serviceAccountRoleArn"),
        },
        parent=parent,
    )
