"""How far a rotation of the mesh's CA has come: in the fleet file, in each stack, and in the clusters themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.trust import plan_trust, recorded
from ops.services.mesh.rotation import following, told
from ops.services.mesh.trusting import SECRETS
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model import Authority
    from ops.services.mesh.trusting import Trusting
    from ops.services.observe.seen import Seen

_SHOWN = 16
"""Digits of a fingerprint in a table."""


@dataclass(frozen=True, kw_only=True)
class CaStatus:
    """The CAs of a mesh.

    Parameters
    ----------
    declared
        The stage in the fleet file.
    stacks
        The stage of each deployed stack.
    clusters
        What was read from clusters of the mesh; empty where they could not be asked, on simulated clouds.
    """

    fleet: str
    declared: Authority
    stacks: Mapping[str, Authority]
    clusters: Mapping[str, Seen[Trusting]]

    @property
    def next(self) -> str:
        """What to type next; empty where no rotation is under way."""
        late = any(stage != self.declared for stage in self.stacks.values())
        if self.declared.next is None and not late:
            return ""
        step = following(self.declared.next)
        return f"hms mesh ca {step}" if not late else "the step that was begun, again: not every stack has it"

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1; fingerprints are SHA-256, those that are trusted with the signing first."""
        return {
            "v": 1,
            "fleet": self.fleet,
            "declared": recorded(self.declared),
            "stacks": {name: recorded(stage) for name, stage in self.stacks.items()},
            "clusters": {
                name: {"error": seen.error} if seen.value is None else _as_json(seen.value)
                for name, seen in self.clusters.items()
            },
            "next": self.next,
        }

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables: stages, and what clusters have."""
        stages = Table(
            title=f"CA of {self.fleet}",
            head=("where", "has", "signs", "is trusted"),
            rows=tuple(_row(where, stage) for where, stage in (("fleet file", self.declared), *self.stacks.items())),
        )
        clusters = Table(
            title="In the clusters",
            head=("cluster", "signs", "is trusted", "certificates signed by it", "pods started with"),
            rows=tuple(_cluster(name, seen) for name, seen in self.clusters.items()),
        )
        return tuple(table for table in (stages, clusters) if table.rows)


def _row(where: str, stage: Authority) -> tuple[str, ...]:
    trust = plan_trust(stage)
    return where, told(stage), f"CA {trust.signing}", ", ".join(f"CA {each}" for each in sorted(trust.trusted))


def _cluster(name: str, seen: Seen[Trusting]) -> tuple[str, ...]:
    if seen.value is None:
        return name, seen.error, "", "", ""
    found = seen.value
    bundle = [each.fingerprint[:_SHOWN] for each in found.bundle]
    pods = sorted(set(found.pods.values()))
    return (
        name,
        bundle[0] if bundle else "nothing",
        ", ".join(bundle) or "nothing",
        f"{len(found.signed)} of {len(SECRETS)}",
        "; ".join(f"CA {each}" if each else "none" for each in pods) or "-",
    )


def _as_json(found: Trusting) -> dict[str, Any]:
    return {
        "trusted": [each.fingerprint for each in found.bundle],
        "signed": sorted(found.signed),
        "unsigned": sorted(set(SECRETS) - found.signed),
        "pods": dict(found.pods),
    }
