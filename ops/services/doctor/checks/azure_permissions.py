"""Whether the caller may do on Azure what the program does: the caller's effective permissions on the subscription."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from infra.scopes import scope_of
from ops.services.doctor.azure_operations import IN_CLUSTERS, needed
from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops.services.doctor.case import Case

_SHOWN = 12
_ROLES = "Microsoft.Authorization/roleAssignments/"


def _probes(case: Case) -> Iterator[Probe]:
    if "azure" in case.clouds:
        yield Probe(subject="Azure permissions", look=partial(_look, case))


def _look(case: Case) -> list[Finding]:
    wanted = needed(case.plan, scope_of(case.plan, case.sites))
    permissions = case.azure.permissions()
    operations = sorted({operation for many in wanted.values() for operation in many})
    denied = [
        operation
        for operation in operations
        if not any(_covers(each.actions, each.not_actions, operation) for each in permissions)
    ]
    scope = f"--assignee PRINCIPAL --scope /subscriptions/{case.azure.account().subscription}"
    found = [good("Azure permissions", f"all {len(operations)} operations are allowed")] if not denied else []
    if roles := [operation for operation in denied if operation.startswith(_ROLES)]:
        found.append(
            bars(
                "Azure role assignments",
                f"not allowed: {', '.join(roles)}",
                f'az role assignment create --role "Role Based Access Control Administrator" {scope}',
                "clusters and disks get roles on networks and keys; Contributor may not give them",
            )
        )
    if others := [operation for operation in denied if not operation.startswith(_ROLES)]:
        named = ", ".join(others[:_SHOWN]) + (f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else "")
        found.append(
            bars(
                "Azure permissions",
                f"not allowed on the whole subscription: {named}",
                f"az role assignment create --role Contributor {scope}",
                "each site is a new resource group, so a role on another one does not help",
            )
        )
    if wanted and not _inside(case):
        found.append(
            look(
                "Azure, inside clusters",
                "no role that may write everything in Kubernetes on AKS",
                f'az role assignment create --role "Azure Kubernetes Service RBAC Cluster Admin" {scope}',
                "local accounts are off in AKS, so Azure's roles decide there too: Owner alone may install nothing",
            )
        )
    return found


def _inside(case: Case) -> bool:
    return all(
        any(_covers(each.data_actions, each.not_data_actions, action) for each in case.azure.permissions())
        for action in IN_CLUSTERS
    )


def _covers(patterns: Iterable[str], but: Iterable[str], operation: str) -> bool:
    """Say whether a role gives an operation: what one role leaves out, another may give."""
    return _matches(patterns, operation) and not _matches(but, operation)


def _matches(patterns: Iterable[str], operation: str) -> bool:
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), operation, re.IGNORECASE) for pattern in patterns)


CHECK = Check(
    name="azure-permissions",
    why="the engine learns of a denied operation only when it comes to it, up to an hour into a deployment",
    probes=_probes,
)
