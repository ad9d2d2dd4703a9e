"""Private DNS zones, their links to networks, and private endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, children, same_region
from simulator.azure.naming import parent_id, same_id
from simulator.azure.references import refers
from simulator.azure.subnet import NETWORK, SUBNET
from simulator.kind import Duration, Inputs, Outputs, Refused, get, walk

if TYPE_CHECKING:
    from simulator.context import Context

ZONE: Final = "azure-native:privatedns:PrivateZone"
LINK: Final = "azure-native:privatedns:VirtualNetworkLink"
ENDPOINT: Final = "azure-native:network:PrivateEndpoint"


def _global(context: Context, inputs: Inputs) -> None:
    del context
    if str(inputs.get("location") or "global").lower() != "global":
        message = (
            f"The provided location '{inputs['location']}' is not available for resource type 'privateDnsZones':"
            " global."
        )
        raise Refused("LocationNotAvailableForResourceType", message)


def _zone_is_fit(context: Context, inputs: Inputs) -> None:
    del context
    name = str(inputs["privateZoneName"])
    labels = name.split(".")
    if not 2 <= len(labels) <= 34 or not all(
        re.fullmatch(r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?", one) for one in labels
    ):
        raise Refused("BadRequest", f"The zone name '{name}' is not valid: 2 to 34 labels of at most 63 characters.")


def _zone_outputs(context: Context, inputs: Inputs) -> Outputs:
    return {"location": inputs.get("location") or "global", "maxNumberOfRecordSets": 25000, "numberOfRecordSets": 1,
            "internalId": context.uuid("internal")}  # fmt: skip


def _on_zone_delete(context: Context) -> None:
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    for link in children(context, LINK, context.old.id):
        message = f"Can not delete resource {context.old.id} before nested resource {link.id} is deleted."
        raise Refused("CannotDeleteResource", message, status=409)


def _link_is_fit(context: Context, inputs: Inputs) -> None:
    assert _LINK.make_id is not None  # noqa: S101 - every ARM kind has one
    zone = parent_id(_LINK.make_id(context, inputs))
    network = get(inputs, "virtualNetwork.id")
    if not network:
        raise Refused("BadRequest", "A virtual network link must name a virtual network.")
    for other in context.find(LINK):
        if not same_id(get(other.outputs, "virtualNetwork.id"), network):
            continue
        if same_id(parent_id(other.id), zone):
            message = f"Virtual network {network} is already linked to the zone by {other.id}."
            raise Refused("Conflict", message, status=409)
        if inputs.get("registrationEnabled") and other.outputs.get("registrationEnabled"):
            message = f"Virtual network {network} is linked to another zone with registration enabled already."
            raise Refused("Conflict", message, status=409)


def _endpoint_is_fit(context: Context, inputs: Inputs) -> None:
    name = inputs["privateEndpointName"]
    targets = [
        str(id_)
        for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        for _, id_ in walk(inputs, f"{kind}[].privateLinkServiceId")
    ]
    if len(targets) != 1:
        raise Refused("InvalidRequestFormat", f"Private endpoint {name} must have exactly one connection.")
    if not any(record.id.casefold() == targets[0].casefold() for record in context.world.records()):
        message = f"Resource {targets[0]} referenced by private endpoint {name} was not found."
        raise Refused("InvalidResourceReference", message)
    if not get(inputs, "subnet.id"):
        raise Refused("InvalidRequestFormat", f"Private endpoint {name} must have a subnet.")
    same_region(context, inputs, (("subnet.id", SUBNET),))


_LINK = arm_kind(
    LINK,
    "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
    parent=ZONE,
    location=False,
    name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
    copies_name=True,
    immutable=("virtualNetwork.id",),
    admits=(_global, _link_is_fit),
    references=(refers("virtualNetwork.id", NETWORK),),
    compute=lambda _context, inputs: {
        "virtualNetworkLinkState": "Completed",
        "location": inputs.get("location") or "global",
    },
    computed=("location",),
    duration=Duration(create=35, update=15, delete=35),
)
KINDS = (
    _LINK,
    arm_kind(
        ZONE,
        "Microsoft.Network/privateDnsZones/{privateZoneName}",
        location=False,
        admits=(_global, _zone_is_fit),
        compute=_zone_outputs,
        computed=("location",),
        on_delete=_on_zone_delete,
        duration=Duration(create=35, update=10, delete=10),
    ),
    arm_kind(
        ENDPOINT,
        "Microsoft.Network/privateEndpoints/{privateEndpointName}",
        name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
        immutable=("subnet",),
        admits=(_endpoint_is_fit,),
        references=(refers("subnet.id", SUBNET),),
        duration=Duration(create=60, update=30, delete=30),
    ),
)
