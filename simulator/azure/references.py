"""References between Azure resources, and how ARM refuses to delete what is referred to."""

from __future__ import annotations

from typing import Any, Final

from simulator.kind import Reference

_IN_USE: Final = {
    "azure-native:network:Subnet": (
        "InUseSubnetCannotBeDeleted",
        (
            "Subnet {target} is in use by {source} and cannot be deleted. In order to delete the subnet, delete all the"
            " resources within the subnet."
        ),
    ),
    "azure-native:network:PublicIPAddress": (
        "PublicIPAddressCannotBeDeleted",
        "Public IP address {target} can not be deleted since it is still allocated to resource {source}.",
    ),
    "azure-native:network:PublicIPPrefix": (
        "InUsePublicIpPrefixCannotBeDeleted",
        "Public IP prefix {target} cannot be deleted since it is in use by {source}.",
    ),
    "azure-native:network:NatGateway": (
        "InUseNatGatewayCannotBeDeleted",
        "NAT gateway {target} cannot be deleted because it is in use by {source}.",
    ),
    "azure-native:network:NetworkSecurityGroup": (
        "InUseNetworkSecurityGroupCannotBeDeleted",
        "Network security group {target} cannot be deleted because it is in use by the following resources: {source}.",
    ),
    "azure-native:network:RouteTable": (
        "InUseRouteTableCannotBeDeleted",
        "Route table {target} is in use and cannot be deleted. It is used by {source}.",
    ),
    "azure-native:network:VirtualNetworkGateway": (
        "VirtualNetworkGatewayCannotBeDeleted",
        "Virtual network gateway {target} cannot be deleted: connection {source} still refers to it.",
    ),
    "azure-native:network:LocalNetworkGateway": (
        "LocalNetworkGatewayCannotBeDeleted",  # own code
        "Local network gateway {target} cannot be deleted: connection {source} still refers to it.",
    ),
    "azure-native:compute:DiskEncryptionSet": (
        "DiskEncryptionSetInUse",  # own code
        "Disk encryption set {target} is in use by {source} and cannot be deleted.",
    ),
}


def refers(path: str, kind: str, *, blocks: bool = True, **changes: object) -> Reference:
    """Make the reference of an input to another resource by its id, with ARM's words for a missing or busy one."""
    code, message = _IN_USE.get(kind, ("ResourceInUse", "Resource {target} is in use by {source}."))
    message_of_missing = (
        "Resource {value} referenced by {path} was not found. Please make sure that the referenced resource exists, and"
        " that both resources are in the same region."
    )
    settings: dict[str, Any] = {
        "code": "InvalidResourceReference",
        "message": message_of_missing,
        "status": 400,
        "blocks_delete": blocks and kind in _IN_USE,
        "blocks_code": code,
        "blocks_message": message,
    }
    return Reference(path, kind, **{**settings, **changes})
