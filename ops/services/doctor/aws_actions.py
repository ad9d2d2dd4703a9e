"""Which actions of AWS a deployment needs, by the types of resources that it makes.

They are those that the AWS provider of Terraform, which Pulumi's bridges, calls to make, read, change, tag and remove
a resource, with those that AWS asks for besides (``iam:PassRole``, service-linked roles). A test holds that every
type which the program makes is in here. Each action was held against the operations that botocore 1.43 knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.plan import AwsSitePlan, PeeringLinkPlan, VpnLinkPlan

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from infra.scopes import Scope


def _named(service: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{service}:{action}" for action in actions)


_EC2_TAGS = _named("ec2", "CreateTags", "DeleteTags", "DescribeTags")
_RULES = _named(
    "ec2",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "ModifySecurityGroupRules",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
)
_ROUTES = _named("ec2", "CreateRoute", "DeleteRoute", "DescribeRouteTables", "ReplaceRoute")

NETWORK = {
    "aws:ec2/vpc:Vpc": _EC2_TAGS
    + _named(
        "ec2",
        "CreateVpc",
        "DeleteVpc",
        "DescribeNetworkAcls",
        "DescribeVpcAttribute",
        "DescribeVpcs",
        "ModifyVpcAttribute",
    ),
    "aws:ec2/subnet:Subnet": _named(
        "ec2",
        "CreateSubnet",
        "DeleteSubnet",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "ModifySubnetAttribute",
    ),
    "aws:ec2/internetGateway:InternetGateway": _named(
        "ec2",
        "AttachInternetGateway",
        "CreateInternetGateway",
        "DeleteInternetGateway",
        "DescribeInternetGateways",
        "DetachInternetGateway",
    ),
    "aws:ec2/eip:Eip": _named(
        "ec2",
        "AllocateAddress",
        "DescribeAddresses",
        "DescribeAddressesAttribute",
        "DisassociateAddress",
        "ReleaseAddress",
    ),
    "aws:ec2/natGateway:NatGateway": _named("ec2", "CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"),
    "aws:ec2/routeTable:RouteTable": _named("ec2", "CreateRouteTable", "DeleteRouteTable", "DescribeRouteTables"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _named(
        "ec2", "AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation"
    ),
    "aws:ec2/route:Route": _ROUTES,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _RULES,
    "aws:ec2/securityGroup:SecurityGroup": (*_named("ec2", "CreateSecurityGroup", "DeleteSecurityGroup"), *_RULES),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULES,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULES,
    "aws:ec2/flowLog:FlowLog": (
        *_named("ec2", "CreateFlowLogs", "DeleteFlowLogs", "DescribeFlowLogs"),
        *_named("logs", "CreateLogDelivery", "DeleteLogDelivery"),
        "iam:PassRole",
    ),
    "aws:cloudwatch/logGroup:LogGroup": _named(
        "logs",
        "AssociateKmsKey",
        "CreateLogGroup",
        "DeleteLogGroup",
        "DescribeLogGroups",
        "ListTagsForResource",
        "PutRetentionPolicy",
        "TagResource",
        "UntagResource",
    ),
    "aws:kms/key:Key": _named(
        "kms",
        "CreateKey",
        "DescribeKey",
        "EnableKeyRotation",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListResourceTags",
        "PutKeyPolicy",
        "ScheduleKeyDeletion",
        "TagResource",
        "UntagResource",
    ),
    "aws:kms/alias:Alias": _named("kms", "CreateAlias", "DeleteAlias", "ListAliases", "UpdateAlias"),
    "aws:iam/role:Role": _named(
        "iam",
        "CreateRole",
        "DeleteRole",
        "GetRole",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
    ),
    "aws:iam/rolePolicy:RolePolicy": _named("iam", "DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy"),
}
"""What every AWS site has."""

CLUSTER = {
    # A component: its children are those of the real one below.
    "eks:index:Cluster": (
        *_named(
            "eks",
            "CreateCluster",
            "DeleteCluster",
            "DescribeCluster",
            "DescribeUpdate",
            "TagResource",
            "UntagResource",
            "UpdateClusterConfig",
            "UpdateClusterVersion",
        ),
        *_named("iam", "CreateServiceLinkedRole", "GetRole", "PassRole"),
        *_named("kms", "CreateGrant", "DescribeKey"),
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        *_named(
            "eks",
            "CreateNodegroup",
            "DeleteNodegroup",
            "DescribeNodegroup",
            "UpdateNodegroupConfig",
            "UpdateNodegroupVersion",
        ),
        # EKS asks whether the caller might start what the template describes.
        *_named("ec2", "DescribeLaunchTemplateVersions", "RunInstances"),
        "iam:PassRole",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _named(
        "ec2",
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "DeleteLaunchTemplate",
        "DescribeLaunchTemplateVersions",
        "DescribeLaunchTemplates",
        "ModifyLaunchTemplate",
    ),
    "aws:eks/addon:Addon": _named(
        "eks", "CreateAddon", "DeleteAddon", "DescribeAddon", "DescribeAddonVersions", "UpdateAddon"
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _named(
        "iam",
        "CreateOpenIDConnectProvider",
        "DeleteOpenIDConnectProvider",
        "GetOpenIDConnectProvider",
        "TagOpenIDConnectProvider",
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _named(
        "iam", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"
    ),
}
"""What every cluster has."""

MESH = {
    "aws:lb/loadBalancer:LoadBalancer": _named(
        "elasticloadbalancing",
        "AddTags",
        "CreateLoadBalancer",
        "DeleteLoadBalancer",
        "DescribeLoadBalancerAttributes",
        "DescribeLoadBalancers",
        "DescribeTags",
        "ModifyLoadBalancerAttributes",
        "RemoveTags",
        "SetSecurityGroups",
        "SetSubnets",
    ),
    "aws:lb/targetGroup:TargetGroup": _named(
        "elasticloadbalancing",
        "CreateTargetGroup",
        "DeleteTargetGroup",
        "DescribeTargetGroupAttributes",
        "DescribeTargetGroups",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
    ),
    "aws:lb/listener:Listener": _named(
        "elasticloadbalancing",
        "CreateListener",
        "DeleteListener",
        "DescribeListenerAttributes",
        "DescribeListeners",
        "ModifyListener",
    ),
    "aws:autoscaling/attachment:Attachment": _named(
        "autoscaling",
        "AttachLoadBalancerTargetGroups",
        "DescribeAutoScalingGroups",
        "DetachLoadBalancerTargetGroups",
    ),
}
"""What a cluster of the mesh has besides."""

PRIVATE_GATEWAY = {
    "aws:ec2/vpnGateway:VpnGateway": _named("ec2", "CreateVpnGateway", "DeleteVpnGateway", "DescribeVpnGateways"),
    "aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment": _named("ec2", "AttachVpnGateway", "DetachVpnGateway"),
    "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation": _named(
        "ec2", "DisableVgwRoutePropagation", "EnableVgwRoutePropagation"
    ),
}

TRANSIT_GATEWAY = {
    "aws:ec2transitgateway/transitGateway:TransitGateway": _named(
        "ec2",
        "CreateTransitGateway",
        "DeleteTransitGateway",
        "DescribeTransitGateways",
        "ModifyTransitGateway",
    ),
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": _named(
        "ec2",
        "CreateTransitGatewayVpcAttachment",
        "DeleteTransitGatewayVpcAttachment",
        "DescribeTransitGatewayVpcAttachments",
        "ModifyTransitGatewayVpcAttachment",
    ),
}

VPN = {
    "aws:ec2/customerGateway:CustomerGateway": _named(
        "ec2", "CreateCustomerGateway", "DeleteCustomerGateway", "DescribeCustomerGateways"
    ),
    "aws:ec2/vpnConnection:VpnConnection": _named(
        "ec2",
        "CreateVpnConnection",
        "DeleteVpnConnection",
        "DescribeVpnConnections",
        "ModifyVpnConnection",
        "ModifyVpnTunnelOptions",
    ),
}

PEERING = {
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": _named(
        "ec2", "CreateVpcPeeringConnection", "DeleteVpcPeeringConnection", "DescribeVpcPeeringConnections"
    ),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": _named("ec2", "AcceptVpcPeeringConnection"),
    "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions": _named("ec2", "ModifyVpcPeeringConnectionOptions"),
}


def needed(plan: FleetPlan, scope: Scope) -> dict[str, tuple[str, ...]]:
    """Give the actions by type of resource, for what a scope of a fleet makes on AWS."""
    sites = [site for name in scope.sites if isinstance(site := plan.sites[name], AwsSitePlan)]
    names = {site.name for site in sites}
    clusters = [plan.clusters[name] for name in scope.clusters if plan.clusters[name].site in names]
    links = [plan.links[name] for name in scope.links]
    kinds = {site.gateway for site in sites}
    groups = (
        (NETWORK, bool(sites)),
        (CLUSTER, bool(clusters)),
        (MESH, any(cluster.meshed for cluster in clusters)),
        (PRIVATE_GATEWAY, "virtual-private-gateway" in kinds),
        (TRANSIT_GATEWAY, "transit-gateway" in kinds),
        (VPN, any(isinstance(link, VpnLinkPlan) for link in links)),
        (PEERING, any(isinstance(link, PeeringLinkPlan) and link.cloud == "aws" for link in links)),
    )
    return {type_: actions for group, wanted in groups if wanted for type_, actions in group.items()}
