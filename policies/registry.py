"""All rules, by family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policies.at_rest import aws_storage, azure_storage, keys, kubernetes_storage
from policies.audit import logs
from policies.exposure import azure_firewalls, control_planes, firewalls, load_balancers, nodes, storage
from policies.identity import azure, iam, kubernetes, secrets_marked
from policies.in_transit import aws_tunnels, azure_tunnels, cilium_traffic, listeners, tunnel_ends
from policies.mesh import membership, network, peers
from policies.rule import Rule
from policies.tags import required
from policies.workloads import charts, namespaces, pods

if TYPE_CHECKING:
    from types import ModuleType

_MODULES: Final = (
    *(keys, aws_storage, azure_storage, kubernetes_storage),
    *(aws_tunnels, azure_tunnels, tunnel_ends, cilium_traffic, listeners),
    *(control_planes, firewalls, azure_firewalls, nodes, load_balancers, storage),
    *(iam, azure, kubernetes, secrets_marked),
    *(pods, namespaces, charts),
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
