"""A Kubernetes control plane on Azure, with its first node pool and without a network plugin."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi
import pulumi_azure_native as azure_native
import pulumi_kubernetes as k8s
from pulumi_azure_native import containerservice, managedidentity

from components.azure.diagnostics import keep_logs
from components.azure.network import ZONES
from components.azure.roles import Role, grant
from components.exposure import refuse_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.azure.site import AzureSite
    from infra.plan import ClusterPlan

MAX_PODS = 110
"""Pods that a node takes: fewer than its /24 of pod addresses holds."""

OS_DISK = containerservice.OSDiskType.MANAGED
"""Kind of system disk: the sizes that fleets name by default have no local one."""

_LOGS = (
    "kube-apiserver",
    "kube-audit",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
    "cluster-autoscaler",
    "guard",
)


@dataclass(frozen=True, kw_only=True)
class AksClusterArgs:
    """What an AKS cluster is built from.

    Parameters
    ----------
    fleet
        Name of the fleet, which the nodes' resource group carries.
    plan
        The cluster. Without ``admin_cidrs`` its API server has a private address only.
    site
        The site that it stands on.
    provider
        Provider of the site's subscription.
    """

    fleet: str
    plan: ClusterPlan
    site: AzureSite
    provider: azure_native.Provider

    def __post_init__(self) -> None:
        """Refuse an API server that is open to everybody."""
        refuse_world(f"plan: admin_cidrs of {self.plan.name!r}", self.plan.admin_cidrs)


class AksCluster(pulumi.ComponentResource):
    """An AKS cluster that waits for Cilium: network plugin ``none``, nodes there but not ready.

    Sign-in is by Entra ID alone, authorization by Azure roles: whoever deploys needs 'Azure Kubernetes Service RBAC
    Cluster Admin' on the resource group or above it, and ``kubelogin``, which the kubeconfig calls.

    Attributes
    ----------
    identity
        Of the control plane.
    managed_cluster
        The cluster itself.
    """

    def __init__(self, name: str, args: AksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Cluster", name, None, opts)
        self._name = name
        self._args = args
        plan = args.plan
        self.plan = plan
        self.platform: Literal["eks", "aks"] = "aks"
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        group = args.site.resource_group.name

        self.identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=f"{name}-control-plane",
            resource_group_name=group,
            location=args.site.plan.region,
            tags=plan.tags,
            opts=child,
        )
        self.managed_cluster = self._managed_cluster(after=self._roles())
        self.resource: pulumi.Resource = self.managed_cluster
        # Pods have addresses of Cilium's own pool here: its operator asks nothing of Azure.
        self.operator_role_arn: pulumi.Output[str] | None = None
        keep_logs(
            f"{name}-logs",
            self.managed_cluster.id,
            _LOGS,
            workspace_id=args.site.workspace.id,
            opts=child,
        )
        credentials = containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=group,
            resource_name=self.managed_cluster.name,
            opts=pulumi.InvokeOutputOptions(parent=self, provider=args.provider),
        )
        # Azure marks it no secret. Its answer lists one kubeconfig.
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.secret(credentials.kubeconfigs).apply(
            lambda answers: "".join(base64.b64decode(each["value"]).decode() for each in (answers or ())[:1])
        )
        self.api_host: pulumi.Output[str] = (
            self.managed_cluster.fqdn if plan.admin_cidrs else self.managed_cluster.private_fqdn
        )
        self.oidc_issuer: pulumi.Output[str] = self.managed_cluster.oidc_issuer_profile.issuer_url
        self.provider = k8s.Provider(
            f"{name}-kubernetes",
            kubeconfig=self.kubeconfig,
            # Constant: all that runs in the cluster is replaced when this changes, and only then.
            cluster_identifier=f"{args.fleet}/{plan.name}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"apiHost": self.api_host, "oidcIssuer": self.oidc_issuer})

    def _roles(self) -> Sequence[pulumi.Resource]:
        """Give the control plane what it needs: AKS checks some of it when the cluster is made."""
        site = self._args.site
        grants = (
            # Join nodes, and take addresses for load balancers.
            ("nodes", Role.NETWORK_CONTRIBUTOR, site.network.node_subnet.id),
            ("mesh", Role.NETWORK_CONTRIBUTOR, site.network.mesh_subnet.id),
            # Encrypt and decrypt what is in etcd.
            ("secrets", Role.KEY_VAULT_CRYPTO_USER, site.encryption.vault.id),
            # Give the set to disks.
            ("disks", Role.READER, site.encryption.disk_encryption_set.id),
        )
        return [
            grant(
                f"{self._name}-{suffix}-role",
                role,
                principal_id=self.identity.principal_id,
                scope=scope,
                opts=pulumi.ResourceOptions(parent=self, provider=self._args.provider),
            )
            for suffix, role, scope in grants
        ]

    def _managed_cluster(self, *, after: Sequence[pulumi.Resource]) -> containerservice.ManagedCluster:
        args, plan, site = self._args, self.plan, self._args.site
        return containerservice.ManagedCluster(
            f"{self._name}-cluster",
            # A new name is a new cluster, without what ran in the old one.
            resource_name_=plan.name,
            resource_group_name=site.resource_group.name,
            location=site.plan.region,
            dns_prefix=plan.name,
            kubernetes_version=plan.kubernetes,
            node_resource_group=f"hms-{args.fleet}-{plan.name}-nodes",
            # The free tier has no promised availability.
            sku=containerservice.ManagedClusterSKUArgs(
                name=containerservice.ManagedClusterSKUName.BASE, tier=containerservice.ManagedClusterSKUTier.STANDARD
            ),
            identity=containerservice.ManagedClusterIdentityArgs(
                type=containerservice.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[self.identity.id]
            ),
            agent_pool_profiles=[self._first_pool()],
            network_profile=containerservice.ContainerServiceNetworkProfileArgs(
                network_plugin=containerservice.NetworkPlugin.NONE,
                load_balancer_sku=containerservice.LoadBalancerSku.STANDARD,
                outbound_type=containerservice.OutboundType.USER_ASSIGNED_NAT_GATEWAY,
                # Cilium's own pool. Left out, the SDK sends 10.244.0.0/16, the same for every cluster.
                pod_cidr=str(plan.pod_cidr) if plan.pod_cidr else None,
                service_cidr=str(plan.service_cidr),
                dns_service_ip=plan.dns_address,
            ),
            enable_rbac=True,
            disable_local_accounts=True,
            aad_profile=containerservice.ManagedClusterAADProfileArgs(managed=True, enable_azure_rbac=True),
            api_server_access_profile=self._access(),
            oidc_issuer_profile=containerservice.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
            security_profile=containerservice.ManagedClusterSecurityProfileArgs(
                workload_identity=containerservice.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
                azure_key_vault_kms=containerservice.AzureKeyVaultKmsArgs(
                    enabled=True,
                    key_id=site.encryption.key.key_uri_with_version,
                    key_vault_network_access=containerservice.KeyVaultNetworkAccessTypes.PUBLIC,
                ),
            ),
            disk_encryption_set_id=site.encryption.disk_encryption_set.id,
            auto_upgrade_profile=containerservice.ManagedClusterAutoUpgradeProfileArgs(
                upgrade_channel=containerservice.UpgradeChannel.PATCH,
                node_os_upgrade_channel=containerservice.NodeOSUpgradeChannel.NODE_IMAGE,
            ),
            tags=plan.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                protect=plan.protect,
                depends_on=list(after),
                delete_before_replace=True,
                # Azure's own upgrades and its autoscaler move these; taking them back would downgrade or shrink.
                ignore_changes=[
                    "agentPoolProfiles[*].orchestratorVersion",
                    "agentPoolProfiles[*].count",
                ],
            ),
        )

    def _first_pool(self) -> containerservice.ManagedClusterAgentPoolProfileArgs:
        plan, site = self.plan, self._args.site
        pool = plan.node_pools[0]
        return containerservice.ManagedClusterAgentPoolProfileArgs(
            name=pool.name,
            mode=containerservice.AgentPoolMode.SYSTEM,
            type=containerservice.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
            os_type=containerservice.OSType.LINUX,
            os_sku=containerservice.OSSKU.UBUNTU,
            vm_size=pool.size,
            availability_zones=list(ZONES),
            enable_auto_scaling=True,
            count=pool.min,
            min_count=pool.min,
            max_count=pool.max,
            max_pods=MAX_PODS,
            vnet_subnet_id=site.network.node_subnet.id,
            os_disk_type=OS_DISK,
            os_disk_size_gb=pool.disk_gib,
            enable_encryption_at_host=True,
            enable_node_public_ip=False,
            tags=plan.tags,
        )

    def _access(self) -> containerservice.ManagedClusterAPIServerAccessProfileArgs:
        if not self.plan.admin_cidrs:
            return containerservice.ManagedClusterAPIServerAccessProfileArgs(
                enable_private_cluster=True,
                enable_private_cluster_public_fqdn=False,
                private_dns_zone="system",
                disable_run_command=True,
            )
        # Nodes reach the API server from the NAT gateway's address, and AKS does not add it itself.
        egress = self._args.site.network.egress_ip.ip_address.apply(lambda ip: f"{ip}/32")
        return containerservice.ManagedClusterAPIServerAccessProfileArgs(
            enable_private_cluster=False,
            authorized_ip_ranges=[*self.plan.admin_cidrs, egress],
            disable_run_command=True,
        )
