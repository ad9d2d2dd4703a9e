"""The machine that hms runs on: its tools, its clock, its environment, and the clock of a cloud to compare with."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import MissingError

if TYPE_CHECKING:
    from ops.adapters.credentials import Machine, Missing

PROVIDERS = ("aws", "azure-native", "eks", "kubernetes", "random", "tls")
"""Providers whose plugins the program needs, of the releases of its Python packages."""

_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class LocalFacts:
    """The machine.

    Parameters
    ----------
    machine
        Where credentials and settings are looked for.
    allow_passphrase
        Whether a passphrase may protect the secrets of a real deployment.
    """

    machine: Machine
    allow_passphrase: bool = False

    def missing(self, *, clouds: frozenset[str], stacks: tuple[str, ...]) -> tuple[Missing, ...]:
        """List what is not set up: credentials, a backend, keys for secrets."""
        return self.machine.missing(clouds=sorted(clouds), stacks=stacks, allow_passphrase=self.allow_passphrase)

    def environment(self, name: str) -> str:
        """Give an environment variable; empty if it is not set."""
        return self.machine.env.get(name, "")

    def engine(self) -> str:
        """Say where the Pulumi engine is."""
        from toolchain.run import StepFailedError
        from toolchain.tools import pulumi

        try:
            return str(pulumi())
        except StepFailedError as error:
            raise MissingError("there is no Pulumi engine", str(error)) from None

    def tool(self, name: str, *arguments: str) -> str:
        """Give what a program says of its version; empty if there is no such program."""
        try:
            done = subprocess.run(  # noqa: S603 - a version is asked for
                (name, *arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            return ""
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MissingError(
                f"{name} does not say its version: {error}", f"look at: {name} {' '.join(arguments)}"
            ) from None
        return (done.stdout or done.stderr).strip() or f"{name} without a version"

    def plugins(self) -> tuple[str, ...]:
        """Name the provider plugins that are not here yet, as ``NAME vVERSION``."""
        home = self.environment("PULUMI_HOME")
        folder = (Path(home) if home else self.machine.home / ".pulumi") / "plugins"
        wanted = {name: metadata.version(f"pulumi-{name}") for name in PROVIDERS}
        return tuple(
            f"{name} v{version}"
            for name, version in wanted.items()
            if not (folder / f"resource-{name}-v{version}").is_dir()
        )

    def now(self) -> datetime:
        """Give the time on this machine's clock, with its zone."""
        return datetime.now(UTC)

    def time_at(self, host: str) -> datetime:
        """Give the time on the clock of a server, to the second: the date of whatever it answers."""
        import urllib3

        try:
            answer = urllib3.request("GET", f"https://{host}/", timeout=_SECONDS, retries=False, redirect=False)
            return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        except (urllib3.exceptions.HTTPError, KeyError, ValueError, TypeError) as error:
            raise MissingError(
                f"https://{host} tells no time ({type(error).__name__})", "look at the network and its proxy"
            ) from None
