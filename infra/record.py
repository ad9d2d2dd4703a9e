"""What cannot change after the first deployment. A stack exports it; the next run compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.plan import AwsSitePlan, FleetPlan, VpnLinkPlan
from infra.problems import Finding, Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.scopes import Scope

_WHY = {
    "maxClusters": "Cilium fixes it at the first install of every cluster",
    "profile": "every workload of every cluster would lose its address at once",
    "id": "every identity and tunnel of the running cluster carries it",
    "podCidr": "running pods have addresses from it",
    "serviceCidr": "EKS and AKS fix it when they make a cluster",
    "site": "a cluster cannot move to another network",
    "cidr": "nodes, gateways and routes have addresses from it",
    "region": "a network cannot move",
    "asn": "AWS fixes it when it makes a gateway",
    "slot": "the running tunnels have addresses from it",
}


def fixed_fields(plan: FleetPlan, scope: Scope) -> dict[str, Any]:
    """Give what a stack's first deployment fixes for ever: plain values, for a stack output.

    Planned values are in it as well as pinned ones: it is what runs that counts.
    """
    sites: dict[str, Any] = {}
    for name in scope.sites:
        site = plan.sites[name]
        sites[name] = {"cidr": str(site.cidr), "region": site.region}
        if isinstance(site, AwsSitePlan) and site.gateway:
            sites[name]["asn"] = site.asn
    clusters = {
        name: {
            "id": plan.clusters[name].id,
            "site": plan.clusters[name].site,
            "podCidr": str(plan.clusters[name].pod_cidr or ""),
            "serviceCidr": str(plan.clusters[name].service_cidr),
        }
        for name in scope.clusters
    }
    links = {name: {"slot": link.slot} for name in scope.links if isinstance(link := plan.links[name], VpnLinkPlan)}
    return {
        "mesh": {"maxClusters": plan.mesh.max_clusters, "profile": plan.mesh.profile},
        "sites": sites,
        "clusters": clusters,
        "links": links,
    }


def changed(before: dict[str, Any], plan: FleetPlan, scope: Scope) -> tuple[Finding, ...]:
    """Find fixed fields that the plan would change. What was removed or added is no change.

    Parameters
    ----------
    before
        What :func:`fixed_fields` gave when the stack was last deployed.
    """
    return tuple(_compare((), before, fixed_fields(plan, scope), plan))


def _compare(path: Path, before: Any, now: Any, plan: FleetPlan) -> Iterator[Finding]:  # noqa: ANN401 - plain data
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before:
            if key in now:
                yield from _compare((*path, key), before[key], now[key], plan)
    elif before != now:
        yield Finding(
            path=_in_file(path, plan),
            message=f"cannot change from {_plain(before)} to {_plain(now)} once deployed: {_WHY[str(path[-1])]}",
            fix=f"{path[-1]}: {_plain(before)}, or another name and a new {str(path[0]).rstrip('s')}",
        )


def _in_file(path: Path, plan: FleetPlan) -> Path:
    """Turn a link's name into its place in the list."""
    if path[0] != "links":
        return path
    ends = set(plan.links[str(path[1])].sites)
    index = next(number for number, link in enumerate(plan.fleet.links) if set(link.sites) == ends)
    return ("links", index, *path[2:])


def _plain(value: object) -> str:
    # A stack's outputs come back as JSON numbers: 64512.0 is 64512.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) or "none"
