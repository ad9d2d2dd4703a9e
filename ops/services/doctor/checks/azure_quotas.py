"""Quotas of Azure, region by region, against what the fleet takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.errors import MissingError
from ops.services.doctor.finding import Check, Finding, Level, Probe, look, unknown
from ops.services.doctor.needs import Nodes
from ops.services.doctor.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.adapters.doctor_ports import Usage
    from ops.services.doctor.case import Case
    from ops.services.doctor.needs import AzureNeeds

_COMPUTE, _NETWORK = "Microsoft.Compute", "Microsoft.Network"
_ALL_CPUS = "cores"
_ADDRESSES = ("IPv4StandardSkuPublicIpAddresses", "StandardSkuPublicIpAddresses", "PublicIPAddresses")
"""Quotas that a standard public address counts on; which of the first two a region has differs."""

_NETWORKS = ("VirtualNetworks",)


def _probes(case: Case) -> Iterator[Probe]:
    for needs in case.azure_needs:
        region = needs.region
        yield Probe(
            subject=f"{region}: virtual networks",
            look=partial(_network, case, needs, "virtual networks", _NETWORKS),
        )
        yield Probe(
            subject=f"{region}: public IP addresses",
            look=partial(_network, case, needs, "public IP addresses", _ADDRESSES),
        )
        if needs.nodes:
            yield Probe(subject=f"{region}: vCPUs", look=partial(_cpus, case, needs))


def _network(case: Case, needs: AzureNeeds, what: str, names: tuple[str, ...]) -> list[Finding]:
    usages = case.azure.usages(_NETWORK, needs.region)
    found = [(name, usages[name.lower()]) for name in names if name.lower() in usages]
    if not found:
        raise MissingError(
            f"the usage of {_NETWORK} in {needs.region} names none of {', '.join(names)}",
            f"az network list-usages --location {needs.region} --output table",
        )
    need = needs.networks if names is _NETWORKS else needs.addresses
    why = "one for each site" if names is _NETWORKS else "one for a site's NAT gateway, two for its VPN gateway"
    return [
        _judged(case, needs, f"{what} ({name})", usage, Nodes(start=need, most=need), name, _NETWORK, why)
        for name, usage in found
    ]


def _cpus(case: Case, needs: AzureNeeds) -> list[Finding]:
    sizes = case.azure.sizes(needs.region)
    usages = case.azure.usages(_COMPUTE, needs.region)
    wanted: dict[str, Nodes] = {}
    total = Nodes(start=0, most=0)
    for size, nodes in needs.nodes.items():
        if size in sizes:  # one that the region does not have is told by the check of sizes
            cpus = sizes[size].cpus
            more = Nodes(start=nodes.start * cpus, most=nodes.most * cpus)
            wanted[sizes[size].family] = wanted.get(sizes[size].family, Nodes(start=0, most=0)) + more
            total += more
    why = "the nodes of all pools, as many as they begin with; later as many as they may grow to, and an upgrade's"
    findings = []
    for name, nodes in (*wanted.items(), (_ALL_CPUS, total)):
        what = "vCPUs in all" if name == _ALL_CPUS else f"vCPUs of {name}"
        usage = usages.get(name.lower())
        findings.append(
            _judged(case, needs, what, usage, nodes, name, _COMPUTE, why)
            if usage
            else unknown(
                f"{needs.region}: {what}",
                f"Azure names no such quota in {needs.region}",
                f"az vm list-usage --location {needs.region} --output table",
            )
        )
    return findings


def _judged(  # noqa: PLR0913, PLR0917 - a quota and its words
    case: Case, needs: AzureNeeds, what: str, usage: Usage, need: Nodes, name: str, namespace: str, why: str
) -> Finding:
    scope = f"/subscriptions/{case.azure.account().subscription}/providers/{namespace}/locations/{needs.region}"
    raised: Callable[[int], str] = lambda limit: (  # noqa: E731 - one expression, used once
        f"az quota update --resource-name {name} --scope {scope} --limit-object value={limit} "
        "(az extension add --name quota)"
    )
    found = Quota(
        subject=f"{needs.region}: {what}",
        limit=usage.limit,
        used=usage.used,
        start=need.start,
        most=need.most,
        raised=raised,
        why=why,
    ).judged()
    if found.level is Level.BARS and (groups := case.azure.groups(case.plan.name)):
        # Azure counts without saying whose: what stands there may be the fleet's own.
        return look(found.subject, f"{found.saw}; that counts what {', '.join(groups)} has", found.next, found.why)
    return found


CHECK = Check(
    name="azure-quotas",
    why="Azure refuses what is over a quota in the middle of a deployment, and raises it in minutes to days",
    probes=_probes,
)
