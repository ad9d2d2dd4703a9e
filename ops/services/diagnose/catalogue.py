"""All checks, in the order in which one thing can be the cause of another: what stands earlier explains what is later.

Power and networks first, then Cilium's programs, then how they are set up, then what they do with each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import RefusedError
from ops.services.diagnose.checks import (
    access,
    agents,
    api_servers,
    capacity,
    certificates,
    cluster_ids,
    connections,
    datapath,
    kubelets,
    kvstoremesh,
    links,
    maximum,
    mesh_servers,
    mtu,
    node_ports,
    nodes,
    openings,
    operators,
    peers,
    permissions,
    pod_ranges,
    policies,
    quotas,
    readings,
    service_ranges,
    services,
    stale,
    versions,
    webhooks,
    wireguard,
    workloads,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.services.diagnose.finding import Check

CHECKS: tuple[Check, ...] = tuple(
    module.CHECK
    for module in (
        *(access, api_servers, nodes, links, agents, kubelets, operators),
        *(cluster_ids, maximum, certificates, peers, node_ports, mesh_servers, kvstoremesh, openings),
        *(pod_ranges, service_ranges, datapath, mtu, wireguard, versions, webhooks, capacity),
        *(quotas, permissions, workloads, connections, stale, services, policies, readings),
    )
)


def choose(names: Sequence[str]) -> tuple[Check, ...]:
    """Give the checks of some names; all for none.

    Raises
    ------
    RefusedError
        If there is none of a name.
    """
    known = {check.id: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise RefusedError(f"there is no check {name!r}", f"one of {', '.join(known)}")
    return tuple(known[name] for name in known if not names or name in names)
