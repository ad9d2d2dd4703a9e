"""When a changed configuration of the kubernetes provider means another cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.kind import Inputs, Kind
from simulator.kubernetes.cluster import parse_kubeconfig
from simulator.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

_PICKS: Final = ("kubeconfig", "context", "cluster")


def _active(config: Inputs) -> object:
    text = config.get("kubeconfig")
    if not isinstance(text, str) or not text:
        return None
    try:
        found = parse_kubeconfig(text, *(str(config.get(name) or "") for name in _PICKS[1:]))
    except ValueError:
        return None
    return found.host, found.certificate


def _replaces(old: Inputs, new: Inputs, changed: tuple[str, ...]) -> Iterable[str]:
    """As the real provider: a constant ``clusterIdentifier`` keeps everything, whatever else changes."""
    before, after = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if after is not None and after == before:
        return ()
    if before is not None and after is not None:
        return ("clusterIdentifier",)
    unknown = [name for name in _PICKS if new.get(name) is UNKNOWN]
    if unknown:
        return unknown
    same = _active(old) is None or _active(new) is None or _active(old) == _active(new)
    return () if same else [name for name in _PICKS if name in changed]


KIND: Final = Kind(token="pulumi:providers:kubernetes", schema="open", replaces=_replaces)  # noqa: S106 - a type token
