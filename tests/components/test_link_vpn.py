"""The rules of a link between clouds, one by one: what breaks one of them breaks a test."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from components.link.tunnels import customer_gateway_args
from infra.plan import FleetPlan, VpnLinkPlan
from tests.components.azure_program import Fleet, pair_with, planned, record_fleet
from tests.components.mock_outputs import secret
from tests.components.recording import Recording, record
from tests.infra.fleets import fleet_data

# The address table of Microsoft's guide: Azure connection to AWS BGP peer, Azure's own address, gateway instance.
TABLE = {
    1: ("169.254.21.1", "169.254.21.2", 0),
    2: ("169.254.22.1", "169.254.22.2", 0),
    3: ("169.254.21.5", "169.254.21.6", 1),
    4: ("169.254.22.5", "169.254.22.6", 1),
}
AZURE_RANGE = (IPv4Address("169.254.21.0"), IPv4Address("169.254.22.255"))
RESERVED = [IPv4Network(f"169.254.{number}.0/30") for number in range(6)]
DH_GROUPS = {"ECP384": 20, "ECP256": 19, "DHGroup14": 14}
ENCRYPTION = {"GCMAES256": "AES256-GCM-16"}
INTEGRITY = {"SHA384": "SHA2-384", "SHA256": "SHA2-256"}


@pytest.fixture(scope="module")
def plan() -> FleetPlan:
    return pair_with()


@pytest.fixture(scope="module")
def built(plan: FleetPlan) -> Recording:
    return record_fleet(plan)


@pytest.fixture(scope="module")
def transit() -> Recording:
    sites = {
        "aws": {"cloud": "aws", "region": "us-east-1", "cidr": "10.16.0.0/16", "gateway": {"kind": "transit-gateway"}},
        "azure": {"cloud": "azure", "region": "eastus", "cidr": "10.17.0.0/16"},
    }
    return record_fleet(pair_with(sites=sites))


def connections(recording: Recording, link: str = "aws-azure") -> dict[int, dict[str, Any]]:
    return {number: dict(recording.named(f"{link}-connection-{number}").inputs) for number in TABLE}


def tunnels(recording: Recording) -> dict[int, dict[str, Any]]:
    """Give the options of each tunnel under the number of its Azure connection."""
    found: dict[int, dict[str, Any]] = {}
    for number in TABLE:
        instance, tunnel = divmod(number - 1, 2)
        inputs = recording.named(f"aws-azure-vpn-{instance + 1}").inputs
        prefix = f"tunnel{tunnel + 1}"
        found[number] = {key.removeprefix(prefix): value for key, value in inputs.items() if key.startswith(prefix)}
    return found


class TestObjects:
    def test_two_customer_gateways_two_connections_four_ends_four_connections(self, built: Recording) -> None:
        counts = {
            kind: len(built.of_type(kind))
            for kind in (
                "CustomerGateway",
                "VpnConnection",
                "LocalNetworkGateway",
                "VirtualNetworkGatewayConnection",
                "RandomPassword",
            )
        }
        assert counts == {
            "CustomerGateway": 2,
            "VpnConnection": 2,
            "LocalNetworkGateway": 4,
            "VirtualNetworkGatewayConnection": 4,
            "RandomPassword": 4,
        }

    def test_each_customer_gateway_is_one_public_address_of_the_azure_gateway(self, built: Recording) -> None:
        for number in (1, 2):
            gateway = built.named(f"aws-azure-customer-gateway-{number}")
            waited = gateway.property_dependencies["ipAddress"]
            assert waited == {built.named(f"azure-vpn-ip-{number - 1}").urn}
            assert gateway.inputs["type"] == "ipsec.1"

    def test_the_asns_are_the_plans_on_both_sides(self, built: Recording, plan: FleetPlan) -> None:
        azure, aws = plan.sites["azure"].asn, plan.sites["aws"].asn
        assert azure != aws
        for gateway in built.of_type("CustomerGateway"):
            assert gateway.inputs["bgpAsn"] == str(azure)
        for end in built.of_type("LocalNetworkGateway"):
            assert end.inputs["bgpSettings"]["asn"] == aws

    @pytest.mark.parametrize(
        ("asn", "argument"),
        [(65000, "bgp_asn"), (2_147_483_647, "bgp_asn"), (2_147_483_648, "bgp_asn_extended")],
    )
    def test_large_asns_go_where_aws_takes_them(self, asn: int, argument: str) -> None:
        assert customer_gateway_args(asn) == {argument: str(asn)}

    def test_each_aws_connection_leads_to_its_customer_gateway_by_bgp(self, built: Recording) -> None:
        for number in (1, 2):
            vpn = built.named(f"aws-azure-vpn-{number}")
            gateway = built.named(f"aws-azure-customer-gateway-{number}")
            assert vpn.property_dependencies["customerGatewayId"] == {gateway.urn}
            assert vpn.inputs["staticRoutesOnly"] is False
            assert vpn.inputs["vpnGatewayId"] == "aws-gateway"
            assert "transitGatewayId" not in vpn.inputs


class TestAddresses:
    def test_the_tunnels_are_those_of_microsofts_table(self, built: Recording) -> None:
        for number, (aws, azure, _) in TABLE.items():
            end = built.named(f"aws-azure-aws-end-{number}").inputs
            inside = IPv4Network(tunnels(built)[number]["InsideCidr"])
            assert end["bgpSettings"]["bgpPeeringAddress"] == aws == str(inside[1])
            assert azure == str(inside[2])

    def test_tunnel_ranges_differ_and_are_not_reserved(self, built: Recording) -> None:
        ranges = [IPv4Network(tunnel["InsideCidr"]) for tunnel in tunnels(built).values()]
        assert len(set(ranges)) == 4
        for inside in ranges:
            assert inside.prefixlen == 30
            assert inside not in RESERVED
            assert AZURE_RANGE[0] <= inside[2] <= AZURE_RANGE[1]

    def test_every_connection_has_its_own_address_at_its_instance(self, built: Recording) -> None:
        for number, (_, azure, instance) in TABLE.items():
            pair = connections(built)[number]["gatewayCustomBgpIpAddresses"]
            assert len(pair) == 2
            assert pair[instance]["customBgpIpAddress"] == azure
            assert pair[instance]["ipConfigurationId"].endswith(f"/ipConfigurations/instance-{instance}")

    def test_the_unused_half_of_a_pair_is_an_address_of_the_other_instance(self, built: Recording) -> None:
        gateway = built.named("azure-vpn-gateway").inputs["bgpSettings"]["bgpPeeringAddresses"]
        for number, (_, _, instance) in TABLE.items():
            other = connections(built)[number]["gatewayCustomBgpIpAddresses"][1 - instance]
            assert other["customBgpIpAddress"] in gateway[1 - instance]["customBgpIpAddresses"]
            assert other["ipConfigurationId"].endswith(f"/ipConfigurations/instance-{1 - instance}")

    def test_connections_name_ip_configurations_that_the_gateway_has(self, built: Recording) -> None:
        configurations = {one["name"] for one in built.named("azure-vpn-gateway").inputs["ipConfigurations"]}
        for connection in connections(built).values():
            named = {one["ipConfigurationId"].rpartition("/")[2] for one in connection["gatewayCustomBgpIpAddresses"]}
            assert named == configurations

    def test_each_end_leads_to_the_tunnel_that_its_connection_is_for(self, built: Recording) -> None:
        outside: dict[str, str] = {}
        for number in TABLE:
            instance, _ = divmod(number - 1, 2)
            end = built.named(f"aws-azure-aws-end-{number}")
            vpn = built.named(f"aws-azure-vpn-{instance + 1}")
            assert end.property_dependencies["gatewayIpAddress"] == {vpn.urn}
            outside[end.name] = end.inputs["gatewayIpAddress"]
            connection = built.named(f"aws-azure-connection-{number}")
            assert connection.inputs["localNetworkGateway2"]["id"].endswith(f"/{end.name}")
        assert len(set(outside.values())) == 4

    def test_ends_have_one_bgp_peer_and_no_static_range(self, built: Recording) -> None:
        for end in built.of_type("LocalNetworkGateway"):
            assert end.inputs["localNetworkAddressSpace"] == {"addressPrefixes": []}
            assert "bgpPeeringAddresses" not in end.inputs["bgpSettings"]


class TestKeyExchange:
    def test_one_proposal_on_each_side_and_it_is_the_same(self, built: Recording) -> None:
        for number, tunnel in tunnels(built).items():
            (policy,) = connections(built)[number]["ipsecPolicies"]
            assert tunnel["Phase1EncryptionAlgorithms"] == [ENCRYPTION[policy["ikeEncryption"]]]
            assert tunnel["Phase1IntegrityAlgorithms"] == [INTEGRITY[policy["ikeIntegrity"]]]
            assert tunnel["Phase1DhGroupNumbers"] == [DH_GROUPS[policy["dhGroup"]]]
            assert tunnel["Phase2EncryptionAlgorithms"] == [ENCRYPTION[policy["ipsecEncryption"]]]
            assert tunnel["Phase2DhGroupNumbers"] == [DH_GROUPS[policy["pfsGroup"]]]
            assert len(tunnel["Phase2IntegrityAlgorithms"]) == 1

    def test_azure_gets_all_eight_fields(self, built: Recording) -> None:
        for connection in connections(built).values():
            (policy,) = connection["ipsecPolicies"]
            assert policy.keys() == {
                "ikeEncryption",
                "ikeIntegrity",
                "dhGroup",
                "ipsecEncryption",
                "ipsecIntegrity",
                "pfsGroup",
                "saLifeTimeSeconds",
                "saDataSizeKilobytes",
            }
            # For GCM Azure wants the same word twice.
            assert policy["ipsecEncryption"] == policy["ipsecIntegrity"]
            assert policy["saLifeTimeSeconds"] >= 300
            assert policy["saDataSizeKilobytes"] >= 1024

    @pytest.mark.parametrize(
        ("change", "difference"),
        [
            ({"azure_ike_encryption": "GCMAES128"}, "ikeEncryption GCMAES128 against AES256-GCM-16"),
            ({"azure_ike_integrity": "SHA256"}, "ikeIntegrity SHA256 against SHA2-384"),
            ({"azure_dh_group": "ECP256"}, "dhGroup ECP256 against 20"),
            ({"azure_ipsec_encryption": "GCMAES128"}, "ipsecEncryption GCMAES128 against AES256-GCM-16"),
            ({"azure_pfs_group": "ECP256"}, "pfsGroup ECP256 against 20"),
            ({"aws_phase1_integrity": "SHA2-256"}, "ikeIntegrity SHA384 against SHA2-256"),
            ({"aws_encryption": "AES128-GCM-16"}, "ikeEncryption GCMAES256 against AES128-GCM-16, ipsecEncryption"),
            # The same at both ends, and weak.
            ({"aws_dh_group": 14, "azure_dh_group": "DHGroup14", "azure_pfs_group": "PFS2048"}, "dhGroup DHGroup14"),
        ],
    )
    def test_ends_that_do_not_agree_are_refused_before_anything_is_built(
        self, plan: FleetPlan, change: dict[str, Any], difference: str
    ) -> None:
        link = plan.links["aws-azure"]
        assert isinstance(link, VpnLinkPlan)
        other = replace(link, policy=replace(link.policy, **change))
        message = rf"plan: the ends of 'aws-azure' offer no common strong proposal \({difference}.*; pair the policy"

        with pytest.raises(ValueError, match=message):
            record(lambda: Fleet(plan).vpn("aws-azure", other, 1000, []))

    def test_only_the_second_version_of_the_protocol(self, built: Recording) -> None:
        assert all(tunnel["IkeVersions"] == ["ikev2"] for tunnel in tunnels(built).values())
        for connection in connections(built).values():
            assert (connection["connectionType"], connection["connectionProtocol"]) == ("IPsec", "IKEv2")

    def test_aws_starts_and_starts_again(self, built: Recording) -> None:
        for tunnel in tunnels(built).values():
            assert tunnel["StartupAction"] == "start"
            assert tunnel["DpdTimeoutAction"] == "restart"

    def test_dead_peer_detection_is_within_the_limits_of_both(self, built: Recording) -> None:
        assert all(tunnel["DpdTimeoutSeconds"] >= 30 for tunnel in tunnels(built).values())
        assert all(30 <= connection["dpdTimeoutSeconds"] <= 45 for connection in connections(built).values())

    def test_lifetimes_are_within_the_limits_of_aws(self, built: Recording) -> None:
        for tunnel in tunnels(built).values():
            assert 900 <= tunnel["Phase1LifetimeSeconds"] <= 28_800
            assert 900 <= tunnel["Phase2LifetimeSeconds"] <= 3_600

    def test_bgp_and_no_traffic_selectors(self, built: Recording) -> None:
        for connection in connections(built).values():
            assert connection["enableBgp"] is True
            assert connection["usePolicyBasedTrafficSelectors"] is False


class TestSecrets:
    def test_the_four_keys_differ_and_both_clouds_have_the_same(self, built: Recording) -> None:
        aws = {number: tunnel["PresharedKey"] for number, tunnel in tunnels(built).items()}
        azure = {number: connection["sharedKey"] for number, connection in connections(built).items()}
        assert aws == azure
        assert len(set(aws.values())) == 4

    def test_keys_are_what_both_clouds_take(self, built: Recording) -> None:
        for password in built.of_type("RandomPassword"):
            assert password.inputs["special"] is False
            assert 8 <= password.inputs["length"] + 1 <= 64
        for tunnel in tunnels(built).values():
            assert re.fullmatch(r"[a-z][A-Za-z0-9]{32,63}", tunnel["PresharedKey"])

    @pytest.mark.parametrize("made", ["z" * 30, "z" * 64, "z" * 40 + "+", ""])
    def test_a_weak_key_is_refused_by_the_name_of_its_resource_and_not_told(self, plan: FleetPlan, made: str) -> None:
        link = plan.links["aws-azure"]
        assert isinstance(link, VpnLinkPlan)
        password = {"random:index/randomPassword:RandomPassword": lambda _: {"result": secret(made)}}

        with pytest.raises(ValueError, match=r"aws-azure-tunnel-1-psk: not 32 to 64 .*; replace it") as caught:
            record(lambda: Fleet(plan).vpn("aws-azure", link, 1000, []), outputs=password)
        assert "zz" not in str(caught.value)

    def test_no_key_is_anywhere_in_the_clear(self, built: Recording) -> None:
        keys = {tunnel["PresharedKey"] for tunnel in tunnels(built).values()}
        for one in built:
            for path, value in leaves(one.inputs):
                if any(key in str(value) for key in keys):
                    assert one.is_secret(path), (one.urn, path)
        for urn, outputs in built.outputs.items():
            assert not any(key in str(outputs) for key in keys), urn

    def test_azure_is_told_that_the_key_which_comes_back_is_secret(self, built: Recording) -> None:
        for connection in built.of_type("VirtualNetworkGatewayConnection"):
            assert connection.additional_secret_outputs == ("sharedKey",)


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, f"{path}.{key}" if path else key)]
    if isinstance(value, list):
        return [leaf for index, each in enumerate(value) for leaf in leaves(each, f"{path}[{index}]")]
    return [(path, value)]


class TestOrder:
    def test_nothing_on_aws_waits_for_the_azure_gateway(self, built: Recording) -> None:
        gateway = built.named("azure-vpn-gateway")
        for one in built:
            if one.type.startswith("aws:") or one.type.endswith(":LocalNetworkGateway"):
                assert not built.waits_for(one, gateway), one.urn

    def test_connections_are_made_one_after_the_other(self, built: Recording) -> None:
        gateway = built.named("azure-vpn-gateway")
        for number in TABLE:
            connection = built.named(f"aws-azure-connection-{number}")
            assert built.waits_for(connection, gateway)
            if number > 1:
                assert built.waits_for(connection, built.named(f"aws-azure-connection-{number - 1}"))

    def test_connections_have_two_hours(self, built: Recording) -> None:
        for connection in built.of_type("VirtualNetworkGatewayConnection"):
            assert connection.timeouts == {"create": "2h", "update": "2h", "delete": "2h"}

    def test_links_of_one_azure_gateway_are_made_one_after_the_other(self) -> None:
        three = planned(fleet_data({"aws": "aws", "azure": "azure", "west": "aws"}, {"azure-1": ("azure", 1)}))
        recording = record_fleet(three)
        earlier = recording.named("aws-azure-connection-4")
        later = recording.named("azure-west-connection-1")
        assert recording.waits_for(later, earlier)
        assert recording.waits_for(recording.named("azure-west-azure-geneve"), recording.named("aws-azure-azure-icmp"))
        pairs = [
            one["customBgpIpAddress"]
            for link in ("aws-azure", "azure-west")
            for number, connection in connections(recording, link).items()
            for index, one in enumerate(connection["gatewayCustomBgpIpAddresses"])
            if index == TABLE[number][2]
        ]
        assert len(pairs) == len(set(pairs)) == 8


class TestRoutes:
    def test_a_virtual_private_gateway_needs_no_routes_of_the_link(self, built: Recording) -> None:
        assert built.of_type("Route") == []

    def test_a_transit_gateway_needs_one_in_each_private_table(self, transit: Recording) -> None:
        routes = transit.of_type("Route")
        assert {route.inputs["routeTableId"] for route in routes} == {"aws-table-a", "aws-table-b", "aws-table-c"}
        for route in routes:
            assert route.inputs["destinationCidrBlock"] == "10.17.0.0/16"
            assert route.inputs["transitGatewayId"] == "aws-gateway"

    def test_connections_of_a_transit_gateway_name_it_alone(self, transit: Recording) -> None:
        for vpn in transit.of_type("VpnConnection"):
            assert vpn.inputs["transitGatewayId"] == "aws-gateway"
            assert "vpnGatewayId" not in vpn.inputs


class TestWatching:
    def test_tunnel_and_bgp_logs_are_both_switched_on(self, built: Recording) -> None:
        for tunnel in tunnels(built).values():
            logs = tunnel["LogOptions"]["cloudwatchLogOptions"]
            assert logs["logEnabled"] is True
            assert logs["bgpLogEnabled"] is True
            assert (
                logs["logGroupArn"] == logs["bgpLogGroupArn"] == "arn:aws:logs:us-east-1:123456789012:log-group:tunnels"
            )


class TestInterface:
    def test_names_do_not_depend_on_whose_stack_makes_the_link(self, built: Recording, plan: FleetPlan) -> None:
        link = plan.links["aws-azure"]
        assert isinstance(link, VpnLinkPlan)

        def program() -> None:
            fleet = Fleet(plan)
            fleet.vpn("aws-azure", link, 1000, [])

        other = record(program, stack="azure-dev")
        own = {one.name for one in built.below(built.named("aws-azure"))}
        assert own == {one.name for one in other.below(other.named("aws-azure"))}
        assert {"aws-azure-tunnel-1-psk", "aws-azure-connection-1"} <= own

    def test_each_side_is_built_with_its_own_provider(self, built: Recording) -> None:
        for one in built.below(built.named("aws-azure")):
            if one.type.startswith("aws:"):
                assert built.by_urn(one.provider).name == "aws-provider", one.urn
            if one.type.startswith("azure-native:"):
                assert built.by_urn(one.provider).name == "azure-provider", one.urn

    @pytest.mark.parametrize(("side", "field"), [("aws", "aws_plan"), ("azure", "azure_plan")])
    def test_a_side_without_a_gateway_is_refused_by_name(self, plan: FleetPlan, side: str, field: str) -> None:
        link = plan.links["aws-azure"]
        assert isinstance(link, VpnLinkPlan)
        without = replace(plan, sites={**plan.sites, side: replace(plan.sites[side], gateway=None)})

        with pytest.raises(ValueError, match=rf"{field}: the site '{side}' has no gateway for 'aws-azure'"):
            record(lambda: Fleet(without).vpn("aws-azure", link, 1000, []))
