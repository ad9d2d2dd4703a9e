"""Collects what goes into a bundle: everything that was seen, diagnosed, and written by programs."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ops.adapters.kubernetes_logs import CILIUM
from ops.errors import HmsError, RefusedError
from ops.services import logs as log_service
from ops.services.at_once import at_once
from ops.services.diagnose.report import as_json as diagnosis_as_json
from ops.services.gather.plain import plain
from ops.services.gather.scrub import Scrubber, secret_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Objects
    from ops.adapters.log_ports import Logs
    from ops.services.diagnose.case import Case
    from ops.services.diagnose.run import Diagnosis
    from ops.services.logs import Line

_EVENTS = "2000"
"""Events of a cluster at most; the API server keeps those of the last hour."""


@dataclass
class Collection:
    """What is collected.

    Parameters
    ----------
    files
        Texts by name, without secrets.
    missing
        What could not be had, and why.
    """

    files: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def collect(  # noqa: PLR0913 - all that a bundle holds
    case: Case,
    diagnosis: Diagnosis,
    *,
    objects: Mapping[str, Objects | HmsError],
    logs: Mapping[str, Logs | HmsError],
    fleet: str,
    stacks: Any,  # noqa: ANN401 - any JSON
    tail: int,
) -> Collection:
    """Collect everything; what cannot be had is listed, and hides nothing else.

    Parameters
    ----------
    fleet
        Text of the fleet file.
    stacks
        What is known of the stacks.
    tail
        Last lines of each log.
    """
    made = Collection()
    secrets, events = _read(objects, made)
    scrubber = Scrubber(secrets)

    def put(name: str, data: Any) -> None:  # noqa: ANN401 - any JSON
        made.files[name] = json.dumps(scrubber.data(data), indent=1, ensure_ascii=False) + "\n"

    made.files["fleet.yaml"] = scrubber.text(fleet)
    put("plan.json", plain(case.plan))
    put("stacks.json", stacks)
    put("diagnosis.json", diagnosis_as_json(diagnosis))
    for name, view in case.seen.clusters.items():
        put(f"clusters/{name}/seen.json", plain(view))
        put(f"clusters/{name}/network.json", plain(_by_text(case.tried.get(name, {}))))
        config = view.config.value
        if config is not None:
            put(f"clusters/{name}/cilium-config.json", dict(config.data))
        if name in events:
            put(f"clusters/{name}/events.json", events[name])
        _note_missing(name, view, made)
    for name, text in _logs(case, logs, tail, made).items():
        made.files[name] = scrubber.text(text)
    put("about.json", _about(case, made))
    return made


def _read(objects: Mapping[str, Objects | HmsError], made: Collection) -> tuple[list[bytes], dict[str, Any]]:
    """Read the values that must not be in the bundle, and the events, of every cluster."""
    secrets: list[bytes] = []
    events: dict[str, Any] = {}
    with at_once(len(objects)) as pool:
        for name, (found, said, troubles) in zip(objects, pool.map(_read_one, objects.values()), strict=True):
            secrets += found
            made.missing += [f"{name}: {trouble}" for trouble in troubles]
            if said is not None:
                events[name] = said
    return secrets, events


def _read_one(objects: Objects | HmsError) -> tuple[list[bytes], list[dict[str, Any]] | None, list[str]]:
    if isinstance(objects, HmsError):
        return [], None, [objects.message]
    secrets: list[bytes] = []
    events, troubles = None, []
    try:
        for secret in objects.get("/api/v1/secrets")["items"]:
            secrets += secret_values(secret)
    except HmsError as error:
        troubles.append(f"its Secrets, so that only what looks like a secret was taken out: {error.message}")
    try:
        found = objects.get("/api/v1/events", limit=_EVENTS)["items"]
        for event in found:
            event.get("metadata", {}).pop("managedFields", None)
        events = found
    except HmsError as error:
        troubles.append(f"its events: {error.message}")
    return secrets, events, troubles


def _note_missing(cluster: str, view: Any, made: Collection) -> None:  # noqa: ANN401 - every field is looked at
    errors: dict[str, list[str]] = {}
    for part, seen in vars(view).items():
        if getattr(seen, "failed", False):
            errors.setdefault(seen.error, []).append(part)
    made.missing += [f"{cluster}: {', '.join(parts)}: {error}" for error, parts in errors.items()]


def _logs(case: Case, logs: Mapping[str, Logs | HmsError], tail: int, made: Collection) -> dict[str, str]:
    """Read the logs of everything that is Cilium's or a component."""
    lines: dict[str, list[str]] = {}
    silent: set[log_service.Trouble] = set()
    for component in (*CILIUM, *case.plan.fleet.components):
        try:
            found, troubles = log_service.find(logs, log_service.Wanted(component=component))
        except RefusedError:
            # It runs nowhere, as hubble-relay in a lab.
            continue
        silent.update(troubles)
        for each in log_service.read(found, tail):
            if isinstance(each, log_service.Trouble):
                silent.add(each)
            else:
                lines.setdefault(_file(each), []).append(each.text)
    made.missing += sorted(f"{each.whose}: logs: {each.error}" for each in silent)
    return {name: "\n".join(texts) + "\n" for name, texts in lines.items()}


def _file(line: Line) -> str:
    source = line.source
    return f"clusters/{source.cluster}/logs/{source.namespace}/{source.pod}/{source.container}.log"


def _about(case: Case, made: Collection) -> dict[str, Any]:
    return {
        "v": 1,
        "fleet": case.plan.name,
        "where": case.seen.where,
        "taken": case.seen.taken.isoformat(),
        "remarks": list(case.seen.remarks),
        "versions": {
            "hms": version("hms"),
            "python": sys.version.split()[0],
            "system": platform.platform(),
            "cilium": case.plan.mesh.cilium,
            "kubernetes": {
                name: view.api.value.version for name, view in case.seen.clusters.items() if view.api.value is not None
            },
        },
        "files": sorted(made.files),
        "missing": made.missing,
    }


def _by_text(tried: Mapping[str, Any]) -> dict[str, Any]:
    """Write ports that were tried as ``address:port``: keys of JSON are texts."""
    found: dict[str, Any] = {}
    for node, seen in tried.items():
        if seen.value is None:
            found[node] = {"error": seen.error}
        else:
            heard = seen.value
            found[node] = {
                **vars(heard),
                "ports": {f"{host}:{port}": said for (host, port), said in heard.ports.items()},
            }
    return found
