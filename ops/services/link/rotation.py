"""``hms link rotate``: every key is exchanged on this machine, and how that is done in the clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.link.pairs import pair
from lab.link.reading import read_ends
from lab.link.rotate import Rotation
from ops.services.link.trial import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.link.planned import Planned


def rotation(resources: tuple[Planned, ...], *, timers: str, progress: Callable[[str], None]) -> Rotation:
    """Exchange all keys in a twin, with requests under way.

    Raises
    ------
    ClusterError
        If the twin does not start, or a tunnel does not come back.
    """
    with standing(resources, timers=timers, progress=progress) as session:
        told = session.ask("rotate")
    return Rotation(**told | {"tunnels": tuple(tuple(one) for one in told["tunnels"])})


def stages(resources: tuple[Planned, ...]) -> list[str]:
    """Give the commands that exchange the keys in the clouds, one tunnel at a time."""
    found: list[str] = []
    for tunnel in pair(read_ends(resources)):
        if tunnel.azure is None:
            continue
        stack = tunnel.azure.connection.urn.split("::")[0].removeprefix("urn:pulumi:")
        made_from = tunnel.azure.connection.dependencies.get("sharedKey", ())
        found += [f"pulumi up --stack {stack} --replace '{urn}' && hms link status" for urn in made_from]
    return found
