"""Our own language host under the real engine: programs and policy packs from folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulator.registry import load
from tests.simulator.engine import engine_folder, needs_engine, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [needs_engine, pytest.mark.e2e]

ROOT = Path(__file__).parents[2]
VIRTUALENV = Path(sys.prefix)
PROGRAM = """
import pulumi
import pulumi_random
from helper import LENGTH

password = pulumi_random.RandomPassword("password", length=pulumi.Config().get_int("length") or LENGTH)
print("the program says hello")
pulumi.export("password", password.result)
"""
PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def check(args, report):
    if args.resource_type.endswith(":RandomPassword") and args.props.get("length", 0) < 16:
        report("far too short")

PolicyPack(
    "pack",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[ResourceValidationPolicy(name="length", description="Passwords are long.", validate=check)],
)
"""


class Project:
    """A folder with a program and a policy pack, and a way to run the engine in it."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        runtime = f"runtime:\n  name: python\n  options:\n    virtualenv: {VIRTUALENV}\n"
        for name, text in {
            "Pulumi.yaml": f"name: plain\n{runtime}",
            "__main__.py": PROGRAM,
            "helper.py": "LENGTH = 20\n",
            "pack/PulumiPolicy.yaml": runtime,
            "pack/__main__.py": PACK,
        }.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        host = folder / "bin" / "pulumi-language-python"
        host.parent.mkdir()
        host.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m toolchain.language_host "$@"\n')
        host.chmod(0o755)
        backend = folder / "backend"
        backend.mkdir()
        self.variables = {
            **os.environ,
            **variables,
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(folder / "home"),
            "PATH": f"{host.parent}:{engine_folder()}:/usr/bin:/bin",
        }
        self.run("stack", "init", "dev")

    def run(self, *arguments: str) -> tuple[int, str]:
        command = ["pulumi", "--non-interactive", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    from simulator.launch import environment

    for server in serving(tmp_path, [load("tls"), load("random")]):
        folder = tmp_path / "project"
        folder.mkdir()
        yield Project(folder, environment(server.ports))


def test_a_program_runs_and_a_policy_pack_stops_it(project: Project) -> None:
    code, said = project.run("preview")
    assert code == 0, said
    assert "the program says hello" in said
    assert "KeyboardInterrupt" not in said
    assert project.run("up", "--yes", "--skip-preview", "--policy-pack", "pack")[0] == 0
    assert "1 unchanged" in project.run("preview")[1] or "2 unchanged" in project.run("preview")[1]
    project.run("config", "set", "length", "5")
    code, said = project.run("preview", "--policy-pack", "pack")
    assert code != 0
    assert "far too short" in said
    code, said = project.run("about")
    assert "This project is written in python" in said
    assert "pulumi_random" in said
    assert project.run("destroy", "--yes")[0] == 0


def test_a_program_that_fails_says_where(project: Project) -> None:
    (project.folder / "helper.py").write_text("LENGTH = 1 / 0\n")
    code, said = project.run("preview")
    assert code != 0
    assert "ZeroDivisionError" in said
    assert "helper.py" in said
    (project.folder / "__main__.py").write_text("import pulumi\nraise pulumi.RunError('one line for the user')\n")
    code, said = project.run("preview")
    assert code != 0
    assert "one line for the user" in said
    assert "Traceback" not in said
