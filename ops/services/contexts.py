"""Contexts of a fleet's clusters in a kubeconfig: put beside all others, which stay as they are.

Each entry of ours carries a mark, an extension named ``hms``, with fleet, cluster and place. An entry without the mark
is somebody else's, whatever its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ops.errors import ClusterError, RefusedError
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = "hms"
"""Name of the extension."""

Place = Literal["lab", "stacks"]
"""What the clusters are: a lab's must never take the place of the deployment's."""

Done = Literal["added", "changed", "unchanged", "removed"]

_LISTS = {"clusters": "cluster", "users": "user", "contexts": "context"}
"""Lists of a kubeconfig, and what each entry has beside its name."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of a context."""

    context: str
    cluster: str
    server: str
    done: Done


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where contexts come from.

    Parameters
    ----------
    kubeconfigs
        By cluster; each has one context, or says which is the current one.
    complete
        Whether these are all clusters of the fleet there, so that others of ours are of clusters that are gone.
    """

    fleet: str
    place: Place
    kubeconfigs: Mapping[str, Mapping[str, Any]]
    complete: bool


def merge(config: dict[str, Any], source: Source, prefix: str) -> tuple[Change, ...]:
    """Put a fleet's contexts into a kubeconfig.

    Parameters
    ----------
    config
        Is changed.
    prefix
        Of the contexts' names, each ``PREFIXFLEET-CLUSTER``; with ``lab-`` before it for a lab.

    Raises
    ------
    RefusedError
        If an entry of somebody else's has such a name. Nothing was changed.
    """
    names = {cluster: context_name(source, cluster, prefix) for cluster in source.kubeconfigs}
    for kind in _LISTS:
        for entry in config.get(kind) or ():
            if entry.get("name") in names.values() and _mark(entry, kind) is None:
                raise RefusedError(
                    f"{kind} has an entry {entry['name']} that hms did not make",
                    "rename it, or give --prefix to name ours otherwise",
                )
    changes = [_put(config, source, cluster, name) for cluster, name in names.items()]
    return (*changes, *(_removed(config, source, set(names.values())) if source.complete else ()))


def use(config: dict[str, Any], name: str) -> str:
    """Make a context the current one.

    Parameters
    ----------
    name
        Of the context, or of a cluster of which there is one context of ours.

    Returns
    -------
    The context's name.

    Raises
    ------
    RefusedError
        If there is none, or the cluster has several.
    """
    entries = config.get("contexts") or ()
    found = [entry["name"] for entry in entries if entry.get("name") == name] or [
        entry["name"] for entry in entries if (_mark(entry, "contexts") or {}).get("cluster") == name
    ]
    if len(found) != 1:
        ours = ", ".join(entry["name"] for entry in entries if _mark(entry, "contexts") is not None)
        said = f"{name} has several contexts: {', '.join(found)}" if found else f"there is no context {name}"
        raise RefusedError(said, f"one of {ours}" if ours else "hms contexts writes those of the fleet")
    config["current-context"] = found[0]
    return str(found[0])


def context_name(source: Source, cluster: str, prefix: str) -> str:
    """Name the context of a cluster."""
    return f"{prefix}{'lab-' if source.place == 'lab' else ''}{source.fleet}-{cluster}"


def changes_table(changes: tuple[Change, ...], file: str) -> Table:
    """Give what was done as a table."""
    return Table(
        title=f"Contexts in {file}",
        head=("context", "cluster", "server", "done"),
        rows=tuple((each.context, each.cluster, each.server, each.done) for each in changes),
    )


def _put(config: dict[str, Any], source: Source, cluster: str, name: str) -> Change:
    own = _single(cluster, source.kubeconfigs[cluster])
    mark = {"name": MARK, "extension": {"fleet": source.fleet, "cluster": cluster, "place": source.place}}
    wanted = {
        "clusters": {**own["clusters"], "extensions": [mark]},
        "users": {**own["users"], "extensions": [mark]},
        "contexts": {**own["contexts"], "cluster": name, "user": name, "extensions": [mark]},
    }
    states = {_replace(config, kind, {"name": name, _LISTS[kind]: content}) for kind, content in wanted.items()}
    done: Done = "unchanged" if states == {"unchanged"} else "added" if states == {"added"} else "changed"
    return Change(context=name, cluster=cluster, server=str(own["clusters"].get("server", "")), done=done)


def _single(cluster: str, kubeconfig: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Take the one context of a cluster's kubeconfig apart.

    Raises
    ------
    ClusterError
        If it has none.
    """
    lists = {
        kind: {entry["name"]: entry.get(field) or {} for entry in kubeconfig.get(kind) or ()}
        for kind, field in _LISTS.items()
    }
    current = kubeconfig.get("current-context") or next(iter(lists["contexts"]), "")
    context = lists["contexts"].get(current, {})
    try:
        return {
            "clusters": lists["clusters"][context["cluster"]],
            "users": lists["users"][context["user"]],
            "contexts": {key: value for key, value in context.items() if key == "namespace"},
        }
    except KeyError:
        raise ClusterError(f"{cluster}: its kubeconfig has no context that can be used") from None


def _replace(config: dict[str, Any], kind: str, entry: dict[str, Any]) -> Done:
    """Put an entry in the place of that of its name, else at the end."""
    entries = config.get(kind) or []
    config[kind] = entries
    for number, known in enumerate(entries):
        if known.get("name") == entry["name"]:
            if known == entry:
                return "unchanged"
            entries[number] = entry
            return "changed"
    entries.append(entry)
    return "added"


def _removed(config: dict[str, Any], source: Source, kept: set[str]) -> Iterator[Change]:
    """Take out what we made of clusters that are gone."""
    for kind in _LISTS:
        gone = {}
        for entry in config.get(kind) or ():
            mark = _mark(entry, kind) or {}
            ours = (mark.get("fleet"), mark.get("place")) == (source.fleet, source.place)
            if ours and entry["name"] not in kept:
                gone[entry["name"]] = str(mark.get("cluster", ""))
        if gone:
            config[kind] = [entry for entry in config[kind] if entry.get("name") not in gone]
        if kind == "contexts":
            if config.get("current-context") in gone:
                config["current-context"] = ""
            yield from (Change(context=name, cluster=gone[name], server="-", done="removed") for name in gone)


def _mark(entry: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """Give the mark of an entry; None where it is not ours."""
    for extension in (entry.get(_LISTS[kind]) or {}).get("extensions") or ():
        if extension.get("name") == MARK:
            found: dict[str, Any] = extension.get("extension") or {}
            return found
    return None
