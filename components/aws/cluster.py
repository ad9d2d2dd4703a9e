"""An EKS control plane that has no CNI, no kube-proxy and no addons: Cilium comes next, then nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s

from components.aws import cilium_operator
from components.aws.identity import AUDIENCE, Issuer, ServiceAccountRole, ServiceAccountRoleArgs
from components.aws.kubeconfig import kubeconfig
from components.aws.logs import control_plane_log_group_name, log_group
from components.aws.naming import cluster_name, managed_policy, named, partition
from components.aws.service_role import service_role
from components.exposure import refuse_world

if TYPE_CHECKING:
    from components.aws.site import AwsSite
    from infra.plan import ClusterPlan

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All five kinds of logs that an EKS control plane writes."""


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs:
    """Arguments of :class:`EksCluster`.

    Parameters
    ----------
    site
        The site that it stands on.
    eni
        Whether Cilium's operator will make network interfaces for pods: it gets a role then.
    """

    plan: ClusterPlan
    site: AwsSite
    provider: aws.Provider
    eni: bool

    def __post_init__(self) -> None:
        """Refuse an API server that is open to everybody."""
        refuse_world(f"plan: admin_cidrs of {self.plan.name!r}", self.plan.admin_cidrs)


def hide_authority(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Mark the cluster's CA certificate as secret, and so whatever is made of it.

    pulumi_eks writes kubeconfigs into its outputs and gives one to a provider of its own, none of them secret. All
    are made of this one output of a child, where a secret begins to spread.
    """
    if args.type_ != "aws:eks/cluster:Cluster":
        return None
    secret = pulumi.ResourceOptions(additional_secret_outputs=["certificateAuthority", "certificateAuthorities"])
    return pulumi.ResourceTransformResult(props=args.props, opts=pulumi.ResourceOptions.merge(args.opts, secret))


class EksCluster(pulumi.ComponentResource):
    """Control plane with encrypted secrets, all its logs, a token issuer, and an endpoint that is private first.

    Attributes
    ----------
    plan, platform, resource, provider, kubeconfig, api_host, oidc_issuer, operator_role_arn
        See :class:`components.contracts.Cluster`. The program reaches the endpoint by its public address, from one of
        the plan's ``admin_cidrs``, or else from inside the network.
    name
        Name of the cluster in EKS, known once it is there.
    security_group_id
        Group that EKS makes and that joins control plane and nodes.
    issuer
        For roles of service accounts.
    """

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:Cluster", name, None, opts)
        self.plan = args.plan
        self.platform: Literal["eks", "aks"] = "eks"
        self._args = args
        control_plane = self._control_plane(name)
        self.resource: pulumi.Resource = control_plane
        # The resource itself, which pulumi_eks hands out among its outputs.
        cluster = control_plane.eks_cluster
        self.name: pulumi.Output[str] = cluster.apply(lambda one: one.name)
        self.security_group_id: pulumi.Output[str] = control_plane.cluster_security_group_id
        endpoint: pulumi.Output[str] = cluster.apply(lambda one: one.endpoint)
        authority: pulumi.Output[str] = cluster.apply(lambda one: one.certificate_authority).apply(
            lambda one: str(one.data)
        )
        self.api_host: pulumi.Output[str] = endpoint.apply(lambda url: url.removeprefix("https://"))
        self.oidc_issuer: pulumi.Output[str] = control_plane.oidc_provider_url
        self.issuer = self._issuer(name)
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.secret(
            pulumi.Output.all(self.name, endpoint, authority).apply(
                lambda known: kubeconfig(
                    name=known[0], region=args.site.region, endpoint=known[1], certificate_authority=known[2]
                )
            )
        )
        self.provider = k8s.Provider(
            f"{name}-kubernetes",
            kubeconfig=self.kubeconfig,
            # Known before the cluster is. Any other change of the kubeconfig then updates the provider; this one
            # replaces it, and with it every object in the cluster.
            cluster_identifier=cluster_name(args.plan.tags, args.plan.name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.operator_role_arn: pulumi.Output[str] | None = self._operator_role(name) if args.eni else None
        self.register_outputs({"apiHost": self.api_host, "oidcIssuer": self.oidc_issuer})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.provider)

    def _control_plane(self, name: str) -> eks.Cluster:
        args, plan, site = self._args, self._args.plan, self._args.site
        physical = cluster_name(plan.tags, plan.name)
        # Before the cluster, or EKS makes it: in the clear, for ever, and left behind when all else is destroyed.
        logs = log_group(f"{name}-logs", control_plane_log_group_name(physical), site.key_arn, plan.tags, self._child())
        role = service_role(
            f"{name}-control-plane",
            "eks.amazonaws.com",
            (managed_policy(site.region, "AmazonEKSClusterPolicy"),),
            named(plan.tags, f"{name}-control-plane"),
            self._child(),
        )
        secrets = aws.iam.RolePolicy(
            f"{name}-secrets",
            role=role.role.name,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"],
                            "Resource": site.key_arn,
                        }
                    ],
                }
            ),
            opts=self._child(),
        )
        # Renaming it replaces the cluster and all that runs in it.
        return eks.Cluster(
            f"{name}-eks",
            name=physical,
            version=plan.kubernetes,
            vpc_id=site.vpc_id,
            subnet_ids=list(site.node_subnet_ids),
            service_role=role.role,
            # Despite its name, True is what keeps the VPC CNI addon away: unset, and even False, installs it.
            use_default_vpc_cni=True,
            bootstrap_self_managed_addons=False,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            skip_default_node_group=True,
            skip_default_security_groups=True,
            # Its own would fetch a thumbprint over the network, in previews too; ours needs none.
            create_oidc_provider=False,
            authentication_mode=eks.AuthenticationMode.API,
            encryption_config_key_arn=site.key_arn,
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            endpoint_private_access=True,
            endpoint_public_access=bool(plan.admin_cidrs),
            public_access_cidrs=list(plan.admin_cidrs) or None,
            kubernetes_service_ip_address_range=str(plan.service_cidr),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            deletion_protection=plan.protect,
            tags=named(plan.tags, physical),
            opts=pulumi.ResourceOptions(
                parent=self,
                # Its children are of another release of the AWS package: told, they use this provider all the same.
                providers={"aws": args.provider},
                protect=plan.protect,
                # Without its policies EKS cannot take its interfaces out of the subnets again.
                depends_on=[logs, secrets, *role.attachments],
                transforms=[hide_authority],
            ),
        )

    def _issuer(self, name: str) -> Issuer:
        oidc = aws.iam.OpenIdConnectProvider(
            f"{name}-oidc",
            url=self.oidc_issuer,
            client_id_lists=[AUDIENCE],
            tags=named(self.plan.tags, f"{name}-oidc"),
            opts=self._child(),
        )
        return Issuer(arn=oidc.arn, url=self.oidc_issuer)

    def _operator_role(self, name: str) -> pulumi.Output[str]:
        region = self._args.site.region
        return ServiceAccountRole(
            f"{name}-cilium-operator",
            ServiceAccountRoleArgs(
                issuer=self.issuer,
                namespace=cilium_operator.NAMESPACE,
                service_account=cilium_operator.SERVICE_ACCOUNT,
                statements=cilium_operator.operator_statements(partition(region), region),
                tags=self.plan.tags,
                provider=self._args.provider,
            ),
            pulumi.ResourceOptions(parent=self),
        ).arn
