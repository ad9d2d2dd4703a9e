"""Whether all clusters carry packets in one and the planned way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.observe.cilium import CiliumConfig

_REFUSED = {
    "enable-host-firewall": "with a tunnel and WireGuard it drops the first connection to load balancers and node "
    "ports (cilium/cilium#31209)",
    "encrypt-node": "encryption between nodes drops fragments, and breaks the first connection to node ports "
    "(cilium/cilium#37919, #31209)",
}


def look(case: Case) -> Iterator[Finding]:
    """Find clusters that differ from the rest, or from the plan, in routing, tunnel or encryption."""
    mesh = case.plan.mesh
    planned = {
        "routing-mode": "tunnel" if mesh.profile == "overlay" else "native",
        "tunnel-protocol": "geneve" if mesh.profile == "overlay" else "",
        "encryption": mesh.encryption.type,
    }
    places = {"routing-mode": "routingMode", "tunnel-protocol": "tunnelProtocol", "encryption": "encryption.enabled"}
    configs = {name: config for name in case.meshed if (config := case.clusters[name][1].config.value) is not None}
    for setting, wanted in planned.items():
        found = {name: _setting(config, setting) for name, config in configs.items()}
        free = places[setting] in case.differs
        # Where the place is meant to differ from the plan, its clusters still have to be alike.
        expected = _most(list(found.values())) if free else wanted
        for name, value in found.items():
            if value != expected:
                yield Finding(
                    about=(name,),
                    saw=f"{name} has {setting} {value or 'none'}; "
                    f"{'the others have' if free else 'planned is'} {expected or 'none'}",
                    why="all clusters of a mesh need one datapath: packets between pods are dropped, or not "
                    "understood, at the other end",
                    run=case.commands.kubectl(name, "--namespace kube-system get configmap cilium-config -o yaml"),
                    needs=frozenset({things.api(name)}),
                )
    for name, config in configs.items():
        for key, why in _REFUSED.items():
            if config.data.get(key) == "true":
                yield Finding(
                    severity="warning",
                    about=(name,),
                    saw=f"{name} has {key} on",
                    why=why,
                    run=case.commands.kubectl(name, "--namespace kube-system get configmap cilium-config -o yaml"),
                    needs=frozenset({things.api(name)}),
                )


def _setting(config: CiliumConfig, name: str) -> str:
    return {"routing-mode": config.routing, "tunnel-protocol": config.tunnel, "encryption": config.encryption}[name]


def _most(values: list[str]) -> str:
    return max(values, key=values.count, default="")


CHECK = Check(
    id="datapath",
    title="All clusters have one datapath, the planned one",
    covers="different routing, tunnel or encryption; host firewall or node encryption switched on",
    look=look,
)
