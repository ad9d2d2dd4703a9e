"""What all resource types of Azure have in common, and `arm_kind`, which makes a kind out of its ARM path.

Rules that the provider itself refuses in Check come from the patterns of the API description; they are `Failure`.
Everything else is refused by Azure Resource Manager (ARM) when the resource is written: `Refused` with ARM's code.
Codes that no public source was found for are marked ``# own code``: the rule is documented, the code's name is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.naming import REGIONS, group_name, last_name, parent_id, place, same_id
from simulator.azure.resource_identity import echoed_identity, identity_outputs
from simulator.context import Context
from simulator.kind import Autoname, Failure, Inputs, Kind, Outputs, Refused, get, known
from simulator.schema import resource

if TYPE_CHECKING:
    from simulator.world import Record

GROUP: Final = "azure-native:resources:ResourceGroup"
Admit = Callable[[Context, Inputs], None]
Compute = Callable[[Context, Inputs], Outputs]


def group_id(context: Context, name: str) -> str:
    """Id of a resource group of this subscription."""
    return f"/subscriptions/{context.subscription}/resourceGroups/{name}"


def location_of(context: Context, inputs: Inputs) -> str:
    """Where the resource stands: its own location or, where it names none, that of the provider or of its group."""
    if known(given := inputs.get("location")):
        return place(str(given))
    if configured := context.config.get("location"):
        return place(str(configured))
    group = context.one(GROUP, group_id(context, str(inputs.get("resourceGroupName", ""))))
    return place(str(group.outputs["location"])) if group else ""


def same_region(context: Context, inputs: Inputs, paths_and_kinds: Iterable[tuple[str, str]]) -> None:
    """Refuse references (path, kind) to a resource in another region."""
    here = location_of(context, inputs)
    for path, kind in paths_and_kinds:
        record = context.one(kind, str(get(inputs, path, "")))
        if record is not None and place(str(record.outputs.get("location", here))) != here:
            raise Refused(
                "InvalidResourceReference",
                f"Resource {record.id} referenced by {path} was not found. Please make sure that the referenced"
                f" resource exists, and that both resources are in the same region.",
            )


@dataclass(frozen=True, kw_only=True)
class _ArmType:
    """What the ARM path of a resource type says about it; see `arm_kind`."""

    token: str
    path: str
    parent: str
    location: bool
    state: bool
    name_pattern: str
    in_group: bool
    compute: Compute | None

    @property
    def names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def arm_type(self) -> str:
        return re.sub(r"/\{\w+\}", "", self.path)

    def make_id(self, context: Context, inputs: Inputs) -> str:
        group = group_id(context, str(inputs["resourceGroupName"]))
        return f"{group}/providers/{self.path.format(**inputs)}"

    def named(self, inputs: Inputs) -> Iterable[Failure]:
        name = inputs.get(self.names[-1])
        if self.name_pattern and known(name) and not re.fullmatch(self.name_pattern, str(name)):
            yield Failure(self.names[-1], f"'{name}' does not match pattern '^{self.name_pattern}$'")

    def must_have_parents(self, context: Context, inputs: Inputs) -> None:
        group = str(inputs["resourceGroupName"])
        if self.in_group and context.one(GROUP, group_id(context, group)) is None:
            raise Refused("ResourceGroupNotFound", f"Resource group '{group}' could not be found.", status=404)
        above = parent_id(self.make_id(context, inputs))
        if self.parent and context.one(self.parent, above) is None:
            raise Refused(
                "ParentResourceNotFound",
                f"Failed to perform 'write' on resource(s) of type '{self.arm_type}', because the parent resource"
                f" '{above}' could not be found.",
                status=404,
            )

    def must_be_placed(self, context: Context, inputs: Inputs) -> None:
        if not self.location:
            return
        here = location_of(context, inputs)
        if here not in REGIONS | {"global"}:
            raise Refused(
                "LocationNotAvailableForResourceType",
                f"The provided location '{here}' is not available for resource type '{self.arm_type}'.",
            )
        before = place(str(context.old.outputs.get("location", here))) if context.old else here
        if before != here:
            raise Refused(
                "InvalidResourceLocation",
                f"The resource already exists in location '{before}'. A resource with the same name cannot be created"
                f" in location '{here}'. Please select a new resource name.",
                status=409,
            )

    def outputs(self, context: Context, inputs: Inputs) -> Outputs:
        common: Outputs = {"name": last_name(context.id), "type": self.arm_type, "azureApiVersion": ""}
        if self.location:
            common["location"] = inputs.get("location") or location_of(context, inputs)
        if self.state:
            etag = context.uuid(f"etag {context.old.outputs.get('etag', '')}" if context.old else "etag")
            common |= {"provisioningState": "Succeeded", "etag": f'W/"{etag}"', "resourceGuid": context.uuid("guid")}
        has = resource(self.token).outputs
        told = {name: value for name, value in common.items() if name in has} | identity_outputs(context, inputs)
        return told | (self.compute(context, inputs) if self.compute else {})


def arm_kind(  # noqa: PLR0913 - each is a property that resource types differ in
    token: str,
    path: str,
    *,
    parent: str = "",
    location: bool = True,
    moves: bool = False,
    tags: bool = True,
    state: bool = True,
    name_pattern: str = "",
    copies_name: bool = False,
    in_group: bool = True,
    immutable: Sequence[str] = (),
    checks: Sequence[Callable[[Inputs], Iterable[Failure]]] = (),
    admits: Sequence[Admit] = (),
    compute: Compute | None = None,
    computed: Sequence[str] = (),
    **settings: Any,  # noqa: ANN401 - handed on to Kind, which types them
) -> Kind:
    """Make the kind of an ARM resource type.

    Parameters
    ----------
    path
        Provider path below the resource group, with the inputs that name the resource in braces:
        ``Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}``.
    parent
        Token of the kind that it is a child of.
    location
        Whether it has a location.
    moves
        Whether the provider replaces it when the location changes. Where it does not, ARM refuses the change.
    tags, state
        Whether it carries tags, and whether it has a provisioning state and an etag.
    name_pattern
        Pattern of the name, from the API description.
    copies_name
        The provider takes the logical name as it is where none is given; else it adds 8 hex digits.
    in_group
        Whether the group must exist; a flow log may lie in one that no program made.
    immutable, checks, admits, compute, computed, settings
        As in `Kind`, beside what every ARM resource has.
    """
    made = _ArmType(
        token=token,
        path=path,
        parent=parent,
        location=location,
        state=state,
        name_pattern=name_pattern,
        in_group=in_group,
        compute=compute,
    )
    return Kind(
        token=token,
        make_id=made.make_id,
        immutable=("resourceGroupName", *made.names, *(("location",) if moves else ()), *immutable),
        checks=(made.named, *checks),
        admits=(made.must_have_parents, made.must_be_placed, *((tags_are_fit,) if tags else ()), *admits),
        compute=made.outputs,
        echo=echoed_identity,
        computed=(*(("location",) if location else ()), *computed),
        ignores=same_to_azure,
        autoname=Autoname(made.names[-1], separator="", digits=0 if copies_name else 8),
        exists=("ResourceAlreadyExists", "cannot create already existing resource '{id}'"),
        **settings,
    )


def same_to_azure(old: Inputs, new: Inputs, path: str) -> bool:
    """Whether a change is none to the provider: the case of an id, the spelling of a location."""
    one, other = get(old, path), get(new, path)
    if not known(one, other) or not isinstance(one, str) or not isinstance(other, str):
        return False
    if path == "location":
        return place(one) == place(other)
    return one.startswith("/subscriptions/") and same_id(one, other)


def tags_are_fit(context: Context, inputs: Inputs) -> None:
    """Refuse more than 50 tags, and names or values that ARM does not take.

    Source: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources (limitations).
    """
    del context
    tags = inputs.get("tags") or {}
    if len(tags) > 50:
        raise Refused("InvalidTags", f"The number of tags {len(tags)} exceeds the maximum of 50.")  # own code
    for name, value in tags.items():
        if not 1 <= len(name) <= 512 or len(str(value)) > 256:
            raise Refused("InvalidTagNameLength", f"The tag '{name}' is longer than 512, or its value than 256.")
        if re.search(r"[<>%&\\?/]", name):
            message = f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
            raise Refused("InvalidTagNameCharacters", message)
        if name.casefold().startswith(("microsoft", "azure", "windows")):
            message = f"Tag name '{name}' cannot start with reserved prefixes 'microsoft,azure,windows'."
            raise Refused("ReservedTagName", message)


def drop(context: Context, records: Iterable[Record]) -> None:
    """Remove what goes away with this resource, in the same transaction."""
    with context.world.transaction():
        for record in records:
            context.world.remove(record)


def children(context: Context, kind: str, id_: str) -> list[Record]:
    """Child resources of this kind of a resource."""
    return [record for record in context.world.find(kind, scope=context.scope) if same_id(parent_id(record.id), id_)]


def in_group(record: Record, name: str) -> bool:
    """Whether a record lies in a resource group."""
    return group_name(record.id).casefold() == name.casefold()
