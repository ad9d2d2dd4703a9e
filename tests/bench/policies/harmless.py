"""Changes that weaken nothing: the pack has nothing to say of them."""

from __future__ import annotations

from tests.bench.policies.edit import Edit, added, backwards, harmless, plus
from tests.bench.policies.mutation import Harmless

KEY = "Key aws-key-key"
VAULT = "Vault azure-encryption-vault"
EKS = "Cluster aws-1-eks"
AKS = "ManagedCluster azure-1-cluster"
TEMPLATE = "LaunchTemplate aws-1-nodes-system"
NODES = "NodeGroup aws-1-nodes-system"
VPN = "VpnConnection aws-azure-vpn-1"
API = "Deployment aws-1-api-deployment"
ETL = "StatefulSet azure-1-etl-statefulset"
POLICY = "CiliumNetworkPolicy aws-1-api-policy-allow-from-dev"
NAMESPACE = "Namespace aws-1-api-namespace"
AWS = "Release aws-1-cilium-release"
AZURE = "Release azure-1-cilium-release"
RELEASES = (AWS, AZURE)
CONNECTIONS = tuple(f"VirtualNetworkGatewayConnection aws-azure-connection-{number}" for number in range(1, 5))
TUNNELS = tuple((name, tunnel) for name in (VPN, "VpnConnection aws-azure-vpn-2") for tunnel in (1, 2))
CONTAINER = "spec.template.spec.containers[0]"


def _one(what: str, resource: str, edit: Edit, fleet: str = "dev") -> Harmless:
    return Harmless(what=what, edits=((resource, edit),), fleet=fleet)


def _all(what: str, *edits: tuple[str, Edit]) -> Harmless:
    return Harmless(what=what, edits=edits)


RENAMES = (
    _one("another alias of the key", "Alias aws-key-alias", harmless("name", "alias/hms/dev/site-aws")),
    _one("another log group", "LogGroup aws-flow-logs", harmless("name", "/hms/dev/flows")),
    _one("another workspace name", "Workspace azure-logs", harmless("workspaceName", "hms-dev-logs")),
    _one("another name of the load balancer", "LoadBalancer aws-1-mesh-nlb", harmless("name", "dev-mesh-1")),
    _one("another node resource group", AKS, harmless("nodeResourceGroup", "hms-nodes")),
    _one("another prefix of the API server's name", AKS, harmless("dnsPrefix", "hms-1")),
    _one("another name of a container", API, harmless(f"{CONTAINER}.name", "main")),
    _one("another name of a network policy", POLICY, harmless("metadata.name", "from-dev")),
    _one("another name tag", "Vpc aws-network-vpc", harmless("tags.Name", "dev-network")),
    _all(
        "a cluster of another name, with its log group",
        (EKS, harmless("name", "hms-1")),
        ("LogGroup aws-1-logs", harmless("name", "/aws/eks/hms-1/cluster")),
    ),
    _all(
        "a mesh cluster of another name, and its peer knows",
        (AZURE, harmless("values.cluster.name", "azure-9")),
        (AWS, harmless("values.clustermesh.config.clusters", {"azure-9": {"ips": ["10.17.128.6"], "port": 2379}})),
    ),
)

DESCRIPTIONS = (
    _one("another description of the key", KEY, harmless("description", "all of site aws")),
    _one("another description of a role", "Role aws-1-api-identity-role", harmless("description", "api")),
    _one(
        "another description of an opening",
        "SecurityGroupIngressRule aws-azure-aws-nodes-geneve-0",
        harmless("description", "overlay"),
    ),
    _one(
        "another description of a firewall rule",
        "SecurityRule aws-azure-azure-mesh-api",
        harmless("description", "mesh"),
    ),
    _one("an annotation", NAMESPACE, added("metadata.annotations.team", "mesh")),
    _one("a label", "Service aws-1-api-service", added("metadata.labels.team", "mesh")),
)

SIZES = (
    _one("larger machines", NODES, harmless("instanceTypes", ["m6i.4xlarge"])),
    _one("more machines", NODES, harmless("scalingConfig", {"minSize": 3, "maxSize": 30, "desiredSize": 6})),
    _one("larger machines on Azure", AKS, harmless("agentPoolProfiles[0].vmSize", "Standard_D16s_v5")),
    _one("more machines on Azure", AKS, harmless("agentPoolProfiles[0].maxCount", 40)),
    _one("larger disks", TEMPLATE, harmless("blockDeviceMappings[0].ebs.volumeSize", 500)),
    _one("larger disks on Azure", AKS, harmless("agentPoolProfiles[0].osDiskSizeGB", 500)),
    _one("more replicas", API, harmless("spec.replicas", 9)),
    _one("more replicas with a volume", ETL, harmless("spec.replicas", 5)),
    _one("larger volumes", ETL, harmless("spec.volumeClaimTemplates[0].spec.resources.requests.storage", "200Gi")),
    _one("higher limits", API, harmless(f"{CONTAINER}.resources.limits", {"cpu": "2", "memory": "4Gi"})),
    _one("a larger gateway", "VirtualNetworkGateway azure-vpn-gateway", harmless("sku.name", "VpnGw5AZ")),
    _one("another size of the operator", AWS, harmless("values.operator.replicas", 3)),
)

