"""Network watchers and flow logs.

Azure makes a watcher by itself in every region where a virtual network is made: ``NetworkWatcher_<region>`` in the
group ``NetworkWatcherRG``. Neither is a record here, because no program owns them; flow logs find them all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.azure.arm import GROUP, arm_kind, group_id, location_of
from simulator.azure.naming import place, same_id
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context

WATCHER: Final = "azure-native:network:NetworkWatcher"
FLOW_LOG: Final = "azure-native:network:FlowLog"
_NETWORK: Final = "azure-native:network:VirtualNetwork"
_TARGETS: Final = (_NETWORK, "azure-native:network:Subnet")


_AZURES_GROUP: Final = "networkwatcherrg"


def _made_by_azure(context: Context, location: str) -> bool:
    return any(place(str(network.outputs["location"])) == location for network in context.find(_NETWORK))


def _group_exists(context: Context, name: str) -> bool:
    if name.casefold() == _AZURES_GROUP and any(context.find(_NETWORK)):
        return True
    return context.one(GROUP, group_id(context, name)) is not None


def _one_in_a_region(context: Context, inputs: Inputs) -> None:
    here = location_of(context, inputs)
    others = [one for one in context.find(WATCHER) if place(str(one.outputs["location"])) == here]
    if context.old is None and (others or _made_by_azure(context, here)):
        raise Refused(
            "NetworkWatcherCountLimitReached",
            f"Reached the maximum number of network watchers (1) allowed for this subscription in region {here}.",
        )


def _watcher_exists(context: Context, inputs: Inputs) -> None:
    group, name = str(inputs["resourceGroupName"]), str(inputs["networkWatcherName"])
    here = location_of(context, inputs)
    own = f"{group_id(context, group)}/providers/Microsoft.Network/networkWatchers/{name}"
    made = group.casefold() == _AZURES_GROUP and name.casefold() == f"networkwatcher_{here}"
    if context.one(WATCHER, own) is not None or (made and _made_by_azure(context, here)):
        return
    if not _group_exists(context, group):
        raise Refused("ResourceGroupNotFound", f"Resource group '{group}' could not be found.", status=404)
    raise Refused(
        "ParentResourceNotFound",
        "Failed to perform 'write' on resource(s) of type 'networkWatchers/flowLogs', because the parent"
        f" resource '{own}'"
        " could not be found.",
        status=404,
    )


def _flow_log_is_fit(context: Context, inputs: Inputs) -> None:
    target, storage = str(inputs["targetResourceId"]), str(inputs["storageId"])
    here = location_of(context, inputs)
    found = next((one for kind in _TARGETS if (one := context.one(kind, target)) is not None), None)
    if "/networksecuritygroups/" in target.casefold():
        # Since 30 June 2025 no new ones can be made; those that exist retire in September 2027.
        message = "NSG flow logs can no longer be created. Use virtual network flow logs."
        raise Refused("NsgFlowLogCreationNotAllowed", message)  # own code
    if found is None or place(str(found.outputs.get("location", here))) != here:
        message = f"Target resource {target} was not found in {here}."
        raise Refused("InvalidTargetResourceId", message)  # own code
    account = context.one("azure-native:storage:StorageAccount", storage)
    if account is None or place(str(account.outputs["location"])) != here:
        message = f"Storage account {storage} was not found in {here}: it must be in the region of the flow log."
        raise Refused("InvalidStorageId", message)  # own code
    days = get(inputs, "retentionPolicy.days")
    if days is not None and not 0 <= days <= 365:
        raise Refused("InvalidFlowLogRetention", f"Retention of {days} days is not valid: 0 to 365.")  # own code
    for other in context.find(FLOW_LOG):
        if same_id(other.outputs["targetResourceId"], target) and same_id(other.outputs["storageId"], storage):
            message = f"Flow log {other.id} already logs {target}."
            raise Refused("FlowLogAlreadyExistsForTarget", message)  # own code


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    del inputs
    return {"targetResourceGuid": context.uuid("target")}


KINDS = (
    arm_kind(
        WATCHER,
        "Microsoft.Network/networkWatchers/{networkWatcherName}",
        admits=(_one_in_a_region,),
        duration=Duration(create=3, update=3, delete=11),
    ),
    arm_kind(
        FLOW_LOG,
        "Microsoft.Network/networkWatchers/{networkWatcherName}/flowLogs/{flowLogName}",
        in_group=False,
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        copies_name=True,
        admits=(_watcher_exists, _flow_log_is_fit),
        compute=_outputs,
        duration=Duration(create=10, update=10, delete=11),
    ),
)
