"""Whether services have addresses of the planned ranges."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find global services whose cluster address is not of their cluster's range."""
    for name, (cluster, view) in case.clusters.items():
        strange = {
            f"{service.namespace}/{service.name}": service.cluster_ip
            for service in view.services.get(())
            if (address := _address(service.cluster_ip)) is not None and address not in cluster.service_cidr
        }
        if not strange:
            continue
        told = ", ".join(f"{service} has {address}" for service, address in sorted(strange.items()))
        yield Finding(
            about=(name,),
            saw=f"services of {name} are outside its planned range {cluster.service_cidr}: {told}",
            why="the cluster was made with another service range, which may be one that nodes or pods elsewhere have: "
            "calls to those would end at the service",
            run=case.commands.kubectl(name, "get services -A"),
            needs=frozenset({things.api(name)}),
        )


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except AddressValueError:
        # A headless service has none.
        return None


CHECK = Check(
    id="service-ranges",
    title="Services have addresses of their cluster's range",
    covers="a service CIDR that is not the planned one",
    look=look,
)
