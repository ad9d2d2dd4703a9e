"""Moves in words that can be typed: the edit, the commands, what to look at, and how to go back."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.cilium import CHART, NAMESPACE, REPOSITORY
from ops.services.targets import all_targets
from ops.services.upgrade.path import CiliumMove, KubernetesMove, NodesMove
from ops.services.upgrade.rules import CILIUM
from ops.services.upgrade.values import changed_values, named
from ops.versions import minor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infra.plan import FleetPlan
    from ops.services.upgrade.path import Move


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A field of the fleet file to change."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Command:
    """Something to type, and what it is for."""

    command: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. Each leaves a mesh that can stay as it is for as long as needed.

    Parameters
    ----------
    notes
        What happens meanwhile.
    before, run, look
        Commands: before the edit, to make the change, and to see that it is whole.
    back
        How to undo it.
    """

    title: str
    notes: tuple[str, ...]
    edits: tuple[Edit, ...]
    before: tuple[Command, ...]
    run: tuple[Command, ...]
    look: tuple[Command, ...]
    back: str


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes steps for one fleet.

    Parameters
    ----------
    fleet
        The fleet file where it is not the default one; goes into every command.
    stack
        The one stack that deploys the whole fleet; empty for a stack a site.
    """

    plan: FleetPlan
    fleet: str = ""
    stack: str = ""
    _file: dict[str, str] = field(default_factory=dict)
    """Fields of the file as the steps so far leave them."""

    def steps(self, moves: Iterable[Move]) -> tuple[Step, ...]:
        """Write all moves."""
        return tuple(self._step(move) for move in moves)

    def _step(self, move: Move) -> Step:
        match move:
            case CiliumMove():
                return self._cilium(move)
            case KubernetesMove():
                return self._kubernetes(move)
            case NodesMove():
                return self._nodes(move)

    def _cilium(self, move: CiliumMove) -> Step:
        new_minor = {minor(version) for version in move.before} != {minor(move.after)}
        edit = self._edit("mesh.cilium", self.plan.mesh.cilium, move.after)
        notes = ["agents are replaced node by node; connections go on (no policy of the program needs a proxy)"]
        if new_minor:
            notes.append(
                f"until the last stack is done the mesh runs {' and '.join(dict.fromkeys((*move.before, move.after)))}"
            )
            notes += CILIUM[minor(move.after)].notes
            notes += changed_values(self.plan, move.before[-1], move.after)
        return Step(
            title=f"Cilium {' and '.join(move.before)} to {move.after}, in every cluster",
            notes=tuple(notes),
            edits=edit,
            before=tuple(self._preflight(move.after)) if new_minor else (),
            run=tuple(self._up("Cilium's release")),
            look=(
                self._hms("status", "one version of Cilium everywhere, no agent missing"),
                self._hms("mesh status --wait", "every cluster sees every other one"),
                self._hms("connectivity test", "every flow, with packets"),
            ),
            back=f"mesh.cilium: {move.before[-1]} in the file, then the same commands, the last stack first"
            + ("; to the minor before alone, and before anything new of the later one is used" if new_minor else ""),
        )

    def _preflight(self, version: str) -> Iterator[Command]:
        """Cilium asks for it before each minor (``upgrade.rst``, "Running pre-flight check (Required)")."""
        for cluster in self.plan.clusters:
            # As hms contexts names them.
            place = f"--kube-context {self.plan.name}-{cluster} --namespace {NAMESPACE}"
            yield Command(
                command=f"helm install cilium-preflight {CHART} --repo {REPOSITORY} --version {version} "
                f"{place} --set preflight.enabled=true,agent=false,"
                f"operator.enabled=false,k8sServiceHost=API_SERVER,k8sServicePort=443",
                what=f"{cluster}: the new image is pulled on every node and policies are validated; wait for READY",
            )
            yield Command(
                command=f"helm uninstall cilium-preflight {place}",
                what=f"{cluster}: take it away again",
            )

    def _kubernetes(self, move: KubernetesMove) -> Step:
        clouds = {name: self._cloud(name) for name in move.clusters}
        edits = [
            edit
            for name in move.clusters
            for edit in self._edit(f"clusters.{name}.kubernetes", self.plan.clusters[name].kubernetes, move.after)
        ]
        backs = {
            "aws": "EKS takes a control plane back to the minor before within 7 days, once no node is newer "
            "(EKS user guide, rollback-cluster); its node groups do not go back but are made anew",
            "azure": "AKS takes no control plane back: a cluster beside it is the way",
        }
        return Step(
            title=f"Kubernetes {move.before} to {move.after} in {named(move.clusters)}",
            notes=(
                "control planes first, then nodes, one after the other; pods move, budgets of disruption are kept",
                *(("EKS: one run does both",) if "aws" in clouds.values() else ()),
                *(
                    ("AKS: a run takes the control plane alone (Azure/AKS#3087); pools follow by the commands below",)
                    if "azure" in clouds.values()
                    else ()
                ),
            ),
            edits=tuple(edits),
            before=tuple(self._asked_before(clouds)),
            run=(*self._up("control plane and node groups", move.clusters), *self._pools(clouds, move.after)),
            look=(
                self._hms("status", f"every node ready and of {move.after}"),
                self._hms("mesh status --wait", "every cluster sees every other one"),
                self._hms("connectivity test", "every flow, with packets"),
            ),
            back="; ".join(backs[cloud] for cloud in dict.fromkeys(clouds.values())),
        )

    def _nodes(self, move: NodesMove) -> Step:
        clouds = {name: self._cloud(name) for name in move.clusters}
        run: list[Command] = []
        for name, version in move.clusters.items():
            if clouds[name] == "aws":
                run += self._up("node groups", (name,))
            run += self._pools({name: clouds[name]}, version)
        return Step(
            title=f"nodes of {named(tuple(move.clusters))} to the version of their control planes",
            notes=("a control plane only goes on once its nodes are with it",),
            edits=(),
            before=(),
            run=tuple(run),
            look=(self._hms("status", "every node ready, none older than its control plane"),),
            back="nothing to undo: nodes may stay as they are for as long as the control plane does",
        )

    def _asked_before(self, clouds: Mapping[str, str]) -> Iterator[Command]:
        for name, cloud in clouds.items():
            site = self.plan.sites[self.plan.clusters[name].site]
            if cloud == "aws":
                yield Command(
                    command=f"aws eks list-insights --region {site.region} --cluster-name {self.plan.name}-{name}",
                    what=f"{name}: what EKS says stands against it, such as APIs in use that are gone then",
                )
            else:
                yield Command(
                    command=f"az aks get-upgrades --resource-group {self._group(name)} --name {name} --output table",
                    what=f"{name}: that AKS offers the version",
                )

    def _pools(self, clouds: Mapping[str, str], version: str) -> Iterator[Command]:
        for name, cloud in clouds.items():
            for pool in self.plan.clusters[name].node_pools if cloud == "azure" else ():
                yield Command(
                    command=f"az aks nodepool upgrade --resource-group {self._group(name)} --cluster-name {name} "
                    f"--name {pool.name} --kubernetes-version {version}",
                    what=f"{name}: nodes of pool {pool.name}",
                )

    def _up(self, what: str, clusters: tuple[str, ...] = ()) -> Iterator[Command]:
        """Give a preview and an update of each stack, in order, looking at the mesh after each but the last."""
        stacks = self._stacks(clusters or tuple(self.plan.clusters))
        for position, stack in enumerate(stacks):
            yield self._hms(f"preview --stack {stack}", f"{stack}: {what} and nothing else changes")
            yield self._hms(f"up --stack {stack}", f"{stack}: do it")
            if position < len(stacks) - 1:
                yield self._hms("mesh status --wait", "whole again before the next one begins")

    def _stacks(self, clusters: tuple[str, ...]) -> list[str]:
        if self.stack:
            return [self.stack]
        sites = {self.plan.clusters[name].site for name in clusters}
        return [target.stack for target in all_targets(self.plan) if set(target.sites or ()) & sites]

    def _hms(self, words: str, what: str) -> Command:
        return Command(command=f"hms {words}{f' --fleet {shlex.quote(self.fleet)}' if self.fleet else ''}", what=what)

    def _edit(self, name: str, declared: str, after: str) -> tuple[Edit, ...]:
        before = self._file.get(name, declared)
        self._file[name] = after
        return (Edit(field=name, before=before, after=after),) if before != after else ()

    def _cloud(self, cluster: str) -> str:
        return self.plan.sites[self.plan.clusters[cluster].site].cloud

    def _group(self, cluster: str) -> str:
        # As components/azure/site.py names it.
        return f"hms-{self.plan.name}-{self.plan.clusters[cluster].site}"
