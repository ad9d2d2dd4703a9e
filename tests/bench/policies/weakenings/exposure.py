"""Exposure: control planes, firewalls, nodes, load balancers."""

from __future__ import annotations

from tests.bench.policies.edit import lower, mismatch, open_up, plus, remove, remove_resource, turn_off
from tests.bench.policies.mutation import weaken

EKS = "Cluster aws-1-eks"
AKS = "ManagedCluster azure-1-cluster"
TEMPLATE = "LaunchTemplate aws-1-nodes-system"
INGRESS = "SecurityGroupIngressRule aws-azure-aws-nodes-geneve-0"
MESH_INGRESS = "SecurityGroupIngressRule aws-azure-aws-mesh-mesh-api-0"
DEFAULT_GROUP = "DefaultSecurityGroup aws-network-default"
NSG_RULE = "SecurityRule aws-azure-azure-mesh-api"
KUBELETS = "SecurityRule azure-network-firewall-nodes-kubelets"
PROBES = "SecurityRule azure-network-firewall-nodes-probes"
DENIAL = "SecurityRule azure-network-firewall-nodes-deny"
SUBNET = "Subnet azure-network-nodes"
BALANCER = "LoadBalancer aws-1-mesh-nlb"
AWS = "Release aws-1-cilium-release"
AZURE = "Release azure-1-cilium-release"
SERVICE = "Service aws-1-api-service"
ENDPOINT = ("values", "clustermesh", "apiserver", "service")
INTERNAL = (*ENDPOINT, "annotations", "service.beta.kubernetes.io/azure-load-balancer-internal")

