"""Peering between virtual networks of Azure, one record on each side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.azure.arm import arm_kind, children
from simulator.azure.naming import last_name, parent_id, same_id, write_key
from simulator.azure.prefixes import overlapping, prefixes
from simulator.kind import Duration, Inputs, Outputs, Refused, get

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from simulator.context import Context
    from simulator.world import Record

PEERING: Final = "azure-native:network:VirtualNetworkPeering"
_NETWORK: Final = "azure-native:network:VirtualNetwork"
_GATEWAY: Final = "azure-native:network:VirtualNetworkGateway"


def _own_id(context: Context, inputs: Inputs) -> str:
    assert _PEERING.make_id is not None  # noqa: S101 - every ARM kind has one
    return _PEERING.make_id(context, inputs)


def _network(context: Context, id_: str) -> Record:
    found = context.one(_NETWORK, id_) or context.one(_NETWORK, id_, anywhere=True)
    if found is None:
        raise Refused(
            "InvalidResourceReference",
            f"Resource {id_} referenced by the peering was not found. Please make sure that the referenced resource"
            " exists.",
        )
    return found


def _space(network: Record) -> tuple[IPv4Network, ...]:
    return prefixes(get(network.outputs, "addressSpace.addressPrefixes"), network.id)


def _back(context: Context, network: str, remote: str) -> Record | None:
    """Find the peering of the remote network that points here."""
    for peering in context.world.find(PEERING):
        if same_id(parent_id(peering.id), remote) and same_id(get(peering.outputs, "remoteVirtualNetwork.id"), network):
            return peering
    return None


def _has_gateway(context: Context, network: str) -> bool:
    prefix = f"{network}/subnets/".casefold()
    return any(
        str(get(gateway.outputs, "ipConfigurations[0].subnet.id", "")).casefold().startswith(prefix)
        for gateway in context.world.find(_GATEWAY)
    )


def no_overlap_with_peers(context: Context, network: str, space: tuple[IPv4Network, ...]) -> None:
    """Refuse an address space that overlaps that of a network peered already."""
    for peering in children(context, PEERING, network):
        other = _network(context, str(get(peering.outputs, "remoteVirtualNetwork.id")))
        if clash := overlapping(space, _space(other)):
            raise Refused(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                f"Cannot change address space of virtual network {network}: {clash[0]} overlaps with address space"
                f" {clash[1]} of virtual network {other.id} that it is already peered with.",
            )


def _fits(context: Context, inputs: Inputs) -> None:
    id_ = _own_id(context, inputs)
    here = _network(context, parent_id(id_))
    target = get(inputs, "remoteVirtualNetwork.id")
    if not target:
        raise Refused("InvalidRequestFormat", f"Peering {id_} must reference a remote virtual network.")
    there = _network(context, str(target))
    if same_id(here.id, there.id):
        raise Refused("VnetCannotPeerToSelf", f"Virtual network {here.id} cannot be peered to itself.")  # own code
    if clash := overlapping(_space(here), _space(there)):
        raise Refused(
            "VnetAddressSpacesOverlap",
            f"Cannot create or update peering {id_}. Virtual networks {here.id} and {there.id} cannot be peered because"
            f" their address spaces overlap. Overlapping address prefixes: {clash[0]}, {clash[1]}.",
        )
    for peering in children(context, PEERING, here.id):
        if same_id(peering.id, id_):
            continue
        other = _network(context, str(get(peering.outputs, "remoteVirtualNetwork.id")))
        if same_id(other.id, there.id):
            message = f"Virtual network {here.id} already has a peering {peering.id} referencing {there.id}."
            raise Refused("AnotherPeeringAlreadyReferencesRemoteVnet", message)
        if clash := overlapping(_space(there), _space(other)):
            raise Refused(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                f"Cannot create or update peering {id_}. Address space {clash[0]} of {there.id} overlaps with"
                f" {clash[1]} of"
                f" {other.id}, which {here.id} is already peered with.",
            )
    _states_agree(context, inputs, here, there, id_)


def _keeps_its_remote(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        return
    before, after = get(context.old.outputs, "remoteVirtualNetwork.id"), get(inputs, "remoteVirtualNetwork.id")
    if not same_id(before, after):
        message = f"Peering {context.old.id} references {before}; changing the remote virtual network is not allowed."
        raise Refused("ChangingRemoteVirtualNetworkNotAllowed", message)  # own code


def _states_agree(context: Context, inputs: Inputs, here: Record, there: Record, id_: str) -> None:
    back = _back(context, here.id, there.id)
    if back is not None and back.outputs.get("peeringState") == "Disconnected":
        raise Refused(
            "RemotePeeringIsDisconnected",
            f"Cannot create or update peering {id_} because remote peering {back.id} referencing parent virtual network"
            f" {here.id} is in Disconnected state. Update or re-create the remote peering to get it back to"
            " Initiated state.",
        )
    if not inputs.get("useRemoteGateways"):
        return
    if _has_gateway(context, here.id):
        message = (
            f"Peering {id_} cannot have UseRemoteGateways flag set to true because {here.id} has a gateway of its own."
        )
        raise Refused("PeeringUseRemoteGatewaysNotAllowedWithLocalGateway", message)  # own code
    if not _has_gateway(context, there.id):
        raise Refused(
            "RemoteVnetHasNoGateways",
            f"Peering {id_} cannot have UseRemoteGateway flag set to true because remote virtual network {there.id}"
            " referenced by the peering does not have any gateways.",
        )
    if back is None or not back.outputs.get("allowGatewayTransit"):
        raise Refused(
            "RemotePeeringDoesNotAllowGatewayTransit",  # own code
            f"{id_} cannot have UseRemoteGateways flag set to true, because corresponding remote peering has"
            " AllowGatewayTransit flag set to false.",
        )


def _outputs(context: Context, inputs: Inputs) -> Outputs:
    here = parent_id(context.id)
    there = _network(context, str(get(inputs, "remoteVirtualNetwork.id")))
    back = _back(context, here, there.id)
    if back is not None:
        context.patch(back, peeringState="Connected", peeringSyncLevel="FullyInSync")
    return {
        "peeringState": "Connected" if back else "Initiated",
        "peeringSyncLevel": "FullyInSync" if back else "RemoteNotInSync",
        "remoteAddressSpace": dict(there.outputs.get("addressSpace") or {}),
        "remoteVirtualNetworkAddressSpace": dict(there.outputs.get("addressSpace") or {}),
    }


def disconnect_remote(context: Context, peering: Record) -> None:
    """Leave the other side behind, of no use until it is made again."""
    remote = str(get(peering.outputs, "remoteVirtualNetwork.id", ""))
    if (back := _back(context, parent_id(peering.id), remote)) is not None:
        with context.world.transaction():
            context.world.put(back.with_outputs({"peeringState": "Disconnected"}))


def _on_delete(context: Context) -> None:
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    remote = str(get(context.old.outputs, "remoteVirtualNetwork.id", ""))
    back = _back(context, parent_id(context.old.id), remote)
    if back is not None and back.outputs.get("useRemoteGateways"):
        message = f"Peering {context.old.id} cannot be deleted: remote peering {back.id} uses its gateway."
        raise Refused("PeeringInUseByRemoteGatewayTransit", message)  # own code
    disconnect_remote(context, context.old)


def _keys(inputs: Inputs) -> list[str]:
    # A peering writes to both networks.
    remote = str(get(inputs, "remoteVirtualNetwork.id", ""))
    here = write_key(inputs["resourceGroupName"], "virtualNetworks", inputs["virtualNetworkName"])
    group = remote.split("/")[4] if remote.count("/") >= 8 else ""
    return [here, write_key(group, "virtualNetworks", last_name(remote))]


_PEERING = arm_kind(
    PEERING,
    "Microsoft.Network/virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings/{virtualNetworkPeeringName}",
    parent=_NETWORK,
    location=False,
    tags=False,
    name_pattern=r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w",
    copies_name=True,
    admits=(_keeps_its_remote, _fits),
    compute=_outputs,
    computed=("peeringState", "peeringSyncLevel", "remoteAddressSpace", "remoteVirtualNetworkAddressSpace"),
    volatile=("peeringState", "peeringSyncLevel"),
    defaults={
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": False,
        "allowGatewayTransit": False,
        "useRemoteGateways": False,
    },
    on_delete=_on_delete,
    exclusive=_keys,
    duration=Duration(create=15, update=10, delete=10),
)
KINDS = (_PEERING,)
