"""The network security groups of an Azure site, and the rules that are the site's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import network

from components.azure.openings import DENY_PRIORITY, INTERNAL_PRIORITY, AzureFirewall, azure_openings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.plan import AzureSitePlan

_PROBES_PRIORITY = 100
_KUBELET_PRIORITY = 110
_KUBELET_PORT = 10250


@dataclass(frozen=True, kw_only=True)
class SiteFirewallArgs:
    """What a site's security groups are built from.

    Parameters
    ----------
    plan
        The site.
    provider
        Provider of the site's subscription.
    resource_group_name
        Where they are built.
    """

    plan: AzureSitePlan
    provider: azure_native.Provider
    resource_group_name: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class _Rule:
    name: str
    group: network.NetworkSecurityGroup
    priority: int
    access: network.SecurityRuleAccess
    source: str
    why: str
    protocol: str = "*"
    destination: str = "*"
    port: str = "*"


class SiteFirewall(pulumi.ComponentResource):
    """The security groups of a site's node subnet and mesh subnet.

    They let in Azure's own probes, kubelets' port among nodes and the plan's openings; the rest of the VirtualNetwork
    tag is denied. That tag is not the VNet alone: it holds peered VNets, what the VPN gateway learns, and the address
    that load balancers probe from. The internet is denied by Azure's own last rule.

    Priorities: 100 probes, 110 kubelets, 200-205 openings inside the site, 1000-4093 those of links
    (:func:`components.azure.openings.link_priority`), 4096 the denial.

    Attributes
    ----------
    rules
        In the order in which they are written; who waits for the last waits for all.
    """

    def __init__(self, name: str, args: SiteFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Firewall", name, None, opts)
        self._args = args
        plan = args.plan
        self.node_nsg = self._group(f"{name}-nodes")
        self.mesh_nsg = self._group(f"{name}-mesh")
        groups = {f"{name}-nodes": self.node_nsg, f"{name}-mesh": self.mesh_nsg}
        nodes = str(plan.addresses.nodes)

        rules: list[network.SecurityRule] = []
        for prefix, group in groups.items():
            probes = _Rule(
                name=f"{prefix}-probes",
                group=group,
                priority=_PROBES_PRIORITY,
                access=network.SecurityRuleAccess.ALLOW,
                source="AzureLoadBalancer",
                why="probes of load balancers",
            )
            rules.append(self._rule(probes, after=rules[-1:]))
        kubelets = _Rule(
            # The API server's tunnel ends on a node and goes on to the kubelet of another; metrics come this way too.
            name=f"{name}-nodes-kubelets",
            group=self.node_nsg,
            priority=_KUBELET_PRIORITY,
            access=network.SecurityRuleAccess.ALLOW,
            source=nodes,
            destination=nodes,
            protocol="Tcp",
            port=str(_KUBELET_PORT),
            why="kubelets: logs, exec and metrics",
        )
        rules.append(self._rule(kubelets, after=rules[-1:]))
        target = AzureFirewall(
            resource_group_name=args.resource_group_name,
            node_nsg_name=self.node_nsg.name,
            mesh_nsg_name=self.mesh_nsg.name,
            node_ranges=plan.addresses.node_ranges,
            mesh_ranges=plan.addresses.mesh_ranges,
        )
        rules += azure_openings(
            f"{name}-internal", plan.internal, target, INTERNAL_PRIORITY, self._opts(after=rules[-1:])
        )
        for prefix, group in groups.items():
            denial = _Rule(
                name=f"{prefix}-deny",
                group=group,
                priority=DENY_PRIORITY,
                access=network.SecurityRuleAccess.DENY,
                source="VirtualNetwork",
                why="all else from the VNet, its peers and the VPN, which Azure lets in by default",
            )
            rules.append(self._rule(denial, after=rules[-1:]))
        self.rules: Sequence[network.SecurityRule] = rules
        self.register_outputs({"nodeNsgName": self.node_nsg.name, "meshNsgName": self.mesh_nsg.name})

    def _opts(self, *, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=list(after))

    def _group(self, name: str) -> network.NetworkSecurityGroup:
        # Rules are resources of their own, because links add to them: none may be inline here.
        return network.NetworkSecurityGroup(
            name,
            network_security_group_name=name,
            resource_group_name=self._args.resource_group_name,
            location=self._args.plan.region,
            tags=self._args.plan.tags,
            opts=self._opts(),
        )

    def _rule(self, rule: _Rule, *, after: Sequence[pulumi.Resource]) -> network.SecurityRule:
        return network.SecurityRule(
            rule.name,
            security_rule_name=rule.name,
            resource_group_name=self._args.resource_group_name,
            network_security_group_name=rule.group.name,
            priority=rule.priority,
            access=rule.access,
            direction=network.SecurityRuleDirection.INBOUND,
            description=rule.why,
            protocol=rule.protocol,
            source_address_prefix=rule.source,
            source_port_range="*",
            destination_address_prefix=rule.destination,
            destination_port_range=rule.port,
            opts=self._opts(after=after),
        )