PLACES = (
    _one("another region of AWS", "aws aws-aws", harmless("region", "eu-central-1")),
    _one("another zone", "Subnet aws-network-nodes-0", harmless("availabilityZone", "us-east-1f")),
    _one("another location of the vault", VAULT, harmless("location", "westeurope")),
    _one("another location of the cluster", AKS, harmless("location", "northeurope")),
    _one("another range of the network", "Vpc aws-network-vpc", harmless("cidrBlock", "172.16.0.0/16")),
    _one("another range of a subnet", "Subnet azure-network-mesh", harmless("addressPrefix", "10.17.192.0/22")),
    _one("another range of services", EKS, harmless("kubernetesServiceIpAddressRange", "172.20.0.0/16")),
    _one("another range of administrators", EKS, harmless("publicAccessCidrs", ["198.51.100.0/24", "192.0.2.7/32"])),
    _one(
        "a narrower source of an opening",
        "SecurityGroupIngressRule aws-azure-aws-mesh-mesh-api-0",
        harmless("cidrIpv4", "10.17.64.0/18"),
    ),
    _one(
        "another source of an opening on Azure",
        "SecurityRule aws-azure-azure-mesh-api",
        harmless("sourceAddressPrefixes", ["10.18.0.0/17", "10.19.0.0/17"]),
    ),
    _one(
        "another range of pods",
        AZURE,
        harmless("values.ipam.operator.clusterPoolIPv4PodCIDRList", ["10.200.0.0/17"]),
    ),
    _one("a network elsewhere", "aws west-aws", harmless("region", "ap-southeast-2"), fleet="eni"),
)

MORE_TAGS = (
    _one("one more tag", "Vpc aws-network-vpc", added("tags.team", "mesh")),
    _one("another owner", EKS, harmless("tags.owner", "another-team")),
    _one("another payer", VAULT, harmless("tags.cost-center", "hms-prod")),
    _one("one more tag on machines", TEMPLATE, added("tagSpecifications[0].tags.team", "mesh")),
    _one("one more tag on a peering", "VpcPeeringConnection east-west-connection", added("tags.team", "a"), "eni"),
)

STRONGER = (
    _one("a key that rotates sooner", KEY, added("rotationPeriodInDays", 90)),
    _one("a stronger curve", "PrivateKey mesh-key", harmless("ecdsaCurve", "P384")),
    _one("a longer password", "RandomPassword aws-azure-tunnel-1-psk", harmless("length", 64)),
    _one("keys renewed sooner", VPN, harmless("tunnel1Phase1LifetimeSeconds", 3600)),
    _one("no public endpoint at all", EKS, harmless("endpointPublicAccess", value=False)),
    _one("a private API server", AKS, harmless("apiServerAccessProfile.enablePrivateCluster", value=True)),
    _one("no metadata service", TEMPLATE, harmless("metadataOptions.httpEndpoint", "disabled")),
    _one(
        "disks encrypted twice",
        "DiskEncryptionSet azure-encryption-disks",
        harmless("encryptionType", "EncryptionAtRestWithPlatformAndCustomerKeys"),
    ),
    _one("logs kept for longer", "LogGroup aws-flow-logs", harmless("retentionInDays", 3653)),
    _one("logs kept for ever", "LogGroup aws-1-logs", harmless("retentionInDays", 0)),
    _one("logs kept for longer on Azure", "Workspace azure-logs", harmless("retentionInDays", 730)),
    _one("policies enforced without any", AWS, harmless("values.policyEnforcementMode", "always")),
    _one("lost clusters forgotten sooner", AWS, harmless("values.clustermesh.cacheTTL", "1m")),
    _one("shorter certificates", AZURE, harmless("values.hubble.tls.auto.certValidityDuration", 30)),
    _one("an image by its digest", API, harmless(f"{CONTAINER}.image", f"ghcr.io/hms-project/api@sha256:{'0a' * 32}")),
    _one("a policy for fewer pods", POLICY, added("spec.endpointSelector.matchLabels.tier", "front")),
    _all(
        "group 19 at every end",
        *((name, harmless(f"tunnel{tunnel}Phase1DhGroupNumbers", [19])) for name, tunnel in TUNNELS),
        *((name, harmless("ipsecPolicies[0].dhGroup", "ECP256")) for name in CONNECTIONS),
    ),
    _all("another version of Cilium everywhere", *((name, harmless("version", "1.19.7")) for name in RELEASES)),
    _all("a smaller MTU everywhere", *((name, harmless("values.MTU", 1380)) for name in RELEASES)),
    _all(
        "room for more clusters everywhere",
        *((name, harmless("values.clustermesh.maxConnectedClusters", 511)) for name in RELEASES),
    ),
)

REORDERINGS = (
    _one("kinds of logs", EKS, harmless("enabledClusterLogTypes", backwards)),
    _one("logs on Azure", "DiagnosticSetting azure-1-logs", harmless("logs", backwards)),
    _one("machines' tags", TEMPLATE, harmless("tagSpecifications", backwards)),
    _one("ranges of administrators", AKS, harmless("apiServerAccessProfile.authorizedIPRanges", backwards)),
    _one("statements of a policy", KEY, harmless("policy.Statement", backwards)),
    _one("addresses of a peer", AZURE, harmless("values.clustermesh.config.clusters.aws-1.ips", backwards)),
    _one(
        "addresses of the gateway",
        "VirtualNetworkGateway azure-vpn-gateway",
        harmless("bgpSettings.bgpPeeringAddresses", backwards),
    ),
    _one("environment of a container", API, harmless(f"{CONTAINER}.env", backwards)),
    _one("one more variable", API, harmless(f"{CONTAINER}.env", plus({"name": "LEVEL", "value": "info"}))),
    _one(
        "ports of a policy",
        "CiliumNetworkPolicy aws-1-api-policy-allow-dns",
        harmless("spec.egress[0].toPorts[0].ports", backwards),
    ),
)

HARMLESS = (*RENAMES, *DESCRIPTIONS, *SIZES, *PLACES, *MORE_TAGS, *STRONGER, *REORDERINGS)
