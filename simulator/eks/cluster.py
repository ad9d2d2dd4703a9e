"""What ``eks.Cluster`` registers below itself.

Which children there are, what they are called and when they are left out follows nodejs/eks/cluster/cluster.ts of
pulumi/pulumi-eks (7bf0c1b1). Left out on purpose: looking for an ``aws`` command on the PATH, waiting for the cluster's
endpoint, and fetching the thumbprint of its issuer, all of which need the real world.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from simulator.eks.access import access
from simulator.eks.addons import optional_addon, vpc_cni
from simulator.eks.kubeconfig import kubeconfig
from simulator.eks.roles import instance_role, service_role
from simulator.eks.security_groups import cluster_security_group, node_security_group
from simulator.eks.tags import named_tags
from simulator.monitor import NOTHING, Component, Given, Registered, together, whole
from simulator.values import UNKNOWN

if TYPE_CHECKING:
    from pulumi.runtime.proto import provider_pb2

_THUMBPRINT: Final = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
"""Of the root that signs the issuers of EKS; AWS has not looked at it since 2023, but the component sends it."""


def construct(component: Component) -> provider_pb2.ConstructResponse:
    """Register everything, in the order of its dependencies."""
    name = component.name
    control_plane_role, role_ready = service_role(component)
    group = None if component.flag("skipDefaultSecurityGroups") else cluster_security_group(component)
    cluster = component.register(
        "aws:eks/cluster:Cluster",
        f"{name}-eksCluster",
        _properties(component, control_plane_role, group),
        after=role_ready,
        ignore=("accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"),
    )
    optional_addon(component, cluster, "kube-proxy", "kubeProxyAddonOptions", default=True)
    config = kubeconfig(component, cluster)
    provider = component.register(
        "pulumi:providers:kubernetes",
        f"{name}-eks-k8s",
        {
            "kubeconfig": _as_json(kubeconfig(component, cluster, with_profile=True)),
            "enableConfigMapMutable": component.input("enableConfigMapMutable"),
        },
        provider="",
    )
    node_role = instance_role(component)
    access(component, cluster, provider, node_role)
    if not component.flag("useDefaultVpcCni"):
        # The flag says that the cluster's own CNI is used, so unset and False install the addon.
        vpc_cni(component, cluster)
    node_group = None if group is None else node_security_group(component, cluster, group)
    optional_addon(component, cluster, "coredns", "corednsAddonOptions", default=False)
    oidc = _oidc_provider(component, cluster)

    issuer = cluster.get("identities[0].oidcs[0].issuer")
    own_group = cluster.get("vpcConfig.clusterSecurityGroupId")
    empty = Given("")
    return component.finish(
        {
            "core": _core(component, cluster, provider, config, control_plane_role, group, oidc),
            "eksCluster": cluster.reference,
            "kubeconfig": config,
            "kubeconfigJson": _as_json(config),
            "clusterSecurityGroup": group.reference if group else NOTHING,
            "clusterSecurityGroupId": group.given_id if group else own_group,
            "nodeSecurityGroup": node_group[0].reference if node_group else NOTHING,
            "nodeSecurityGroupId": node_group[0].given_id if node_group else own_group,
            "eksClusterIngressRule": node_group[1].reference if node_group else NOTHING,
            "clusterIngressRuleId": node_group[1].get("securityGroupRuleId") if node_group else empty,
            "instanceRoles": _listed(node_role),
            "defaultNodeGroupAsgName": empty,
            "fargateProfileId": empty,
            "fargateProfileStatus": empty,
            "oidcProviderArn": oidc.get("arn") if oidc else empty,
            "oidcProviderUrl": issuer,
            "oidcIssuer": together(issuer, value=str(issuer.value).removeprefix("https://"))
            if issuer.known
            else issuer,
            "autoModeNodeRoleName": empty,
        }
    )


def _subnets(component: Component) -> Given:
    if component.input("subnetIds").value is not None:
        return component.input("subnetIds")
    public, private = component.input("publicSubnetIds"), component.input("privateSubnetIds")
    if not (public.known and private.known):
        return together(public, private, value=UNKNOWN)
    return together(public, private, value=[*(public.value or []), *(private.value or [])])


def _properties(component: Component, role: Registered, group: Registered | None) -> dict[str, Given]:
    subnets = _subnets(component)
    vpc = {
        "subnetIds": subnets,
        "securityGroupIds": together(group.given_id, value=[group.given_id.value]) if group else NOTHING,
        "endpointPrivateAccess": component.input("endpointPrivateAccess"),
        "endpointPublicAccess": component.input("endpointPublicAccess"),
        "publicAccessCidrs": component.input("publicAccessCidrs"),
    }
    key = component.input("encryptionConfigKeyArn")
    encryption = {"provider": {"keyArn": key.value}, "resources": ["secrets"]}
    mode = component.input("authenticationMode").value
    access_config = {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": True}
    own = component.flag("bootstrapSelfManagedAddons")
    return {
        "name": component.input("name"),
        "roleArn": role.get("arn"),
        "kubernetesNetworkConfig": _network(component),
        "bootstrapSelfManagedAddons": Given(value=own is not False),
        "vpcConfig": whole(vpc),
        "version": component.input("version"),
        "enabledClusterLogTypes": component.input("enabledClusterLogTypes"),
        "tags": named_tags(component, f"{component.name}-eksCluster", component.input("clusterTags")),
        "encryptionConfig": together(key, value=encryption) if key.value is not None else NOTHING,
        "accessConfig": Given(access_config if mode else None),
        "upgradePolicy": component.input("upgradePolicy"),
        "deletionProtection": component.input("deletionProtection"),
    }


def _network(component: Component) -> Given:
    services, family = component.input("kubernetesServiceIpAddressRange"), component.input("ipFamily")
    if services.value is None and family.value is None:
        return NOTHING
    chosen = together(family, value=family.value or "ipv4")
    return whole({"serviceIpv4Cidr": services if chosen.value == "ipv4" else NOTHING, "ipFamily": chosen})


def _oidc_provider(component: Component, cluster: Registered) -> Registered | None:
    if not component.flag("createOidcProvider"):
        return None
    return component.register(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        f"{component.name}-oidcProvider",
        {
            "clientIdLists": Given(["sts.amazonaws.com"]),
            "url": cluster.get("identities[0].oidcs[0].issuer"),
            "thumbprintLists": Given([_THUMBPRINT]),
        },
    )


def _core(  # noqa: PLR0913, PLR0917
    component: Component,
    cluster: Registered,
    provider: Registered,
    kubeconfig: Given,
    role: Registered,
    group: Registered | None,
    oidc: Registered | None,
) -> Given:
    return whole(
        {
            "cluster": cluster.reference,
            "vpcId": component.input("vpcId"),
            "subnetIds": _subnets(component),
            "publicSubnetIds": component.input("publicSubnetIds"),
            "privateSubnetIds": component.input("privateSubnetIds"),
            "endpoint": cluster.get("endpoint"),
            "clusterSecurityGroup": group.reference if group else NOTHING,
            "provider": provider.reference,
            "instanceRoles": Given([]),
            "nodeGroupOptions": Given({}),
            "kubeconfig": kubeconfig,
            "tags": component.input("tags"),
            "oidcProvider": oidc.reference if oidc else NOTHING,
            "clusterIamRole": role.reference,
        }
    )


def _as_json(given: Given) -> Given:
    return together(given, value=json.dumps(given.value)) if given.known else given


def _listed(role: Registered | None) -> Given:
    return together(role.reference, value=[role.reference.value]) if role is not None else Given([])
