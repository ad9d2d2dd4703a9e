from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.components.azure_program import planned, record_fleet
from tests.infra.fleets import fleet_data

if TYPE_CHECKING:
    from tests.components.recording import Recording


@pytest.fixture(scope="module")
def aws() -> Recording:
    return record_fleet(planned(fleet_data({"east": "aws", "west": "aws"}, {"east-1": ("east", 1)})))


@pytest.fixture(scope="module")
def azure() -> Recording:
    return record_fleet(planned(fleet_data({"one": "azure", "two": "azure", "three": "azure"}, {"c": ("one", 1)})))


class TestAws:
    def test_the_later_site_asks_and_the_earlier_accepts_in_its_region(self, aws: Recording) -> None:
        connection, accepter = aws.named("east-west-connection"), aws.named("east-west-accepter")
        assert (connection.inputs["vpcId"], connection.inputs["peerVpcId"]) == ("west-vpc", "east-vpc")
        assert connection.inputs["peerRegion"] == "us-east-1"
        assert connection.inputs["autoAccept"] is False
        assert accepter.inputs["autoAccept"] is True
        assert aws.by_urn(connection.provider).name == "west-provider"
        assert aws.by_urn(accepter.provider).name == "east-provider"
        assert aws.waits_for(accepter, connection)

    def test_names_of_one_vpc_do_not_resolve_in_the_other(self, aws: Recording) -> None:
        options = aws.of_type("PeeringConnectionOptions")
        assert len(options) == 2
        sides = {"east-provider": "accepter", "west-provider": "requester"}
        for option in options:
            side = sides[aws.by_urn(option.provider).name]
            assert option.inputs[side] == {"allowRemoteVpcDnsResolution": False}
            assert aws.waits_for(option, aws.named("east-west-accepter"))

    def test_every_private_table_leads_to_the_other_site(self, aws: Recording) -> None:
        routes = {
            (route.inputs["routeTableId"], route.inputs["destinationCidrBlock"]): aws.by_urn(route.provider).name
            for route in aws.of_type("Route")
        }
        assert routes == {
            **{(f"east-table-{zone}", "10.17.0.0/16"): "east-provider" for zone in "abc"},
            **{(f"west-table-{zone}", "10.16.0.0/16"): "west-provider" for zone in "abc"},
        }

    def test_routes_wait_until_the_peering_is_accepted(self, aws: Recording) -> None:
        accepter = aws.named("east-west-accepter")
        for route in aws.of_type("Route"):
            assert aws.waits_for(route, accepter)
            assert route.inputs["vpcPeeringConnectionId"] == accepter.inputs["vpcPeeringConnectionId"]

    def test_both_sites_open_the_same_ports(self, aws: Recording) -> None:
        rules = aws.of_type("SecurityGroupIngressRule")
        seen = {
            side: {
                (rule.inputs["ipProtocol"], rule.inputs["fromPort"], rule.inputs["toPort"])
                for rule in rules
                if rule.name.startswith(f"east-west-{side}-")
            }
            for side in ("east", "west")
        }
        assert seen["east"] == seen["west"]
        assert len(seen["east"]) == 7
        for rule in rules:
            assert rule.inputs["securityGroupId"].startswith(rule.name.split("-")[2])

    def test_all_that_can_be_tagged_is(self, aws: Recording) -> None:
        for kind in ("VpcPeeringConnection", "VpcPeeringConnectionAccepter", "SecurityGroupIngressRule"):
            for one in aws.of_type(kind):
                assert one.inputs["tags"]["link"] == "east-west"


class TestAzure:
    def test_there_is_a_peering_from_each_side(self, azure: Recording) -> None:
        for here, there in (("one", "two"), ("two", "one")):
            peering = azure.named(f"one-two-{here}").inputs
            assert peering["virtualNetworkName"] == f"{here}-network-vnet"
            assert peering["remoteVirtualNetwork"]["id"].endswith(f"/{there}-network-vnet")

    def test_a_peering_carries_what_its_two_sites_send_and_no_more(self, azure: Recording) -> None:
        for peering in azure.of_type("VirtualNetworkPeering"):
            assert peering.inputs["allowVirtualNetworkAccess"] is True
            for switch in ("allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways"):
                assert peering.inputs[switch] is False

    def test_the_two_halves_are_written_one_after_the_other(self, azure: Recording) -> None:
        assert azure.waits_for(azure.named("one-two-one"), azure.named("one-two-two"))

    def test_links_that_share_a_site_are_written_one_after_the_other(self, azure: Recording) -> None:
        assert azure.waits_for(azure.named("one-three-one"), azure.named("one-two-one"))
        assert azure.waits_for(azure.named("one-three-one-geneve"), azure.named("one-two-one-icmp"))

    def test_both_sites_open_the_same_ports_to_the_nodes_of_the_other(self, azure: Recording) -> None:
        nodes = {"one": "10.16.0.0/17", "two": "10.17.0.0/17"}
        for here, there in (("one", "two"), ("two", "one")):
            rules = [rule for rule in azure.of_type("SecurityRule") if rule.name.startswith(f"one-two-{here}-")]
            assert len(rules) == 7
            for rule in rules:
                assert rule.inputs["sourceAddressPrefixes"] == [nodes[there]]
                assert rule.inputs["networkSecurityGroupName"].startswith(f"{here}-network-firewall-")

    def test_priorities_of_all_links_of_a_site_differ(self, azure: Recording) -> None:
        for group in azure.of_type("NetworkSecurityGroup"):
            priorities = [
                rule.inputs["priority"]
                for rule in azure.of_type("SecurityRule")
                if rule.inputs["networkSecurityGroupName"] == group.name
            ]
            assert len(priorities) == len(set(priorities))

    def test_a_fleet_in_one_cloud_has_no_vpn(self, azure: Recording) -> None:
        assert azure.of_type("VirtualNetworkGateway", "VpnConnection", "RandomPassword") == []
