"""Ids, names and places of Azure resources.

Azure compares ids, resource groups and locations without case, and takes ``West Europe`` for ``westeurope``.
"""

from __future__ import annotations

import re
from typing import Final

ZONED_REGIONS: Final = frozenset(
    [
        "australiaeast",
        "austriaeast",
        "belgiumcentral",
        "brazilsouth",
        "canadacentral",
        "centralindia",
        "centralus",
        "chilecentral",
        "eastasia",
        "eastus",
        "eastus2",
        "francecentral",
        "germanywestcentral",
        "indonesiacentral",
        "israelcentral",
        "italynorth",
        "japaneast",
        "japanwest",
        "koreacentral",
        "malaysiawest",
        "mexicocentral",
        "newzealandnorth",
        "northeurope",
        "norwayeast",
        "polandcentral",
        "qatarcentral",
        "southafricanorth",
        "southcentralus",
        "southeastasia",
        "spaincentral",
        "swedencentral",
        "switzerlandnorth",
        "uaenorth",
        "uksouth",
        "westeurope",
        "westus2",
        "westus3",
    ]
)
"""Regions with availability zones (learn.microsoft.com/azure/reliability/regions-list)."""

REGIONS: Final = ZONED_REGIONS | frozenset(
    [
        "australiacentral",
        "australiasoutheast",
        "canadaeast",
        "francesouth",
        "germanynorth",
        "jioindiawest",
        "koreasouth",
        "northcentralus",
        "norwaywest",
        "southafricawest",
        "southindia",
        "swedensouth",
        "switzerlandwest",
        "uaecentral",
        "ukwest",
        "westcentralus",
        "westindia",
        "westus",
    ]
)
"""Every region the simulated subscription may use."""

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def place(location: str) -> str:
    """Give a location as Azure stores it: lower case, without spaces."""
    return location.replace(" ", "").lower()


def same_id(one: object, other: object) -> bool:
    """Whether two ids name the same resource."""
    return isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()


def last_name(id_: str) -> str:
    """Name of the resource: the last segment of its id."""
    return id_.rstrip("/").rpartition("/")[2]


def group_name(id_: str) -> str:
    """Resource group that the id lies in; empty if in none."""
    found = re.match(r"/subscriptions/[^/]+/resourceGroups/([^/]+)", id_, re.IGNORECASE)
    return found[1] if found else ""


def parent_id(id_: str) -> str:
    """Id of the resource that this one is a child of: the id without its last type and name."""
    return id_.rstrip("/").rsplit("/", 2)[0]


def covers(scope: str, id_: str) -> bool:
    """Whether a scope (subscription, resource group or resource) holds the id, or is it."""
    outer, inner = scope.rstrip("/").casefold(), id_.rstrip("/").casefold()
    return inner == outer or inner.startswith(outer + "/")


def write_key(*names: object) -> str:
    """Key of something that Azure lets only one operation write to at a time."""
    return "azure:" + "/".join(str(name).casefold() for name in names)


def write_key_of(id_: str) -> str:
    """Give the same key as `write_key` from an id: resource group, type, name."""
    kind, name = id_.rstrip("/").rsplit("/", 2)[1:]
    return write_key(group_name(id_), kind, name)
