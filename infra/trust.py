"""The mesh's CA and its change by stages, so that no certificate in use is ever one that its reader does not trust.

=================  ===============  ==============  =======  ========================================================
``mesh.ca``        CAs that exist   trusted         signs    what the stage does
=================  ===============  ==============  =======  ========================================================
``generation: 1``  1                1               1
``next: created``  1, 2             1               1        a second CA, which nobody trusts yet
``next: trusted``  1, 2             1, 2            1        every process of every cluster trusts both
``promoted``       1, 2             1, 2            2        every certificate is signed anew, by the second
``generation: 2``  2                2               2        nobody trusts the first, which is gone
=================  ===============  ==============  =======  ========================================================

Clusters are updated one after the other, and go on together only while each trusts what the other's certificates are
signed with: true of every two stages that follow each other, in either direction, and of no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.model import Authority

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class TrustPlan:
    """The CAs of the mesh, by their generations.

    Parameters
    ----------
    generations
        Those that exist, the oldest first.
    trusted
        Those that every cluster trusts, the one that signs first.
    """

    generations: tuple[int, ...]
    trusted: tuple[int, ...]

    @property
    def signing(self) -> int:
        """The one that signs certificates."""
        return self.trusted[0]

    def gets_on_with(self, other: TrustPlan) -> bool:
        """Say whether two clusters, one of each plan, accept each other's certificates."""
        return self.signing in other.trusted and other.signing in self.trusted


def plan_trust(authority: Authority) -> TrustPlan:
    """Give the CAs of a stage."""
    now, following = authority.generation, authority.generation + 1
    match authority.next:
        case None:
            return TrustPlan(generations=(now,), trusted=(now,))
        case "created":
            return TrustPlan(generations=(now, following), trusted=(now,))
        case "trusted":
            return TrustPlan(generations=(now, following), trusted=(now, following))
        case "promoted":
            return TrustPlan(generations=(now, following), trusted=(following, now))


def recorded(authority: Authority) -> dict[str, Any]:
    """Give a stage as plain data, for a stack output."""
    return authority.model_dump(exclude_none=True)


def read_record(record: Mapping[str, Any] | None) -> Authority:
    """Read what :func:`recorded` gave; a stack that says nothing has the first CA."""
    return Authority.model_validate(dict(record or {}))
