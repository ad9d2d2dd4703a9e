"""``hms link`` at the terminal: what it writes, and its exit codes; the twin is told, not run."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from lab.link.pairs import pair
from lab.link.reading import read_ends
from ops.cli import app
from ops.services.link import trial
from tests.lab.link.mistakes import PER_TUNNEL, SLOTS
from tests.lab.link.planned_fleets import planned
from tests.ops.test_link import export, seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from lab.link.planned import Planned

DRILL = {"cut": "path", "what": "a path", "flows": 16, "hit": 4, "sent": 100, "lost": 9, "seconds": 2.5, "whole": 1.0}
ROTATION = {"tunnels": [["one", 1.5]], "every": 0.1, "sent": 100, "lost": 0}


class Told:
    """Answers in a twin's place."""

    def __init__(self, resources: tuple[Planned, ...]) -> None:
        self._tunnels = pair(read_ends(resources))
        self.answers: dict[str, Any] = {"drill": DRILL, "rotate": ROTATION}

    def ask(self, verb: str, **_: Any) -> Any:
        return json.loads(json.dumps(self.answers.get(verb) or asdict(seen(self._tunnels))))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    changed: dict[str, Any] = {}

    @contextmanager
    def twin_of(resources: tuple[Planned, ...], **_: Any) -> Iterator[Told]:
        told = Told(resources)
        told.answers |= changed
        yield told

    monkeypatch.setattr(trial, "twin_of", twin_of)
    return changed


def hms(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["link", *arguments])


def plan_file(folder: Path, resources: tuple[Planned, ...]) -> str:
    file = folder / "plan.json"
    file.write_text(json.dumps(export(resources)), encoding="utf-8")
    return str(file)


@pytest.mark.usefixtures("answers")
class TestTest:
    def test_a_good_link_is_0(self, tmp_path: Path) -> None:
        done = hms("test", "--plan", plan_file(tmp_path, planned("dev")))
        assert done.exit_code == 0
        assert "4 of 4 tunnels up" in done.stdout

    def test_a_loose_plan_is_1_though_all_is_up(self, tmp_path: Path) -> None:
        loose = next(one for one in PER_TUNNEL if one.name == "AWS offers two groups")
        done = hms("test", "--plan", plan_file(tmp_path, loose.apply(planned("dev"), SLOTS[0])), "-o", "json")
        assert done.exit_code == 1
        assert json.loads(done.stdout)["good"] is False

    def test_junit_goes_to_standard_output(self, tmp_path: Path) -> None:
        done = hms("test", "--plan", plan_file(tmp_path, planned("dev")), "-o", "junit")
        assert done.stdout.startswith("<?xml")

    def test_a_plan_and_a_place_exclude_each_other(self, tmp_path: Path) -> None:
        done = hms("test", "--plan", plan_file(tmp_path, planned("dev")), "--simulate")
        assert done.exit_code == 2
        assert "--plan says all" in done.stderr


def test_a_drill_that_ends_whole_is_0(tmp_path: Path, answers: dict[str, Any]) -> None:
    file = plan_file(tmp_path, planned("dev"))
    done = hms("drill", "--cut", "path", "--plan", file, "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)["drills"]) == (0, [DRILL])
    answers["drill"] = {**DRILL, "whole": -1.0}
    done = hms("drill", "--cut", "path", "--plan", file)
    assert done.exit_code == 1
    assert "never" in done.stdout


def test_a_rotation_that_loses_nothing_is_0(tmp_path: Path, answers: dict[str, Any]) -> None:
    file = plan_file(tmp_path, planned("dev"))
    done = hms("rotate", "--plan", file)
    assert done.exit_code == 0
    assert done.stdout.count("--replace") == 4
    answers["rotate"] = {**ROTATION, "lost": 3}
    assert hms("rotate", "--plan", file).exit_code == 1


def test_simulated_clouds_have_no_status() -> None:
    done = hms("status", "--simulate")
    assert done.exit_code == 2
    assert "hms link test --simulate" in done.stderr
