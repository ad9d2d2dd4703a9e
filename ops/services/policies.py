"""Which policies hold for a command: the pack and its configuration, checked before anything is started."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.adapters.pack import Pack
from ops.errors import RefusedError
from policies.config import MIN_REASON, PolicyConfig, PolicyConfigError, parse_config
from policies.registry import RULES

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

FOLDER = "policies"
CONFIG = "config.json"
"""Configuration that holds where none is named."""


def today() -> date:
    """Give the day on which exceptions are judged: in UTC, as the pack does."""
    return datetime.now(tz=UTC).date()


def pack_of(root: Path, config: Path | None, *, allow_expired: bool = False) -> Pack:
    """Give the pack of a checkout with its configuration.

    Parameters
    ----------
    config
        The file named; None for ``policies/config.json`` where that exists.
    allow_expired
        Take a configuration with expired exceptions: who only reports shows them.

    Raises
    ------
    RefusedError
        If the configuration has mistakes, or exceptions that have expired.
    """
    default = root / FOLDER / CONFIG
    file = config or (default if default.exists() else None)
    read = read_config(file) if file else PolicyConfig()
    expired = () if allow_expired else read.expired(today())
    if expired:
        raise RefusedError(
            f"{file}: exceptions have expired; nothing was started",
            "do what the rules ask for and remove the exceptions; or look at each again and give it a new end",
            details=tuple(f"  {one}" for one in expired),
        )
    # Absolute: the engine looks from its workspace.
    return Pack(folder=(root / FOLDER).resolve(), file=file.resolve() if file else None, config=read)


def read_config(file: Path) -> PolicyConfig:
    """Read a configuration.

    Raises
    ------
    RefusedError
        With every mistake in it.
    """
    try:
        return parse_config(json.loads(file.read_text(encoding="utf-8")), RULES)
    except OSError as error:
        raise RefusedError(f"cannot read the policy configuration {file}: {error.strerror}") from None
    except PolicyConfigError as error:
        details = tuple(f"  {problem}" for problem in error.problems)
        raise RefusedError(f"{file} is refused; nothing was started", details=details) from None
    except ValueError as error:
        raise RefusedError(f"{file} is no JSON: {error}", "policies/README.md shows one") from None


def refuse_no_reason(reason: str) -> None:
    """Refuse to leave the policies out without saying why.

    Raises
    ------
    RefusedError
        If the reason is none.
    """
    if len(reason.strip()) < MIN_REASON:
        raise RefusedError(f"{reason!r} is no reason", f"say in {MIN_REASON} characters or more why no policy holds")
