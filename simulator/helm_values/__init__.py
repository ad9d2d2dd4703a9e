"""The Helm charts that the simulated repositories offer, and which values each takes.

A chart's values live in ``<chart>-<version>.tsv`` beside this file: a line a key, with its types, whether keys beyond
the listed ones are legal below it (``open``), and its enum. Helm itself accepts any key: one that the chart does not
know is silently ignored (the Cilium keys that moved in 1.20 are the usual case). Here it is refused, because a value
that does nothing is always a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from simulator.helm_values.cilium import check_cilium
from simulator.kind import Failure
from simulator.values import UNKNOWN

__all__ = ["CHARTS", "Chart", "check", "find_chart", "tabled"]

_HERE: Final = Path(__file__).parent
_KEY: Final = re.compile(r"(?:\\.|[^.\\])+")


@dataclass(frozen=True)
class Chart:
    """One version of a chart in a repository.

    Attributes
    ----------
    name, version, app_version
        As in ``Chart.yaml``.
    repositories
        Where it is found: a repository's URL (given as ``repositoryOpts.repo``), or an ``oci://`` address (given as
        the chart).
    groups
        API groups of the custom resource definitions that it installs.
    """

    name: str
    version: str
    app_version: str
    repositories: tuple[str, ...]
    groups: tuple[str, ...] = ()


_GRAFANA: Final = "grafana-community"
CHARTS: Final = (
    # Looked up 2026-08-21; a newer version is one more line here and one more table of values.
    Chart(
        "cilium", "1.20.0", "1.20.0", ("https://helm.cilium.io", "oci://quay.io/cilium/charts/cilium"), ("cilium.io",)
    ),
    Chart(
        "cilium", "1.19.6", "1.19.6", ("https://helm.cilium.io", "oci://quay.io/cilium/charts/cilium"), ("cilium.io",)
    ),
    *(
        Chart(
            name,
            version,
            app,
            (f"https://{_GRAFANA}.github.io/helm-charts", f"oci://ghcr.io/{_GRAFANA}/helm-charts/{name}"),
        )
        for name, version, app in (
            ("grafana", "12.11.1", "13.2.0"),
            ("loki", "18.11.0", "3.7.6"),
            ("tempo", "2.2.4", "2.10.8"),
        )
    ),
    Chart(
        "kube-prometheus-stack",
        "88.5.3",
        "v0.93.1",
        (
            "https://prometheus-community.github.io/helm-charts",
            "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
        ),
        ("monitoring.coreos.com",),
    ),
    Chart(
        "opentelemetry-collector", "0.170.0", "0.158.0", ("https://open-telemetry.github.io/opentelemetry-helm-charts",)
    ),
    Chart("velero", "12.1.0", "1.18.1", ("https://vmware-tanzu.github.io/helm-charts",), ("velero.io",)),
    Chart(
        "external-secrets",
        "2.9.0",
        "v2.9.0",
        ("https://charts.external-secrets.io",),
        ("external-secrets.io", "generators.external-secrets.io"),
    ),
)


def find_chart(chart: str, version: str | None, repository: str | None) -> Chart | None:
    """Give the chart that a release means, or ``None`` where the repository has no such chart or version.

    Parameters
    ----------
    chart
        Name, or an ``oci://`` address (then ``repository`` must be absent).
    version
        Exact version, with or without a leading ``v``; absent means the newest.
    repository
        URL of the repository, with or without a slash at the end.
    """
    address = chart if chart.startswith("oci://") else (repository or "").rstrip("/")
    name = chart.rpartition("/")[2]
    if chart.startswith("oci://") and repository:
        return None
    for one in CHARTS:
        wanted = version is None or version.removeprefix("v") == one.version
        if one.name == name and address in one.repositories and wanted:
            return one
    return None


@dataclass
class _Node:
    """What may stand at one place of the values."""

    types: tuple[str, ...] = ("object",)
    open: bool = False
    enum: tuple[str, ...] = ()
    keys: dict[str, _Node] = field(default_factory=dict)
    item: _Node | None = None


def _below(node: _Node, step: str) -> _Node:
    name, brackets, _ = step.partition("[]")
    found = node.keys.setdefault(name.replace("\\.", "."), _Node())
    for _ in range(step.count("[]") if brackets else 0):
        found.item = found.item or _Node()
        found = found.item
    return found


@lru_cache(maxsize=8)
def _table(chart: str, version: str) -> _Node | None:
    path = _HERE / f"{chart}-{version}.tsv"
    if not path.is_file():
        return None
    root = _Node()
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        where, types, open_, enum = (*line.split("\t"), "", "", "")[:4]
        node = root
        for step in _KEY.findall(where):
            node = _below(node, step)
        node.types = tuple(types.split("|"))
        node.open = open_ == "yes"
        node.enum = tuple("" if word == '""' else word for word in enum.split("|")) if enum else ()
    return root


def tabled(chart: str, version: str) -> bool:
    """Whether the legal values of this version of the chart are known here."""
    return _table(chart, version) is not None


_NAMES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", type(None): "null"}


def _type(value: object) -> str:
    if isinstance(value, Mapping):
        return "object"
    return _NAMES.get(type(value), type(value).__name__)


def _fits(kind: str, types: tuple[str, ...]) -> bool:
    return kind in types or (kind == "integer" and "number" in types)


def _escaped(key: str) -> str:
    return f'["{key}"]' if "." in key else f".{key}"


def _check(node: _Node, value: Any, path: str) -> Iterator[Failure]:  # noqa: ANN401 - any JSON value
    if value is UNKNOWN or (node.types == ("null",) and node.open):
        return
    kind = _type(value)
    if not _fits(kind, node.types):
        yield Failure(path, f"got {kind}, want {' or '.join(node.types)}")
    elif node.enum and isinstance(value, str) and value not in node.enum:
        allowed = ", ".join(f"'{word}'" for word in node.enum)
        yield Failure(path, f"value must be one of {allowed}, got '{value}'")
    elif isinstance(value, Mapping):
        for key, below in value.items():
            if (known := node.keys.get(key)) is not None:
                yield from _check(known, below, path + _escaped(key))
            elif not node.open:
                yield Failure(path + _escaped(key), f"unknown value: the chart has no key '{key}' here")
    elif isinstance(value, list) and node.item is not None:
        for index, below in enumerate(value):
            yield from _check(node.item, below, f"{path}[{index}]")


def check(chart: str, version: str, values: Mapping[str, Any], path: str = "values") -> list[Failure]:
    """Report every value that the chart does not take, and what its own templates refuse.

    Parameters
    ----------
    chart, version
        A chart of `CHARTS` with a table here; see `tabled`.
    values
        The values of the release, not those of the chart below them; may hold `UNKNOWN`.
    path
        Where the values stand, for the paths of the failures.

    Raises
    ------
    LookupError
        There is no table for this version.
    """
    table = _table(chart, version)
    if table is None:
        raise LookupError(f"no table of values for chart {chart} {version}: add {chart}-{version}.tsv to {_HERE}")
    failures = list(_check(table, values, path))
    if chart == "cilium" and not failures:
        failures += (
            Failure(f"{path}.{failure.path}" if failure.path else path, failure.reason)
            for failure in check_cilium(values)
        )
    return failures
