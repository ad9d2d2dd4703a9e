"""What a reply means for a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ops.services.connectivity.plan import LARGE_OCTETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.kubernetes_ports import Drop, Failure, Pod, Reply
    from ops.services.connectivity.plan import Case, Probe

Outcome = Literal["passed", "failed", "untried"]

POLICY = frozenset({"POLICY_DENIED", "POLICY_DENY"})
"""Cilium's reasons that are a network policy's doing."""

STALL = 0.8
ROUNDS = 6
"""A large request may take ``STALL`` seconds, and ``ROUNDS`` times what a small one takes.

A sender whose full packets vanish without a word finds a smaller size after four time-outs (0.2 + 0.4 + 0.8 + ... s;
``tcp_mtu_probing`` 1, which Cilium sets); a sender whose packets pass needs six or seven round trips for 900 kB.
"""

WORDS: dict[Failure, str] = {
    "name": "the name does not resolve",
    "silent": "no answer",
    "refused": "connection refused",
    "unreachable": "unreachable",
    "cut": "connected, then cut off",
    "probe": "could not be tried",
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """A case, judged.

    Parameters
    ----------
    kind
        That of the case, or ``outside``.
    told
        What came of it.
    verdict
        What an agent said of its packets; empty where none did.
    seconds
        How long it took.
    """

    kind: str
    source: str
    destination: str
    expected: str
    outcome: Outcome
    told: str
    verdict: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known besides the replies.

    Parameters
    ----------
    pods
        Every pod that is ready, in all clusters.
    addresses
        Where the packets of a probe may have been headed, by probe.
    sources
        The pod that each probe was made from.
    drops
        All that the agents dropped meanwhile.
    silent_agents
        Why an agent could not be asked, by (cluster, node).
    balanced
        Clusters that calls to a service reached, as the agent of the caller's node saw it; where the answers do not
        tell.
    """

    pods: tuple[Pod, ...]
    addresses: Mapping[Probe, frozenset[str]]
    sources: Mapping[Probe, Pod]
    drops: tuple[Drop, ...]
    silent_agents: Mapping[tuple[str, str], str]
    balanced: Mapping[Probe, frozenset[str]]

    def dropped(self, probe: Probe) -> Drop | None:
        """Find the drop of a probe's packets, a policy's first."""
        source = self.sources[probe].address
        found = [
            drop
            for drop in self.drops
            if drop.source == source and drop.port == probe.port and drop.destination in self.addresses[probe]
        ]
        return min(found, key=lambda drop: drop.reason not in POLICY, default=None)

    def clusters(self, component: str, answer: str) -> frozenset[str]:
        """Say in which clusters a pod of that name answers for a component; none where it is no pod's name."""
        return frozenset(
            pod.place.cluster for pod in self.pods if pod.name == answer and pod.place.component == component
        )


def judge(case: Case, reply: Reply, evidence: Evidence) -> Result:
    """Hold a reply against what was expected."""
    if reply.failure == "probe":
        return _result(case, reply, "untried", reply.told)
    drop = evidence.dropped(case.probe)
    verdict = f"{drop.reason} ({drop.direction}, {drop.node})" if drop else ""
    if case.kind == "name":
        # Where nothing answered, a packet that was on its way to the service's address shows that it was known.
        resolves = reply.failure not in {"name", "silent"} or drop is not None
        return _result(case, reply, "passed" if resolves else "failed", "resolves" if resolves else _said(reply))
    if case.kind == "denied":
        return _denied(case, reply, evidence, drop, verdict)
    if reply.failure == "silent" and reply.octets:
        told = f"no answer to {reply.octets / 1000:.0f} kB, while small requests pass: full packets get lost"
        return _result(case, reply, "failed", told, verdict)
    if reply.failure is not None:
        before = f"after {len(reply.answers)} of {case.probe.calls} answers: " if case.probe.calls > 1 else ""
        return _result(case, reply, "failed", before + _said(reply), verdict)
    return _answered(case, reply, evidence)


