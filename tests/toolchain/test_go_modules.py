"""The committed modules say what the table and the pins say."""

from __future__ import annotations

import re

import pytest

from toolchain.places import versions
from toolchain.programs import MODULES, GoModule

_each = pytest.mark.parametrize("module", MODULES, ids=[module.name for module in MODULES])


def _required(module: GoModule) -> dict[str, str]:
    text = (module.folder / "go.mod").read_text(encoding="utf-8")
    return dict(re.findall(r"^(?:\t|require )([\w./~-]+) (v\S+)", text, re.MULTILINE))


def _tools(module: GoModule) -> set[str]:
    text = (module.folder / "go.mod").read_text(encoding="utf-8")
    block = re.search(r"^tool \((.*?)^\)", text, re.MULTILINE | re.DOTALL)
    return set(block[1].split()) if block else set(re.findall(r"^tool (\S+)", text, re.MULTILINE))


@_each
def test_each_program_is_a_tool_of_its_module(module: GoModule) -> None:
    assert set(module.programs.values()) == _tools(module)


@_each
def test_the_pinned_version_is_the_required_one_and_has_a_sum(module: GoModule) -> None:
    required = _required(module)
    sums = (module.folder / "go.sum").read_text(encoding="utf-8")
    for package in module.programs.values():
        (path,) = (path for path in _prefixes(package) if path in required)
        assert required[path] == f"v{module.version}"
        assert f"{path} v{module.version} h1:" in sums


def _prefixes(package: str) -> list[str]:
    """Name the modules that a package may be in; one of them is required."""
    parts = package.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 1, -1)]


@_each
def test_the_module_is_named_after_its_folder_and_needs_no_newer_go_than_said(module: GoModule) -> None:
    text = (module.folder / "go.mod").read_text(encoding="utf-8")
    assert text.startswith(f"module hms/toolchain/{module.name}\n")
    needed = re.search(r"^go (\S+)", text, re.MULTILINE)
    assert needed is not None
    assert _number(needed[1]) <= _number(versions()["go"]["least"])


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_staging_modules_are_those_of_the_pinned_kubernetes() -> None:
    module = next(module for module in MODULES if module.name == "kubernetes")
    text = (module.folder / "go.mod").read_text(encoding="utf-8")
    replaced = dict(re.findall(r"^replace (k8s\.io/\S+) => \1 (\S+)", text, re.MULTILINE))
    assert set(replaced.values()) == {f"v0.{module.version.split('.', 1)[1]}"}
    assert {"k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go", "k8s.io/component-base"} <= set(replaced)


def test_the_datapath_and_the_chart_are_of_one_cilium() -> None:
    module = next(module for module in MODULES if module.name == "cilium")
    pinned = versions()["charts"]["cilium"][module.version]["sum"]
    assert f"github.com/cilium/cilium v{module.version} {pinned}\n" in (module.folder / "go.sum").read_text("utf-8")
