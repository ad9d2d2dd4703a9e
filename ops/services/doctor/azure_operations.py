"""Which operations of Azure a deployment needs, by the types of resources that it makes.

Making, reading and removing a resource, and what Azure asks for besides where one resource is put into another
(``join/action``). Operations are those of the providers' published lists. A test holds that every type which the
program makes is in here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.plan import AzureSitePlan, PeeringLinkPlan, VpnLinkPlan

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from infra.scopes import Scope


def _of(resource: str, *more: str) -> tuple[str, ...]:
    return tuple(f"{resource}/{operation}" for operation in ("read", "write", "delete", *more))


SITE = {
    "azure-native:resources:ResourceGroup": _of("Microsoft.Resources/subscriptions/resourceGroups"),
    "azure-native:operationalinsights:Workspace": _of("Microsoft.OperationalInsights/workspaces", "sharedKeys/action"),
    "azure-native:monitor:DiagnosticSetting": _of("Microsoft.Insights/diagnosticSettings"),
    "azure-native:network:VirtualNetwork": _of("Microsoft.Network/virtualNetworks"),
    "azure-native:network:Subnet": _of("Microsoft.Network/virtualNetworks/subnets", "join/action"),
    "azure-native:network:NetworkSecurityGroup": _of("Microsoft.Network/networkSecurityGroups", "join/action"),
    "azure-native:network:SecurityRule": _of("Microsoft.Network/networkSecurityGroups/securityRules"),
    "azure-native:network:PublicIPAddress": _of("Microsoft.Network/publicIPAddresses", "join/action"),
    "azure-native:network:NatGateway": _of("Microsoft.Network/natGateways", "join/action"),
    "azure-native:keyvault:Vault": _of("Microsoft.KeyVault/vaults", "deploy/action"),
    # A key cannot be deleted by way of the resource manager.
    "azure-native:keyvault:Key": ("Microsoft.KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/write"),
    "azure-native:compute:DiskEncryptionSet": _of("Microsoft.Compute/diskEncryptionSets"),
    "azure-native:managedidentity:UserAssignedIdentity": _of(
        "Microsoft.ManagedIdentity/userAssignedIdentities", "assign/action"
    ),
    "azure-native:authorization:RoleAssignment": _of("Microsoft.Authorization/roleAssignments"),
}
"""What every Azure site has."""

CLUSTER = {
    "azure-native:containerservice:ManagedCluster": _of(
        "Microsoft.ContainerService/managedClusters", "listClusterUserCredential/action"
    ),
}
"""What every cluster has."""

MORE_POOLS = {"azure-native:containerservice:AgentPool": _of("Microsoft.ContainerService/managedClusters/agentPools")}

COMPONENTS = {
    "azure-native:managedidentity:FederatedIdentityCredential": _of(
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    ),
}
"""What a component in a cluster has."""

GATEWAY = {
    "azure-native:network:VirtualNetworkGateway": _of("Microsoft.Network/virtualNetworkGateways"),
}

VPN = {
    "azure-native:network:LocalNetworkGateway": _of("Microsoft.Network/localNetworkGateways"),
    "azure-native:network:VirtualNetworkGatewayConnection": _of("Microsoft.Network/connections", "sharedKey/action"),
}

PEERING = {
    "azure-native:network:VirtualNetworkPeering": (
        *_of("Microsoft.Network/virtualNetworks/virtualNetworkPeerings"),
        "Microsoft.Network/virtualNetworks/peer/action",
    ),
}

IN_CLUSTERS = (
    "Microsoft.ContainerService/managedClusters/namespaces/write",
    "Microsoft.ContainerService/managedClusters/apps/deployments/write",
    "Microsoft.ContainerService/managedClusters/rbac.authorization.k8s.io/clusterrolebindings/write",
)
"""Data actions inside clusters, where Azure's roles decide: some of what Azure Kubernetes Service RBAC Cluster Admin
has. Helm makes cluster roles, which the lesser roles cannot."""


def needed(plan: FleetPlan, scope: Scope) -> dict[str, tuple[str, ...]]:
    """Give the operations by type of resource, for what a scope of a fleet makes on Azure."""
    sites = [site for name in scope.sites if isinstance(site := plan.sites[name], AzureSitePlan)]
    names = {site.name for site in sites}
    clusters = [plan.clusters[name] for name in scope.clusters if plan.clusters[name].site in names]
    own = {cluster.name for cluster in clusters}
    links = [plan.links[name] for name in scope.links]
    groups = (
        (SITE, bool(sites)),
        (CLUSTER, bool(clusters)),
        (MORE_POOLS, any(len(cluster.node_pools) > 1 for cluster in clusters)),
        (COMPONENTS, any(own & set(component.clusters) for component in plan.fleet.components.values())),
        (GATEWAY, any(site.gateway for site in sites)),
        (VPN, any(isinstance(link, VpnLinkPlan) for link in links)),
        (PEERING, any(isinstance(link, PeeringLinkPlan) and link.cloud == "azure" for link in links)),
    )
    return {type_: operations for group, wanted in groups if wanted for type_, operations in group.items()}


def namespaces(plan: FleetPlan, scope: Scope) -> tuple[str, ...]:
    """Name the resource providers whose resources a scope of a fleet makes, in order."""
    operations = (operation for many in needed(plan, scope).values() for operation in many)
    return tuple(sorted({operation.partition("/")[0] for operation in operations}))
