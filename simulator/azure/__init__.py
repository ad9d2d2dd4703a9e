"""Kinds of the simulated Azure: what Azure Resource Manager refuses, computes and deletes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.naming import GUID
from simulator.context import SUBSCRIPTION
from simulator.kind import Failure, Inputs, Invoke, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SERVICES: Final = (
    "resource_group", "vnet", "subnet", "peering", "public_ip", "nat_gateway", "nsg", "routes",
    "vpn_gateway", "local_gateway", "vpn_connection", "watcher", "private_dns", "identity", "roles", "keyvault",
    "disk_encryption", "aks", "agent_pool", "credentials", "monitor", "storage",
)  # fmt: skip

_MODULES = tuple(import_module(f"simulator.azure.{service}") for service in _SERVICES)
KINDS: tuple[Kind, ...] = tuple(kind for module in _MODULES for kind in getattr(module, "KINDS", ()))
INVOKES: tuple[Invoke, ...] = tuple(invoke for module in _MODULES for invoke in getattr(module, "INVOKES", ()))


def scope(config: Mapping[str, Any], inputs: Inputs) -> str:
    """Where a resource lives: the subscription; ids are unique in it whatever their region."""
    del inputs
    return str(config.get("subscriptionId") or SUBSCRIPTION).lower()


def check_config(config: Mapping[str, Any]) -> Iterable[Failure]:
    """Refuse subscription and tenant ids that are no GUIDs."""
    for name in ("subscriptionId", "tenantId"):
        given = config.get(name)
        if isinstance(given, str) and given and not GUID.fullmatch(given):
            yield Failure(name, f"'{given}' is not a GUID")
