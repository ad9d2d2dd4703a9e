"""Groups of options: what typer sees of them, and what a verb gets."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Annotated

import pytest
import typer
from typer.testing import CliRunner

from ops.options import PlaceOptions, WorkOptions
from ops.splice import spliced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Short:
    name: Annotated[str, typer.Option("--name")]
    loud: Annotated[bool, typer.Option("--loud", help="Shout.")] = False


@dataclass(frozen=True, kw_only=True)
class Long(Short):
    times: Annotated[int, typer.Option(min=1)] = 1


def run(verb: Callable[..., None], *arguments: str) -> int:
    app = typer.Typer()
    app.command()(verb)
    return CliRunner().invoke(app, arguments).exit_code


def test_fields_stand_where_the_group_does() -> None:
    @spliced
    def verb(*, first: int = 0, group: Long, last: bool = False) -> None:
        """Do it."""

    assert list(signature(verb).parameters) == ["first", "name", "loud", "times", "last"]
    assert (verb.__name__, verb.__doc__) == ("verb", "Do it.")


def test_a_verb_gets_its_groups_filled_in_and_its_own_options_as_they_are() -> None:
    got: list[object] = []

    @spliced
    def verb(*, group: Long, own: Annotated[str, typer.Option("--own")] = "x") -> None:
        got.extend((group, own))

    assert run(verb, "--name", "a", "--loud", "--times", "3", "--own", "y") == 0
    assert run(verb, "--name", "a") == 0
    assert got == [Long(name="a", loud=True, times=3), "y", Long(name="a"), "x"]


def test_typer_checks_the_options_of_a_group() -> None:
    @spliced
    def verb(*, group: Long) -> None:
        raise AssertionError(group)

    assert run(verb, "--name", "a", "--times", "0") == 2
    assert run(verb, "--loud") == 2  # the name has no default


def test_a_name_cannot_be_given_twice() -> None:
    def verb(*, group: Short, name: str) -> None:
        """Do nothing."""

    with pytest.raises(ValueError, match="duplicate parameter name: 'name'"):
        spliced(verb)


def test_every_option_of_a_place_reaches_the_factory(tmp_path: Path) -> None:
    given = {
        "simulate": True,
        "state": tmp_path,
        "lab": True,
        "pace": 0.5,
        "faults": tmp_path / "f",
        "allow_passphrase": True,
    }
    assert vars(WorkOptions(**given).place()) == given
    assert vars(PlaceOptions(state=tmp_path).place()).items() >= {"simulate": False, "state": tmp_path}.items()
