from __future__ import annotations

from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made

AKS = "azure-native:containerservice:ManagedCluster"
INGRESS = {"ipProtocol": "tcp", "fromPort": 4240, "toPort": 4240, "cidrIpv4": "10.17.0.0/17"}
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
NSG_RULE = "azure-native:network:SecurityRule"
NSG = {
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "sourceAddressPrefixes": ["10.16.0.0/17"],
    "destinationAddressPrefixes": ["10.17.0.0/17"],
    "destinationPortRange": "4240",
}
REFUSAL = {
    "direction": "Inbound",
    "access": "Deny",
    "protocol": "*",
    "sourceAddressPrefix": "VirtualNetwork",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "*",
}
VPC = made("aws:ec2/vpc:Vpc", {"cidrBlock": "10.16.0.0/16"}, "vpc")
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
BUCKET = made("aws:s3/bucket:Bucket", {"bucket": "logs"}, "bucket")
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
INTERNAL = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}

ROWS = (
    Row(
        rule="eks-api-server-bounded",
        good=made(
            "eks:index:Cluster",
            {"endpointPrivateAccess": True, "endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
        ),
        path="publicAccessCidrs",
        bad=(["0.0.0.0/0"], ["203.0.113.0/24", "::/0"], [], ["0.0.0.0/1", "128.0.0.0/1"]),
        also_bad=(("endpointPrivateAccess", False), ("endpointPrivateAccess", ABSENT)),
    ),
    Row(
        rule="eks-api-server-bounded",
        good=made(
            "aws:eks/cluster:Cluster", {"vpcConfig": {"endpointPrivateAccess": True, "endpointPublicAccess": False}}
        ),
        path="vpcConfig.endpointPublicAccess",
        bad=(True,),
    ),
    Row(
        rule="aks-api-server-bounded",
        good=made(AKS, {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24", "20.1.2.3/32"]}}),
        path="apiServerAccessProfile.authorizedIPRanges",
        bad=([], ["0.0.0.0/0"], ["203.0.113.0/24", "0.0.0.0/0"]),
        also_good=(("apiServerAccessProfile", {"enablePrivateCluster": True}),),
    ),
    Row(
        rule="aks-run-command-off",
        good=made(AKS, {"apiServerAccessProfile": {"disableRunCommand": True}}),
        path="apiServerAccessProfile.disableRunCommand",
        bad=(False,),
    ),
    Row(
        rule="aks-local-accounts-off",
        good=made(AKS, {"disableLocalAccounts": True}),
        path="disableLocalAccounts",
        bad=(False,),
    ),
    Row(
        rule="node-group-no-open-ssh",
        good=made(
            "aws:eks/nodeGroup:NodeGroup", {"remoteAccess": {"ec2SshKey": "k", "sourceSecurityGroupIds": ["sg"]}}
        ),
        path="remoteAccess",
        bad=({"ec2SshKey": "k"}, {"ec2SshKey": "k", "sourceSecurityGroupIds": []}),
        missing="passes",
        wrong="k",
    ),
    Row(
        rule="security-group-no-world",
        good=made(INGRESS_RULE, INGRESS),
        path="cidrIpv4",
        bad=("0.0.0.0/0", "0.0.0.0/1"),
        missing="passes",
        also_bad=(("cidrIpv6", "::/0"),),
    ),
    Row(
        rule="security-group-no-world",
        good=made("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}]}),
        path="ingress",
        bad=([{"cidrBlocks": ["0.0.0.0/0"]}], [{"ipv6CidrBlocks": ["::/0"]}]),
        missing="passes",
    ),
    Row(
        rule="security-group-no-world",
        good=made("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "cidrBlocks": ["10.0.0.0/8"]}),
        path="cidrBlocks",
        bad=(["0.0.0.0/0"],),
        missing="passes",
        also_good=(("type", "egress"),),
    ),
    Row(
        rule="default-security-group-closed",
        good=made(DEFAULT_GROUP, {"ingress": [], "egress": []}),
        path="ingress",
        bad=([{"protocol": "-1", "self": True}],),
        missing="passes",
        also_bad=(("egress", [{"protocol": "-1"}]),),
    ),
    Row(
        rule="vpc-default-group-owned",
        good=(VPC, made(DEFAULT_GROUP, {"vpcId": "vpc-1"}, "group", needs={"vpcId": ("vpc",)})),
        at=1,
        path="vpcId",
        bad=(),
        bad_stacks=((VPC,), (VPC, made(DEFAULT_GROUP, {"vpcId": "vpc-2"}, "group", needs={"vpcId": ("another",)}))),
        unknown="passes",
        wrong_is="passes",
    ),
    Row(
        rule="named-ports-only-aws",
        good=made(INGRESS_RULE, {"ipProtocol": "tcp", "fromPort": 4240, "toPort": 4240, "prefixListId": "pl-1"}),
        path="fromPort",
        bad=(443,),
    ),
    Row(
        rule="nsg-no-world",
        good=made(NSG_RULE, {**NSG, "sourceAddressPrefix": "10.0.0.0/8"}),
        path="sourceAddressPrefix",
        bad=("*", "Internet", "0.0.0.0/0", "any"),
        missing="passes",
        also_bad=(("sourceAddressPrefixes", ["10.0.0.0/8", "0.0.0.0/0"]),),
        also_good=(("access", "Deny"), ("direction", "Outbound")),
    ),
    Row(
        rule="nsg-no-world",
        good=made("azure-native:network:NetworkSecurityGroup", {"securityRules": [NSG]}),
        path="securityRules",
        bad=([{**NSG, "sourceAddressPrefix": "*"}],),
        missing="passes",
    ),
    Row(
        rule="named-ports-only-aws",
        good=made(INGRESS_RULE, INGRESS),
        path="fromPort",
        bad=(22, 0),
        also_bad=(("toPort", 65535), ("ipProtocol", "-1"), ("ipProtocol", "udp")),
        also_good=(
            ("cidrIpv4", ABSENT),
            (("toPort",), ABSENT),
        ),
    ),
    Row(
        rule="named-ports-only-azure",
        good=made(NSG_RULE, NSG),
        path="destinationPortRange",
        bad=("*", "22", "4240-4250", "1-65535"),
        also_bad=(("destinationPortRanges", ["4240", "22"]), ("protocol", "*")),
        also_good=(
            ("sourceAddressPrefixes", ["10.17.0.0/17"]),
            ("access", "Deny"),
            ("protocol", "Icmp"),
        ),
    ),
    Row(
        rule="azure-subnet-guarded",
        good=made(
            "azure-native:network:Subnet",
            {"subnetName": "nodes", "networkSecurityGroup": {"id": "/nsg"}, "defaultOutboundAccess": False},
        ),
        path="networkSecurityGroup.id",
        bad=("",),
        also_bad=(("networkSecurityGroup", ABSENT), ("defaultOutboundAccess", True), ("defaultOutboundAccess", ABSENT)),
    ),
    Row(
        rule="imdsv2-required",
        good=made(
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
        ),
        path="metadataOptions.httpTokens",
        bad=("optional",),
        also_bad=(("metadataOptions.httpPutResponseHopLimit", 2), ("metadataOptions", ABSENT)),
        also_good=(("metadataOptions", {"httpEndpoint": "disabled"}),),
    ),
    Row(
        rule="nodes-no-public-address",
        good=made("aws:ec2/subnet:Subnet", {"mapPublicIpOnLaunch": False}),
        path="mapPublicIpOnLaunch",
        bad=(True, "true"),
        missing="passes",
    ),
    Row(
        rule="nodes-no-public-address",
        good=made(AKS, {"agentPoolProfiles": [{"enableNodePublicIP": False}]}),
        path="agentPoolProfiles[0].enableNodePublicIP",
        bad=(True,),
        missing="passes",
    ),
    Row(
        rule="nodes-no-public-address",
        good=made("aws:ec2/launchTemplate:LaunchTemplate", {"networkInterfaces": [{"deviceIndex": 0}]}),
        path="networkInterfaces",
        bad=([{"associatePublicIpAddress": "true"}],),
        missing="passes",
    ),
    Row(
        rule="aws-load-balancer-internal",
        good=made("aws:lb/loadBalancer:LoadBalancer", {"internal": True}),
        path="internal",
        bad=(False,),
    ),
    Row(
        rule="aws-load-balancer-guarded",
        good=made("aws:lb/loadBalancer:LoadBalancer", {"securityGroups": ["sg-1"]}),
        path="securityGroups",
        bad=([], [""]),
    ),
    Row(
        rule="nsg-refuses-network",
        good=(
            made("azure-native:network:NetworkSecurityGroup", {"networkSecurityGroupName": "nodes"}, "nsg"),
            made(NSG_RULE, {"networkSecurityGroupName": "nodes", **REFUSAL}, "refusal"),
        ),
        at=1,
        path="access",
        bad=("Allow",),
        also_bad=(
            ("networkSecurityGroupName", "another"),
            ("direction", "Outbound"),
            ("destinationPortRange", "22"),
            ("protocol", "Tcp"),
            ("sourceAddressPrefix", "10.0.0.0/8"),
            ("sourcePortRange", "1024-65535"),
            ("destinationAddressPrefix", "10.17.0.4/32"),
        ),
        also_good=(("sourceAddressPrefix", "*"), ("destinationAddressPrefix", "VirtualNetwork")),
    ),
    Row(
        rule="azure-load-balancer-internal",
        good=made("azure-native:network:LoadBalancer", {"frontendIPConfigurations": [{"subnet": {"id": "/s"}}]}),
        path="frontendIPConfigurations",
        bad=([{"publicIPAddress": {"id": "/ip"}}],),
        missing="passes",
    ),
    Row(
        rule="service-internal",
        good=made(
            "kubernetes:core/v1:Service", {"metadata": {"annotations": INTERNAL}, "spec": {"type": "LoadBalancer"}}
        ),
        path="metadata.annotations",
        bad=({}, {"service.beta.kubernetes.io/azure-load-balancer-internal": "false"}),
        wrong="internal",
        also_bad=(("spec.type", "NodePort"), ("spec.externalIPs", ["203.0.113.1"])),
        also_good=(("spec", {"clusterIP": "None"}),),
    ),
    Row(
        rule="s3-public-access-blocked",
        good=made(
            ACCESS_BLOCK,
            {
                "blockPublicAcls": True,
                "blockPublicPolicy": True,
                "ignorePublicAcls": True,
                "restrictPublicBuckets": True,
            },
        ),
        path="blockPublicPolicy",
        bad=(False,),
        also_bad=tuple((name, ABSENT) for name in ("blockPublicAcls", "ignorePublicAcls", "restrictPublicBuckets")),
    ),
    Row(
        rule="s3-bucket-has-access-block",
        good=(BUCKET, made(ACCESS_BLOCK, {"bucket": "logs"}, "block")),
        at=1,
        path="bucket",
        bad=("another",),
        unknown="violation",
    ),
    Row(
        rule="storage-account-no-public-blobs",
        good=made("azure-native:storage:StorageAccount", {"allowBlobPublicAccess": False}),
        path="allowBlobPublicAccess",
        bad=(True,),
    ),
    Row(
        rule="storage-account-no-public-blobs",
        good=made("azure-native:storage:BlobContainer", {"publicAccess": "None"}),
        path="publicAccess",
        bad=("Blob", "Container"),
        missing="passes",
    ),
)
