"""The engine's provider plugins."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case


def _probes(case: Case) -> Iterator[Probe]:
    yield Probe(subject="provider plugins", look=partial(_look, case))


def _look(case: Case) -> Finding:
    missing = case.machine.plugins()
    if not missing:
        return good("provider plugins", "all there")
    install = "; ".join(f"pulumi plugin install resource {plugin}" for plugin in missing)
    return look("provider plugins", f"not here yet: {', '.join(missing)}", install)


CHECK = Check(
    name="plugins",
    why="the engine downloads them in its first run, hundreds of megabytes; without a way out it fails there",
    probes=_probes,
)
