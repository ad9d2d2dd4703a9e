"""What comes before what in a whole fleet, what goes with what, and what stays."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from tests.components.recording import EKS_COMPONENT
from tests.components.whole_fleets import NAMES, data_of, fleet, plan_of, whole

if TYPE_CHECKING:
    from tests.components.recording import Recording, Registered
    from tests.components.whole_fleets import Whole

# What cannot be built again as it was, or takes the whole fleet down with it.
KEPT = (
    "aws:ec2/vpnGateway:VpnGateway",
    "aws:ec2transitgateway/transitGateway:TransitGateway",
    "aws:kms/key:Key",
    "azure-native:network:VirtualNetworkGateway",
    "azure-native:containerservice:ManagedCluster",
    "azure-native:keyvault:Vault",
    "azure-native:keyvault:Key",
    "azure-native:resources:ResourceGroup",
    EKS_COMPONENT,
    "tls:index/privateKey:PrivateKey",
    "tls:index/selfSignedCert:SelfSignedCert",
)


@pytest.fixture(scope="module", params=NAMES)
def built(request: pytest.FixtureRequest) -> Whole:
    return fleet(request.param)


@pytest.fixture(scope="module")
def recording(built: Whole) -> Recording:
    return built.recording


def of_cluster(built: Whole, cluster: str, *types: str) -> list[Registered]:
    return [one for one in built.recording.of_type(*types) if built.owner(one) == cluster]


def the_cluster(built: Whole, name: str) -> Registered:
    (cluster,) = of_cluster(built, name, EKS_COMPONENT, "ManagedCluster")
    return cluster


class TestOrder:
    def test_nothing_waits_for_itself(self, recording: Recording) -> None:
        """Pulumi would wait for ever, without a word."""
        at = {one.urn: place for place, one in enumerate(recording)}
        for one in recording:
            for urn in one.dependencies & at.keys():
                assert at[urn] < at[one.urn], (one.urn, urn)

    def test_cilium_comes_before_the_nodes_of_eks(self, built: Whole) -> None:
        for cluster, plan in built.plan.clusters.items():
            (release,) = of_cluster(built, cluster, "kubernetes:helm.sh/v3:Release")
            pools = of_cluster(built, cluster, "NodeGroup", "AgentPool")
            # The first pool of AKS is part of the cluster.
            own = len(plan.node_pools) - (built.plan.sites[plan.site].cloud == "azure")
            assert len(pools) == own
            for pool in pools:
                assert built.recording.waits_for(pool, release), pool.urn

    def test_nodes_come_before_the_addons_that_run_on_them(self, built: Whole) -> None:
        for addon in built.recording.of_type("aws:eks/addon:Addon"):
            for pool in of_cluster(built, built.owner(addon), "NodeGroup"):
                assert built.recording.waits_for(addon, pool), addon.urn

    def test_workloads_come_after_what_pods_need_to_run(self, built: Whole) -> None:
        for cluster, one in built.in_clusters():
            if one.type == "kubernetes:helm.sh/v3:Release":
                continue
            gates = of_cluster(built, cluster, "aws:eks/addon:Addon") or of_cluster(
                built, cluster, "kubernetes:helm.sh/v3:Release"
            )
            assert gates, cluster
            for gate in gates:
                assert built.recording.waits_for(one, gate), (one.urn, gate.urn)

    def test_each_eks_cluster_has_dns(self, built: Whole) -> None:
        for eks in built.recording.of_type(EKS_COMPONENT):
            addons = of_cluster(built, built.owner(eks), "aws:eks/addon:Addon")
            assert "coredns" in {addon.inputs["addonName"] for addon in addons}

    def test_roles_of_a_control_plane_come_before_it(self, built: Whole) -> None:
        for aks in built.recording.of_type("ManagedCluster"):
            component = built.recording.by_urn(aks.parent)
            roles = [one for one in built.recording.children(component) if one.type.endswith(":RoleAssignment")]
            assert len(roles) == 4
            for role in roles:
                assert built.recording.waits_for(aks, role), role.urn

    def test_identities_come_before_the_pods_that_use_them(self, built: Whole) -> None:
        for pods in built.recording.of_type("Deployment", "StatefulSet"):
            component = built.recording.by_urn(pods.parent)
            identity = built.recording.named(f"{component.name}-identity")
            for one in built.recording.below(identity):
                if one.type.endswith((":Role", ":RolePolicyAttachment", ":FederatedIdentityCredential")):
                    assert built.recording.waits_for(pods, one), (pods.urn, one.urn)

    def test_connections_of_an_azure_gateway_are_made_one_after_the_other(self, recording: Recording) -> None:
        """Azure answers 409 to whoever writes to a gateway while another does."""
        connections = recording.of_type("VirtualNetworkGatewayConnection")
        for one, other in combinations(connections, 2):
            if one.provider == other.provider:
                assert recording.waits_for(one, other) or recording.waits_for(other, one), (one.urn, other.urn)

    def test_writes_of_two_links_to_one_azure_site_follow_each_other(self, built: Whole) -> None:
        kinds = ("VirtualNetworkGatewayConnection", "VirtualNetworkPeering", "SecurityRule")
        written = [one for one in built.recording.of_type(*kinds) if built.owner(one) in built.plan.links]
        for one, other in combinations(written, 2):
            if built.owner(one) != built.owner(other) and one.provider == other.provider:
                ordered = built.recording.waits_for(one, other) or built.recording.waits_for(other, one)
                assert ordered, (one.urn, other.urn)


class TestEnd:
    def test_what_is_inside_a_cluster_goes_with_it(self, built: Whole) -> None:
        for cluster, one in built.in_clusters():
            assert one.deleted_with == the_cluster(built, cluster).urn, one.urn

    def test_a_kept_fleet_protects_what_cannot_be_built_again(self) -> None:
        kept = fleet("big")
        assert kept.plan.fleet.protect
        for kind in KEPT:
            assert kept.recording.of_type(kind), kind
        for one in kept.recording:
            if one.type in KEPT:
                assert one.protect, one.urn

    def test_another_fleet_protects_nothing(self) -> None:
        spare = whole(plan_of({**data_of("big"), "protect": False}))
        assert {one.urn for one in spare.recording} == {one.urn for one in fleet("big").recording}
        for one in spare.recording:
            assert not one.protect, one.urn
            assert not one.retain_on_delete, one.urn
            assert not one.inputs.get("deletionProtection"), one.urn
            assert not one.inputs.get("enableDeletionProtection"), one.urn
