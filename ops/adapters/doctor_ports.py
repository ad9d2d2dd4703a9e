"""What the checks ask: of AWS, of Azure and of this machine. Everything may raise :class:`ops.errors.MissingError`.

That error says why there is no answer and what to do about it. Adapters: :mod:`ops.adapters.aws_facts`,
:mod:`ops.adapters.azure_facts`, :mod:`ops.adapters.machine_facts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ops.adapters.credentials import Missing


class Kind(Enum):
    """Things in an AWS region that a quota counts."""

    VPC = "vpc"
    ADDRESS = "address"
    NAT_GATEWAY = "nat-gateway"
    INTERNET_GATEWAY = "internet-gateway"
    PRIVATE_GATEWAY = "private-gateway"
    TRANSIT_GATEWAY = "transit-gateway"
    CUSTOMER_GATEWAY = "customer-gateway"
    CONNECTION = "connection"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that is in an AWS region already.

    Parameters
    ----------
    fleet
        The fleet that its tags name; empty if none.
    zone
        Its availability zone, where it has one.
    """

    fleet: str
    zone: str = ""


@dataclass(frozen=True, kw_only=True)
class Running:
    """An on-demand instance that runs in an AWS region."""

    size: str
    cpus: int
    fleet: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who AWS takes the caller for.

    Parameters
    ----------
    arn
        Of the user, or of the session of a role.
    """

    account: str
    arn: str


@dataclass(frozen=True, kw_only=True)
class Denied:
    """An action that the caller may not do.

    Parameters
    ----------
    by
        What stands against it: ``no policy allows it``, ``an explicit deny``, ...
    """

    action: str
    by: str


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """An EC2 instance type in a region: its vCPUs, and the availability zones that have it."""

    cpus: int
    zones: frozenset[str]


class AwsFacts(Protocol):
    """What an AWS account tells about itself."""

    def identity(self) -> Identity:
        """Say who the caller is."""
        ...

    def principal(self) -> str:
        """Give the ARN of the user or role that policies are attached to."""
        ...

    def denied(self, actions: Sequence[str]) -> tuple[Denied, ...]:
        """List those of some actions that the caller may not do, on any resource."""
        ...

    def quotas(self, region: str, service: str) -> Mapping[str, float]:
        """Give the quotas of a service by their codes."""
        ...

    def things(self, region: str, kind: Kind) -> tuple[Thing, ...]:
        """List what is there of a kind."""
        ...

    def running(self, region: str) -> tuple[Running, ...]:
        """List the on-demand instances that run or start."""
        ...

    def zones(self, region: str) -> frozenset[str]:
        """Name the availability zones that the account may use."""
        ...

    def instance_types(self, region: str, sizes: Iterable[str]) -> Mapping[str, InstanceType]:
        """Look instance types up; one that the region does not have is left out."""
        ...

    def kubernetes(self, region: str) -> Mapping[str, str]:
        """Give the versions that EKS runs: minor to ``STANDARD_SUPPORT`` or ``EXTENDED_SUPPORT``."""
        ...


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who Azure takes the caller for.

    Parameters
    ----------
    user
        A user's name, or the application id of a service principal.
    state
        ``Enabled``, or why nothing can be made in the subscription.
    """

    subscription: str
    tenant: str
    state: str
    user: str


@dataclass(frozen=True, kw_only=True)
class Permission:
    """What one role gives the caller on the subscription: patterns of operations, such as ``Microsoft.Network/*``."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    not_data_actions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much of a quota is used."""

    used: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class VmSize:
    """A VM size in an Azure region.

    Parameters
    ----------
    family
        The quota that its vCPUs count on, such as ``standardDSv5Family``.
    zones
        Availability zones that have it and that the subscription may use.
    barred
        Why the subscription may not use it at all; empty if it may.
    encrypts
        Whether it can encrypt disks at the host.
    """

    family: str
    cpus: int
    zones: frozenset[str]
    barred: str
    encrypts: bool


class AzureFacts(Protocol):
    """What an Azure subscription tells about itself."""

    def account(self) -> Account:
        """Say who the caller is, and in which subscription."""
        ...

    def permissions(self) -> tuple[Permission, ...]:
        """List what the caller may do on the whole subscription."""
        ...

    def feature(self, namespace: str, name: str) -> str:
        """Give the state of a feature of the subscription: ``Registered``, or something else."""
        ...

    def providers(self) -> Mapping[str, str]:
        """Give the registration state of each resource provider, by its name in lower case."""
        ...

    def usages(self, namespace: str, region: str) -> Mapping[str, Usage]:
        """Give the quotas of a provider in a region, by their names in lower case."""
        ...

    def sizes(self, region: str) -> Mapping[str, VmSize]:
        """Give the VM sizes of a region."""
        ...

    def kubernetes(self, region: str) -> Mapping[str, bool]:
        """Give the versions that AKS offers under standard support: minor to whether it is a preview."""
        ...

    def groups(self, fleet: str) -> tuple[str, ...]:
        """Name the resource groups that a fleet has already."""
        ...


class MachineFacts(Protocol):
    """What this machine tells about itself."""

    def missing(self, *, clouds: frozenset[str], stacks: tuple[str, ...]) -> tuple[Missing, ...]:
        """List what is not set up: credentials, a backend, keys for secrets."""
        ...

    def environment(self, name: str) -> str:
        """Give an environment variable; empty if it is not set."""
        ...

    def engine(self) -> str:
        """Say where the Pulumi engine is."""
        ...

    def tool(self, name: str, *arguments: str) -> str:
        """Give what a program says of its version; empty if there is no such program."""
        ...

    def plugins(self) -> tuple[str, ...]:
        """Name the provider plugins that are not here yet, as ``NAME vVERSION``."""
        ...

    def now(self) -> datetime:
        """Give the time on this machine's clock, with its zone."""
        ...

    def time_at(self, host: str) -> datetime:
        """Give the time on the clock of a server, to the second."""
        ...