WEAKENINGS = (
    *weaken(
        "eks-api-server-bounded",
        EKS,
        open_up("publicAccessCidrs", ["0.0.0.0/0"]),
        open_up("publicAccessCidrs", plus("::/0")),
        open_up("publicAccessCidrs", ["0.0.0.0/1", "128.0.0.0/1"]),
        remove("publicAccessCidrs"),
        turn_off("endpointPrivateAccess"),
    ),
    *weaken("eks-api-server-bounded", "Cluster east-1-eks", open_up("publicAccessCidrs", ["0.0.0.0/0"]), fleet="eni"),
    *weaken(
        "aks-api-server-bounded",
        AKS,
        remove("apiServerAccessProfile.authorizedIPRanges"),
        open_up("apiServerAccessProfile.authorizedIPRanges", plus("0.0.0.0/0")),
        remove("apiServerAccessProfile"),
    ),
    *weaken(
        "aks-run-command-off",
        AKS,
        turn_off("apiServerAccessProfile.disableRunCommand"),
        remove("apiServerAccessProfile.disableRunCommand"),
    ),
    *weaken("aks-local-accounts-off", AKS, turn_off("disableLocalAccounts"), remove("disableLocalAccounts")),
    *weaken("node-group-no-open-ssh", "NodeGroup aws-1-nodes-system", open_up("remoteAccess", {"ec2SshKey": "admin"})),
    *weaken(
        "security-group-no-world",
        INGRESS,
        open_up("cidrIpv4", "0.0.0.0/0"),
        open_up("cidrIpv4", "0.0.0.0/1"),
        open_up("cidrIpv6", "::/0"),
    ),
    *weaken("security-group-no-world", MESH_INGRESS, open_up("cidrIpv4", "0.0.0.0/0")),
    *weaken(
        "security-group-no-world",
        "SecurityGroupIngressRule east-west-west-mesh-mesh-api-0",
        open_up("cidrIpv4", "0.0.0.0/0"),
        fleet="eni",
    ),
    *weaken(
        "security-group-no-world",
        "SecurityGroup aws-firewall-nodes",
        open_up("ingress", [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]),
    ),
    *weaken(
        "named-ports-only-aws",
        INGRESS,
        open_up("ipProtocol", "-1"),
        open_up("fromPort", 22),
        open_up("toPort", 65_535),
    ),
    *weaken("named-ports-only-aws", MESH_INGRESS, open_up("fromPort", 0), mismatch("ipProtocol", "udp")),
    *weaken(
        "default-security-group-closed",
        DEFAULT_GROUP,
        open_up("ingress", [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]),
        open_up("egress", [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]),
    ),
    *weaken("vpc-default-group-owned", DEFAULT_GROUP, remove_resource(), mismatch("vpcId", "vpc-0123456789abcdef0")),
    *weaken(
        "nsg-no-world",
        NSG_RULE,
        open_up("sourceAddressPrefixes", ["0.0.0.0/0"]),
        open_up("sourceAddressPrefix", "Internet"),
        open_up("sourceAddressPrefix", "*"),
    ),
    *weaken("nsg-no-world", KUBELETS, open_up("sourceAddressPrefix", "0.0.0.0/0")),
    *weaken(
        "named-ports-only-azure",
        NSG_RULE,
        open_up("destinationPortRange", "*"),
        open_up("destinationPortRange", "2379-2380"),
        open_up("destinationPortRanges", ["2379", "22"]),
        open_up("protocol", "*"),
    ),
    *weaken("named-ports-only-azure", KUBELETS, open_up("sourceAddressPrefix", "10.0.0.0/8")),
    *weaken("named-ports-only-azure", PROBES, open_up("sourceAddressPrefix", "VirtualNetwork")),
    *weaken(
        "nsg-refuses-network",
        DENIAL,
        remove_resource(),
        open_up("access", "Allow"),
        mismatch("direction", "Outbound"),
        lower("protocol", "Tcp"),
        lower("destinationPortRange", "22"),
        lower("sourceAddressPrefix", "10.18.0.0/16"),
        lower("destinationAddressPrefix", "10.17.0.4/32"),
        lower("sourcePortRange", "1-1023"),
        mismatch("networkSecurityGroupName", "azure-network-firewall-mesh"),
    ),
    *weaken("nsg-refuses-network", "SecurityRule azure-network-firewall-mesh-deny", remove_resource()),
    *weaken(
        "azure-subnet-guarded",
        SUBNET,
        remove("networkSecurityGroup"),
        open_up("defaultOutboundAccess", value=True),
        remove("defaultOutboundAccess"),
    ),
    *weaken("azure-subnet-guarded", "Subnet azure-network-mesh", remove("networkSecurityGroup")),
    *weaken(
        "imdsv2-required",
        TEMPLATE,
        lower("metadataOptions.httpTokens", "optional"),
        remove("metadataOptions.httpTokens"),
        open_up("metadataOptions.httpPutResponseHopLimit", 2),
        remove("metadataOptions"),
    ),
    *weaken(
        "nodes-no-public-address",
        "Subnet aws-network-nodes-0",
        open_up("mapPublicIpOnLaunch", value=True),
    ),
    *weaken("nodes-no-public-address", AKS, open_up("agentPoolProfiles[0].enableNodePublicIP", value=True)),
    *weaken(
        "nodes-no-public-address",
        TEMPLATE,
        open_up("networkInterfaces", [{"deviceIndex": 0, "associatePublicIpAddress": "true"}]),
    ),
    *weaken("aws-load-balancer-internal", BALANCER, turn_off("internal"), remove("internal")),
    *weaken("aws-load-balancer-guarded", BALANCER, remove("securityGroups"), lower("securityGroups", [])),
    *weaken(
        "service-internal",
        SERVICE,
        open_up("spec.type", "LoadBalancer"),
        open_up("spec.type", "NodePort"),
        open_up("spec.externalIPs", ["203.0.113.7"]),
    ),
    *weaken(
        "mesh-api-server-internal",
        AZURE,
        remove(INTERNAL),
        turn_off(INTERNAL),
        remove((*ENDPOINT, "annotations")),
        remove((*ENDPOINT, "loadBalancerSourceRanges")),
        open_up((*ENDPOINT, "loadBalancerSourceRanges"), ["0.0.0.0/0"]),
    ),
    *weaken("mesh-api-server-internal", AWS, open_up((*ENDPOINT, "type"), "LoadBalancer"), remove((*ENDPOINT, "type"))),
    *weaken(
        "hubble-relay-inside",
        AWS,
        open_up("values.hubble.relay.service.type", "LoadBalancer"),
        open_up("values.hubble.relay.service.type", "NodePort"),
    ),
    *weaken("hubble-ui-off", AZURE, open_up("values.hubble.ui.enabled", value=True)),
)
