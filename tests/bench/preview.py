"""Preview of the whole of `dev` against a preview of as many bare resources, by the same engine in the same process.

Prints one line; its last word is the ratio of the medians. Both sides run with their packages loaded, since a bare
resource has none to load. Usage: python -m tests.bench.preview [RUNS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pulumi_random
from pulumi import automation

from components.fleet import run
from infra.load import load_fleet
from infra.planner import plan_fleet
from infra.scopes import scope_of
from ops.adapters.command import EngineCommand
from simulator.launch import launch
from toolchain.tools import pulumi as engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RUNS = 5


def stack(
    folder: Path, name: str, program: Callable[[], Awaitable[None] | None], environment: dict[str, str]
) -> automation.Stack:
    """Make a stack with a backend of its own."""
    return automation.create_or_select_stack(
        name,
        project_name="hms",
        program=program,
        opts=automation.LocalWorkspaceOptions(
            pulumi_command=EngineCommand(engine()),
            env_vars=environment,
            secrets_provider="passphrase",
            pulumi_home=str(folder / "home"),
        ),
    )


def seconds(stack: automation.Stack) -> tuple[float, int]:
    """Give the time of one preview, and how many resources it would create."""
    start = time.monotonic()
    result = stack.preview(suppress_progress=True)
    return time.monotonic() - start, sum(result.change_summary.values())


def main() -> None:
    """Run both in turn and print the line."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    plan = plan_fleet(load_fleet(Path("fleets/dev.yaml")))
    with tempfile.TemporaryDirectory() as text, launch(Path(text) / "world.db") as providers:
        folder = Path(text)
        (folder / "backend").mkdir()
        environment = {
            **providers,
            "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "bench",
        }
        os.environ.update(environment)
        dev = stack(folder, "dev", lambda: run(plan, scope_of(plan)), environment)
        _, count = seconds(dev)  # loads the packages

        def bare_program() -> None:
            # The stack itself counts as well.
            for index in range(count - 1):
                pulumi_random.RandomUuid(f"bare-{index}")

        bare = stack(folder, "bare", bare_program, environment)
        found = seconds(bare)[1]
        assert found == count, (found, count)
        times: dict[str, list[float]] = {"dev": [], "bare": []}
        for _ in range(runs):
            times["dev"].append(seconds(dev)[0])
            times["bare"].append(seconds(bare)[0])
    full, least = (statistics.median(times[name]) for name in ("dev", "bare"))
    print(  # noqa: T201 - what it is for
        f"preview of {count} resources, median of {runs}: dev {full:.2f} s, bare {least:.2f} s, {full / least:.2f}x"
    )
    pulumi.runtime.settings.reset_options()


if __name__ == "__main__":
    main()
