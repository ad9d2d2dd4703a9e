"""Tests of the lab run where a lab can; elsewhere one line says what is missing, and in CI that is a failure."""

from __future__ import annotations

import os

import pytest

from lab.doctor import examine

_MISSING = pytest.StashKey[str]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    of_lab = [item for item in items if item.get_closest_marker("lab")]
    # A lab that is borrowed shows that the machine can, and leaves no room for a second.
    if not of_lab or os.environ.get("HMS_TEST_LAB"):
        return
    lacking = [check.name for check in examine() if check.needed is not None and not check.found]
    if not lacking:
        return
    said = f"{len(of_lab)} tests of the lab did not run: this machine lacks {', '.join(lacking)}; see hms lab doctor"
    if os.environ.get("CI"):
        raise pytest.UsageError(said)
    config.stash[_MISSING] = said
    items[:] = [item for item in items if item not in of_lab]
    config.hook.pytest_deselected(items=of_lab)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if said := config.stash.get(_MISSING, ""):
        terminalreporter.write_line(said, yellow=True)
