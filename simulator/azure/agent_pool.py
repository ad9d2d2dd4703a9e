"""Node pools that are resources of their own, and maintenance windows of a cluster."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simulator.azure.aks_network import identity_may_join, way_out_is_fit
from simulator.azure.aks_outputs import CLUSTER, POOL
from simulator.azure.aks_pools import NAME, fixed_properties_stay, pool_is_fit, subnets_have_room
from simulator.azure.aks_security import identity_of
from simulator.azure.aks_versions import pool_version_is_fit, resolved
from simulator.azure.arm import arm_kind, children
from simulator.azure.naming import last_name, parent_id, place, same_id, write_key
from simulator.azure.references import refers
from simulator.azure.subnet import SUBNET
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record

MAINTENANCE: Final = "azure-native:containerservice:MaintenanceConfiguration"


def _id(context: Context, inputs: Inputs) -> str:
    assert _POOL.make_id is not None  # noqa: S101 - every ARM kind has one
    return _POOL.make_id(context, inputs)


def _cluster(context: Context, inputs: Inputs) -> Record:
    found = context.one(CLUSTER, parent_id(_id(context, inputs)))
    assert found is not None  # noqa: S101 - the parent is looked up first
    return found


def _fits(context: Context, inputs: Inputs) -> None:
    cluster, name = _cluster(context, inputs), str(inputs["agentPoolName"])
    plugin = str(get(cluster.outputs, "networkProfile.networkPlugin") or "azure")
    pool_is_fit(context, inputs, name=name, location=place(str(cluster.outputs["location"])), plugin=plugin)
    version = str(cluster.outputs["currentKubernetesVersion"])
    pool_version_is_fit(resolved(inputs.get("orchestratorVersion") or version), version)
    others = [one for one in children(context, POOL, cluster.id) if not same_id(one.id, _id(context, inputs))]
    subnets_have_room(context, [inputs, *(one.outputs for one in others)])
    subnet = context.one(SUBNET, str(inputs.get("vnetSubnetID") or ""))
    subnets = [subnet] if subnet else []
    way_out_is_fit(context, cluster.outputs, subnets)
    identity_may_join(context, identity_of(context, cluster.outputs), subnets)
    if context.old is None:
        return
    fixed_properties_stay(context.old.inputs, inputs, name)
    leaves = context.old.outputs.get("mode") == "System" and inputs.get("mode") != "System"
    if leaves and not any(one.outputs.get("mode") == "System" for one in others):
        raise Refused("MustDefineAtLeastOneSystemPool", "Must define at least one system pool.")


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    version = inputs.get("orchestratorVersion") or _cluster(context, inputs).outputs["currentKubernetesVersion"]
    return {
        "type": inputs.get("type") or "VirtualMachineScaleSets",
        "count": inputs.get("count") or inputs.get("minCount") or 1,
        "mode": inputs.get("mode") or "User",
        "osType": inputs.get("osType") or "Linux",
        "orchestratorVersion": inputs.get("orchestratorVersion") or version,
        "currentOrchestratorVersion": resolved(version),
        "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202611.05.0",
        "powerState": {"code": "Running"},
    }


def _on_delete(context: Context) -> None:
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    others = [one for one in children(context, POOL, parent_id(context.old.id)) if not same_id(one.id, context.old.id)]
    if context.old.outputs.get("mode") == "System" and not any(one.outputs.get("mode") == "System" for one in others):
        message = f"There has to be at least one system agent pool; {last_name(context.old.id)} is the last."
        raise Refused("MustDefineAtLeastOneSystemPool", message)


def _window_is_fit(context: Context, inputs: Inputs) -> None:
    del context
    name, window = str(inputs["configName"]), inputs.get("maintenanceWindow")
    planned = name in {"aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"}
    if not planned and name != "default":
        message = f"Maintenance configuration name '{name}' is not default, aksManagedAutoUpgradeSchedule or"
        raise Refused("InvalidParameter", f"{message} aksManagedNodeOSUpgradeSchedule.")
    if planned != bool(window):
        message = f"Maintenance configuration '{name}' needs a maintenance window exactly if it is for upgrades."
        raise Refused("InvalidParameter", message)
    if window and not 4 <= (window.get("durationHours") or 0) <= 24:
        message = f"Duration {window.get('durationHours')} of maintenance window '{name}' must be 4 to 24 hours."
        raise Refused("InvalidParameter", message)
    if window and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(window.get("startTime"))):
        raise Refused("InvalidStartEndTime", f"Start time {window.get('startTime')} of '{name}' is not HH:MM.")


_POOL = arm_kind(
    POOL,
    "Microsoft.ContainerService/managedClusters/{resourceName}/agentPools/{agentPoolName}",
    parent=CLUSTER,
    location=False,
    name_pattern=NAME,
    immutable=("vmSize", "gpuInstanceProfile"),
    copies_name=True,
    admits=(_fits,),
    references=(refers("vnetSubnetID", SUBNET, code="SubnetNotFound", status=404),),
    compute=_outputs,
    computed=("type", "count", "mode", "osType", "orchestratorVersion", "powerState"),
    on_delete=_on_delete,
    # AKS takes one operation on a cluster at a time.
    exclusive=lambda inputs: [write_key(inputs["resourceGroupName"], "managedClusters", inputs["resourceName"])],
    exclusive_code="OperationNotAllowed",
    duration=Duration(create=150, update=90, delete=150),
)
KINDS = (
    _POOL,
    arm_kind(
        MAINTENANCE,
        "Microsoft.ContainerService/managedClusters/{resourceName}/maintenanceConfigurations/{configName}",
        parent=CLUSTER,
        location=False,
        tags=False,
        state=False,
        copies_name=True,
        admits=(_window_is_fit,),
        duration=Duration(create=3, update=3, delete=3),
    ),
)
