"""The way from one set of versions to another, as moves that are each one minor at most, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.checks.clusters import KUBERNETES_VERSIONS
from infra.checks.mesh import LEAST_PATCH
from ops.services.upgrade.rules import CILIUM, KUBELET_BEHIND, Refusal, Running
from ops.versions import minor, newest_first, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORDS = "one minor at a time"


@dataclass(frozen=True, kw_only=True)
class CiliumMove:
    """All clusters to one release of Cilium, those of one stack after the other.

    Parameters
    ----------
    before
        The versions that clusters have, the newest first.
    """

    before: tuple[str, ...]
    after: str


@dataclass(frozen=True, kw_only=True)
class KubernetesMove:
    """Control planes of some clusters to the next minor, and then their nodes."""

    clusters: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class NodesMove:
    """Nodes of some clusters to the version of their control planes."""

    clusters: Mapping[str, str]
    """To which minor, by cluster."""


Move = CiliumMove | KubernetesMove | NodesMove


def refusals(running: Mapping[str, Running], to_cilium: str | None, to_kubernetes: str | None) -> tuple[Refusal, ...]:
    """Say what stands against a way at all, before one is looked for."""
    return (
        *_mixed(running),
        *(_cilium(running, to_cilium) if to_cilium else ()),
        *(_kubernetes(running, to_kubernetes) if to_kubernetes else ()),
    )


def find(
    running: Mapping[str, Running], to_cilium: str | None, to_kubernetes: str | None
) -> tuple[tuple[Move, ...], Refusal | None]:
    """Find the way, Cilium before Kubernetes where both can go next: the newer Cilium knows the newer Kubernetes.

    Parameters
    ----------
    running
        Versions by cluster, against which :func:`refusals` has nothing.
    to_cilium, to_kubernetes
        Where to; None to stay.

    Returns
    -------
    The moves, and what stands in the way after them if it does not lead there.
    """
    moves: list[Move] = []
    if lagging := {name: it.kubernetes for name, it in running.items() if set(it.nodes) != {it.kubernetes}}:
        # A control plane only goes on once its nodes are with it: so they are never more than a minor behind.
        moves.append(NodesMove(clusters=lagging))
    versions = tuple(newest_first({version for it in running.values() for version in it.cilium}))
    kubernetes = {name: it.kubernetes for name, it in running.items()}
    while True:
        ahead = _next_cilium(versions, kubernetes, to_cilium)
        if isinstance(ahead, str):
            moves.append(CiliumMove(before=versions, after=ahead))
            versions = (ahead,)
            continue
        ready = _next_kubernetes(versions[0], kubernetes, to_kubernetes)
        if isinstance(ready, KubernetesMove):
            moves.append(ready)
            kubernetes |= dict.fromkeys(ready.clusters, ready.after)
            continue
        return tuple(moves), ahead or ready


def _next_cilium(versions: tuple[str, ...], kubernetes: Mapping[str, str], target: str | None) -> str | Refusal | None:
    """Give the next release of Cilium, None at the end, or why it cannot come yet."""
    now = versions[0]
    wanted = target or now
    if versions == (wanted,):
        return None
    here, there = minor(now), minor(wanted)
    if here == there:
        # Stragglers come along; so does the last patch.
        return wanted
    newest = CILIUM[here].newest
    if len(versions) > 1 or numbers(now) < numbers(newest):
        # Cilium asks for the newest patch before the next minor, so that the way back is the best known one.
        return max(now, newest, key=numbers)
    following = _after(here)
    tested = CILIUM[following].kubernetes
    if outside := {name: version for name, version in kubernetes.items() if version not in tested}:
        older = any(numbers(version) < numbers(tested[0]) for version in outside.values())
        return Refusal(
            what=f"Cilium {following} with {_list(outside)}",
            why=f"Cilium {following} is tested with Kubernetes {tested[0]} to {tested[-1]}",
            instead=f"--to-kubernetes {tested[0]} too" if older else "wait for a Cilium that is tested with it",
        )
    return wanted if following == there else CILIUM[following].newest


def _next_kubernetes(cilium: str, kubernetes: Mapping[str, str], target: str | None) -> KubernetesMove | Refusal | None:
    """Give the next minor of the clusters that are furthest behind, None at the end, or why it cannot come."""
    behind = [version for version in kubernetes.values() if target and numbers(version) < numbers(target)]
    if not behind:
        return None
    before = min(behind, key=numbers)
    after = _after(before)
    tested = CILIUM[minor(cilium)].kubernetes
    if after not in tested and numbers(after) > numbers(tested[-1]):
        knows = next((each for each in CILIUM if after in CILIUM[each].kubernetes), None)
        return Refusal(
            what=f"Kubernetes {after} with Cilium {cilium}",
            why=f"Cilium {minor(cilium)} is tested with Kubernetes {tested[0]} to {tested[-1]}",
            instead=f"--to-cilium {CILIUM[knows].newest} too" if knows else f"--to-kubernetes {tested[-1]}",
        )
    clusters = tuple(name for name, version in kubernetes.items() if version == before)
    return KubernetesMove(clusters=clusters, before=before, after=after)


def _mixed(running: Mapping[str, Running]) -> Iterator[Refusal]:
    """Find clusters in a state from which nothing is begun."""
    for name, it in running.items():
        if len(it.cilium) > 1:
            yield Refusal(
                what=f"{name} runs Cilium {' and '.join(it.cilium)}",
                why="a rollout is under way there, or stopped half way",
                instead="hms status; wait until all agents are of one version, or hms up again",
            )
        if newer := [node for node in it.nodes if numbers(node) > numbers(it.kubernetes)]:
            yield Refusal(
                what=f"{name} has nodes of Kubernetes {', '.join(newer)} under a control plane of {it.kubernetes}",
                why="a kubelet is never newer than its API server (Kubernetes version skew policy)",
                instead="bring the control plane to that version first",
            )
        oldest = min(it.nodes, key=numbers)
        if numbers(it.kubernetes)[1] - numbers(oldest)[1] > KUBELET_BEHIND:
            yield Refusal(
                what=f"{name} has nodes of Kubernetes {oldest} under a control plane of {it.kubernetes}",
                why=f"a kubelet is at most {KUBELET_BEHIND} minors older than its API server",
                instead="replace those nodes first",
            )
    by = {name: it.cilium[0] for name, it in running.items()}
    low, high = min(by.values(), key=numbers), max(by.values(), key=numbers)
    if numbers(high)[0] != numbers(low)[0] or numbers(high)[1] - numbers(low)[1] > 1:
        yield Refusal(
            what=f"the mesh runs {_list(by, 'Cilium')}",
            why="agents and mesh API servers of neighbouring minors get on with each other; further apart is untested",
            instead=f"bring the clusters of {low} up first, {_WORDS}",
        )
    for version in dict.fromkeys(by.values()):
        if minor(version) not in CILIUM:
            yield Refusal(
                what=f"Cilium {version} is what runs",
                why=f"values are made for Cilium {' and '.join(CILIUM)} alone: from {version} a minor would be skipped",
                instead=f"upgrade to {next(iter(CILIUM))} with what deployed it, {_WORDS}",
            )


def _cilium(running: Mapping[str, Running], target: str) -> Iterator[Refusal]:
    newest = newest_first(version for it in running.values() for version in it.cilium)[0]
    if minor(target) not in CILIUM:
        yield Refusal(
            what=f"Cilium {target}",
            why=f"the program makes Helm values for Cilium {' and '.join(CILIUM)} alone",
            instead=f"--to-cilium {list(CILIUM.values())[-1].newest}",
        )
    elif numbers(target)[2] < LEAST_PATCH[numbers(target)[1]]:
        least = f"{minor(target)}.{LEAST_PATCH[numbers(target)[1]]}"
        yield Refusal(
            what=f"Cilium {target}",
            why=f"releases before {least} compute the MTU of WireGuard wrongly (cilium PR 45940)",
            instead=f"--to-cilium {least} or newer",
        )
    if numbers(target) < numbers(newest):
        yield Refusal(
            what=f"from Cilium {newest} down to {target}",
            why="back is tested to the neighbouring minor alone, and before anything new of the later one is used",
            instead="the way back that the upgrade's own step names",
        )


def _kubernetes(running: Mapping[str, Running], target: str) -> Iterator[Refusal]:
    if target not in KUBERNETES_VERSIONS:
        yield Refusal(
            what=f"Kubernetes {target}",
            why="it is not offered by both clouds under standard support, or not known to this program",
            instead=f"--to-kubernetes with one of {', '.join(KUBERNETES_VERSIONS)}",
        )
    newer = {name: it.kubernetes for name, it in running.items() if numbers(it.kubernetes) > numbers(target)}
    if newer:
        yield Refusal(
            what=f"{_list(newer)} down to {target}",
            why="no control plane goes back in an upgrade; EKS takes one back a minor within 7 days, AKS never",
            instead=f"--to-kubernetes {newest_first(newer.values())[0]} or newer",
        )


def _after(version: str) -> str:
    major, this = numbers(version)[:2]
    return f"{major}.{this + 1}"


def _list(by: Mapping[str, str], word: str = "Kubernetes") -> str:
    """Write versions by cluster, those of one version together."""
    versions: dict[str, list[str]] = {}
    for name, version in by.items():
        versions.setdefault(version, []).append(name)
    return ", ".join(f"{word} {version} in {' and '.join(names)}" for version, names in versions.items())
