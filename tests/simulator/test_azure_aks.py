from __future__ import annotations

import base64
import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from tests.simulator.azure_refusals import refused
from tests.simulator.azure_world import CRYPTO_USER, ENCRYPTION_USER, NETWORK_CONTRIBUTOR, AzureWorld, CheckFailed

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.world import Record

CLUSTER = "containerservice:ManagedCluster"


class Site(AzureWorld):
    """All that a cluster stands on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.group()
        self.network()
        address = self.address("egress")
        self.nat(publicIpAddresses=[{"id": address.id}])
        self.nodes = self.subnet(
            "nodes", "10.1.0.0/17", natGateway={"id": self.world.find("azure-native:network:NatGateway")[0].id}
        )
        self.control, self.for_disks = self.identity("control"), self.identity("disks")
        self.own_vault = self.vault()
        self.own_key = self.key()
        self.grant("disks-role", self.for_disks, ENCRYPTION_USER, self.own_vault.id)
        self.secrets_role = self.grant("secrets-role", self.control, CRYPTO_USER, self.own_vault.id)
        self.network_role = self.grant("network-role", self.control, NETWORK_CONTRIBUTOR, self.nodes.id)
        self.disks = self.create(
            "compute:DiskEncryptionSet",
            "disks",
            resourceGroupName="rg",
            identity={"type": "UserAssigned", "userAssignedIdentities": [self.for_disks.id]},
            activeKey={"keyUrl": self.own_key.outputs["keyUriWithVersion"]},
        )

    def pool(self, name: str = "system", **changes: object) -> dict[str, Any]:
        return {
            "name": name,
            "mode": "System",
            "type": "VirtualMachineScaleSets",
            "osType": "Linux",
            "vmSize": "Standard_D4s_v5",
            "availabilityZones": ["1", "2", "3"],
            "enableAutoScaling": True,
            "count": 2,
            "minCount": 2,
            "maxCount": 4,
            "maxPods": 110,
            "vnetSubnetID": self.nodes.id,
            "enableEncryptionAtHost": True,
            **changes,
        }

    def inputs(self, **changes: object) -> dict[str, Any]:
        given = {
            "resourceGroupName": "rg",
            "dnsPrefix": "azure-1",
            "kubernetesVersion": "1.35",
            "sku": {"name": "Base", "tier": "Standard"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [self.control.id]},
            "agentPoolProfiles": [self.pool()],
            "networkProfile": {
                "networkPlugin": "none",
                "loadBalancerSku": "standard",
                "outboundType": "userAssignedNATGateway",
                "serviceCidr": "10.64.64.0/19",
                "dnsServiceIP": "10.64.64.10",
            },
            "enableRBAC": True,
            "disableLocalAccounts": True,
            "aadProfile": {"managed": True, "enableAzureRBAC": True},
            "apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24"]},
            "oidcIssuerProfile": {"enabled": True},
            "securityProfile": {
                "workloadIdentity": {"enabled": True},
                "azureKeyVaultKms": {
                    "enabled": True,
                    "keyId": self.own_key.outputs["keyUriWithVersion"],
                    "keyVaultNetworkAccess": "Public",
                },
            },
            "diskEncryptionSetID": self.disks.id,
        }
        for path, value in changes.items():
            *steps, last = path.split("__")
            target: dict[str, Any] = given
            for step in steps:
                target = target[step]
            target[last] = value
        return given

    def cluster(self, name: str = "azure-1", **changes: object) -> Record:
        return self.create(CLUSTER, name, **deepcopy(self.inputs(**changes)))

    def first_pool(self, **changes: object) -> list[dict[str, Any]]:
        return [self.pool(**changes)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_good_cluster_answers_as_aks_does(site: Site) -> None:
    cluster = site.cluster()
    outputs = cluster.outputs
    prefix, _, rest = outputs["fqdn"].partition(".")
    assert rest == "hcp.westeurope.azmk8s.io"
    assert prefix.startswith("azure-1-")
    assert len(prefix) == len("azure-1-") + 8
    assert outputs["oidcIssuerProfile"]["issuerURL"].startswith("https://westeurope.oic.prod-aks.azure.com/")
    assert outputs["currentKubernetesVersion"] == "1.35.4"
    assert outputs["nodeResourceGroup"] == "MC_rg_azure-1_westeurope"
    assert outputs["identityProfile"]["kubeletidentity"]["objectId"]
    assert outputs["privateFQDN"] == ""
    assert outputs["agentPoolProfiles"][0]["currentOrchestratorVersion"] == "1.35.4"


def test_the_node_group_and_kubelet_identity_come_and_go_with_the_cluster(site: Site) -> None:
    before = site.world.count()
    cluster = site.cluster()
    assert site.world.count() == before + 4
    site.delete(cluster)
    assert site.world.count() == before


def _object_in(site: Site, cluster: Record) -> None:
    record = site.world.new_record(token="kubernetes:core/v1:Namespace", scope=cluster.outputs["fqdn"], id="hms-api")
    with site.world.transaction():
        site.world.put(record)


def test_what_runs_in_the_cluster_goes_with_it(site: Site) -> None:
    before = site.world.count()
    cluster = site.cluster()
    _object_in(site, cluster)
    site.delete(cluster)
    assert site.world.count() == before


def test_everything_goes_with_the_group(site: Site) -> None:
    _object_in(site, site.cluster())
    site.delete(next(one for one in site.world.find("azure-native:resources:ResourceGroup") if not one.owner))
    assert site.world.count() == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dnsPrefix": None}, "InvalidParameter"),
        ({"dnsPrefix": "ends-with-"}, "InvalidParameter"),
        ({"dnsPrefix": "x" * 55}, "InvalidParameter"),
        ({"nodeResourceGroup": "x" * 81}, "InvalidParameter"),
        ({"nodeResourceGroup": "RG"}, "NodeResourceGroupSameAsResourceGroup"),
        ({"kubernetesVersion": "1.31"}, "K8sVersionNotSupported"),
        ({"kubernetesVersion": "1.37"}, "K8sVersionNotSupported"),
        ({"kubernetesVersion": "1.32"}, "K8sVersionNotSupported"),
        ({"kubernetesVersion": "newest"}, "K8sVersionNotSupported"),
        ({"supportPlan": "AKSLongTermSupport"}, "K8sVersionNotSupported"),
        ({"agentPoolProfiles": []}, "InvalidParameter"),
        ({"identity": {"type": "None"}}, "InvalidParameter"),
        (
            {"identity": {"type": "UserAssigned", "userAssignedIdentities": ["/subscriptions/x/none"]}},
            "FailedIdentityOperation",
        ),
        # the network
        (
            {"networkProfile__serviceCidr": "10.1.200.0/24", "networkProfile__dnsServiceIP": "10.1.200.10"},
            "ServiceCidrOverlapExistingSubnetsCidr",
        ),
        (
            {"networkProfile__serviceCidr": "172.31.0.0/16", "networkProfile__dnsServiceIP": "172.31.0.10"},
            "ReservedCidrNotAllowed",
        ),
        (
            {"networkProfile__serviceCidr": "172.30.64.0/19", "networkProfile__dnsServiceIP": "172.30.64.10"},
            "ReservedCidrNotAllowed",
        ),
        (
            {"networkProfile__serviceCidr": "169.254.0.0/24", "networkProfile__dnsServiceIP": "169.254.0.10"},
            "ReservedCidrNotAllowed",
        ),
        (
            {"networkProfile__serviceCidr": "192.0.2.0/25", "networkProfile__dnsServiceIP": "192.0.2.10"},
            "ReservedCidrNotAllowed",
        ),
        (
            {"networkProfile__serviceCidr": "10.64.0.0/12", "networkProfile__dnsServiceIP": "10.64.0.10"},
            "InvalidServiceCidrSize",
        ),
        ({"networkProfile__serviceCidr": "services"}, "CidrStringParseError"),
        ({"networkProfile__dnsServiceIP": "10.64.96.10"}, "DnsServiceIpOutOfServiceCidr"),
        ({"networkProfile__dnsServiceIP": "10.64.64.1"}, "DnsServiceIpConflicting"),
        ({"networkProfile__dnsServiceIP": "10.64.95.255"}, "DnsBroadcastAddressConflicting"),
        ({"networkProfile__dnsServiceIP": "dns"}, "DnsServiceIpParseError"),
        ({"networkProfile__serviceCidr": None}, "DnsServiceIpOutOfServiceCidr"),
        ({"networkProfile__podCidr": "10.64.64.0/20"}, "PodCidrOverlapServiceCidr"),
        ({"networkProfile__podCidr": "10.1.128.0/17"}, "PodCidrOverlapExistingSubnetsCidr"),
        ({"networkProfile__podCidr": "172.30.0.0/16"}, "ReservedCidrNotAllowed"),
        ({"networkProfile__networkPolicy": "cilium"}, "NetworkPolicyNotSupportedForNone"),
        ({"networkProfile__networkPluginMode": "overlay"}, "InvalidNetworkingConfig"),
        ({"networkProfile__networkDataplane": "cilium"}, "InvalidNetworkingConfig"),
        ({"networkProfile__outboundType": "managedNATGateway"}, "ManagedNATGatewayWithCustomVNetNotAllowed"),
        ({"networkProfile__outboundType": "userDefinedRouting"}, "ExistingRouteTableNotAssociatedWithSubnet"),
        # the API server
        (
            {"apiServerAccessProfile": {"enablePrivateCluster": True, "authorizedIPRanges": ["203.0.113.0/24"]}},
            "PrivateClusterWithAuthorizedIPRangesNotSupported",
        ),
        ({"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.1/24"]}}, "CidrStringParseError"),
        ({"apiServerAccessProfile": {"authorizedIPRanges": ["everyone"]}}, "CidrStringParseError"),
        (
            {"apiServerAccessProfile": {"authorizedIPRanges": [f"203.0.113.{n}/32" for n in range(201)]}},
            "InvalidParameter",
        ),
        ({"networkProfile__loadBalancerSku": "basic"}, "InvalidLoadBalancerSku"),
        ({"apiServerAccessProfile": {"privateDNSZone": "system"}}, "InvalidPrivateDNSZoneMode"),
        (
            {"apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": "mine"}},
            "InvalidPrivateDNSZoneResourceID",
        ),
        (
            {
                "apiServerAccessProfile": {
                    "enablePrivateCluster": True,
                    "privateDNSZone": "none",
                    "enablePrivateClusterPublicFQDN": False,
                }
            },
            "NonePrivateDNSZonePublicFQDNDisabledError",
        ),
        # who may sign in
        ({"aadProfile": None}, "BadRequest"),
        ({"aadProfile": {"managed": False, "enableAzureRBAC": True}, "disableLocalAccounts": False}, "BadRequest"),
        ({"enableRBAC": False}, "RBACNotEnabledForAAD"),
        ({"aadProfile__adminGroupObjectIDs": ["admins"]}, "InvalidAdminGroupObjectID"),
        ({"oidcIssuerProfile": {"enabled": False}}, "BadRequest"),
        # keys
        (
            {"securityProfile__azureKeyVaultKms__keyId": "https://vault-one.vault.azure.net/keys/key"},
            "AzureKeyVaultKmsInvalidKeyId",
        ),
        (
            {"securityProfile__azureKeyVaultKms__keyId": "https://vault-one.vault.azure.net/keys/none/x"},
            "AzureKeyVaultKmsInvalidKeyId",
        ),
        ({"securityProfile__azureKeyVaultKms__keyVaultNetworkAccess": "Private"}, "BadRequest"),
        ({"securityProfile__azureKeyVaultKms__keyVaultResourceId": "/subscriptions/x"}, "BadRequest"),
        ({"diskEncryptionSetID": "/subscriptions/x/none"}, "DiskEncryptionSetError"),
    ],
)
def test_bad_clusters_are_refused(site: Site, change: dict[str, Any], code: str) -> None:
    with refused(code):
        site.cluster(**change)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mode": "User"}, "MustDefineAtLeastOneSystemPool"),
        ({"vmSize": "Standard_Z4s_v5"}, "VMSizeNotSupported"),
        ({"vmSize": "Standard_D4_v5"}, "VMSizeDoesNotSupportEncryptionAtHost"),
        ({"vmSize": "Standard_D2_v2"}, "VMSizeDoesNotSupportEncryptionAtHost"),
        ({"osType": "Windows"}, "AzureCNIOnlyForWindows"),
        ({"scaleSetPriority": "Spot"}, "SystemPoolMustBeRegular"),
        ({"availabilityZones": ["4"]}, "AvailabilityZoneNotSupported"),
        ({"type": "AvailabilitySet"}, "VMSSRequiredForAvailabilityZone"),
        ({"minCount": None}, "InvalidParameter"),
        ({"minCount": 5}, "InvalidParameter"),
        ({"minCount": 0, "count": 0}, "InvalidParameter"),
        ({"count": 9}, "InvalidParameter"),
        ({"enableAutoScaling": False}, "AutoScalingNotEnabled"),
        ({"enableAutoScaling": False, "minCount": None, "maxCount": None, "count": 0}, "InvalidParameter"),
        ({"maxPods": 9}, "InsufficientMaxPods"),
        ({"maxPods": 251}, "MaxPodsLimitExceeded"),
        ({"nodeTaints": ["broken"]}, "InvalidParameter"),
        ({"nodeTaints": ["node.cilium.io/agent-not-ready=true:NoExecute"]}, "SystemPoolHasRestrictedTaint"),
        ({"nodeLabels": {"kubernetes.azure.com/mine": "x"}}, "NodeLabelKeyNotAllowed"),
        ({"orchestratorVersion": "1.36"}, "NodePoolMcVersionIncompatible"),
    ],
)
def test_bad_pools_are_refused(site: Site, change: dict[str, Any], code: str) -> None:
    with refused(code):
        site.cluster(agentPoolProfiles=site.first_pool(**change))


@pytest.mark.parametrize("name", ["Upper", "has-hyphen", "1first", "x" * 13])
def test_bad_pool_names_are_refused_by_the_provider(site: Site, name: str) -> None:
    with pytest.raises(CheckFailed, match="does not match pattern"):
        site.cluster(agentPoolProfiles=site.first_pool(name=name))


@pytest.mark.parametrize("name", ["-cluster", "x" * 64, "with space"])
def test_bad_cluster_names_are_refused_by_the_provider(site: Site, name: str) -> None:
    with pytest.raises(CheckFailed, match="does not match pattern"):
        site.cluster(name)


def test_small_sizes_carry_no_system_pool(site: Site) -> None:
    # 2 processors with 2 GiB each are enough, half of that is not.
    site.cluster(agentPoolProfiles=site.first_pool(vmSize="Standard_D2ls_v5"))
    taken = site.pool("second", vmSize="Standard_B2s", enableEncryptionAtHost=False)
    site.cluster("azure-2", dnsPrefix="azure-2", agentPoolProfiles=[taken])


def test_the_identity_must_have_its_roles_before_the_cluster(site: Site) -> None:
    site.delete(site.network_role)
    with refused("LinkedAuthorizationFailed", "subnets/join/action"):
        site.cluster()
    site.grant("network", site.control, NETWORK_CONTRIBUTOR, site.nodes.id.partition("/subnets/")[0])
    site.delete(site.secrets_role)
    with refused("AzureKeyVaultKmsValidateIdentityPermissionCustomerError", "keys encrypt/decrypt permission"):
        site.cluster()
    # Wrapping keys is not encrypting with them.
    site.grant("wrap", site.control, ENCRYPTION_USER, site.own_vault.id)
    with refused("AzureKeyVaultKmsValidateIdentityPermissionCustomerError"):
        site.cluster()


def test_the_disks_must_still_reach_their_key(site: Site) -> None:
    role = next(
        one for one in site.world.find("azure-native:authorization:RoleAssignment") if one.urn.endswith("disks-role")
    )
    site.delete(role)
    with refused("KeyVaultAccessForbidden"):
        site.cluster()


def test_a_subnet_without_nat_gateway_gives_no_way_out(site: Site) -> None:
    bare = site.subnet("bare", "10.1.128.0/24")
    site.grant("bare-role", site.control, NETWORK_CONTRIBUTOR, bare.id)
    with refused("SubnetNotAssociatedWithNATGateway"):
        site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=bare.id))
    empty = site.nat("empty")
    dry = site.subnet("dry", "10.1.129.0/24", natGateway={"id": empty.id})
    site.grant("dry-role", site.control, NETWORK_CONTRIBUTOR, dry.id)
    with refused("NATGatewayNotAssociatedWithPublicIPOrIPPrefix"):
        site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=dry.id))
    with refused("UserAssignedNATGatewayWithManagedVNetNotAllowed"):
        site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=None))


def test_own_routes_need_a_default_route_to_an_appliance(site: Site) -> None:
    table = site.create("network:RouteTable", "table", resourceGroupName="rg")
    routed = site.subnet("routed", "10.1.128.0/24", routeTable={"id": table.id})
    site.grant("routed-role", site.control, NETWORK_CONTRIBUTOR, routed.id)
    change = {
        "agentPoolProfiles": site.first_pool(vnetSubnetID=routed.id),
        "networkProfile__outboundType": "userDefinedRouting",
    }
    with refused("RouteTableMissingDefaultRouteError"):
        site.cluster(**change)
    common = {"resourceGroupName": "rg", "routeTableName": "table", "addressPrefix": "0.0.0.0/0"}
    route = site.create("network:Route", "out", nextHopType="Internet", **common)
    with refused("RouteTableInvalidNextHop"):
        site.cluster(**change)
    site.update(route, nextHopType="VirtualAppliance", nextHopIpAddress="10.1.200.4")
    site.cluster(**change)


def test_pools_must_fit_their_subnet(site: Site) -> None:
    nat = site.world.find("azure-native:network:NatGateway")[0]
    small = site.subnet("small", "10.1.128.0/29", natGateway={"id": nat.id})
    site.grant("small-role", site.control, NETWORK_CONTRIBUTOR, small.id)
    with refused("InsufficientSubnetSize"):
        site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=small.id))
    site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=small.id, maxCount=2))


def test_a_delegated_or_missing_subnet_carries_no_pool(site: Site) -> None:
    with refused("SubnetNotFound"):
        site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=site.nodes.id + "x"))
    nat = site.world.find("azure-native:network:NatGateway")[0]
    given = [{"name": "d", "serviceName": "Microsoft.Sql/managedInstances"}]
    delegated = site.subnet("delegated", "10.1.128.0/24", natGateway={"id": nat.id}, delegations=given)
    with refused("SubnetIsDelegated"):
        site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=delegated.id))


def test_what_a_cluster_uses_cannot_be_deleted(site: Site) -> None:
    cluster = site.cluster()
    with refused("InUseSubnetCannotBeDeleted"):
        site.delete(site.nodes)
    with refused("DiskEncryptionSetInUse"):
        site.delete(site.disks)
    # Azure lets the identity go, and the cluster is broken from then on.
    site.delete(site.control)
    site.delete(cluster)
    site.delete(site.nodes)


def test_a_node_group_is_nobody_elses(site: Site) -> None:
    site.group("taken")
    with refused("NodeResourceGroupAlreadyExists"):
        site.cluster(nodeResourceGroup="taken")
    site.cluster(nodeResourceGroup="hms-nodes")
    with refused("NodeResourceGroupAlreadyExists"):
        site.cluster("azure-2", nodeResourceGroup="hms-nodes")


@pytest.mark.parametrize(
    "path",
    [
        "dnsPrefix",
        "diskEncryptionSetID",
        "nodeResourceGroup",
        "networkProfile.serviceCidr",
        "networkProfile.networkPlugin",
    ],
)
def test_what_replaces_a_cluster(site: Site, path: str) -> None:
    cluster = site.cluster(nodeResourceGroup="hms-nodes")
    name, _, inner = path.partition(".")
    value = {**cluster.inputs[name], inner: "other"} if inner else "other"
    assert path in site.replaces(cluster, **{name: value})


def test_what_a_cluster_cannot_go_back_on(site: Site) -> None:
    cluster = site.cluster()
    with refused("OIDCIssuerCannotBeDisabled"):
        site.update(cluster, oidcIssuerProfile={"enabled": False}, securityProfile=None)
    with refused("BadRequest"):
        site.update(cluster, aadProfile=None, disableLocalAccounts=False)
    with refused("PropertyChangeNotAllowed", "vmSize"):
        site.update(cluster, agentPoolProfiles=site.first_pool(vmSize="Standard_D8s_v5"))
    with refused("PropertyChangeNotAllowed"):
        site.update(cluster, agentPoolProfiles=site.first_pool(name="other"))


def test_a_cluster_is_private_from_the_start_or_never(site: Site) -> None:
    cluster = site.cluster(apiServerAccessProfile={"enablePrivateCluster": True})
    with refused("PropertyChangeNotAllowed", "enablePrivateCluster"):
        site.update(cluster, apiServerAccessProfile={"enablePrivateCluster": False})


def test_versions_go_up_by_one(site: Site) -> None:
    cluster = site.cluster(kubernetesVersion="1.33")
    with refused("OperationNotAllowed"):
        site.update(cluster, kubernetesVersion="1.35")
    cluster = site.update(cluster, kubernetesVersion="1.34")
    assert cluster.outputs["currentKubernetesVersion"] == "1.34.6"
    with refused("OperationNotAllowed"):
        site.update(cluster, kubernetesVersion="1.33")
    assert site.update(cluster, tags={"a": "b"}).outputs["fqdn"] == cluster.outputs["fqdn"]


def test_the_long_term_version_needs_premium(site: Site) -> None:
    site.cluster(kubernetesVersion="1.32", supportPlan="AKSLongTermSupport", sku={"name": "Base", "tier": "Premium"})


def test_a_private_cluster_has_a_private_name(site: Site) -> None:
    access = {"enablePrivateCluster": True, "enablePrivateClusterPublicFQDN": False, "privateDNSZone": "system"}
    outputs = site.cluster(apiServerAccessProfile=access).outputs
    assert outputs["privateFQDN"].endswith(".privatelink.westeurope.azmk8s.io")
    assert outputs["fqdn"] == ""


# --- agent pools


def _pool(site: Site, name: str = "user", **changes: object) -> Record:
    inputs = {**site.pool(), "resourceGroupName": "rg", "resourceName": "azure-1", "mode": "User", **changes}
    inputs.pop("name")
    return site.create("containerservice:AgentPool", name, **inputs)


def test_a_pool_needs_its_cluster(site: Site) -> None:
    with refused("ParentResourceNotFound"):
        _pool(site)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"orchestratorVersion": "1.36"}, "NodePoolMcVersionIncompatible"),
        ({"orchestratorVersion": "1.30"}, "K8sVersionNotSupported"),
        ({"vmSize": "Standard_none"}, "VMSizeNotSupported"),
        ({"minCount": 1, "count": 0}, "InvalidParameter"),
        ({"maxCount": 32765}, "InvalidParameter"),
    ],
)
def test_bad_further_pools_are_refused(site: Site, change: dict[str, Any], code: str) -> None:
    site.cluster()
    with refused(code):
        _pool(site, **change)


def test_further_pools(site: Site) -> None:
    cluster = site.cluster()
    with pytest.raises(CheckFailed, match="does not match pattern"):
        _pool(site, "has-hyphen")
    with refused("ResourceAlreadyExists"):
        _pool(site, "system")
    pool = _pool(site, minCount=0, count=0)
    assert pool.outputs["currentOrchestratorVersion"] == "1.35.4"
    assert site.replaces(pool, vmSize="Standard_D8s_v5") == {"vmSize"}
    with refused("PropertyChangeNotAllowed"):
        site.update(pool, maxPods=50)
    site.update(pool, maxCount=6)
    site.delete(cluster)
    assert site.gone(pool)


def test_pools_share_their_subnets_room(site: Site) -> None:
    nat = site.world.find("azure-native:network:NatGateway")[0]
    small = site.subnet("small", "10.1.128.0/28", natGateway={"id": nat.id})
    site.grant("small-role", site.control, NETWORK_CONTRIBUTOR, small.id)
    site.cluster(agentPoolProfiles=site.first_pool(vnetSubnetID=small.id, maxCount=5))
    with refused("InsufficientSubnetSize"):
        _pool(site, vnetSubnetID=small.id, maxCount=5)
    _pool(site, vnetSubnetID=small.id, maxCount=4)


def test_the_last_system_pool_stays(site: Site) -> None:
    site.cluster()
    second = _pool(site, "second", mode="System")
    inline = next(one for one in site.world.find("azure-native:containerservice:AgentPool") if one.owner)
    assert inline.outputs["mode"] == "System"
    site.update(second, mode="User")
    third = _pool(site, "third", mode="System")
    site.delete(third)


def test_a_cluster_takes_one_operation_at_a_time(site: Site) -> None:
    site.cluster()
    kind = site.package.kind("azure-native:containerservice:ManagedCluster")
    inputs = {"resourceGroupName": "RG", "resourceName": "azure-1"}
    context = site.operations.context(site.package, kind, {}, urn="urn:pulumi:s::p::t::x", inputs=inputs)
    with site.operations._exclusive(kind, context, inputs), refused("OperationNotAllowed"):
        _pool(site)


def test_maintenance_windows(site: Site) -> None:
    site.cluster()
    window = {
        "durationHours": 4,
        "startTime": "02:00",
        "schedule": {"weekly": {"dayOfWeek": "Sunday", "intervalWeeks": 1}},
    }
    common = {"resourceGroupName": "rg", "resourceName": "azure-1"}
    kind = "containerservice:MaintenanceConfiguration"
    site.create(kind, "aksManagedAutoUpgradeSchedule", maintenanceWindow=window, **common)
    for name, change, code in (
        ("mine", {"maintenanceWindow": window}, "InvalidParameter"),
        ("default", {"maintenanceWindow": window}, "InvalidParameter"),
        ("aksManagedNodeOSUpgradeSchedule", {}, "InvalidParameter"),
        ("aksManagedNodeOSUpgradeSchedule", {"maintenanceWindow": {**window, "durationHours": 3}}, "InvalidParameter"),
        (
            "aksManagedNodeOSUpgradeSchedule",
            {"maintenanceWindow": {**window, "startTime": "2 am"}},
            "InvalidStartEndTime",
        ),
    ):
        with refused(code):
            site.create(kind, name, **change, **common)


# --- credentials


def _kubeconfig(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(answer["kubeconfigs"][0]["value"]))
    return found


def test_the_users_kubeconfig_asks_kubelogin(site: Site) -> None:
    cluster = site.cluster()
    ask = {"resourceGroupName": "rg", "resourceName": "azure-1"}
    answer = site.invoke("containerservice:listManagedClusterUserCredentials", **ask)
    config = _kubeconfig(answer)
    server = config["clusters"][0]["cluster"]
    assert server["server"] == f"https://{cluster.outputs['fqdn']}:443"
    assert config["users"][0]["user"]["exec"]["command"] == "kubelogin"
    assert config["users"][0]["name"] == "clusterUser_rg_azure-1"
    authority = x509.load_pem_x509_certificate(base64.b64decode(server["certificate-authority-data"]))
    authority.verify_directly_issued_by(authority)
    assert answer == site.invoke("containerservice:listManagedClusterUserCredentials", **ask)


def test_administrators_get_nothing_where_local_accounts_are_off(site: Site) -> None:
    ask = {"resourceGroupName": "rg", "resourceName": "azure-1"}
    with refused("ResourceNotFound"):
        site.invoke("containerservice:listManagedClusterUserCredentials", **ask)
    cluster = site.cluster()
    with refused("BadRequest", "Getting static credential is not allowed"):
        site.invoke("containerservice:listManagedClusterAdminCredentials", **ask)
    site.update(cluster, disableLocalAccounts=False)
    config = _kubeconfig(site.invoke("containerservice:listManagedClusterAdminCredentials", **ask))
    assert config["users"][0]["user"]["token"]


def test_a_private_clusters_kubeconfig_names_the_private_host(site: Site) -> None:
    cluster = site.cluster(apiServerAccessProfile={"enablePrivateCluster": True})
    config = _kubeconfig(
        site.invoke(
            "containerservice:listManagedClusterUserCredentials", resourceGroupName="rg", resourceName="azure-1"
        )
    )
    assert config["clusters"][0]["cluster"]["server"] == f"https://{cluster.outputs['privateFQDN']}:443"


def test_who_asks(site: Site) -> None:
    answer = site.invoke("authorization:getClientConfig")
    assert answer["subscriptionId"] == "11111111-2222-4333-8444-555555555555"
    site.grant("me", site.control, CRYPTO_USER, site.own_vault.id, principalId=answer["objectId"])
