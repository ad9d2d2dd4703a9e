"""What holds for every resource of a whole fleet, whichever component made it."""

from __future__ import annotations

import base64
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from components.fleet import deploy
from infra.scopes import scope_of
from tests.components.mock_outputs import KUBECONFIG, outputs_of
from tests.components.recording import EKS_COMPONENT, record
from tests.components.whole_fleets import NAMES, data_of, fleet, leaves, plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.components.recording import Recording
    from tests.components.whole_fleets import Whole

EVERYWHERE = {"0.0.0.0/0", "::/0", "*", "Internet", "any", "all", "world"}
# Ways out, which nobody can come in by.
WAYS_OUT = {
    ("aws:ec2/route:Route", "destinationCidrBlock"),
    ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "cidrIpv4"),
}
CLOUDS = ("aws:", "azure-native:")
# Directions and decisions of security rules that let nobody in.
_NOT_IN = {("Inbound", "Deny"), ("Outbound", "Deny"), ("Outbound", "Allow")}


@pytest.fixture(scope="module", params=NAMES)
def built(request: pytest.FixtureRequest) -> Whole:
    return fleet(request.param)


@pytest.fixture(scope="module")
def recording(built: Whole) -> Recording:
    return built.recording


class TestTree:
    def test_no_two_resources_have_one_urn(self, recording: Recording) -> None:
        assert [urn for urn, times in Counter(one.urn for one in recording).items() if times > 1] == []

    def test_components_and_cloud_providers_are_at_the_top_and_nothing_else(self, recording: Recording) -> None:
        at_top = {one.type for one in recording.children(recording.stack) if not one.type.startswith("hms:")}
        assert at_top <= {"pulumi:providers:aws", "pulumi:providers:azure-native"}

    def test_everything_else_belongs_to_one_of_our_components(self, recording: Recording) -> None:
        for one in recording:
            if one.parent != recording.stack:
                assert re.match(r"hms:\w+:[A-Z]\w+$", recording.by_urn(one.parent).type), one.urn

    def test_children_are_named_after_their_component(self, recording: Recording) -> None:
        for one in recording:
            if one.parent != recording.stack:
                assert f"{one.name}-".startswith(f"{recording.by_urn(one.parent).name}-"), one.urn

    def test_what_is_at_the_top_is_named_after_a_site_a_link_or_a_cluster(self, built: Whole) -> None:
        for one in built.recording:
            assert built.owner(one), one.urn

    def test_every_component_says_that_it_is_done(self, recording: Recording) -> None:
        for one in recording:
            if one.is_component and not one.remote:
                assert one.urn in recording.outputs, one.urn

    def test_azure_is_asked_for_kubeconfigs_and_nobody_for_anything_else(self, recording: Recording) -> None:
        asked = Counter(recording.invokes)
        clusters = len(recording.of_type("ManagedCluster"))
        token = "azure-native:containerservice:listManagedClusterUserCredentials"
        assert asked == ({token: clusters} if clusters else {})


class TestTags:
    def test_everything_that_takes_tags_has_the_fleets(self, built: Whole) -> None:
        tags = data_of(built.plan.name)["tags"]
        wanted = {
            "fleet": built.plan.name,
            "owner": tags["owner"],
            "cost-center": tags["costCenter"],
            **tags.get("extra", {}),
        }
        tagged = [one for one in built.recording if one.type in built.taggable]
        # eks.Cluster and one of each cloud: the signatures were read.
        assert {EKS_COMPONENT, "aws:ec2/vpc:Vpc"} <= built.taggable
        assert "aws:ec2/route:Route" not in built.taggable
        for one in tagged:
            has = one.inputs.get("tags") or {}
            assert wanted.items() <= has.items(), one.urn
            assert has.get("managed-by"), one.urn

    def test_tags_name_the_place(self, built: Whole) -> None:
        for one in built.recording:
            owner = built.owner(one)
            if one.type in built.taggable:
                kind = "link" if owner in built.plan.links else "site"
                place = owner if kind == "link" else built.sites(one)[0]
                assert one.inputs["tags"].get(kind) == place, one.urn


