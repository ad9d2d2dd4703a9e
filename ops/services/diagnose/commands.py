"""How the next command is written, for the place that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import FleetPlan


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Writes commands.

    Parameters
    ----------
    options
        What follows a verb of ``hms`` to mean the same place: ``--lab --state /tmp/one``.
    stacks
        What follows a verb that looks at stacks, and not at clusters.
    lab
        What follows a verb of ``hms lab``; None where the place is no lab.
    contexts
        Context of each cluster in the user's kubeconfig, where it is not called as the cluster is.
    """

    options: str = ""
    stacks: str = ""
    lab: str | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)

    def hms(self, words: str) -> str:
        """Write a verb of ours."""
        return " ".join(filter(None, ("hms", words, self.options)))

    def kubectl(self, cluster: str, words: str) -> str:
        """Write a command of kubectl."""
        if self.lab is None:
            return f"kubectl --context {self.contexts.get(cluster, cluster)} {words}"
        found = " ".join(filter(None, ("hms lab kubeconfig", cluster, self.lab)))
        return f"kubectl --kubeconfig $({found}) {words}"

    def link(self, plan: FleetPlan, name: str) -> str:
        """Write what shows the state of a link, where it is made."""
        link = plan.links[name]
        if self.lab is not None:
            return " ".join(filter(None, ("hms lab exec", f"link-{name}", self.lab, "-- ip -brief link")))
        sites = [plan.sites[site] for site in link.sites]
        aws = next((site for site in sites if site.cloud == "aws"), None)
        if aws is None:
            return "az network vnet peering list --resource-group GROUP --vnet-name VNET --output table"
        if all(site.cloud == "aws" for site in sites):
            return f"aws ec2 describe-vpc-peering-connections --region {aws.region}"
        return " ".join(filter(None, ("hms link status", self.stacks)))
