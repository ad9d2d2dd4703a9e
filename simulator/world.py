"""The simulated world: every resource that any simulated cloud holds, in one SQLite file.

One transaction is one operation: it is wholly there or not, whenever the process dies. The records are mirrored in
memory, because a rule that looks through all subnets must not cost a query each; another process that writes to the
same file is noticed by SQLite's ``data_version``.
"""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from simulator.values import Outputs

GLOBAL: Final = "global"
"""Scope of resources that live in no region; they are found from every scope, and find into every scope."""

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incarnations (urn TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resources (
    token TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, urn TEXT NOT NULL,
    incarnation INTEGER NOT NULL, owner TEXT NOT NULL, inputs TEXT NOT NULL, outputs TEXT NOT NULL,
    edges TEXT NOT NULL, PRIMARY KEY (token, scope, key)
) WITHOUT ROWID;
"""


class Key(NamedTuple):
    """Identity of a record: ids alone are not unique (``kube-system/cilium`` in every cluster)."""

    token: str
    scope: str
    id: str


class Edge(NamedTuple):
    """A reference from one record to another that forbids deleting the target."""

    target: Key
    code: str
    message: str


def fold(id_: str) -> str:
    """Return an id as it is compared: Azure does not mind the case, everyone else does."""
    return id_.casefold() if id_.startswith("/") and id_.casefold().startswith("/subscriptions/") else id_


@dataclass(frozen=True)
class Record:
    """One resource of the world.

    Attributes
    ----------
    token, scope, id
        Type token, region or subscription or cluster, and the cloud's id.
    urn
        URN of the resource that the engine manages; empty for what the cloud made by itself.
    inputs, outputs
        Property values; outputs hold the inputs too.
    incarnation
        How many resources with this URN there were before it.
    owner
        URN of the resource this one goes away with, for what the cloud made by itself.
    edges
        References that forbid deleting their targets.
    """

    token: str
    scope: str
    id: str
    urn: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    incarnation: int = 0
    owner: str = ""
    edges: tuple[Edge, ...] = ()

    @property
    def key(self) -> Key:
        """Identity, ids of Azure folded."""
        return Key(self.token, self.scope, fold(self.id))

    def with_outputs(self, outputs: Outputs) -> Record:
        """Return the record with these outputs laid over its own."""
        return replace(self, outputs={**self.outputs, **outputs})


class World:
    """All resources, safe to use from several threads.

    Parameters
    ----------
    path
        The SQLite file; made if absent.
    seed
        Everything random about ids is derived from it. A world keeps the seed it was made with.
    """

    def __init__(self, path: Path, seed: str = "hms") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
        self._database.execute("PRAGMA journal_mode=WAL")
        # The file survives a crash of the process either way; NORMAL spares an fsync for each of 400 resources.
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)
        self._database.execute("INSERT OR IGNORE INTO meta VALUES ('seed', ?)", (seed,))
        self.seed: str = self._database.execute("SELECT value FROM meta WHERE name = 'seed'").fetchone()[0]
        self._records: dict[str, dict[Key, Record]] = {}
        self._sources: dict[Key, dict[Key, Edge]] = {}
        self._version = -1
        self._refresh()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One operation: all of its writes or none. Reads inside see nothing of other threads."""
        with self._lock:
            if self._depth:
                yield
                return
            self._database.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                self._refresh()
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                self._version = -1  # the mirror may hold writes that were taken back
                raise
            else:
                self._database.execute("COMMIT")
            finally:
                self._depth -= 1

    def _refresh(self) -> None:
        """Read everything again if another process, or a rollback, made the mirror stale."""
        version = self._database.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        self._records, self._sources = {}, {}
        rows = self._database.execute(
            "SELECT token, scope, id, urn, inputs, outputs, incarnation, owner, edges FROM resources"
        )
        for token, scope, id_, urn, inputs, outputs, incarnation, owner, edges in rows:
            parsed = tuple(Edge(Key(*target), code, message) for target, code, message in json.loads(edges))
            record = Record(token, scope, id_, urn, json.loads(inputs), json.loads(outputs), incarnation, owner, parsed)
            self._mirror(record)
        self._version = version

    def _mirror(self, record: Record) -> None:
        self._records.setdefault(record.token, {})[record.key] = record
        for edge in record.edges:
            self._sources.setdefault(edge.target, {})[record.key] = edge

    def _unmirror(self, record: Record) -> None:
        self._records.get(record.token, {}).pop(record.key, None)
        for edge in record.edges:
            self._sources.get(edge.target, {}).pop(record.key, None)

    def find(self, token: str, scope: str | None = None, **equal: Any) -> list[Record]:
        """Return records of a kind, in a scope or everywhere, whose outputs have these values; by their ids."""
        with self._reading():
            return sorted(
                (
                    record
                    for record in self._records.get(token, {}).values()
                    if scope in {None, GLOBAL, record.scope} or record.scope == GLOBAL
                    if all(record.outputs.get(name) == value for name, value in equal.items())
                ),
                key=lambda record: record.id,
            )

    def one(self, token: str, id_: str, scope: str | None = None) -> Record | None:
        """Return the record with this id, in a scope or among the global ones (or anywhere), or ``None``."""
        with self._reading():
            records = self._records.get(token, {})
            if scope is not None and scope != GLOBAL:
                return records.get(Key(token, scope, fold(id_))) or records.get(Key(token, GLOBAL, fold(id_)))
            return next((record for key, record in records.items() if key.id == fold(id_)), None)

    def blockers(self, record: Record) -> list[tuple[Key, Edge]]:
        """Who refers to this record in a way that forbids deleting it."""
        with self._reading():
            return sorted(self._sources.get(record.key, {}).items())

    def owned(self, urn: str) -> list[Record]:
        """Return what the cloud made by itself along with the resource that has this URN and is not yet gone."""
        with self._reading():
            return [record for kind in self._records.values() for record in kind.values() if record.owner == urn]

    def records(self) -> list[Record]:
        """Every record, what the clouds made by themselves included."""
        with self._reading():
            return sorted(
                (record for kind in self._records.values() for record in kind.values()), key=lambda record: record.key
            )

    def count(self) -> int:
        """How many resources the world holds."""
        return len(self.records())

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            if not self._depth:
                self._refresh()
            yield

    def new_record(self, **fields: Any) -> Record:
        """Return a record that is not yet in the world."""
        return Record(**fields)

    def next_incarnation(self, urn: str) -> int:
        """Count one more resource with this URN; call it inside a transaction."""
        row = self._database.execute(
            "INSERT INTO incarnations VALUES (?, 1) ON CONFLICT (urn) DO UPDATE SET count = count + 1 RETURNING count",
            (urn,),
        ).fetchone()
        return int(row[0]) - 1

    def incarnations(self, urn: str) -> int:
        """How many resources with this URN there have been."""
        with self._lock:
            row = self._database.execute("SELECT count FROM incarnations WHERE urn = ?", (urn,)).fetchone()
        return int(row[0]) if row else 0

    def put(self, record: Record) -> None:
        """Write a record, new or changed; call it inside a transaction."""
        if (old := self._records.get(record.token, {}).get(record.key)) is not None:
            self._unmirror(old)
        self._database.execute(
            "INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.token,
                record.scope,
                record.key.id,
                record.id,
                record.urn,
                record.incarnation,
                record.owner,
                json.dumps(record.inputs),
                json.dumps(record.outputs),
                json.dumps(record.edges),
            ),
        )
        self._mirror(record)

    def remove(self, record: Record) -> None:
        """Take a record out; call it inside a transaction."""
        self._database.execute("DELETE FROM resources WHERE token = ? AND scope = ? AND key = ?", record.key)
        self._unmirror(record)