def expectation(case: Case) -> str:
    """Say what has to come of a case."""
    match case.kind:
        case "flow":
            return "answered"
        case "denied":
            return "refused by policy"
        case "prefer":
            return f"only {case.answers[0]} answers"
        case "split":
            return f"{' and '.join(case.answers)} answer"
        case "name":
            return "resolves"
        case "large":
            return f"{case.probe.calls * LARGE_OCTETS / 1e6:.1f} MB over {case.link}"


def _denied(case: Case, reply: Reply, evidence: Evidence, drop: Drop | None, verdict: str) -> Result:
    if reply.failure is None:
        return _result(case, reply, "failed", f"answered by {', '.join(_by(case, reply, evidence))}")
    if reply.failure == "name":
        return _result(case, reply, "failed", f"{_said(reply)}, so it shows nothing")
    if reply.failure == "cut":
        return _result(case, reply, "failed", _said(reply), verdict)
    if drop is not None and drop.reason in POLICY:
        return _result(case, reply, "passed", WORDS[reply.failure], verdict)
    pod = evidence.sources[case.probe]
    dumb = evidence.silent_agents.get((pod.place.cluster, pod.node))
    why = f"the agent of {pod.node} could not be asked: {dumb}" if dumb else "no agent tells of a policy that did it"
    return _result(case, reply, "untried" if dumb else "failed", f"{WORDS[reply.failure]}, but {why}", verdict)


def _answered(case: Case, reply: Reply, evidence: Evidence) -> Result:
    told = f"answered by {', '.join(_by(case, reply, evidence))}"
    known = [found for answer in reply.answers if (found := evidence.clusters(case.probe.target.component, answer))]
    if case.kind in {"prefer", "split"} and len(known) < len(reply.answers):
        seen = evidence.balanced.get(case.probe)
        if not seen:
            return _result(case, reply, "untried", "neither the component nor the agent tells which pod answered")
        told = f"answered in {', '.join(sorted(seen))}, as the agent saw"
        known = [frozenset({cluster}) for cluster in seen]
    wrong = sorted({cluster for found in known if not found & set(case.answers) for cluster in found})
    if wrong:
        return _result(case, reply, "failed", told)
    if case.kind == "split":
        missing = [name for name in case.answers if not any(found == {name} for found in known)]
        if missing:
            return _result(case, reply, "failed", f"{told}; never by {', '.join(missing)}")
    if case.kind == "large":
        return _large(case, reply, known=bool(known))
    return _result(case, reply, "passed", told)


def _large(case: Case, reply: Reply, *, known: bool) -> Result:
    told = f"{case.probe.calls} x {reply.octets / 1000:.0f} kB in {reply.seconds:.2f} s"
    if reply.told:
        return _result(case, reply, "failed", f"{told}: {reply.told}")
    # A component of the user's own may answer before it has read everything.
    if reply.octets < case.probe.octets:
        told += "; the component takes no larger request"
    return _result(case, reply, "passed", told if known else f"{told}, or as much as the component reads")


def _by(case: Case, reply: Reply, evidence: Evidence) -> list[str]:
    """Count who answered: ``aws-1 x 20``."""
    counts: dict[str, int] = {}
    for answer in reply.answers:
        found = evidence.clusters(case.probe.target.component, answer)
        name = " or ".join(sorted(found)) or "a pod that does not tell its name"
        counts[name] = counts.get(name, 0) + 1
    return [name if len(reply.answers) == 1 else f"{name} x {count}" for name, count in sorted(counts.items())]


def _said(reply: Reply) -> str:
    words = WORDS[reply.failure] if reply.failure else ""
    return f"{words} ({reply.told})" if reply.told else words


def _result(case: Case, reply: Reply, outcome: Outcome, told: str, verdict: str = "") -> Result:
    return Result(
        kind=case.kind,
        source=case.source,
        destination=case.destination,
        expected=expectation(case),
        outcome=outcome,
        told=told,
        verdict=verdict,
        seconds=reply.seconds,
    )