class TestProviders:
    def test_every_cloud_resource_has_the_provider_of_its_site(self, built: Whole) -> None:
        for one in built.recording:
            reference = one.providers.get("aws", "") if one.type == EKS_COMPONENT else one.provider
            if one.type.startswith(CLOUDS) or one.type == EKS_COMPONENT:
                assert reference, f"{one.urn} has the default provider"
                cloud = "aws" if one.type == EKS_COMPONENT else one.type.partition(":")[0]
                fitting = {f"{site}-{built.plan.sites[site].cloud}" for site in built.sites(one)}
                provider = built.recording.by_urn(reference)
                assert provider.type == f"pulumi:providers:{cloud}", one.urn
                assert provider.name in fitting, one.urn

    def test_cloud_providers_are_for_the_region_of_their_site(self, built: Whole) -> None:
        found = {}
        for one in built.recording.of_type("pulumi:providers:aws", "pulumi:providers:azure-native"):
            found[one.name] = one.inputs.get("region") or one.inputs.get("location")
        assert found == {f"{name}-{site.cloud}": site.region for name, site in built.plan.sites.items()}

    def test_what_uses_a_resource_has_its_provider(self, built: Whole) -> None:
        """Ids of one region mean nothing in another: only peerings lead there."""
        abroad = {"peerVpcId", "vpcPeeringConnectionId", "remoteVirtualNetwork"}
        by_urn = {one.urn: one for one in built.recording}
        for one in built.recording:
            if not one.type.startswith(CLOUDS):
                continue
            package = one.type.partition(":")[0]
            for key, urns in one.property_dependencies.items():
                for used in (by_urn[urn] for urn in urns if key not in abroad and urn in by_urn):
                    if used.type.partition(":")[0] == package:
                        assert used.provider == one.provider, (one.urn, key)

    def test_what_is_inside_a_cluster_has_its_provider(self, built: Whole) -> None:
        for cluster, one in built.in_clusters():
            assert one.provider, f"{one.urn} has the default provider"
            provider = built.recording.by_urn(one.provider)
            assert provider.name == f"{cluster}-kubernetes", one.urn
            assert provider.parent == built.recording.named(cluster).urn


class TestReach:
    def test_nothing_comes_in_from_everywhere(self, recording: Recording) -> None:
        sources = re.compile(r"^sourceAddressPrefix|(^|\.)from(Entities|CIDR|CIDRSet)\b|loadBalancerSourceRanges")
        for one in recording:
            refused = (one.inputs.get("direction"), one.inputs.get("access")) in _NOT_IN
            for path, value in leaves(one.inputs):
                if sources.search(path) and not refused:
                    assert value not in EVERYWHERE, (one.urn, path)

    def test_open_ranges_are_only_ways_out(self, recording: Recording) -> None:
        for one in recording:
            for path, value in leaves(one.inputs):
                if value in ("0.0.0.0/0", "::/0"):
                    assert (one.type, path) in WAYS_OUT, (one.urn, path)

    def test_rules_of_security_groups_name_their_source(self, recording: Recording) -> None:
        for one in recording.of_type("SecurityGroupIngressRule"):
            assert {"cidrIpv4", "referencedSecurityGroupId"} & one.inputs.keys(), one.urn
        for one in recording.of_type("SecurityRule"):
            if (one.inputs["direction"], one.inputs["access"]) == ("Inbound", "Allow"):
                assert {"sourceAddressPrefix", "sourceAddressPrefixes"} & one.inputs.keys(), one.urn

    def test_api_servers_answer_the_admins_only(self, built: Whole) -> None:
        admins = data_of(built.plan.name)["adminCidrs"]
        for one in built.recording.of_type(EKS_COMPONENT):
            # Left out, it is the whole Internet.
            assert one.inputs["publicAccessCidrs"] == admins, one.urn
        for one in built.recording.of_type("ManagedCluster"):
            ranges = one.inputs["apiServerAccessProfile"]["authorizedIPRanges"]
            assert ranges[:-1] == admins, one.urn
            # The nodes' own way out.
            assert re.fullmatch(r"20\.42\.0\.\d+/32", ranges[-1]), one.urn

    def test_no_two_rules_are_alike(self, recording: Recording) -> None:
        """AWS refuses the second (InvalidPermission.Duplicate); Azure a taken priority, and a table a taken route."""
        described = ("description", "tags", "name", "securityRuleName", "access", "priority")
        for kind in ("SecurityGroupIngressRule", "SecurityGroupEgressRule", "SecurityRule"):
            seen: dict[str, str] = {}
            for one in recording.of_type(kind):
                rule = repr(sorted((key, value) for key, value in one.inputs.items() if key not in described))
                assert seen.setdefault(rule, one.urn) == one.urn, one.urn
        place = ("resourceGroupName", "networkSecurityGroupName", "direction", "priority")
        places = [tuple(one.inputs[key] for key in place) for one in recording.of_type("SecurityRule")]
        assert len(places) == len(set(places))
        routes = [
            (one.inputs["routeTableId"], one.inputs["destinationCidrBlock"]) for one in recording.of_type("Route")
        ]
        assert len(routes) == len(set(routes))


