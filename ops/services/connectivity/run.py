"""Runs a connectivity test: looks, calls, asks the agents why, judges."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ops.adapters.kubernetes_ports import Drop, Inventory, Reply
from ops.errors import HmsError, RefusedError
from ops.services.connectivity.bench import Bench, outside_targets
from ops.services.connectivity.callers import Callers
from ops.services.connectivity.judge import ROUNDS, STALL, Evidence, Result, judge
from ops.services.connectivity.plan import plan_cases
from ops.services.connectivity.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.plan import FleetPlan
    from ops.adapters.kubernetes_ports import Caller, Pod, Progress, Target
    from ops.services.connectivity.only import Only
    from ops.services.connectivity.plan import Probe
    from ops.services.connectivity.world import World

AT_ONCE = 64
"""Calls under way at once: a refusal is mostly waiting."""

PATIENCE = 6.0
"""Seconds for a call that has to be answered: a busy machine must not look like a closed door."""

MODEST_OCTETS = 6_000
"""Size of a request that every HTTP server takes, and still four full packets."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class ConnectivityTest:
    """One run.

    Parameters
    ----------
    seconds
        For how long a call that has to be refused may go without an answer.
    """

    def __init__(self, plan: FleetPlan, world: World, *, seconds: float, progress: Progress) -> None:
        self._plan = plan
        self._world = world
        self._seconds = seconds
        self._progress = progress
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="connectivity")

    def run(self, only: Only | None = None) -> Report:
        """Run all cases.

        Raises
        ------
        RefusedError
            If no cluster answers, or nothing is to be tried.
        """
        begun = time.time()
        try:
            results, notes = self._results(only, begun)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        return Report(
            fleet=self._plan.name,
            where=self._world.where,
            results=results,
            notes=(*self._world.remarks, *notes),
            seconds=time.time() - begun,
        )

    def _results(self, only: Only | None, begun: float) -> tuple[tuple[Result, ...], tuple[str, ...]]:
        looked = self._gather("looking at clusters", {name: each.look for name, each in self._world.stations.items()})
        seen = {name: found for name, found in looked.items() if isinstance(found, Inventory)}
        if not seen:
            raise RefusedError(
                "no cluster answers", "hms lab status, or look at the kubeconfigs", details=_told(looked)
            )
        planned = plan_cases(self._plan, frozenset(looked), only)
        if not planned.cases:
            raise RefusedError("the fleet has nothing to try here", "declare components and flows, or name others")
        bench = Bench(planned, seen, {name: str(error) for name, error in looked.items() if name not in seen})
        # Beside all else: it is nothing but waiting.
        outside = self._pool.submit(self._outside, seen) if only is None else None
        with ExitStack() as stack:
            callers = self._callers(stack, bench)
            # First and alone: where the answers do not tell which cluster they come from, the agents' memory must,
            # and calls to single pods would be in it.
            repeated = tuple(probe for probe in planned.probes if probe.calls > 1 and not probe.octets)
            started = time.time()
            replies = self._call("calling global services", bench, callers, repeated)
            balanced = self._balanced(bench, replies, started)
            replies |= self._call("calling", bench, callers, tuple(each for each in planned.probes if each.calls == 1))
            evidence = replace(self._evidence(bench, begun), balanced=balanced)
            doubtful = tuple(
                case.probe
                for case in planned.cases
                if case.kind == "denied" and judge(case, replies[case.probe], evidence).outcome == "failed"
            )
            if doubtful:
                # An agent remembers its last few thousand packets: on a busy node a drop may be gone.
                again = time.time()
                replies |= self._call("calling again", bench, callers, tuple(dict.fromkeys(doubtful)))
                later = self._evidence(bench, again)
                evidence = replace(later, drops=(*evidence.drops, *later.drops), balanced=balanced)
            # Last and alone: their time is part of the verdict.
            for number, probe in enumerate(large := [each for each in planned.probes if each.octets]):
                self._progress("sending large packets", number, len(large))
                replies[probe] = self._large(bench, callers, probe)
            results = tuple(judge(case, replies[case.probe], evidence) for case in planned.cases)
            return (*results, *(outside.result() if outside else ())), planned.notes

    def _callers(self, stack: ExitStack, bench: Bench) -> dict[Pod, Caller | HmsError]:
        """Put a caller into one pod of each component that calls."""
        callers = Callers()
        stack.callback(callers.close)
        # Called first: what has not begun must not begin while callers are taken out.
        stack.callback(self._pool.shutdown, wait=False, cancel_futures=True)
        work = {
            pod: _bound(callers.enter, self._world.stations[pod.place.cluster].caller(pod))
            for pod in bench.sources.values()
        }
        return self._gather("putting callers into pods", work)

    def _call(
        self, what: str, bench: Bench, callers: Mapping[Pod, Caller | HmsError], probes: tuple[Probe, ...]
    ) -> dict[Probe, Reply]:
        work = {probe: _bound(self._one, bench, callers, probe) for probe in probes}
        return {
            probe: Reply(failure="probe", told=str(reply)) if isinstance(reply, HmsError) else reply
            for probe, reply in self._gather(what, work).items()
        }

    def _one(self, bench: Bench, callers: Mapping[Pod, Caller | HmsError], probe: Probe) -> Reply:
        host, why = bench.host(probe)
        source = bench.sources.get(probe.source)
        if source is None:
            return Reply(failure="probe", told=bench.absent(probe.source))
        if not host:
            return Reply(failure="probe", told=why)
        caller = callers[source]
        if isinstance(caller, HmsError):
            return Reply(failure="probe", told=caller.message)
        seconds = self._seconds if probe in bench.refused else max(self._seconds, PATIENCE)
        return caller.call(host, probe.port, calls=probe.calls, octets=probe.octets, seconds=seconds)

    def _large(self, bench: Bench, callers: Mapping[Pod, Caller | HmsError], probe: Probe) -> Reply:
        """Send large requests; where the server cuts them off, as large ones as any server takes."""
        small = self._one(bench, callers, replace(probe, octets=0, calls=1))
        if small.failure is not None:
            return small
        reply = replace(self._one(bench, callers, probe), octets=probe.octets)
        if reply.failure == "cut":
            reply = replace(self._one(bench, callers, replace(probe, octets=MODEST_OCTETS)), octets=MODEST_OCTETS)
        most = probe.calls * (STALL + ROUNDS * small.seconds)
        if reply.failure is None and reply.seconds > most:
            return replace(reply, told=f"more than {most:.1f} s: full packets get lost")
        return reply

    def _evidence(self, bench: Bench, since: float) -> Evidence:
        nodes = {(pod.place.cluster, pod.node) for pod in bench.pods}
        asked = self._gather(
            "asking agents",
            {
                (cluster, node): _bound(self._world.agents.drops, cluster, node, since)
                for cluster, node in sorted(nodes)
            },
        )
        drops: list[Drop] = []
        silent = {}
        for key, told in asked.items():
            if isinstance(told, HmsError):
                silent[key] = told.message
            else:
                drops += told
        return Evidence(
            pods=bench.pods,
            addresses={probe: bench.addresses(probe) for probe in bench.probes},
            sources={probe: bench.sources[probe.source] for probe in bench.probes if probe.source in bench.sources},
            drops=tuple(drops),
            silent_agents=silent,
            balanced={},
        )

    def _balanced(self, bench: Bench, replies: Mapping[Probe, Reply], since: float) -> dict[Probe, frozenset[str]]:
        """Ask the agents which clusters answered, where the answers are no pods' names."""
        names = {pod.name for pod in bench.pods}
        work = {}
        for probe, reply in replies.items():
            if reply.failure is None and not names.issuperset(reply.answers):
                pod = bench.sources[probe.source]
                ask = partial(self._world.agents.reached, source=pod.address, port=probe.port)
                work[probe] = _bound(ask, pod.place.cluster, pod.node, since)
        if not work:
            return {}
        return {
            probe: bench.clusters(probe, addresses)
            for probe, addresses in self._gather("asking agents", work).items()
            if not isinstance(addresses, HmsError)
        }

    def _outside(self, seen: Mapping[str, Inventory]) -> tuple[Result, ...]:
        outside = self._world.outside
        targets = tuple(outside_targets(self._plan, seen))
        begun = time.time()
        reached: dict[Target, str] = {}
        failure = ""
        try:
            reached = dict(outside.reached(targets, self._seconds))
        except HmsError as error:
            failure = error.message
        return tuple(
            Result(
                kind="outside",
                source=outside.where,
                destination=target.name,
                expected="no answer",
                outcome="untried" if failure else "failed" if target in reached else "passed",
                told=failure or reached.get(target, "no answer"),
                seconds=time.time() - begun,
            )
            for target in targets
        )

    def _gather(self, what: str, work: Mapping[Key, Callable[[], Value]]) -> dict[Key, Value | HmsError]:
        """Do all of it at once, keeping the order; an error of one is its result and stops no other."""
        if work:
            self._progress(what, 0, len(work))
        futures = {self._pool.submit(each): key for key, each in work.items()}
        found: dict[Key, Value | HmsError] = {}
        for future in as_completed(futures):
            try:
                found[futures[future]] = future.result()
            except HmsError as error:
                found[futures[future]] = error
            self._progress(what, len(found), len(work))
        return {key: found[key] for key in work}


def _bound(function: Callable[..., Value], *arguments: object) -> Callable[[], Value]:
    return lambda: function(*arguments)


def _told(looked: Mapping[str, Inventory | HmsError]) -> tuple[str, ...]:
    return tuple(f"  {name}: {error}" for name, error in looked.items())
