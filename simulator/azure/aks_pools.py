"""Node pools of AKS, as the cluster lists them or as resources of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.naming import ZONED_REGIONS, last_name, parent_id, same_id
from simulator.azure.subnet import SUBNET, known_prefixes
from simulator.azure.vm_sizes import vm_size
from simulator.kind import Refused, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.context import Context

NAME: Final = r"[a-z][a-z0-9]{0,11}"
_FIXED: Final = (
    "vmSize", "vnetSubnetID", "podSubnetID", "maxPods", "osType", "osDiskSizeGB", "osDiskType", "availabilityZones",
    "enableEncryptionAtHost", "type", "enableNodePublicIP", "nodePublicIPPrefixID",
)  # fmt: skip
"""Properties that AKS does not change once the pool exists."""


def pool_is_fit(context: Context, pool: Mapping[str, Any], *, name: str, location: str, plugin: str) -> None:
    """Refuse a pool that is wrong by itself."""
    if not re.fullmatch(NAME, name):
        message = f"Invalid agent pool name '{name}': 1 to 12 lower-case letters and digits, beginning with a letter."
        raise Refused("InvalidParameter", message)
    _nodes_are_fit(pool, name, plugin)
    _zones_are_fit(pool, name, location)
    _counts_are_fit(pool, name)
    _scheduling_is_fit(pool, name)
    subnet = pool.get("vnetSubnetID")
    if subnet and context.one(SUBNET, str(subnet)) is None:
        raise Refused("SubnetNotFound", f"The subnet {subnet} of agent pool '{name}' was not found.", status=404)


def _nodes_are_fit(pool: Mapping[str, Any], name: str, plugin: str) -> None:
    size = vm_size(str(pool.get("vmSize")))
    if size is None:
        message = (
            f"The VM size of {pool.get('vmSize')} of agent pool '{name}' is not allowed in your subscription in"
            " location."
        )
        raise Refused("VMSizeNotSupported", message)
    if pool.get("enableEncryptionAtHost") and not size.host_encryption:
        message = f"Virtual machine size {pool['vmSize']} of agent pool '{name}' does not support encryption at host."
        raise Refused("VMSizeDoesNotSupportEncryptionAtHost", message)
    windows = pool.get("osType") == "Windows"
    if windows and plugin != "azure":
        message = f"Windows agent pool '{name}' needs the azure network plugin, not {plugin}."
        raise Refused("AzureCNIOnlyForWindows", message)
    if pool.get("mode") != "System":
        return
    if windows:
        raise Refused("SystemPoolMustBeLinux", f"System agent pool '{name}' must be Linux.")
    if size.processors < 2 or size.memory < 4:
        message = (
            f"System agent pool '{name}' needs a VM size of at least 2 vCPUs and 4 GB memory, not {pool['vmSize']}."
        )
        raise Refused("SystemPoolSkuTooLow", message)
    if pool.get("scaleSetPriority") == "Spot":
        raise Refused("SystemPoolMustBeRegular", f"System agent pool '{name}' cannot be of Spot priority.")


def _zones_are_fit(pool: Mapping[str, Any], name: str, location: str) -> None:
    zones = [str(zone) for zone in pool.get("availabilityZones") or []]
    if not zones:
        return
    if location not in ZONED_REGIONS or not set(zones) <= {"1", "2", "3"}:
        message = f"Availability zone {', '.join(zones)} of agent pool '{name}' is not supported in {location}."
        raise Refused("AvailabilityZoneNotSupported", message)
    if pool.get("type") == "AvailabilitySet":
        message = f"Virtual machine scale sets are required for availability zones: agent pool '{name}'."
        raise Refused("VMSSRequiredForAvailabilityZone", message)


def _counts_are_fit(pool: Mapping[str, Any], name: str) -> None:
    count, least, most = (pool.get(key) for key in ("count", "minCount", "maxCount"))
    floor = 1 if pool.get("mode") == "System" else 0
    if pool.get("enableAutoScaling"):
        if least is None or most is None or not floor <= least <= most <= 1000:
            message = (
                f"Agent pool '{name}' with autoscaling needs {floor} <= minCount <= maxCount <= 1000: {least}, {most}."
            )
            raise Refused("InvalidParameter", message)
        if count is not None and not least <= count <= most:
            message = f"Count {count} of agent pool '{name}' must lie between minCount {least} and maxCount {most}."
            raise Refused("InvalidParameter", message)
    else:
        if least is not None or most is not None:
            message = f"Agent pool '{name}' has minCount or maxCount, but autoscaling is not enabled."
            raise Refused("AutoScalingNotEnabled", message)
        if count is not None and not floor <= count <= 1000:
            raise Refused("InvalidParameter", f"Count {count} of agent pool '{name}' must be {floor} to 1000.")
    pods = pool.get("maxPods")
    if pods is not None and pods < 10:
        message = f"Insufficient maxPods {pods} of agent pool '{name}': 10 are required at least."
        raise Refused("InsufficientMaxPods", message)
    if pods is not None and pods > 250:
        raise Refused("MaxPodsLimitExceeded", f"maxPods {pods} of agent pool '{name}' exceeds the limit of 250.")


def _scheduling_is_fit(pool: Mapping[str, Any], name: str) -> None:
    for taint in pool.get("nodeTaints") or []:
        if not re.fullmatch(r"[\w./-]+(=[\w.-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)", taint):
            raise Refused("InvalidParameter", f"Taint '{taint}' of agent pool '{name}' is not key=value:effect.")
        hard = taint.endswith((":NoSchedule", ":NoExecute"))
        if pool.get("mode") == "System" and hard and taint != "CriticalAddonsOnly=true:NoSchedule":
            message = (
                f"System agent pool '{name}' can have no hard taint but CriticalAddonsOnly=true:NoSchedule: {taint}."
            )
            raise Refused("SystemPoolHasRestrictedTaint", message)
    for label in pool.get("nodeLabels") or {}:
        if label.partition("/")[0] in {"kubernetes.azure.com", "kubernetes.io", "k8s.io"} and "/" in label:
            raise Refused("NodeLabelKeyNotAllowed", f"Label '{label}' of agent pool '{name}' has a reserved prefix.")


def fixed_properties_stay(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> None:
    """Refuse a change of what AKS cannot change, where the new value is given at all."""
    for key in _FIXED:
        before, after = old.get(key), new.get(key)
        if after is not None and before != after and not same_id(before, after):
            message = (
                f"Changing property 'properties.{key}' of agent pool '{name}' is not allowed: {before} to {after}."
            )
            raise Refused("PropertyChangeNotAllowed", message)


def subnets_have_room(context: Context, pools: Iterable[Mapping[str, Any]]) -> None:
    """Refuse pools whose nodes, with one more for upgrades, outgrow their subnet; and a delegated subnet."""
    wanted: dict[str, int] = {}
    for pool in pools:
        if subnet := pool.get("vnetSubnetID"):
            most = pool.get("maxCount") if pool.get("enableAutoScaling") else pool.get("count", 1)
            wanted[str(subnet).casefold()] = wanted.get(str(subnet).casefold(), 0) + int(most or 1) + 1
    networks = {parent_id(id_) for id_ in wanted}
    if len(networks) > 1:
        message = f"All agent pools of a cluster must be in one virtual network: {', '.join(sorted(networks))}."
        raise Refused("AgentPoolsInDifferentVirtualNetworks", message)  # own code
    for id_, nodes in wanted.items():
        subnet_record = context.one(SUBNET, id_)
        if subnet_record is None:
            continue
        if get(subnet_record.outputs, "delegations"):
            raise Refused("SubnetIsDelegated", f"The subnet {subnet_record.id} is delegated to another service.")
        room = sum(part.num_addresses - 5 for part in known_prefixes(subnet_record))
        if nodes > room:
            raise Refused(
                "InsufficientSubnetSize",
                f"Pre-allocated IPs {nodes} exceeds IPs available {room} in Subnet Cidr"
                f" {known_prefixes(subnet_record)[0]},"
                f" Subnet Name {last_name(subnet_record.id)}.",
            )
