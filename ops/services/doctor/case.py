"""The case before the doctor: a fleet, the part of it that is to be deployed, and who can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from infra.scopes import scope_of
from ops.services.doctor.needs import aws_needs, azure_needs

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from ops.adapters.doctor_ports import AwsFacts, AzureFacts, MachineFacts
    from ops.services.doctor.needs import AwsNeeds, AzureNeeds
    from ops.services.targets import Target


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that checks look at.

    Parameters
    ----------
    file
        The fleet file, as it is named in advice.
    targets
        The stacks that are to be deployed.
    """

    plan: FleetPlan
    file: str
    targets: tuple[Target, ...]
    machine: MachineFacts
    aws: AwsFacts
    azure: AzureFacts

    @property
    def stacks(self) -> tuple[str, ...]:
        """Names of the stacks."""
        return tuple(target.stack for target in self.targets)

    @cached_property
    def clouds(self) -> frozenset[str]:
        """The clouds that a deployment writes to: those of its sites, and of the ends of its links."""
        scopes = [target.scope(self.plan) for target in self.targets]
        sites = {site for scope in scopes for site in scope.sites}
        ends = {site for scope in scopes for link in scope.links for site in self.plan.links[link].sites}
        return frozenset(self.plan.sites[site].cloud for site in sites | ends)

    @cached_property
    def aws_needs(self) -> tuple[AwsNeeds, ...]:
        """What it takes of each AWS region."""
        return aws_needs(self.plan, scope_of(self.plan, self.sites))

    @cached_property
    def azure_needs(self) -> tuple[AzureNeeds, ...]:
        """What it takes of each Azure region."""
        return azure_needs(self.plan, scope_of(self.plan, self.sites))

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites that are deployed."""
        return tuple(site for target in self.targets for site in target.scope(self.plan).sites)
