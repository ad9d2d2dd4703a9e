"""What components refuse to open, whichever cloud they build on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.predicates import cidr_is_world, is_named_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network

    from infra.plan import Opening


def refuse_world(argument: str, sources: Iterable[IPv4Network | str]) -> None:
    """Refuse sources that name nobody in particular.

    Parameters
    ----------
    argument
        Where they stand, for the message.

    Raises
    ------
    ValueError
        If there is one.
    """
    for source in sources:
        if cidr_is_world(str(source)):
            raise ValueError(f"{argument}: {source} lets everybody in; name the ranges that have to come in")


def refuse_unnamed(openings: Sequence[Opening]) -> None:
    """Refuse openings for ports that the mesh does not need, or for everybody.

    Raises
    ------
    ValueError
        If there is one.
    """
    for opening in openings:
        port = opening.port
        if not is_named_port(port.protocol, port.port, port.port):
            raise ValueError(
                f"openings: {port.name!r} ({port.protocol} {port.port}) is no port of the mesh; "
                "take one of infra/ports.py"
            )
        refuse_world(f"openings: sources of {port.name!r}", opening.sources)
