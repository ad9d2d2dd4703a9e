"""The real Pulumi engine on simulated clouds, for tests."""

from __future__ import annotations

import gc
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pulumi import automation as auto
from pulumi.automation import _server as automation_server

from simulator.launch import environment
from simulator.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from simulator.registry import Package


def engine_folder() -> str | None:
    """Folder of the engine: on the PATH, where make setup puts it, or where Go does."""
    for folder in (None, ".tools/bin", str(Path.home() / "go/bin")):
        if (found := shutil.which("pulumi", path=folder)) is not None:
            return str(Path(found).parent)
    return None


_PATIENCE = 20.0
"""Seconds for a program whose engine has gone."""

needs_engine = pytest.mark.skipif(engine_folder() is None, reason="no Pulumi engine; run make setup")


@dataclass
class Run:
    """A stack whose program a test may change between updates."""

    server: Server
    folder: Path
    program: Callable[[], None]

    def __post_init__(self) -> None:
        _end_programs()
        for name in ("backend", "home"):
            (self.folder / name).mkdir(exist_ok=True)
        variables = {
            **environment(self.server.ports),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PATH": f"{engine_folder()}:/usr/bin:/bin",
        }
        options = auto.LocalWorkspaceOptions(env_vars=variables, pulumi_home=str(self.folder / "home"))
        self.stack = auto.create_or_select_stack(
            stack_name="dev",
            project_name="test",
            program=lambda: self.program(),  # noqa: PLW0108  (a test may change it)
            opts=options,
        )

    def up(self) -> dict[str, int]:
        """Update, and count what was done."""
        return dict(self.stack.up().summary.resource_changes or {})

    def preview(self) -> dict[str, int]:
        """Preview, and count what would be done."""
        return {str(getattr(key, "value", key)): count for key, count in self.stack.preview().change_summary.items()}

    def refused(self, action: str = "up") -> str:
        """What the engine prints when an action fails, as it must."""
        with pytest.raises(auto.CommandError) as caught:
            getattr(self.stack, action)()
        said = str(caught.value)
        del caught
        _end_programs()
        return said

    def state(self) -> dict[str, Any]:
        """Exported resources by logical name."""
        resources = self.stack.export_stack().deployment["resources"]
        return {resource["urn"].rpartition("::")[2]: resource for resource in resources}


def _end_programs() -> None:
    """Let nothing of an earlier run's program go on in this process.

    Where an engine has failed, the SDK waits neither for the program's thread nor for its coroutines, which end when
    they are collected; what they then say of their engine they would say to the next one, as an error.
    """
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and any(map(_is_program, sys._current_frames().values())):
        time.sleep(0.02)
    gc.collect()


def _is_program(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == automation_server.__file__:
            return True
        frame = frame.f_back
    return False


def serving(folder: Path, packages: Sequence[Package], **options: Any) -> Iterator[Server]:
    """A server for the time of a test."""
    server = Server(folder / "world.db", packages=packages, **options)
    yield server
    server.stop()
