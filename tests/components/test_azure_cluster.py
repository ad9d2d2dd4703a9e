from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.components.azure_program import pair_with, planned, record_fleet
from tests.components.mock_outputs import KUBECONFIG
from tests.infra.fleets import fleet_data

if TYPE_CHECKING:
    from tests.components.recording import Recording

ROLES = {
    "azure-1-nodes-role": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "azure-1-mesh-role": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "azure-1-secrets-role": "12338af0-0e69-4776-bea7-57ae8d297424",
    "azure-1-disks-role": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
}


@pytest.fixture(scope="module")
def built() -> Recording:
    return record_fleet(pair_with())


@pytest.fixture(scope="module")
def private() -> Recording:
    return record_fleet(pair_with(adminCidrs=[]))


@pytest.mark.parametrize("world", ["0.0.0.0/0", "128.0.0.0/1"])
def test_an_api_server_for_everybody_is_refused(world: str) -> None:
    plan = pair_with(adminCidrs=["203.0.113.0/24", world])
    with pytest.raises(ValueError, match=f"plan: admin_cidrs of 'azure-1': {world} lets everybody in; name the ranges"):
        record_fleet(plan)


@pytest.mark.parametrize("name", ROLES)
def test_roles_come_before_the_cluster(built: Recording, name: str) -> None:
    role = built.named(name)
    assert built.waits_for(built.named("azure-1-cluster"), role)
    assert role.inputs["roleDefinitionId"].endswith(f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES[name]}")
    assert role.inputs["principalType"] == "ServicePrincipal"


def test_roles_reach_no_further_than_they_must(built: Recording) -> None:
    scopes = {name: built.named(name).inputs["scope"].rpartition("/")[2] for name in ROLES}
    vault = built.named("azure-encryption-vault").inputs["vaultName"]
    assert scopes == {
        "azure-1-nodes-role": "nodes",
        "azure-1-mesh-role": "mesh",
        "azure-1-secrets-role": vault,
        "azure-1-disks-role": "azure-encryption-disks",
    }


def test_role_definitions_carry_the_subscription_that_azure_answers_with(built: Recording) -> None:
    for role in built.of_type("RoleAssignment"):
        subscription = role.inputs["scope"].split("/")[2]
        assert role.inputs["roleDefinitionId"].startswith(f"/subscriptions/{subscription}/providers/")


def test_role_assignments_have_guids_that_stay_and_differ(built: Recording, private: Recording) -> None:
    names = {role.name: role.inputs["roleAssignmentName"] for role in built.of_type("RoleAssignment")}
    assert all(str(uuid.UUID(name)) == name for name in names.values())
    assert len(set(names.values())) == len(names)
    assert names == {role.name: role.inputs["roleAssignmentName"] for role in private.of_type("RoleAssignment")}


def test_no_network_plugin_and_the_planned_ranges(built: Recording) -> None:
    profile = built.named("azure-1-cluster").inputs["networkProfile"]
    assert profile == {
        "networkPlugin": "none",
        "loadBalancerSku": "standard",
        "outboundType": "userAssignedNATGateway",
        "podCidr": "10.129.0.0/17",
        "serviceCidr": "10.64.64.0/19",
        "dnsServiceIP": "10.64.64.10",
    }


def test_sign_in_is_by_entra_id_alone(built: Recording) -> None:
    cluster = built.named("azure-1-cluster").inputs
    assert cluster["disableLocalAccounts"] is True
    assert cluster["enableRBAC"] is True
    assert cluster["aadProfile"] == {"managed": True, "enableAzureRBAC": True}


def test_workloads_can_have_identities(built: Recording) -> None:
    cluster = built.named("azure-1-cluster").inputs
    assert cluster["oidcIssuerProfile"] == {"enabled": True}
    assert cluster["securityProfile"]["workloadIdentity"] == {"enabled": True}


def test_secrets_in_etcd_and_disks_are_under_the_sites_key(built: Recording) -> None:
    cluster = built.named("azure-1-cluster").inputs
    kms = cluster["securityProfile"]["azureKeyVaultKms"]
    assert kms["enabled"] is True
    # With its version: AKS takes no other form.
    assert kms["keyId"].rpartition("/")[0].endswith("/keys/azure-encryption-key")
    assert cluster["diskEncryptionSetID"].endswith("/azure-encryption-disks")
    assert all(pool["enableEncryptionAtHost"] for pool in cluster["agentPoolProfiles"])