def test_without_admins_the_api_servers_have_no_public_address() -> None:
    plan = plan_of({**data_of("dev"), "adminCidrs": []})
    closed = record(lambda: deploy(plan, scope_of(plan)))
    (eks,), (aks,) = closed.of_type(EKS_COMPONENT), closed.of_type("ManagedCluster")
    assert eks.inputs["endpointPublicAccess"] is False
    assert aks.inputs["apiServerAccessProfile"]["enablePrivateCluster"] is True


@pytest.fixture(scope="module")
def secrets(recording: Recording) -> dict[str, str]:
    """Give every secret value that the mocks made up, and where it came from."""
    known = {KUBECONFIG: "the kubeconfig that Azure answers"}
    for one in recording.of_type("RandomPassword", "PrivateKey"):
        for value in outputs_of(one.type, one.name, one.inputs).values():
            if isinstance(value, dict):
                known[str(value["value"])] = one.urn
    for one in recording.of_type("pulumi:providers:kubernetes"):
        known[one.inputs["kubeconfig"]] = one.urn
    return known


class TestSecrets:
    def test_there_are_secrets_to_look_for(self, built: Whole, secrets: dict[str, str]) -> None:
        clusters = len(built.recording.of_type(EKS_COMPONENT))
        tunnels = 4 * len(built.recording.of_type("hms:link:Vpn"))
        # The tunnels' keys, the CA's, one kubeconfig of each EKS cluster, the one that every AKS cluster gets.
        assert len(secrets) == tunnels + 1 + clusters + 1

    def test_no_input_has_a_secret_in_the_clear(self, recording: Recording, secrets: dict[str, str]) -> None:
        seen = set()
        for one in recording:
            for path, origin in _found(one.inputs, secrets):
                seen.add(origin)
                assert one.is_secret(path), (one.urn, path, origin)
        # All are used, so that this test has seen them.
        assert seen >= set(secrets.values()) - {"the kubeconfig that Azure answers"}

    def test_no_output_has_a_secret_in_the_clear(self, recording: Recording, secrets: dict[str, str]) -> None:
        for urn, outputs in recording.outputs.items():
            marked = recording.secret_outputs[urn]
            for path, origin in _found(outputs, secrets):
                assert any(path == mark or path.startswith((f"{mark}.", f"{mark}[")) for mark in marked), (urn, origin)

    def test_what_comes_back_from_a_provider_is_marked(self, recording: Recording) -> None:
        wanted = {
            "VirtualNetworkGatewayConnection": {"sharedKey"},
            "VpnConnection": {"customerGatewayConfiguration", "tunnel1PresharedKey", "tunnel2PresharedKey"},
            "RandomPassword": {"result"},
            "PrivateKey": {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"},
            "kubernetes:helm.sh/v3:Release": {"values", "manifest"},
        }
        for kind, outputs in wanted.items():
            for one in recording.of_type(kind):
                assert outputs <= set(one.additional_secret_outputs), one.urn


def _found(values: Any, secrets: dict[str, str]) -> Iterator[tuple[str, str]]:
    """List where a secret is, as it is, in base64, or inside a text in base64."""
    for path, value in leaves(values):
        text = str(value)
        for secret, origin in secrets.items():
            encoded = base64.b64encode(secret.encode()).decode()
            if secret in text or encoded in text or secret in _decoded(text):
                yield path, origin


def _decoded(text: str) -> str:
    if len(text) < 16 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text):
        return ""
    return base64.b64decode(text + "=" * (-len(text) % 4)).decode(errors="replace") if len(text) % 4 != 1 else ""
