"""All rules, by family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.at_rest import aws_storage, azure_storage, keys, kubernetes_storage
from policies.audit import logs
from policies.exposure import azure_firewalls, control_planes, firewalls, load_balancers, nodes, storage
from policies.identity import azure, iam, key_policy, kubernetes, secrets_marked
from policies.in_transit import (
    aws_tunnels,
    azure_tunnels,
    cilium_traffic,
    cluster_network,
    listeners,
    tunnel_bgp,
    tunnel_ends,
)
from policies.mesh import membership, network, peers
from policies.rule import Rule
from policies.tags import required
from policies.workloads import charts, isolation, namespaces, pods

if TYPE_CHECKING:
    from types import ModuleType

_MODULES: Final = (
    *(keys, aws_storage, azure_storage, kubernetes_storage),
    *(aws_tunnels, azure_tunnels, tunnel_ends, tunnel_bgp, cluster_network, cilium_traffic, listeners),
    *(control_planes, firewalls, azure_firewalls, nodes, load_balancers, storage),
    *(iam, key_policy, azure, kubernetes, secrets_marked),
    *(isolation, pods, namespaces, charts),
    *(membership, network, peers),
    required,
    logs,
)


def _rules_of(module: ModuleType) -> tuple[Rule, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, Rule))


RULES: Final[tuple[Rule, ...]] = tuple(rule for module in _MODULES for rule in _rules_of(module))
"""In the order of the families, and in each in the order of the files."""

BY_ID: Final[dict[str, Rule]] = {rule.id: rule for rule in RULES}

if len(BY_ID) != len(RULES):
    raise AssertionError("two rules have one id")
