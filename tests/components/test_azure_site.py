from __future__ import annotations

import itertools
from dataclasses import fields
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.exports import AzureSiteExports, as_outputs
from infra import ports
from tests.components.azure_program import Fleet, pair_with, planned, record_fleet
from tests.components.recording import record
from tests.infra.fleets import fleet_data

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from tests.components.recording import Recording, Registered

ALONE = fleet_data({"azure": "azure"}, {"azure-1": ("azure", 1)})


@pytest.fixture(scope="module")
def built() -> Recording:
    return record_fleet(pair_with())


@pytest.fixture(scope="module")
def alone() -> Recording:
    return record_fleet(planned(ALONE))


def rules_of(recording: Recording, group: str) -> list[Registered]:
    found = [rule for rule in recording.of_type("SecurityRule") if rule.inputs["networkSecurityGroupName"] == group]
    return sorted(found, key=lambda rule: rule.inputs["priority"])


def test_subnets_are_written_one_after_the_other(built: Recording) -> None:
    subnets = built.of_type("Subnet")
    assert [subnet.inputs["subnetName"] for subnet in subnets] == ["nodes", "mesh", "GatewaySubnet"]
    assert all(built.waits_for(later, earlier) for earlier, later in itertools.pairwise(subnets))


def test_subnets_have_the_planned_ranges(built: Recording) -> None:
    ranges = {subnet.inputs["subnetName"]: subnet.inputs["addressPrefix"] for subnet in built.of_type("Subnet")}
    assert ranges == {"nodes": "10.17.0.0/17", "mesh": "10.17.128.0/22", "GatewaySubnet": "10.17.160.0/27"}
    assert built.named("azure-network-vnet").inputs["addressSpace"] == {"addressPrefixes": ["10.17.0.0/16"]}


def test_no_subnet_or_rule_is_written_inline_as_well(built: Recording) -> None:
    assert "subnets" not in built.named("azure-network-vnet").inputs
    assert all("securityRules" not in group.inputs for group in built.of_type("NetworkSecurityGroup"))


def test_the_gateway_subnet_has_no_security_group_and_no_nat(built: Recording) -> None:
    gateway = built.named("azure-network-gateway", "Subnet")
    assert not {"networkSecurityGroup", "natGateway", "routeTable"} & gateway.inputs.keys()


def test_node_and_mesh_subnets_have_their_security_groups(built: Recording) -> None:
    for subnet in ("nodes", "mesh"):
        group = built.named(f"azure-network-{subnet}", "Subnet").inputs["networkSecurityGroup"]["id"]
        assert group.endswith(f"/azure-network-firewall-{subnet}")


def test_nodes_go_out_through_the_nat_gateway_alone(built: Recording) -> None:
    nodes = built.named("azure-network-nodes", "Subnet")
    assert nodes.inputs["defaultOutboundAccess"] is False
    assert nodes.inputs["natGateway"]["id"].endswith("/azure-network-nat")
    address = built.named("azure-network-egress-ip").inputs
    assert address["sku"] == {"name": "Standard"}
    assert address["publicIPAllocationMethod"] == "Static"


def test_no_route_table_could_hide_the_routes_of_the_vpn(built: Recording) -> None:
    assert built.of_type("RouteTable") == []


def test_no_subnet_stands_before_its_rules(built: Recording) -> None:
    subnet = built.named("azure-network-nodes", "Subnet")
    own = [rule for rule in built.of_type("SecurityRule") if rule.name.startswith("azure-network-firewall")]
    assert all(built.waits_for(subnet, rule) for rule in own)


def test_rules_are_written_one_after_the_other(built: Recording) -> None:
    own = [rule for rule in built.of_type("SecurityRule") if rule.name.startswith("azure-network-firewall")]
    assert all(built.waits_for(later, earlier) for earlier, later in itertools.pairwise(own))


@pytest.mark.parametrize("group", ["azure-network-firewall-nodes", "azure-network-firewall-mesh"])
def test_the_last_rule_denies_what_azure_lets_in_from_all_networks(built: Recording, group: str) -> None:
    last = rules_of(built, group)[-1].inputs
    assert (last["priority"], last["access"], last["direction"]) == (4096, "Deny", "Inbound")
    assert (last["sourceAddressPrefix"], last["destinationPortRange"], last["protocol"]) == ("VirtualNetwork", "*", "*")


@pytest.mark.parametrize("group", ["azure-network-firewall-nodes", "azure-network-firewall-mesh"])
def test_load_balancers_may_probe_before_the_denial(built: Recording, group: str) -> None:
    first = rules_of(built, group)[0].inputs
    assert (first["priority"], first["access"]) == (100, "Allow")
    assert first["sourceAddressPrefix"] == "AzureLoadBalancer"


