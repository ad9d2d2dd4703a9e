"""Resource groups. Deleting one deletes all that is in it, as ARM does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.azure.aks_outputs import CLUSTER
from simulator.azure.arm import GROUP, drop, group_id, in_group, same_to_azure, tags_are_fit
from simulator.azure.keyvault import VAULT, remember_deleted
from simulator.azure.naming import REGIONS, group_name, place
from simulator.kind import Autoname, Duration, Failure, Inputs, Kind, Outputs, Refused, known
from simulator.kubernetes.cluster import forget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context


def _named(inputs: Inputs) -> Iterable[Failure]:
    name = inputs.get("resourceGroupName")
    if known(name):
        text = str(name)
        fit = (
            1 <= len(text) <= 90 and not text.endswith(".") and all(sign.isalnum() or sign in "-_.()" for sign in text)
        )
        if not fit:
            yield Failure("resourceGroupName", f"'{text}' does not match pattern '^[-\\w\\._\\(\\)]{{1,90}}$'")


def _placed(context: Context, inputs: Inputs) -> None:
    here = place(str(inputs.get("location") or context.config.get("location") or ""))
    if here not in REGIONS:
        message = f"The provided location '{here}' is not available for resource group."
        raise Refused("LocationNotAvailableForResourceGroup", message)


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    return {
        "name": str(inputs["resourceGroupName"]),
        "type": "Microsoft.Resources/resourceGroups",
        "location": inputs.get("location") or context.config.get("location"),
        "properties": {"provisioningState": "Succeeded"},
        "azureApiVersion": "",
    }


def _delete_all_inside(context: Context) -> None:
    """Remove what is in the group; refuse if something outside still uses one of its resources."""
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    name = str(context.old.outputs["name"])
    inside = [
        record
        for record in context.world.records()
        if record.scope == context.scope and record.token != GROUP and in_group(record, name)
    ]
    for record in inside:
        for source, _ in context.world.blockers(record):
            if group_name(source.id).casefold() != name.casefold():
                message = (
                    f"Deletion of resource group '{name}' failed as resource {record.id} is in use by {source.id}."
                )
                raise Refused("ResourceGroupDeletionBlocked", message, status=409)
    # What the cloud made along with them, such as the node resource group of a cluster, goes too.
    theirs = {f"{record.urn}#{record.incarnation}" for record in inside if record.urn}
    for record in inside:
        if record.token == VAULT:
            remember_deleted(context, record)
        if record.token == CLUSTER:
            forget(context.world, record)
    drop(context, [*inside, *(one for one in context.world.records() if one.owner in theirs and one not in inside)])


KINDS = (
    Kind(
        token=GROUP,
        make_id=lambda context, inputs: group_id(context, str(inputs["resourceGroupName"])),
        immutable=("resourceGroupName", "location"),
        checks=(_named,),
        admits=(_placed, tags_are_fit),
        compute=_outputs,
        computed=("location",),
        ignores=same_to_azure,
        on_delete=_delete_all_inside,
        autoname=Autoname("resourceGroupName", separator="", digits=8, max_length=90),
        exists=("ResourceAlreadyExists", "cannot create already existing resource '{id}'"),
        duration=Duration(create=5, update=3, delete=20),
    ),
)
