"""Opens the clusters that options name: every verb that looks at clusters takes them from here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.plan import FleetPlan
    from ops.options import ClusterOptions
    from ops.services.clusters import Access, Clusters

PATIENCE = 20.0
"""Seconds to wait for an answer of an API server, where a verb does not say."""


def fleet_of(where: ClusterOptions) -> tuple[FleetPlan, Path]:
    """Read the fleet that the options name."""
    from ops.cli_deploy import factory
    from ops.services.check import load_plan

    path = factory().fleet_file(where.fleet, where.stack)
    return load_plan(path), path


@contextmanager
def opened(where: ClusterOptions, plan: FleetPlan, fleet: Path, *, seconds: float = PATIENCE) -> Iterator[Clusters]:
    """Open the clusters that the options name.

    Raises
    ------
    RefusedError
        If there are none.
    MissingError
        If there is no backend to ask for them.
    """
    from ops.services.clusters import lab_clusters, named_clusters

    if where.lab:
        from ops.cli_lab import lab_in

        with lab_clusters(lab_in(where.state), plan, seconds=seconds) as clusters:
            yield clusters
    else:
        named, found = accesses(where, plan, fleet)
        with named_clusters(named, plan, found, seconds=seconds) as clusters:
            yield clusters


def accesses(where: ClusterOptions, plan: FleetPlan, fleet: Path) -> tuple[str, Mapping[str, Access]]:
    """Say what the clusters are that the options name, and how each is reached. Secret: never to be shown.

    Raises
    ------
    RefusedError, MissingError
        As :func:`opened`.
    """
    from ops.services.clusters import Access, lab_accesses

    if where.lab:
        from ops.cli_lab import lab_in

        lab = lab_in(where.state)
        return f"the lab in {lab.folder}", lab_accesses(lab, plan)
    if where.contexts:
        return "your contexts", {name: Access(context=each) for name, each in where.contexts.items()}
    return f"stack {where.stack}" if where.stack else "its stacks", _deployed(where, plan, fleet)


def _deployed(where: ClusterOptions, plan: FleetPlan, fleet: Path) -> dict[str, Access]:
    from ops.adapters.state import StateFolder
    from ops.cli_deploy import factory
    from ops.factory import Place
    from ops.services.clusters import Access
    from ops.services.outputs import kubeconfigs

    if where.state is not None and StateFolder(where.state.expanduser().resolve()).simulated:
        raise RefusedError(
            f"{where.state} holds a simulated fleet: its clusters answer nobody", "hms lab up, then --lab"
        )
    with factory().reading(Place(state=where.state), plan, fleet) as session:
        found = kubeconfigs(session.engine, plan, where.stack)
    return {name: Access(kubeconfig=kubeconfig) for name, kubeconfig in found.items()}
