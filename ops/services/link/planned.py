"""Planned resources for the link's twin: out of deployed stacks, or out of what Pulumi wrote into a file.

A file is what ``pulumi preview --json`` or ``pulumi stack export`` writes. No secret is decrypted: which secret a
property is, is known by the resources that it was made from.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from lab.link.planned import UNKNOWN, Planned
from ops.errors import RefusedError
from policies import values
from policies.values import Secret
from policies.wire import decode_properties

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ops.adapters.engine import Engine

_ENDS = ("VpnConnection", "VirtualNetworkGatewayConnection")


def deployed(engine: Engine, stacks: tuple[str, ...], only: str | None = None) -> tuple[Planned, ...]:
    """Read what is deployed.

    Parameters
    ----------
    stacks
        All that may be deployed: a link names what belongs to another stack.
    only
        Stack whose links are meant; None for all.

    Raises
    ------
    RefusedError
        If none is deployed, or no link is in them.
    """
    standing = [stack for stack in stacks if engine.state(stack).deployed]
    if not standing or (only and only not in standing):
        raise RefusedError(
            f"not deployed: {only or ', '.join(stacks)}",
            "hms up --all --simulate deploys simulated clouds in half a minute; or give a plan with --plan",
        )
    resources = tuple(one for stack in standing for one in exported(engine.export(stack)))
    return with_links(one for one in resources if only is None or one.noun not in _ENDS or f":{only}::" in one.urn)


def from_files(files: Iterable[Path]) -> tuple[Planned, ...]:
    """Read previews and exported stacks.

    Raises
    ------
    RefusedError
        If one cannot be read, or no link is in them.
    """
    return with_links(one for file in files for one in _from_file(file))


def exported(export: Mapping[str, Any]) -> tuple[Planned, ...]:
    """Read an exported stack."""
    resources = (export.get("deployment") or {}).get("resources") or ()
    return tuple(_planned(one) for one in resources if not one.get("delete"))


def previewed(preview: Mapping[str, Any]) -> tuple[Planned, ...]:
    """Read a preview: what will be there once it is done."""
    states = [step["newState"] for step in preview.get("steps") or () if step.get("newState")]
    # A replacement is told in three steps.
    return tuple({state["urn"]: _planned(state) for state in states}.values())


def with_links(resources: Iterable[Planned]) -> tuple[Planned, ...]:
    """Take resources, if a link is among them.

    Raises
    ------
    RefusedError
        If there is none.
    """
    taken = tuple(resources)
    if not any(one.noun in _ENDS for one in taken):
        raise RefusedError(
            "no tunnel between clouds is planned there", "a fleet with a site on AWS and one on Azure has some"
        )
    return taken


def _from_file(file: Path) -> tuple[Planned, ...]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"{file} cannot be read: {error}", "give what pulumi preview --json wrote") from None
    if isinstance(read, dict) and "steps" in read:
        return previewed(read)
    if isinstance(read, dict) and "deployment" in read:
        return exported(read)
    raise RefusedError(
        f"{file} is no preview and no exported stack", "pulumi preview --json > FILE, or pulumi stack export"
    )


def _planned(state: Mapping[str, Any]) -> Planned:
    return Planned(
        urn=state["urn"],
        type=state["type"],
        name=state["urn"].rpartition("::")[2],
        id=str(state.get("id") or ""),
        inputs=_plain(decode_properties(state.get("inputs") or {})),
        outputs=_plain(decode_properties(state.get("outputs") or {})),
        dependencies={
            name: tuple(urns or ()) for name, urns in (state.get("propertyDependencies") or {}).items() if urns
        },
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if value is values.UNKNOWN:
        return UNKNOWN
    if isinstance(value, Secret):
        plain = _plain(value.value)
        # Whose secret it is has to be known; what it is has not.
        return UNKNOWN if plain == UNKNOWN else hashlib.sha256(json.dumps(plain).encode()).hexdigest()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
