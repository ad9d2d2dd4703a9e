"""Workloads that lack pods, and what the clusters' warnings say of them.

Warnings stay for an hour after what they warn of is over. So they explain what is wrong now, and are no finding of
their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case
    from ops.services.observe.kubernetes import Pod, Warn, Workload
    from ops.services.observe.snapshot import ClusterView


def lacking(view: ClusterView) -> Iterator[Workload]:
    """Give the workloads that have fewer pods ready than they should."""
    yield from (each for each in view.workloads.get(()) if each.ready < each.desired)


def pods_of(view: ClusterView, workload: Workload) -> tuple[Pod, ...]:
    """Give the pods of a workload, by its name, which theirs begin with."""
    return tuple(
        pod
        for pod in view.pods.get(())
        if pod.namespace == workload.namespace and re.fullmatch(_names(workload), pod.name)
    )


def last_words(view: ClusterView, workload: Workload) -> str:
    """Give the latest warning of a workload or of pods of it that are not ready; empty if there is none."""
    return next((f"{each.reason}: {each.message}" for each in _warnings(view, workload)), "")


def short_of(case: Case, words: tuple[str, ...], *, why: str, run: str) -> Iterator[Finding]:
    """Find workloads that lack pods where a warning has one of some words.

    Parameters
    ----------
    words
        Regular expressions.
    run
        What to ask kubectl.
    """
    pattern = re.compile("|".join(words), re.IGNORECASE)
    for name, (_, view) in case.clusters.items():
        for workload in lacking(view):
            told = next((each for each in _warnings(view, workload) if pattern.search(each.message)), None)
            if told is None:
                continue
            pods = things.pods(name, workload.namespace, workload.name)
            yield Finding(
                about=(name, workload.name),
                saw=f"{workload.namespace}/{workload.name} of {name} has {workload.ready} of {workload.desired} pods "
                f"ready; of {told.about} is said: {told.message}",
                why=why,
                run=case.commands.kubectl(name, run),
                needs=frozenset({things.api(name), pods}),
                breaks=frozenset({pods}),
            )


def _warnings(view: ClusterView, workload: Workload) -> Iterator[Warn]:
    missing = {f"Pod {pod.namespace}/{pod.name}" for pod in pods_of(view, workload) if not pod.ready}
    others = re.compile(rf"(?!Pod )\w+ {re.escape(workload.namespace)}/{_names(workload)}")
    for each in view.warnings.get(()):
        if each.about in missing or others.fullmatch(each.about):
            yield each


def _names(workload: Workload) -> str:
    """Match the names that controllers make of a workload's: its own, a ReplicaSet's, a pod's."""
    return rf"{re.escape(workload.name)}(-[a-z0-9]+){{0,2}}"
