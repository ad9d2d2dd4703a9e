from __future__ import annotations

from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import pulumi_kubernetes as k8s
import pytest

from components.azure.cloud import AzureCloud
from infra.plan import AzureSitePlan, ClusterPlan, FleetPlan
from tests.components.azure_program import (
    PAIR,
    Fleet,
    pair_with,
    planned,
    record_fleet,
)
from tests.components.recording import Recording, record
from tests.infra.fleets import fleet_data


def with_pools(**pools: dict[str, Any]) -> FleetPlan:
    clusters = {name: dict(cluster) for name, cluster in PAIR["clusters"].items()}
    clusters["azure-1"]["nodePools"] = pools
    return pair_with(clusters=clusters)


@pytest.fixture(scope="module")
def built() -> Recording:
    return record_fleet(with_pools(first={}, second={"min": 3, "max": 9, "diskGib": 200}, third={"size": "Big"}))


def test_further_pools_come_after_the_release_one_at_a_time(built: Recording) -> None:
    release, second, third = (
        built.named(name) for name in ("azure-1-cilium", "azure-1-nodes-second", "azure-1-nodes-third")
    )
    assert built.waits_for(second, release)
    assert built.waits_for(third, second)


def test_further_pools_are_built_as_planned(built: Recording) -> None:
    pool = built.named("azure-1-nodes-second").inputs
    assert (pool["agentPoolName"], pool["mode"], pool["resourceName"]) == ("second", "User", "azure-1")
    assert (pool["minCount"], pool["maxCount"], pool["osDiskSizeGB"]) == (3, 9, 200)
    assert pool["enableEncryptionAtHost"] is True
    assert pool["enableNodePublicIP"] is False
    assert pool["vnetSubnetID"].endswith("/nodes")
    assert pool["availabilityZones"] == ["1", "2", "3"]
    assert pool["tags"]["cluster"] == "azure-1"
    assert built.named("azure-1-nodes-third").inputs["vmSize"] == "Big"


def test_the_first_pool_is_not_built_twice(built: Recording) -> None:
    assert {pool.inputs["agentPoolName"] for pool in built.of_type("AgentPool")} == {"second", "third"}
    assert [pool["name"] for pool in built.named("azure-1-cluster").inputs["agentPoolProfiles"]] == ["first"]


def test_scaling_and_upgrades_of_pools_are_not_taken_back(built: Recording) -> None:
    for pool in built.of_type("AgentPool"):
        assert pool.ignore_changes == ("orchestratorVersion", "count")


def test_what_is_inside_the_cluster_goes_with_it(built: Recording) -> None:
    cluster = built.named("azure-1-cluster")
    for name in ("azure-1-nodes-second", "azure-1-storage-class"):
        assert built.named(name).deleted_with == cluster.urn


def test_workloads_wait_for_the_release_where_there_is_one_pool() -> None:
    plan = pair_with()
    gates: list[Any] = []

    def program() -> None:
        fleet = Fleet(plan)
        cluster = fleet.clouds["azure"].cluster(plan.clusters["azure-1"])
        release = k8s.core.v1.ConfigMap("release", opts=pulumi.ResourceOptions(provider=cluster.provider))
        gates.append((release, fleet.clouds["azure"].nodes(cluster, after=release)))

    record(program)
    ((release, ready),) = gates
    assert tuple(ready) == (release,)


def test_the_storage_class_encrypts_with_the_sites_key(built: Recording) -> None:
    storage = built.named("azure-1-storage-class").inputs
    assert storage["metadata"]["name"] == "hms-encrypted"
    assert storage["provisioner"] == "disk.csi.azure.com"
    assert storage["parameters"]["skuName"] == "Premium_LRS"
    assert storage["parameters"]["diskEncryptionSetID"].endswith("/azure-encryption-disks")
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"


def test_disks_made_for_volumes_carry_the_tags_that_the_driver_can_read() -> None:
    tags = {**PAIR["tags"], "extra": {"odd": "a,b=c"}}
    recording = record_fleet(pair_with(tags=tags))
    listed = recording.named("azure-1-storage-class").inputs["parameters"]["tags"].split(",")
    pairs = dict(tag.split("=") for tag in listed)
    assert pairs["fleet"] == "test"
    assert pairs["cluster"] == "azure-1"
    assert "odd" not in pairs


def test_an_identity_trusts_one_service_account_of_one_cluster(built: Recording) -> None:
    credential = built.named("azure-1-api-identity-credential").inputs
    assert credential["subject"] == "system:serviceaccount:hms:api"
    assert credential["audiences"] == ["api://AzureADTokenExchange"]
    assert credential["issuer"].startswith("https://")
    assert credential["resourceName"] == "azure-1-api-identity"
    assert built.waits_for(built.named("azure-1-api-identity-credential"), built.named("azure-1-cluster"))


def test_an_identity_is_what_the_service_account_and_its_pods_need() -> None:
    fleets: list[Fleet] = []

    def program() -> None:
        fleets.append(Fleet(pair_with()))
        fleets[0].clusters()

    record(program)
    (identity,) = fleets[0].identities
    assert identity.annotations.keys() == {"azure.workload.identity/client-id"}
    assert identity.pod_labels == {"azure.workload.identity/use": "true"}
    assert [type(one).__name__ for one in identity.resources] == ["FederatedIdentityCredential"]


def test_an_identity_has_no_role_until_someone_gives_it_one(built: Recording) -> None:
    workload = built.named("azure-1-api-identity-managed")
    assert not any(built.waits_for(role, workload) for role in built.of_type("RoleAssignment"))


def test_what_stands_on_a_site_is_refused_before_the_site() -> None:
    plan = pair_with()
    site, cluster = plan.sites["azure"], plan.clusters["azure-1"]
    assert isinstance(site, AzureSitePlan)
    assert isinstance(cluster, ClusterPlan)

    def program() -> None:
        AzureCloud(plan, site, azure_native.Provider("provider", location=site.region)).cluster(cluster)

    with pytest.raises(RuntimeError, match=r"the site 'azure' has to be built before"):
        record(program)


def test_two_clusters_of_a_site_share_it_and_are_told_apart() -> None:
    plan = planned(fleet_data({"azure": "azure"}, {"azure-1": ("azure", 1), "azure-2": ("azure", 2)}))
    recording = record_fleet(plan)
    one, two = (recording.named(f"{name}-cluster").inputs for name in ("azure-1", "azure-2"))
    assert one["resourceGroupName"] == two["resourceGroupName"]
    for key in ("resourceName", "nodeResourceGroup", "dnsPrefix", "identity"):
        assert one[key] != two[key], key
    names = [role.inputs["roleAssignmentName"] for role in recording.of_type("RoleAssignment")]
    assert len(names) == len(set(names))
