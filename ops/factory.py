"""Wires the command line: one place that knows which engine, clouds and folders a command works with."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ops.adapters import settings
from ops.adapters.credentials import Machine
from ops.adapters.simulator import running_lab, simulated_clouds, without_real_clouds
from ops.adapters.state import StateFolder
from ops.errors import MissingError, RefusedError
from ops.services.targets import Target, all_targets, whole_target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from infra.plan import FleetPlan
    from ops.adapters.engine import Engine, Program

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: holds ``Pulumi.yaml``, the stacks' settings and ``fleets/``."""

DEFAULT_FLEET = Path("fleets") / "dev.yaml"
DEFAULT_STATE = ".state"
DEFAULT_LAB_STATE = ".state/lab"

_PATIENCE = 60.0
"""Seconds to wait for an orphaned engine to end by itself."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a command works.

    Parameters
    ----------
    simulate
        On simulated clouds.
    state
        The state folder; None for the user's own backend, or the default folder where clouds are simulated.
    lab
        Kubernetes is that of the lab beside the state.
    pace
        How much of the time that real clouds need the simulated ones take; 0 is none.
    faults
        A fault plan for the simulated clouds.
    allow_passphrase
        Whether a passphrase may protect the secrets of a real deployment.
    """

    simulate: bool = False
    state: Path | None = None
    lab: bool = False
    pace: float = 0.0
    faults: Path | None = None
    allow_passphrase: bool = False


@dataclass(frozen=True, kw_only=True)
class Session:
    """An engine ready to work, for as long as it is entered.

    Parameters
    ----------
    prepare
        To be called with a stack before the engine touches it, and with what shows a warning about it.
    reveal
        What a user types to see a secret output.
    """

    engine: Engine
    prepare: Callable[[Target, Callable[[str], None]], None]
    reveal: str


