"""Options that several verbs share, each written once; the groups are what :func:`ops.splice.spliced` takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import RefusedError
from ops.terminal import Output

if TYPE_CHECKING:
    from ops.factory import Place


class TimersChoice(StrEnum):
    """How soon a dead end is noticed."""

    CLOUD = "cloud"
    QUICK = "quick"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to write the result.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
FleetOption = Annotated[
    Path | None, typer.Option(help="Fleet file; that of the stack's settings, else fleets/dev.yaml, if none is named.")
]
StackOption = Annotated[str | None, typer.Option(help="One stack: SITE-FLEET, or FLEET for all sites as one graph.")]
TimersOption = Annotated[
    TimersChoice, typer.Option(help="BGP and dead peer timers: as the clouds have them, or quick.")
]
PolicyConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--policy-config", help="Levels and exceptions of policies, JSON; policies/config.json if none is named."
    ),
]


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """Which stacks, of which fleet."""

    stack: StackOption = None
    everything: Annotated[
        bool, typer.Option("--all", help="All site stacks, in the order in which they read each other.")
    ] = False
    fleet: FleetOption = None


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Which clusters, of which fleet, and where they are."""

    fleet: FleetOption = None
    lab: Annotated[bool, typer.Option("--lab", help="The clusters of the lab that hms lab up started.")] = False
    stack: StackOption = None
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="CLUSTER=CONTEXT", help="A cluster by a context of your own kubeconfig."),
    ] = None
    state: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the state: .state/lab with --lab; else your own Pulumi backend."),
    ] = None

    def __post_init__(self) -> None:
        """Refuse what names clusters twice.

        Raises
        ------
        RefusedError
            If two options do.
        """
        if self.lab + bool(self.context) + bool(self.stack) > 1:
            raise RefusedError("--lab, --context and --stack exclude each other", "choose one")

    @property
    def contexts(self) -> dict[str, str]:
        """The contexts, by cluster.

        Raises
        ------
        RefusedError
            If one is none.
        """
        found = {}
        for text in self.context or ():
            name, equals, context = text.partition("=")
            if not equals or not name or not context:
                raise RefusedError(f"--context {text}: no context of a cluster", "--context aws-1=my-context")
            found[name] = context
        return found


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Where a verb works that looks at what is deployed. Each field is one of :class:`ops.factory.Place`."""

    simulate: Annotated[bool, typer.Option("--simulate", help="Simulated clouds: no account, no cost.")] = False
    state: Annotated[
        Path | None,
        typer.Option(
            help="Folder that holds all state; nothing is written elsewhere. "
            "With --simulate .state if none is named, with --lab .state/lab; else your own Pulumi backend."
        ),
    ] = None
    lab: Annotated[
        bool,
        typer.Option(
            "--lab", help="With --simulate: Kubernetes and Cilium are the real ones of the lab that hms lab up started."
        ),
    ] = False

    def __post_init__(self) -> None:
        """Refuse what would have no effect.

        Raises
        ------
        RefusedError
            If a lab is to stand beside real clouds.
        """
        if self.lab and not self.simulate:
            raise RefusedError("--lab takes simulated clouds", "add --simulate, or leave it out")

    def place(self) -> Place:
        """Give the place as the factory takes it."""
        from ops.factory import Place

        return Place(**vars(self))


@dataclass(frozen=True, kw_only=True)
class WorkOptions(PlaceOptions):
    """Where, and how, a verb works that changes what is deployed."""

    pace: Annotated[
        float, typer.Option(min=0.0, help="With --simulate: share of the time that real clouds need; 0 is none.")
    ] = 0.0
    faults: Annotated[Path | None, typer.Option(help="With --simulate: a fault plan, what goes wrong and when.")] = None
    allow_passphrase: Annotated[
        bool, typer.Option("--allow-passphrase", help="Let a passphrase protect the secrets of a real deployment.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what would have no effect.

        Raises
        ------
        RefusedError
            If a lab is to stand beside real clouds, or they are to keep a pace or to fail.
        """
        super().__post_init__()
        if (self.pace or self.faults) and not self.simulate:
            raise RefusedError("--pace and --faults are for simulated clouds", "add --simulate, or leave them out")


@dataclass(frozen=True, kw_only=True)
class PolicyOptions:
    """Which policies hold."""

    no_policies: Annotated[
        str | None, typer.Option("--no-policies", metavar="REASON", help="Leave the policies out, and say why.")
    ] = None
    policy_config: PolicyConfigOption = None
