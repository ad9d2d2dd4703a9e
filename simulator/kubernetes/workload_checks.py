"""What the API server checks in workloads beyond their schema and their pods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from simulator.kind import Failure, Inputs, get
from simulator.kubernetes.names import check_labels, check_selector, invalid, quantity, selects
from simulator.kubernetes.pods import at_least, check_pod, child, items, one_of
from simulator.values import UNKNOWN, has_unknown

_CRON: Final = re.compile(r"@(yearly|annually|monthly|weekly|daily|hourly)|(\S+ ){4}\S+|@every \S+")
_ALWAYS: Final = ("Always",)
_ONCE: Final = ("OnFailure", "Never")


def _template_checks(inputs: Inputs, path: str, **options: Any) -> Iterator[Failure]:  # noqa: ANN401 - of `check_pod`
    yield from check_labels(get(inputs, f"{path}.metadata.labels"), f"{path}.metadata.labels")
    yield from check_pod(get(inputs, f"{path}.spec"), f"{path}.spec", **options)


def _selector_checks(inputs: Inputs) -> Iterator[Failure]:
    selector = get(inputs, "spec.selector")
    yield from check_selector(selector, "spec.selector")
    if not isinstance(selector, Mapping):
        return
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid("spec.selector", "{}", "empty selector is invalid for this kind")
        return
    labels = get(inputs, "spec.template.metadata.labels")
    labels = {} if labels is None else labels
    if (
        labels is not UNKNOWN
        and not has_unknown(selector)
        and not has_unknown(labels)
        and not selects(selector, labels)
    ):
        yield invalid("spec.template.metadata.labels", dict(labels), "`selector` does not match template `labels`")


def deployment_checks(inputs: Inputs) -> Iterable[Failure]:
    """Check a Deployment."""
    yield from _selector_checks(inputs)
    yield from _template_checks(inputs, "spec.template", restart=_ALWAYS)
    yield from at_least(get(inputs, "spec.replicas"), 0, "spec.replicas")
    strategy = get(inputs, "spec.strategy")
    if not isinstance(strategy, Mapping):
        return
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    yield from one_of(kind, ("Recreate", "RollingUpdate"), "spec.strategy.type")
    if kind == "Recreate" and rolling is not None:
        yield Failure(
            "spec.strategy.rollingUpdate", "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        )
    if (
        isinstance(rolling, Mapping)
        and rolling.get("maxSurge") in {0, "0%"}
        and rolling.get("maxUnavailable") in {0, "0%"}
    ):
        yield invalid("spec.strategy.rollingUpdate.maxUnavailable", 0, "may not be 0 when `maxSurge` is 0")


def stateful_set_checks(inputs: Inputs) -> Iterable[Failure]:
    """Check a StatefulSet."""
    claims = [claim for _, claim in items(get(inputs, "spec.volumeClaimTemplates"), "")]
    names = [str(get(claim, "metadata.name")) for claim in claims]
    yield from _selector_checks(inputs)
    yield from _template_checks(inputs, "spec.template", restart=_ALWAYS, claims=names)
    yield from at_least(get(inputs, "spec.replicas"), 0, "spec.replicas")
    yield from one_of(get(inputs, "spec.podManagementPolicy"), ("OrderedReady", "Parallel"), "spec.podManagementPolicy")
    for name in ("whenDeleted", "whenScaled"):
        path = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
        yield from one_of(get(inputs, path), ("Delete", "Retain"), path)
    for at, claim in items(get(inputs, "spec.volumeClaimTemplates"), "spec.volumeClaimTemplates"):
        yield from check_claim(child(claim, "spec"), f"{at}.spec")


def check_claim(spec: Mapping[str, Any], path: str) -> Iterator[Failure]:
    """Check what a claim asks for."""
    modes = spec.get("accessModes")
    allowed = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
    if modes is None or modes == []:
        yield Failure(f"{path}.accessModes", "Required value: at least 1 access mode is required")
    for index, mode in enumerate(modes if isinstance(modes, list) else ()):
        yield from one_of(mode, allowed, f"{path}.accessModes[{index}]")
    size = get(spec, "resources.requests.storage")
    if size is None:
        yield Failure(f"{path}.resources[storage]", "Required value")
    elif (size is not UNKNOWN and (amount := quantity(size)) is None) or (
        size is not UNKNOWN and amount is not None and amount <= 0
    ):
        yield invalid(f"{path}.resources.requests.storage", size, "must be greater than zero")


def daemon_set_checks(inputs: Inputs) -> Iterable[Failure]:
    """Check a DaemonSet."""
    yield from _selector_checks(inputs)
    yield from _template_checks(inputs, "spec.template", restart=_ALWAYS)


def job_checks(inputs: Inputs) -> Iterable[Failure]:
    """Check a Job."""
    yield from _template_checks(inputs, "spec.template", restart=_ONCE)
    for name in ("backoffLimit", "parallelism", "completions", "ttlSecondsAfterFinished"):
        yield from at_least(get(inputs, f"spec.{name}"), 0, f"spec.{name}")


def cron_job_checks(inputs: Inputs) -> Iterable[Failure]:
    """Check a CronJob."""
    yield from _template_checks(inputs, "spec.jobTemplate.spec.template", restart=_ONCE)
    schedule = get(inputs, "spec.schedule")
    if isinstance(schedule, str) and not _CRON.fullmatch(schedule):
        yield invalid("spec.schedule", schedule, "expected exactly 5 fields")
    yield from one_of(get(inputs, "spec.concurrencyPolicy"), ("Allow", "Forbid", "Replace"), "spec.concurrencyPolicy")


def pod_checks(inputs: Inputs) -> Iterable[Failure]:
    """Check a Pod."""
    return check_pod(get(inputs, "spec"), "spec")