@dataclass(frozen=True, kw_only=True)
class Factory:
    """Makes sessions. Tests give a root, a machine and an engine of their own.

    Parameters
    ----------
    pack_root
        The checkout whose policies hold: this one, wherever the stacks' settings are.
    engine
        Makes the engine from binary, workspace, environment and secrets provider.
    """

    root: Path = ROOT
    pack_root: Path = ROOT
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    home: Path = field(default_factory=Path.home)
    engine: Callable[[Path, Mapping[str, str], str | None], Engine] | None = None
    clouds: Callable[..., AbstractContextManager[Mapping[str, str]]] = simulated_clouds

    def fleet_file(self, fleet: Path | None, stack: str | None = None) -> Path:
        """Give the fleet file: the one named, else the one in the stack's settings, else ``fleets/dev.yaml``."""
        if fleet is not None:
            return fleet
        named = settings.fleet_of(self.root, stack) if stack else None
        path = self.root / (named or DEFAULT_FLEET)
        # As short as it can be written: it stands in every message about the file.
        return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

    def program(self, plan: FleetPlan, target: Target) -> Program:
        """Make the inline program of a stack: the same as ``__main__.py`` runs."""

        def program() -> Awaitable[None]:
            from components.fleet import run  # loads the clouds' SDKs

            return run(plan, target.scope(plan))

        return program

    @contextmanager
    def working(self, place: Place, plan: FleetPlan, fleet: Path, targets: tuple[Target, ...]) -> Iterator[Session]:
        """Open a session that can change things.

        Raises
        ------
        RefusedError
            If the state folder holds a fleet of the other kind.
        MissingError
            If credentials are missing; all of them, named.
        """
        folder = self._folder(place)
        with ExitStack() as stack:
            if place.simulate and folder is not None:
                folder.prepare(simulate=True)
                stack.enter_context(folder.hold())
                stack.enter_context(without_real_clouds())
                clouds = stack.enter_context(
                    self.clouds(
                        folder.world,
                        quotas=plan.fleet.quotas,
                        scale=place.pace,
                        faults=place.faults,
                        lab=running_lab(folder.lab) if place.lab else None,
                    )
                )
                environment: dict[str, str] = {**folder.environment(), **clouds}
                yield self._session(folder, environment, plan, fleet, place)
                return
            self._require(place, folder, plan, targets)
            environment = {}
            if folder is not None:
                folder.prepare(simulate=False)
                stack.enter_context(folder.hold())
                environment = folder.environment()
            yield self._session(folder, environment, plan, fleet, place)

    @contextmanager
    def reading(self, place: Place, plan: FleetPlan, fleet: Path) -> Iterator[Session]:
        """Open a session that only reads what the backend has: no cloud is needed.

        Raises
        ------
        RefusedError
            If the state folder named does not exist.
        MissingError
            If there is no backend to ask.
        """
        folder = self._folder(place, reading=True)
        if folder is None:
            if Machine(env=self.env, home=self.home, root=self.root).backend_url() is None:
                hint = (
                    f"; or --simulate for the simulated fleet in {DEFAULT_STATE}"
                    if (self.root / DEFAULT_STATE).exists()
                    else ""
                )
                raise MissingError("no Pulumi backend", f"pulumi login, or set PULUMI_BACKEND_URL{hint}")
            yield self._session(None, {}, plan, fleet, place)
            return
        if not folder.backend.exists():
            raise RefusedError(f"{folder.path} holds no fleet", "hms up --all with the same --state deploys one")
        with without_real_clouds() if folder.simulated else ExitStack():
            yield self._session(folder, folder.environment(), plan, fleet, place)

    def _folder(self, place: Place, *, reading: bool = False) -> StateFolder | None:
        if place.state is None and not place.simulate:
            return None
        default = self.root / (DEFAULT_LAB_STATE if place.lab else DEFAULT_STATE)
        folder = StateFolder((place.state or default).expanduser().resolve())
        if reading:
            return folder
        if folder.simulated and not place.simulate:
            raise RefusedError(f"{folder.path} holds a simulated fleet", "add --simulate, or name another folder")
        if place.simulate and folder.backend.exists() and not folder.simulated:
            raise RefusedError(f"{folder.path} holds a real fleet", "leave --simulate out, or name another folder")
        return folder

    def _require(self, place: Place, folder: StateFolder | None, plan: FleetPlan, targets: tuple[Target, ...]) -> None:
        ends = {
            site
            for target in targets
            for scope in (target.scope(plan),)
            for site in (*scope.sites, *(end for link in scope.links for end in plan.links[link].sites))
        }
        machine = Machine(
            env=self.env, home=self.home, root=self.root, backend=folder.backend.as_uri() if folder else None
        )
        missing = machine.missing(
            clouds={plan.sites[site].cloud for site in ends},
            stacks=[target.stack for target in targets],
            allow_passphrase=place.allow_passphrase,
        )
        if missing:
            raise MissingError(
                "real clouds need what is missing here; nothing was started",
                "set it and try again; or try without a cloud: add --simulate",
                details=tuple(f"  {each}" for each in missing),
            )

    def _session(
        self, folder: StateFolder | None, environment: Mapping[str, str], plan: FleetPlan, fleet: Path, place: Place
    ) -> Session:
        workspace = folder.workspace if folder else self.root
        stacks = {target.stack: target for target in (*all_targets(plan), whole_target(plan))}
        simulated = folder is not None and folder.simulated

        def settle(target: Target) -> None:
            if folder is not None:
                settings.copy_into(
                    workspace, self.root, target.stack, fleet=fleet.resolve(), sites=target.sites, keys=not simulated
                )

        def prepare(target: Target, say: Callable[[str], None]) -> None:
            settle(target)
            if folder is not None:
                _unlock(folder, target.stack, say)

        if folder is not None:
            settle(next(iter(stacks.values())))
        passphrase = simulated or place.allow_passphrase
        secrets_provider = "passphrase" if passphrase else None
        make = self.engine or _real_engine
        needed = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE")
        reveal = "".join(f"{key}={environment[key]} " for key in needed if key in environment)
        return Session(
            engine=make(workspace, environment, secrets_provider),
            prepare=prepare,
            reveal=f"{reveal}pulumi stack output NAME --show-secrets --stack STACK",
        )


def _unlock(folder: StateFolder, stack: str, say: Callable[[str], None]) -> None:
    """Take away locks of engines that are gone; the folder is held, so no other run of ours can be behind them.

    An engine whose ``hms`` was killed ends what is under way and then itself: that is waited for.

    Raises
    ------
    RefusedError
        If the process of a lock does not end, or ran on another machine.
    """
    for lock in folder.locks(stack):
        if lock.here and not lock.stale:
            say(f"an earlier run was killed; its engine (process {lock.pid}) is ending what was under way: waiting")
            patience = time.monotonic() + _PATIENCE
            while not lock.stale and lock.path.exists() and time.monotonic() < patience:
                time.sleep(0.2)
        if not lock.path.exists():
            continue
        if not lock.stale:
            raise RefusedError(
                f"the stack {stack} is locked by process {lock.pid} on {lock.host} since {lock.since}",
                f"wait until it is done; if it is gone for sure, delete {lock.path}",
            )
        lock.path.unlink(missing_ok=True)
        say(f"an earlier engine (process {lock.pid}) was killed and left its lock: removed, since it is gone")


def _real_engine(workspace: Path, environment: Mapping[str, str], secrets_provider: str | None) -> Engine:
    from ops.adapters.automation import AutomationEngine
    from toolchain.run import StepFailedError
    from toolchain.tools import pulumi

    try:
        binary = pulumi()
    except StepFailedError as error:
        raise MissingError("the Pulumi engine is missing", str(error)) from None
    return AutomationEngine(
        binary=binary, workspace=workspace, environment=environment, secrets_provider=secrets_provider
    )