def test_a_site_lets_its_nodes_reach_the_ports_of_the_mesh_and_kubelets_and_nothing_more(alone: Recording) -> None:
    allowed = {
        (rule.inputs["protocol"], rule.inputs["destinationPortRange"], *rule.inputs["destinationAddressPrefixes"])
        for rule in rules_of(alone, "azure-network-firewall-nodes")
        if "sourceAddressPrefixes" in rule.inputs
    }
    nodes, mesh = "10.16.0.0/17", "10.16.128.0/22"
    assert allowed == {
        ("Udp", str(ports.GENEVE.port), nodes),
        ("Udp", str(ports.WIREGUARD.port), nodes),
        ("Tcp", str(ports.HEALTH.port), nodes),
        ("Tcp", str(ports.HUBBLE.port), nodes),
        ("Icmp", "*", nodes),
        # The load balancer leaves the destination as it was, and the packet reaches the node's group with it.
        ("Tcp", str(ports.MESH_API_PORT), mesh),
    }
    kubelets = alone.named("azure-network-firewall-nodes-kubelets").inputs
    assert (kubelets["protocol"], kubelets["destinationPortRange"]) == ("Tcp", "10250")
    assert kubelets["sourceAddressPrefix"] == kubelets["destinationAddressPrefix"] == nodes


def test_every_allowing_rule_names_its_sources(built: Recording) -> None:
    for rule in built.of_type("SecurityRule"):
        if rule.inputs["access"] != "Allow" or rule.inputs.get("sourceAddressPrefix") == "AzureLoadBalancer":
            continue
        sources = rule.inputs.get("sourceAddressPrefixes") or [rule.inputs["sourceAddressPrefix"]]
        assert sources
        assert all(IPv4Network(source).is_private for source in sources)


def test_priorities_are_unique_in_each_group(built: Recording) -> None:
    for group in built.of_type("NetworkSecurityGroup"):
        priorities = [rule.inputs["priority"] for rule in rules_of(built, group.inputs["networkSecurityGroupName"])]
        assert len(priorities) == len(set(priorities))
        assert all(100 <= priority <= 4096 for priority in priorities)


def test_without_encryption_the_wireguard_port_stays_closed_and_no_other_rule_moves(alone: Recording) -> None:
    clear = {**ALONE, "mesh": {"encryption": {"type": "none", "reason": "a test of what stays closed"}}}
    recording = record_fleet(planned(clear))
    before = {rule.name: rule.inputs["priority"] for rule in alone.of_type("SecurityRule")}
    after = {rule.name: rule.inputs["priority"] for rule in recording.of_type("SecurityRule")}
    assert before.items() - after.items() == {("azure-network-firewall-internal-wireguard", 201)}
    assert after.items() <= before.items()


def test_a_site_without_links_between_clouds_has_no_gateway(alone: Recording) -> None:
    assert alone.of_type("VirtualNetworkGateway") == []
    assert [subnet.inputs["subnetName"] for subnet in alone.of_type("Subnet")] == ["nodes", "mesh"]


def test_the_vault_is_ruled_by_roles_and_cannot_be_purged(built: Recording) -> None:
    vault = built.named("azure-encryption-vault").inputs["properties"]
    assert vault["enableRbacAuthorization"] is True
    assert vault["enablePurgeProtection"] is True
    assert vault["softDeleteRetentionInDays"] == 90
    assert "accessPolicies" not in vault


def test_the_name_of_the_vault_fits_and_is_not_used_twice(built: Recording) -> None:
    suffix = built.named("azure-encryption-vault-suffix").inputs
    # "hms-" and two hexadecimal digits a byte; a vault's name has at most 24 characters.
    assert len("hms-") + 2 * suffix["byteLength"] <= 24
    assert built.waits_for(built.named("azure-encryption-vault"), built.named("azure-encryption-vault-suffix"))


def test_the_key_is_rsa_with_4096_bits(built: Recording) -> None:
    key = built.named("azure-encryption-key").inputs["properties"]
    assert (key["kty"], key["keySize"]) == ("RSA", 4096)
    assert {"wrapKey", "unwrapKey", "encrypt", "decrypt"} == set(key["keyOps"])


def test_the_disk_encryption_set_has_its_role_before_it_is_made(built: Recording) -> None:
    disks, role = built.named("azure-encryption-disks"), built.named("azure-encryption-disks-role")
    assert built.waits_for(disks, role)
    assert disks.inputs["identity"]["type"] == "UserAssigned"
    assert disks.inputs["encryptionType"] == "EncryptionAtRestWithCustomerKey"
    assert disks.inputs["rotationToLatestKeyVersionEnabled"] is True


