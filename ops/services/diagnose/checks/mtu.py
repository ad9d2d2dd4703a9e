"""Whether packets as large as nodes send them pass every link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.places import largest, ways_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find links that lose large packets, and clusters whose nodes send larger ones than planned."""
    for link in case.plan.links.values():
        planned = largest(case.plan, link)
        told = [text for start, end in (link.sites, link.sites[::-1]) if (text := _narrow(case, start, end, planned))]
        if told:
            yield Finding(
                about=(link.name,),
                saw=f"{'; '.join(told)}; the mesh sends packets of up to {planned}",
                why="small calls work, large ones hang: what is cut up on the way is dropped",
                run=case.commands.link(case.plan, link.name),
                needs=frozenset({things.link(link.name)}),
                # A new connection between mesh API servers begins with packets as large as those.
                breaks=ways_over(case.plan, link),
            )
    for name in case.meshed:
        config = case.clusters[name][1].config.value
        if config is None or config.mtu == case.plan.mesh.mtu:
            continue
        yield Finding(
            about=(name,),
            saw=f"{name} has the MTU {config.mtu or '0 (that of the interfaces)'}; planned is {case.plan.mesh.mtu}",
            why="its packets are larger than a link carries: small calls to other clusters work, large ones hang"
            if not config.mtu or config.mtu > case.plan.mesh.mtu
            else "its packets are smaller than need be",
            run=case.commands.kubectl(
                name, "--namespace kube-system get configmap cilium-config -o jsonpath='{.data.mtu}'"
            ),
            needs=frozenset({things.api(name)}),
        )


def _narrow(case: Case, start: str, end: str, planned: int) -> str:
    """Say how large packets pass from one site to another, where that is less than planned; else nothing."""
    addresses = [a for name in case.clusters if case.site(name) == end for a in case.nodes[name].values()]
    ears = case.ears(site=start).values()
    passed = max((max(heard.echoes[a]) for heard in ears for a in addresses if heard.echoes.get(a)), default=planned)
    if passed >= planned:
        return ""
    routers = {heard.too_large[a] for heard in ears for a in addresses if a in heard.too_large}
    said = ", ".join(f"router {router} says that it carries {mtu}" for router, mtu in sorted(routers))
    return f"from {start} to {end} packets of {passed} octets pass, larger ones do not{f' ({said})' if said else ''}"


CHECK = Check(
    id="mtu",
    title="Packets of the planned size pass every link",
    covers="a link that carries less than planned, a cluster with another MTU",
    look=look,
)
