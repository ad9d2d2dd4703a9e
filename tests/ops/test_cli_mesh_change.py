"""``hms mesh ca`` and ``hms mesh enable|connect|disconnect`` as typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ops import cli_deploy
from tests.ops.fakes import failed, standing
from tests.ops.test_cli import Shell

DEV = Path("fleets/dev.yaml").read_text(encoding="utf-8")
CREATED = DEV.replace("  profile: overlay\n", "  profile: overlay\n  ca:\n    next: created\n")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "dev.yaml"
    path.write_text(DEV, encoding="utf-8")
    return path


@pytest.fixture
def shell(tmp_path: Path, fleet: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path)
    monkeypatch.setattr(cli_deploy, "factory", made.factory)
    monkeypatch.setattr(sys, "argv", ["hms", "as", "typed"])
    made.simulated("up", "--all", "--yes", "--fleet", str(fleet))
    made.engine.calls.clear()
    return made


def typed(shell: Shell, fleet: Path, *arguments: str) -> tuple[int, str]:
    result = shell.simulated("mesh", *arguments, "--fleet", str(fleet))
    return result.exit_code, result.stdout + result.stderr


def test_a_step_edits_the_file_and_deploys_every_stack(shell: Shell, fleet: Path) -> None:
    code, said = typed(shell, fleet, "ca", "create", "--yes")
    assert code == 0
    assert [run for run in shell.engine.runs if run[0] == "up"] == [("up", "aws-dev"), ("up", "azure-dev")]
    assert fleet.read_text(encoding="utf-8") == CREATED
    assert f"{fleet} is changed" in said


def test_a_step_out_of_turn_starts_nothing(shell: Shell, fleet: Path) -> None:
    code, said = typed(shell, fleet, "ca", "promote", "--yes")
    assert (code, shell.engine.runs, fleet.read_text(encoding="utf-8")) == (2, [], DEV)
    assert "next: hms mesh ca create" in said


def test_a_stack_that_is_behind_starts_nothing(shell: Shell, fleet: Path) -> None:
    fleet.write_text(CREATED.replace("created", "trusted"), encoding="utf-8")
    shell.engine.states |= {
        "aws-dev": standing("aws-dev", ca={"generation": 1.0, "next": "trusted"}),
        "azure-dev": standing("azure-dev", ca={"generation": 1.0, "next": "created"}),
    }
    code, said = typed(shell, fleet, "ca", "promote", "--yes")
    assert (code, shell.engine.runs) == (2, [])
    assert "azure-dev has CA 1, and CA 2 created" in said
    assert "next: hms mesh ca trust" in said


def test_only_stacks_that_are_deployed_are_touched(shell: Shell, fleet: Path) -> None:
    del shell.engine.states["azure-dev"]
    assert typed(shell, fleet, "ca", "create", "--yes")[0] == 0
    assert {stack for _, stack in shell.engine.runs} == {"aws-dev"}
    shell.engine.states.clear()
    code, said = typed(shell, fleet, "ca", "create", "--yes")
    assert code == 2
    assert "hms up --all" in said


def test_a_failure_says_what_to_type_again(shell: Shell, fleet: Path) -> None:
    shell.engine.results["up", "azure-dev"] = failed("no")
    code, said = typed(shell, fleet, "ca", "create", "--yes")
    assert code == 1
    assert "go on where it stopped: hms as typed" in said


def test_nobody_to_ask(shell: Shell, fleet: Path) -> None:
    for arguments in (("ca", "create"), ("ca", "create", "-o", "json"), ("disconnect", "aws-1")):
        code, said = typed(shell, fleet, *arguments)
        assert code == 2
        assert "--yes" in said
    assert (shell.engine.runs, fleet.read_text(encoding="utf-8")) == ([], DEV)


def test_a_cluster_that_flows_need_is_not_taken_out(shell: Shell, fleet: Path) -> None:
    code, said = typed(shell, fleet, "disconnect", "azure-1", "--yes")
    assert (code, shell.engine.runs, fleet.read_text(encoding="utf-8")) == (2, [], DEV)
    assert "'api' in 'azure-1' cannot reach 'cdf'" in said


def test_a_cluster_that_is_needed_by_none_is_taken_out_and_in(shell: Shell, fleet: Path) -> None:
    alone = DEV[: DEV.index("# HMS-SYS")]
    fleet.write_text(alone, encoding="utf-8")
    assert typed(shell, fleet, "disconnect", "azure-1", "--yes")[0] == 0
    assert fleet.read_text(encoding="utf-8") == alone.rstrip("\n") + "\n    meshed: false\n\n"
    assert typed(shell, fleet, "connect", "azure-1", "--yes")[0] == 0
    assert fleet.read_text(encoding="utf-8") == alone.rstrip("\n") + "\n    meshed: true\n\n"


def test_the_status_of_a_rotation(shell: Shell, fleet: Path) -> None:
    fleet.write_text(CREATED, encoding="utf-8")
    shell.engine.states |= {
        stack: standing(stack, ca={"generation": 1.0, "next": "created"}) for stack in ("aws-dev", "azure-dev")
    }
    code, said = typed(shell, fleet, "ca", "status")
    assert code == 0
    assert "next: hms mesh ca trust" in said
    code, said = typed(shell, fleet, "ca", "status", "-o", "json")
    told = json.loads(said)
    assert told["stacks"]["azure-dev"] == told["declared"] == {"generation": 1, "next": "created"}
    assert (told["v"], told["clusters"], told["next"]) == (1, {}, "hms mesh ca trust")


def test_a_lab_takes_simulated_clouds(shell: Shell, fleet: Path) -> None:
    result = shell("mesh", "ca", "status", "--lab", "--fleet", str(fleet))
    assert result.exit_code == 2
    assert "add --simulate" in result.stderr
