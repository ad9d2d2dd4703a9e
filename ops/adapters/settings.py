"""Project and stack settings of Pulumi, read from the repository and, for a state folder, copied into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ops.adapters.state import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

_KEY_FIELDS = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""What binds a settings file to its secrets provider: belongs to one backend and is never copied to another."""


def read_stack(root: Path, stack: str) -> dict[str, Any]:
    """Read ``Pulumi.<stack>.yaml`` of a folder; empty where there is none."""
    path = root / f"Pulumi.{stack}.yaml"
    if not path.exists():
        return {}
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    return settings if isinstance(settings, dict) else {}


def fleet_of(root: Path, stack: str) -> str | None:
    """Give the fleet file that a stack's settings name (``hms:fleet``), as they name it."""
    fleet = (read_stack(root, stack).get("config") or {}).get(f"{PROJECT}:fleet")
    return str(fleet) if fleet else None


def copy_into(  # noqa: PLR0913 - three are named
    workspace: Path, root: Path, stack: str, *, fleet: Path, sites: tuple[str, ...] | None, keys: bool
) -> None:
    """Give a state folder the settings of a stack: the repository's configuration, this fleet file.

    Parameters
    ----------
    sites
        What the stack deploys; None for the whole fleet.
    keys
        Whether the repository's secrets provider holds here too, until the folder has one of its own.
    """
    project = {"name": PROJECT, "runtime": "python", "description": f"Made by hms; the project is {root}"}
    (workspace / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    config = {**(read_stack(root, stack).get("config") or {}), f"{PROJECT}:fleet": str(fleet)}
    config.pop(f"{PROJECT}:sites", None)
    if sites is not None:
        config[f"{PROJECT}:sites"] = list(sites)
    own = {key: value for key, value in read_stack(workspace, stack).items() if key in _KEY_FIELDS}
    if keys and not own:
        own = {key: value for key, value in read_stack(root, stack).items() if key in _KEY_FIELDS}
    (workspace / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({**own, "config": config}), encoding="utf-8")
