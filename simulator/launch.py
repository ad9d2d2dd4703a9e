"""Starts the simulator as a process of its own, for the time of one engine command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.variables import AWS_QUOTAS, LAB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROOT: Final = Path(__file__).resolve().parent.parent
_PATIENCE_SECONDS: Final = 10.0


class SimulatorFailed(Exception):  # noqa: N818
    """The simulator did not start; the message holds what it printed."""


@contextmanager
def launch(
    world: Path,
    *,
    scale: float = 0.0,
    faults: Path | None = None,
    quotas: Mapping[str, int] | None = None,
    lab: Path | None = None,
) -> Iterator[dict[str, str]]:
    """Run the simulated clouds and yield the environment in which an engine uses them.

    Parameters
    ----------
    world
        SQLite file of the world; made if absent.
    scale
        Factor on the durations of the real clouds; 0 means at once.
    faults
        JSON file with a fault plan.
    quotas
        AWS quotas that were raised, by the names in `simulator.aws.quotas`.
    lab
        ``lab.json`` of a running lab, to whose API servers every Kubernetes object goes as well.

    Yields
    ------
    dict
        Variables to add to the environment of the engine.

    Raises
    ------
    SimulatorFailed
        The process ended before it was ready.
    """
    command = [sys.executable, "-m", "simulator", "--world", str(world.resolve()), "--scale", str(scale)]
    if faults is not None:
        command += ["--faults", str(faults.resolve())]
    log_path = world.resolve().with_suffix(".log")
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("w+") as log:
        process = subprocess.Popen(  # noqa: S603  (our own module)
            command,
            cwd=_ROOT,
            env={
                **os.environ,
                AWS_QUOTAS: ",".join(f"{name}={limit}" for name, limit in (quotas or {}).items()),
                LAB: str(lab.resolve()) if lab is not None else "",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # Not in the terminal's foreground group: Ctrl-C is for the engine, which then cancels its operations here.
            process_group=0,
        )
        if process.stdin is None or process.stdout is None:
            raise AssertionError("pipes were asked for")
        try:
            line = process.stdout.readline()
            if not line:
                process.wait()
                log.seek(0)
                raise SimulatorFailed(f"the simulator did not start:\n{log.read()}")
            yield environment(json.loads(line)["ports"])
        finally:
            process.stdin.close()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def environment(ports: dict[str, int]) -> dict[str, str]:
    """Environment variables that attach an engine to providers on these ports."""
    return {
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in sorted(ports.items())),
        # The engine would otherwise download hundreds of megabytes of real providers beside the attached ones.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
