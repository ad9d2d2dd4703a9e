"""AKS clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from simulator.azure.aks_network import (
    api_server_access_is_fit,
    identity_may_join,
    plugin_is_fit,
    ranges_are_fit,
    subnets_of,
    way_out_is_fit,
)
from simulator.azure.aks_outputs import CLUSTER, POOL, cluster_outputs, current_version, node_group
from simulator.azure.aks_pools import fixed_properties_stay, pool_is_fit, subnets_have_room
from simulator.azure.aks_security import (
    disks_are_fit,
    identity_of,
    secrets_are_fit,
    security_stays,
    sign_in_is_fit,
)
from simulator.azure.aks_versions import cluster_version_is_fit, pool_version_is_fit, resolved
from simulator.azure.arm import GROUP, arm_kind, children, drop, group_id, location_of
from simulator.azure.disk_encryption import DISKS
from simulator.azure.naming import write_key
from simulator.azure.references import refers
from simulator.azure.subnet import SUBNET
from simulator.kind import Duration, Failure, Inputs, Refused, get, known
from simulator.kubernetes.cluster import forget
from simulator.kubernetes.live import emptied_in_lab

if TYPE_CHECKING:
    from simulator.context import Context

_NETWORK_FIXED: Final = (
    "serviceCidr", "serviceCidrs", "dnsServiceIP", "networkMode", "networkPlugin", "networkPluginMode", "podCidr",
    "networkDataplane", "networkPolicy", "outboundType",
)  # fmt: skip


def _names_are_fit(context: Context, inputs: Inputs) -> None:
    prefix, nodes = inputs.get("dnsPrefix"), node_group(context, inputs)
    if not prefix and not inputs.get("fqdnSubdomain"):
        raise Refused("InvalidParameter", "Required parameter dnsPrefix is missing (null).")
    if prefix and not re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,52}[a-zA-Z0-9])?", prefix):
        message = (
            f"The value of parameter dnsPrefix is invalid: '{prefix}'. It must contain at most 54 letters, digits"
            " and hyphens,"
            " and begin and end with a letter or digit."
        )
        raise Refused("InvalidParameter", message)
    if len(nodes) > 80:
        message = f"The value of parameter nodeResourceGroup is invalid: '{nodes}' has more than 80 characters."
        raise Refused("InvalidParameter", message)
    if nodes.casefold() == str(inputs["resourceGroupName"]).casefold():
        message = f"Node resource group '{nodes}' cannot be the resource group of the cluster itself."
        raise Refused("NodeResourceGroupSameAsResourceGroup", message)
    taken = context.one(GROUP, group_id(context, nodes))
    if taken is not None and (context.old is None or not taken.owner):
        message = f"Node resource group '{nodes}' already exists."
        raise Refused("NodeResourceGroupAlreadyExists", message, status=409)


def _pools_are_fit(context: Context, inputs: Inputs) -> None:
    pools = list(inputs.get("agentPoolProfiles") or [])
    plugin = str(get(inputs, "networkProfile.networkPlugin") or "azure")
    names = [str(pool.get("name")) for pool in pools]
    if not pools or len(set(names)) != len(names):
        raise Refused(
            "InvalidParameter", f"Agent pools of a managed cluster need names of their own: {', '.join(names)}."
        )
    if not any(pool.get("mode") == "System" for pool in pools):
        raise Refused("MustDefineAtLeastOneSystemPool", "Must define at least one system pool.")
    before = current_version(context)
    version = resolved(inputs.get("kubernetesVersion"), before or "1.35")
    for name, pool in zip(names, pools, strict=True):
        pool_is_fit(context, pool, name=name, location=location_of(context, inputs), plugin=plugin)
        if pool.get("orchestratorVersion"):
            pool_version_is_fit(resolved(pool["orchestratorVersion"]), version)
    subnets_have_room(context, pools)
    if context.old is None:
        return
    there = {str(pool["name"]): pool for pool in context.old.inputs.get("agentPoolProfiles") or []}
    if gone := sorted(set(there) - set(names)):
        message = f"Agent pools {', '.join(gone)} cannot be removed by an update of the cluster; delete the agent pool."
        raise Refused("PropertyChangeNotAllowed", message)
    for name, pool in zip(names, pools, strict=True):
        if name in there:
            fixed_properties_stay(there[name], pool, name)


def _version_is_fit(context: Context, inputs: Inputs) -> None:
    cluster_version_is_fit(inputs, current_version(context))


def _network_is_fit(context: Context, inputs: Inputs) -> None:
    subnets = subnets_of(context, inputs)
    plugin_is_fit(inputs)
    api_server_access_is_fit(inputs)
    ranges_are_fit(context, inputs, subnets)
    way_out_is_fit(context, inputs, subnets)
    identity_may_join(context, identity_of(context, inputs), subnets)


def _security_is_fit(context: Context, inputs: Inputs) -> None:
    sign_in_is_fit(inputs)
    secrets_are_fit(context, inputs, identity_of(context, inputs))
    disks_are_fit(context, inputs, location_of(context, inputs))
    if context.old is not None:
        security_stays(context.old.outputs, inputs)


def _named(inputs: Inputs) -> Iterable[Failure]:
    for index, pool in enumerate(inputs.get("agentPoolProfiles") or []):
        name = pool.get("name") if isinstance(pool, Mapping) else None
        if known(name) and not re.fullmatch(r"[a-z][a-z0-9]{0,11}", str(name)):
            yield Failure(
                f"agentPoolProfiles[{index}].name", f"'{name}' does not match pattern '^[a-z][a-z0-9]{{0,11}}$'"
            )


def _on_delete(context: Context) -> None:
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    drop(context, [pool for pool in children(context, POOL, context.old.id) if not pool.owner])
    forget(context.world, context.old)  # what runs in the cluster goes with it


KINDS = (
    emptied_in_lab(
        arm_kind(
            CLUSTER,
            "Microsoft.ContainerService/managedClusters/{resourceName}",
            moves=True,
            name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]",
            immutable=(
                "diskEncryptionSetID",
                "dnsPrefix",
                "fqdnSubdomain",
                "linuxProfile",
                "windowsProfile",
                "nodeResourceGroup",
                *(f"networkProfile.{name}" for name in _NETWORK_FIXED),
            ),
            checks=(_named,),
            admits=(_names_are_fit, _version_is_fit, _pools_are_fit, _network_is_fit, _security_is_fit),
            references=(
                refers("agentPoolProfiles[].vnetSubnetID", SUBNET, code="SubnetNotFound", status=404),
                refers("diskEncryptionSetID", DISKS, code="DiskEncryptionSetError"),
            ),
            compute=cluster_outputs,
            computed=(
                "agentPoolProfiles",
                "kubernetesVersion",
                "identity",
                "identityProfile",
                "networkProfile",
                "nodeResourceGroup",
                "oidcIssuerProfile",
            ),
            volatile=("currentKubernetesVersion",),
            on_delete=_on_delete,
            exclusive=lambda inputs: [
                write_key(inputs["resourceGroupName"], "managedClusters", inputs["resourceName"])
            ],
            exclusive_code="OperationNotAllowed",
            duration=Duration(create=360, update=180, delete=240),
        )
    ),
)
