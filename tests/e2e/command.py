"""The command line as a user has it: a process of its own, the real engine, simulated clouds, one folder of state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.world import Record, World

HMS = Path(sys.executable).with_name("hms")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    @property
    def summaries(self) -> dict[str, dict[str, Any]]:
        return {event["stack"]: event for event in self.events if event["event"] == "summary"}

    def counts(self, stack: str) -> dict[str, int]:
        return {key: self.summaries[stack][key] for key in ("create", "update", "replace", "delete", "same")}


@dataclass
class Hms:
    """One state folder.

    Attributes
    ----------
    policies
        Whether the pack runs; a test of something else saves the time.
    printed
        Everything that was ever printed, for the search for secrets.
    """

    state: Path
    fleet: Path = Path("fleets/dev.yaml")
    policies: bool = True
    printed: list[str] = field(default_factory=list)

    def __call__(
        self, *arguments: str, code: int | None = 0, fleet: Path | None = None, timeout: float = 280
    ) -> Answer:
        deploys = arguments[0] in ("preview", "up", "refresh", "destroy")
        judged = arguments[0] in ("preview", "up")
        command = [
            str(HMS),
            *arguments,
            *(("--simulate",) if deploys else ()),
            *(("--no-policies", "the pack has tests of its own") if judged and not self.policies else ()),
            *(("--yes",) if deploys and arguments[0] != "preview" else ()),
            "--state",
            str(self.state),
            "--fleet",
            str(fleet or self.fleet),
            "-o",
            "json",
        ]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.printed += [done.stdout, done.stderr]
        answer = Answer(done.returncode, done.stdout, done.stderr)
        if code is not None:
            assert done.returncode == code, f"{' '.join(command)} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return answer

    def world(self) -> list[Record]:
        world = World(self.state / "world.db")
        try:
            return world.records()
        finally:
            world.close()

    def resources(self, stack: str) -> dict[str, dict[str, Any]]:
        """Resources in the engine's own file for a stack, by URN without the stack's name."""
        (path,) = self.state.glob(f"**/.pulumi/stacks/hms/{stack}.json")
        deployment = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        prefix = f"urn:pulumi:{stack}::hms::"
        return {resource["urn"].removeprefix(prefix): resource for resource in deployment.get("resources", [])}

    def declared(self, stack: str) -> set[str]:
        """URNs of what a stack declares, without the stack itself and what it reads of others."""
        return {urn for urn in self.resources(stack) if not urn.startswith("pulumi:pulumi:Stack")}
