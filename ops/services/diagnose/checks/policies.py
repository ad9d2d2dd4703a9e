"""Whether network policies are valid, and admit the flows that cross clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from infra.network_policies import CLUSTER_KEY
from infra.workloads import flow_matrix, namespace_of
from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding
from ops.services.diagnose.selectors import NAMESPACE, labels_of, names_cluster, selects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.services.diagnose.case import Case
    from ops.services.observe.kubernetes import Policy

Direction = Literal["ingress", "egress"]
_DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")

_LOCAL = "policy-default-local-cluster"
"""Setting by which a selector that says nothing of clusters means the own one: the default since Cilium 1.19."""

_CILIUM = {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}


@dataclass(frozen=True)
class _Rule:
    """One selector of peers in a policy."""

    policy: Policy
    subject: Mapping[str, Any]
    peers: Mapping[str, Any]

    def is_about(self, component: str, cluster: str) -> bool:
        """Say whether it is about pods of a component of its cluster."""
        own = self.policy.namespace in {"", namespace_of(component)}
        return own and selects(self.subject, labels_of(component, cluster))

    def means(self, component: str, cluster: str) -> bool:
        """Say whether it would mean pods of a component, if it said nothing of clusters."""
        labels = labels_of(component, cluster)
        selector = dict(self.peers)
        if self.policy.namespace and not any(NAMESPACE in key for key in selector.get("matchLabels") or {}):
            # Without a namespace a selector means its own.
            selector["matchLabels"] = {**(selector.get("matchLabels") or {}), NAMESPACE: self.policy.namespace}
        return selects(selector, labels)

    def admits(self, component: str, cluster: str, own: str) -> bool:
        """Say whether it means pods of a component in a cluster, itself being in another."""
        return self.means(component, cluster) and (names_cluster(self.peers) or cluster == own)


@dataclass(frozen=True)
class _Flow:
    """A component of the own cluster, and one of another cluster with which it has to do, or must not."""

    subject: str
    peer: str
    cluster: str
    declared: bool


def look(case: Case) -> Iterator[Finding]:
    """Find policies that Cilium refuses, and flows from other clusters that no policy admits for want of a label."""
    for name, (_, view) in case.clusters.items():
        invalid = [each for each in view.policies.get(()) if each.valid]
        for policy in invalid:
            yield Finding(
                about=(name, policy.name),
                saw=f"Cilium refuses {_named(policy)} of {name}: {policy.valid}",
                why="none of its rules is in force",
                run=case.commands.kubectl(name, f"{_place(policy)} get {policy.kind.lower()} {policy.name} -o yaml"),
                needs=frozenset({things.api(name)}),
            )
        config = view.config.value
        if config is not None and config.data.get(_LOCAL, "true") == "true":
            yield from _local(case, name)


def _local(case: Case, own: str) -> Iterator[Finding]:
    policies = [each for each in case.clusters[own][1].policies.get(()) if each.kind in _CILIUM and not each.valid]
    for direction in _DIRECTIONS:
        rules = list(_rules(policies, direction))
        flows = _flows(case, own, direction)
        for rule in (each for each in rules if not names_cluster(each.peers)):
            meant = [each for each in flows if rule.is_about(each.subject, own) and rule.means(each.peer, each.cluster)]
            for peer in dict.fromkeys(each.peer for each in meant):
                dropped = [
                    each
                    for each in meant
                    if each.peer == peer and each.declared and not any(_admits(other, each, own) for other in rules)
                ]
                elsewhere = own not in case.plan.fleet.components[peer].clusters
                if dropped or elsewhere:
                    yield _finding(case, own, rule, peer, dropped)


def _admits(rule: _Rule, flow: _Flow, own: str) -> bool:
    return rule.is_about(flow.subject, own) and rule.admits(flow.peer, flow.cluster, own)


def _finding(case: Case, own: str, rule: _Rule, peer: str, dropped: list[_Flow]) -> Finding:
    policy = rule.policy
    where = ", ".join(case.plan.fleet.components[peer].clusters)
    lost = ", ".join(sorted({f"{each.cluster}/{peer} and {own}/{each.subject}" for each in dropped}))
    return Finding(
        severity="error" if dropped else "warning",
        about=(own, policy.name),
        saw=f"{_named(policy)} of {own} selects {peer} without the label {CLUSTER_KEY}, "
        + (
            f"and no other policy admits what is declared between {lost}"
            if dropped
            else f"and {peer} runs in {where} alone"
        ),
        why="since Cilium 1.19 such a selector means the own cluster alone: "
        + ("the flow is dropped" if dropped else "the rule admits nobody"),
        run=case.commands.kubectl(own, f"{_place(policy)} edit {policy.kind.lower()} {policy.name}"),
        needs=frozenset({things.api(own)}),
    )


def _rules(policies: list[Policy], direction: Direction) -> Iterator[_Rule]:
    field = "fromEndpoints" if direction == "ingress" else "toEndpoints"
    for policy in policies:
        for spec in policy.specs:
            for rule in spec.get(direction) or ():
                for peers in rule.get(field) or ():
                    yield _Rule(policy, spec.get("endpointSelector") or {}, peers)


def _flows(case: Case, own: str, direction: Direction) -> list[_Flow]:
    """List what goes between a cluster's components and those of other clusters, as its policies see it."""
    return [
        _Flow(each.destination, each.source, each.source_cluster, each.allowed)
        if direction == "ingress"
        else _Flow(each.source, each.destination, each.destination_cluster, each.allowed)
        for each in flow_matrix(case.plan)
        if each.source_cluster != each.destination_cluster
        and own == (each.destination_cluster if direction == "ingress" else each.source_cluster)
    ]


def _named(policy: Policy) -> str:
    return f"{policy.kind} {'/'.join(filter(None, (policy.namespace, policy.name)))}"


def _place(policy: Policy) -> str:
    return f"--namespace {policy.namespace}" if policy.namespace else ""


CHECK = Check(
    id="policies",
    title="Network policies are valid, and admit the flows between clusters",
    covers="a policy without the cluster label, a policy that Cilium refuses",
    look=look,
)