def test_logs_are_kept_of_vault_gateway_and_control_plane(built: Recording) -> None:
    settings = built.of_type("DiagnosticSetting")
    assert {setting.name for setting in settings} == {"azure-encryption-vault-logs", "azure-vpn-logs", "azure-1-logs"}
    for setting in settings:
        assert setting.inputs["workspaceId"].endswith("/azure-logs")
        assert all(log["enabled"] for log in setting.inputs["logs"])


def test_the_cloud_is_asked_for_nothing_but_the_kubeconfig(built: Recording) -> None:
    assert built.invokes == ["azure-native:containerservice:listManagedClusterUserCredentials"]


@pytest.mark.parametrize("protect", [True, False])
def test_what_cannot_be_built_again_is_protected_as_planned(protect: bool) -> None:  # noqa: FBT001 - a parameter of the test
    recording = record_fleet(pair_with(protect=protect))
    for name in (
        "azure-group",
        "azure-encryption-vault",
        "azure-encryption-vault-suffix",
        "azure-encryption-key",
        "azure-encryption-disks",
        "azure-vpn-gateway",
        "azure-vpn-ip-0",
        "azure-vpn-ip-1",
        "azure-1-cluster",
    ):
        assert recording.named(name).protect is protect, name


TAGGABLE = (
    "ResourceGroup",
    "VirtualNetwork",
    "NetworkSecurityGroup",
    "PublicIPAddress",
    "NatGateway",
    "Vault",
    "Key",
    "DiskEncryptionSet",
    "UserAssignedIdentity",
    "Workspace",
    "VirtualNetworkGateway",
    "LocalNetworkGateway",
    "VirtualNetworkGatewayConnection",
    "ManagedCluster",
    "CustomerGateway",
    "VpnConnection",
    "SecurityGroupIngressRule",
)
UNTAGGABLE = (
    "Subnet",
    "SecurityRule",
    "RoleAssignment",
    "DiagnosticSetting",
    "FederatedIdentityCredential",
)


def test_every_cloud_resource_carries_the_tags(built: Recording) -> None:
    clouds = [one for one in built if one.custom and one.type.startswith(("azure-native:", "aws:"))]
    for one in clouds:
        noun = one.type.rpartition(":")[2]
        assert noun in (*TAGGABLE, *UNTAGGABLE), f"{noun}: can it carry tags?"
        if noun in TAGGABLE:
            assert {"fleet", "owner", "cost-center", "managed-by"} <= one.inputs["tags"].keys(), one.name


def test_every_child_has_a_parent_and_an_explicit_provider(built: Recording) -> None:
    top = {"hms:azure:Site", "hms:azure:Cluster", "hms:azure:Storage", "hms:azure:WorkloadIdentity", "hms:link:Vpn"}
    for one in built.children(built.stack):
        assert one.type in top or one.is_provider or one.type == "kubernetes:core/v1:ConfigMap", one.urn
    for one in built:
        if one.custom and not one.is_provider and not one.type.startswith("random:"):
            assert one.provider, one.urn


def test_names_of_children_begin_with_the_name_of_their_parent(built: Recording) -> None:
    for one in built:
        if one.parent != built.stack:
            assert one.name.startswith(f"{built.by_urn(one.parent).name}-"), one.urn


def test_components_register_their_outputs(built: Recording) -> None:
    assert all(one.urn in built.outputs for one in built if one.is_component)


def test_a_preview_knows_no_ids_and_still_plans_everything(built: Recording) -> None:
    preview = record_fleet(pair_with(), preview=True)
    assert {one.urn for one in preview} == {one.urn for one in built}


def exported(plan: FleetPlan) -> dict[str, Any]:
    def program() -> None:
        fleet = Fleet(plan)
        pulumi.export("site", as_outputs(fleet.azure["azure"]))

    outputs: dict[str, Any] = record(program).exports()["site"]
    return outputs


def test_a_site_exports_what_links_of_other_stacks_need() -> None:
    site = exported(pair_with())
    assert set(site) == {field.name for field in fields(AzureSiteExports)}
    assert site["resource_group_name"] == "hms-test-azure"
    assert site["gateway_name"] == "azure-vpn-gateway"
    assert site["gateway_id"].endswith("/azure-vpn-gateway")
    assert len(set(site["public_ips"])) == 2
    assert (site["node_nsg_name"], site["mesh_nsg_name"]) == (
        "azure-network-firewall-nodes",
        "azure-network-firewall-mesh",
    )


def test_a_site_without_a_gateway_exports_empty_texts_for_it() -> None:
    site = exported(planned(ALONE))
    assert (site["gateway_id"], site["gateway_name"], site["public_ips"]) == ("", "", ["", ""])