def test_the_identity_is_made_before_and_is_no_service_principal(built: Recording) -> None:
    identity = built.named("azure-1-cluster").inputs["identity"]
    assert identity["type"] == "UserAssigned"
    assert identity["userAssignedIdentities"][0].endswith("/azure-1-control-plane")


def test_the_api_server_is_open_to_named_ranges_and_its_own_nodes(built: Recording) -> None:
    access = built.named("azure-1-cluster").inputs["apiServerAccessProfile"]
    ranges = access["authorizedIPRanges"]
    assert ranges[0] == "203.0.113.0/24"
    assert ranges[1].startswith("20.42.0.")
    assert ranges[1].endswith("/32")
    assert len(ranges) == 2
    assert access["disableRunCommand"] is True


def test_without_named_ranges_the_api_server_is_private(private: Recording) -> None:
    access = private.named("azure-1-cluster").inputs["apiServerAccessProfile"]
    assert access == {
        "enablePrivateCluster": True,
        "enablePrivateClusterPublicFQDN": False,
        "privateDNSZone": "system",
        "disableRunCommand": True,
    }


def test_agents_reach_the_api_server_by_the_name_that_resolves(built: Recording, private: Recording) -> None:
    def host(recording: Recording) -> str:
        return str(recording.outputs[recording.named("azure-1", "hms:azure:Cluster").urn]["apiHost"])

    assert ".hcp." in host(built)
    assert ".privatelink." in host(private)


def test_the_first_pool_is_the_system_pool_over_all_zones(built: Recording) -> None:
    (pool,) = built.named("azure-1-cluster").inputs["agentPoolProfiles"]
    assert (pool["name"], pool["mode"], pool["maxPods"]) == ("system", "System", 110)
    assert pool["availabilityZones"] == ["1", "2", "3"]
    assert (pool["enableAutoScaling"], pool["minCount"], pool["maxCount"]) == (True, 2, 4)
    assert pool["vnetSubnetID"].endswith("/nodes")
    assert pool["enableNodePublicIP"] is False
    # Taints on a system pool are applied again and again by AKS: Cilium's own taint would lock nodes out.
    assert "nodeTaints" not in pool


def test_azures_own_upgrades_and_scaling_are_not_taken_back(built: Recording) -> None:
    cluster = built.named("azure-1-cluster")
    assert cluster.inputs["autoUpgradeProfile"]["upgradeChannel"] == "patch"
    assert cluster.ignore_changes == (
        "agentPoolProfiles[*].orchestratorVersion",
        "agentPoolProfiles[*].count",
    )


def test_the_tier_has_a_promised_availability(built: Recording) -> None:
    assert built.named("azure-1-cluster").inputs["sku"] == {"name": "Base", "tier": "Standard"}


def test_the_kubeconfig_is_decoded_and_secret_wherever_it_goes(built: Recording) -> None:
    provider = built.named("azure-1-kubernetes")
    assert provider.inputs["kubeconfig"] == KUBECONFIG
    assert provider.is_secret("kubeconfig")
    for one in built:
        if one.urn != provider.urn:
            assert "marked fake" not in str(one.inputs), one.urn


def test_the_kubernetes_provider_is_known_by_a_constant(built: Recording) -> None:
    provider = built.named("azure-1-kubernetes")
    assert provider.inputs["clusterIdentifier"] == "test/azure-1"
    assert provider.property_dependencies.get("clusterIdentifier", frozenset()) == frozenset()


def test_logs_of_the_control_plane_hold_the_audit(built: Recording) -> None:
    categories = {log["category"] for log in built.named("azure-1-logs").inputs["logs"]}
    assert {"kube-apiserver", "kube-audit", "kube-controller-manager", "kube-scheduler", "guard"} <= categories


def test_the_longest_names_fit_into_azures_limits() -> None:
    site, cluster = "s" * 20, "c" * 32
    recording = record_fleet(planned({**fleet_data({site: "azure"}, {cluster: (site, 1)}), "name": "f" * 16}))
    inputs = recording.named(f"{cluster}-cluster").inputs
    assert len(inputs["nodeResourceGroup"]) <= 80
    assert len(inputs["resourceName"]) <= 63
    assert len(inputs["dnsPrefix"]) <= 54
    for one in recording:
        for key, value in one.inputs.items():
            if key.endswith("Name") and isinstance(value, str):
                assert len(value) <= 80, (one.urn, key)
