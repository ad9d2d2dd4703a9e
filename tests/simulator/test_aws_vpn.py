"""VPN gateways, customer gateways and connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.aws import tokens
from tests.simulator.aws_world import REGION, WrongInputsError, aws, refused, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]

CUSTOMER = {"type": "ipsec.1", "bgpAsn": "65515", "ipAddress": "20.1.2.3"}
KEY = "kTestOnly_not.a.secret"
TUNNEL = {
    "InsideCidr": "169.254.21.0/30",
    "PresharedKey": KEY,
    "IkeVersions": ["ikev2"],
    "StartupAction": "start",
    "DpdTimeoutAction": "restart",
    "DpdTimeoutSeconds": 30,
    "Phase1EncryptionAlgorithms": ["AES256-GCM-16"],
    "Phase1IntegrityAlgorithms": ["SHA2-384"],
    "Phase1DhGroupNumbers": [20],
    "Phase1LifetimeSeconds": 28_800,
    "Phase2EncryptionAlgorithms": ["AES256-GCM-16"],
    "Phase2IntegrityAlgorithms": ["SHA2-256"],
    "Phase2DhGroupNumbers": [20],
    "Phase2LifetimeSeconds": 3_600,
}


def tunnels(**changes: Any) -> dict[str, Any]:
    """Both tunnels as the program makes them; changes are to the first."""
    first = {name: value for name, value in {**TUNNEL, **changes}.items() if value is not None}
    second = {**TUNNEL, "InsideCidr": "169.254.22.0/30"}
    return {f"tunnel{number}{name}": value for number, options in ((1, first), (2, second)) for name, value in
            options.items()}  # fmt: skip


def connection(aws: Aws, gateway: str = "", customer: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "type": "ipsec.1",
        "customerGatewayId": customer or aws.id(tokens.CUSTOMER_GATEWAY, **CUSTOMER),
        "vpnGatewayId": gateway or aws.id(tokens.VPN_GATEWAY, amazonSideAsn="64512"),
        **tunnels(),
        **changes,
    }


def test_a_connection(aws: Aws) -> None:
    made = aws.create(tokens.VPN_CONNECTION, **connection(aws))
    outputs = made.outputs
    assert made.id.startswith("vpn-0")
    assert (outputs["tunnel1VgwInsideAddress"], outputs["tunnel1CgwInsideAddress"]) == ("169.254.21.1", "169.254.21.2")
    assert outputs["tunnel2CgwInsideAddress"] == "169.254.22.2"
    assert outputs["tunnel1BgpAsn"] == "64512"
    assert outputs["tunnel1Address"] != outputs["tunnel2Address"]
    assert outputs["tunnel1PresharedKey"] == KEY
    assert KEY in outputs["customerGatewayConfiguration"]
    kind = aws.package.kind(tokens.VPN_CONNECTION)
    assert {"tunnel1PresharedKey", "tunnel2PresharedKey", "customerGatewayConfiguration"} <= set(kind.secrets)
    again = aws.update(tokens.VPN_CONNECTION, made.id, tunnel1DpdTimeoutSeconds=40)
    assert again.outputs["tunnel1Address"] == outputs["tunnel1Address"]


def test_a_connection_with_aws_own_choices(aws: Aws) -> None:
    plain = {name: value for name, value in connection(aws).items() if not name.startswith("tunnel")}
    made = aws.create(tokens.VPN_CONNECTION, **plain).outputs
    assert made["tunnel1InsideCidr"].startswith("169.254.")
    assert made["tunnel1InsideCidr"] != made["tunnel2InsideCidr"]
    assert len(made["tunnel1PresharedKey"]) == 32


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"InsideCidr": "169.254.21.0/29"}, "must be a /30"),
        ({"InsideCidr": "169.254.21.1/30"}, "must be a /30"),
        ({"InsideCidr": "10.0.0.0/30"}, "must be a /30"),
        ({"InsideCidr": "169.254.5.0/30"}, "reserved by AWS"),
        ({"InsideCidr": "169.254.169.252/30"}, "reserved by AWS"),
        ({"InsideCidr": "169.254.22.0/30"}, "of tunnel 1, too"),
        ({"PresharedKey": "short.7"}, "8 to 64 characters"),
        ({"PresharedKey": "x" * 65}, "8 to 64 characters"),
        ({"PresharedKey": "abcdefg+/"}, "alphanumeric, period and underscore"),
        ({"PresharedKey": "0abcdefgh"}, "cannot start with zero"),
        ({"IkeVersions": ["ikev3"]}, "to be one of"),
        ({"IkeVersions": ["ikev1", "ikev2"]}, "supported for IKEv2 only"),
        ({"IkeVersions": None}, "supported for IKEv2 only"),
        ({"StartupAction": "go"}, "to be one of"),
        ({"DpdTimeoutAction": "panic"}, "to be one of"),
        ({"DpdTimeoutSeconds": 29}, r"range \(30"),
        ({"Phase1EncryptionAlgorithms": ["AES192"]}, "to be one of"),
        ({"Phase2EncryptionAlgorithms": ["3DES"]}, "to be one of"),
        ({"Phase1IntegrityAlgorithms": ["MD5"]}, "to be one of"),
        ({"Phase2IntegrityAlgorithms": ["SHA384"]}, "to be one of"),
        ({"Phase1DhGroupNumbers": [5]}, "to be one of"),
        ({"Phase2DhGroupNumbers": [1]}, "to be one of"),
        ({"Phase1LifetimeSeconds": 28_801}, r"range \(900 - 28800\)"),
        ({"Phase2LifetimeSeconds": 3_601}, r"range \(900 - 3600\)"),
        ({"Phase1LifetimeSeconds": 1_800}, "must be less than the phase 1 lifetime"),
        ({"RekeyMarginTimeSeconds": 59}, r"range \(60 - 1800\)"),
        ({"RekeyMarginTimeSeconds": 1_801}, r"range \(60 - 1800\)"),
        ({"Phase2LifetimeSeconds": 900, "RekeyMarginTimeSeconds": 451}, "at most half"),
        ({"RekeyFuzzPercentage": 101}, r"range \(0 - 100\)"),
        ({"ReplayWindowSize": 63}, r"range \(64 - 2048\)"),
        ({"LogOptions": {"cloudwatchLogOptions": {"logEnabled": True}}}, "a log group ARN is required"),
        ({"LogOptions": {"cloudwatchLogOptions": {"logOutputFormat": "xml"}}}, "to be one of"),
    ],
)
def test_bad_tunnel_options(aws: Aws, change: dict[str, Any], says: str) -> None:
    with wrong(says):
        aws.create(
            tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId="cgw-0", vpnGatewayId="vgw-0", **tunnels(**change)
        )


def test_a_bad_key_is_not_in_the_message(aws: Aws) -> None:
    with pytest.raises(WrongInputsError) as caught:
        aws.create(tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId="cgw-0", tunnel1PresharedKey="oh+no+no/no")
    assert "oh+no" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"transitGatewayId": "tgw-0"}, "conflicts with"),
        ({"enableAcceleration": True}, "transit gateways only"),
        ({"tunnelBandwidth": "large"}, "not supported on a virtual private gateway"),
        ({"tunnelBandwidth": "huge"}, "to be one of"),
        ({"type": "ipsec.2"}, "to be one of"),
        ({"tunnelInsideIpVersion": "ipv6"}, "transit gateways only"),
        ({"presharedKeyStorage": "Vault"}, "to be one of"),
        ({"localIpv4NetworkCidr": "10.0.0.1/8"}, "IPv4 CIDR"),
    ],
)
def test_bad_connections(aws: Aws, change: dict[str, Any], says: str) -> None:
    with wrong(says):
        aws.create(
            tokens.VPN_CONNECTION, **{"type": "ipsec.1", "customerGatewayId": "c", "vpnGatewayId": "v", **change}
        )


def test_acceleration_excludes_large_tunnels(aws: Aws) -> None:
    with wrong("together with acceleration"):
        aws.create(
            tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId="c", transitGatewayId="t",
            enableAcceleration=True, tunnelBandwidth="large",
        )  # fmt: skip


def test_inside_addresses_are_unique_on_a_gateway(aws: Aws) -> None:
    gateway = aws.id(tokens.VPN_GATEWAY, amazonSideAsn="64512")
    aws.create(tokens.VPN_CONNECTION, **connection(aws, gateway))
    other = aws.id(tokens.CUSTOMER_GATEWAY, **{**CUSTOMER, "ipAddress": "20.1.2.4"})
    with refused("InvalidParameterValue", "already in use by vpn-"):
        aws.create(tokens.VPN_CONNECTION, **connection(aws, gateway, other))
    aws.create(tokens.VPN_CONNECTION, **connection(aws, "", other))  # on another gateway they are free


def test_both_ends_must_differ_in_their_asn(aws: Aws) -> None:
    gateway = aws.id(tokens.VPN_GATEWAY, amazonSideAsn="65000")
    customer = aws.id(tokens.CUSTOMER_GATEWAY, **{**CUSTOMER, "bgpAsn": "65000"})
    with refused("InvalidParameterValue", "must differ"):
        aws.create(tokens.VPN_CONNECTION, **connection(aws, gateway, customer))


def test_starting_needs_an_address(aws: Aws) -> None:
    customer = aws.id(tokens.CUSTOMER_GATEWAY, type="ipsec.1", bgpAsn="65515", certificateArn="arn:aws:acm:x")
    with refused("InvalidParameterCombination", "Startup action"):
        aws.create(tokens.VPN_CONNECTION, **connection(aws, customer=customer))


def test_tunnel_logs_need_their_group(aws: Aws) -> None:
    arn = f"arn:aws:logs:{REGION}:123456789012:log-group:/vpn"
    options = {"cloudwatchLogOptions": {"bgpLogEnabled": True, "bgpLogGroupArn": arn}}
    wanted = connection(aws, tunnel1LogOptions=options)
    with refused("InvalidParameterValue", "log group"):
        aws.create(tokens.VPN_CONNECTION, **wanted)
    assert aws.create(tokens.LOG_GROUP, "/vpn").outputs["arn"] == arn
    aws.create(tokens.VPN_CONNECTION, **wanted)


def test_missing_ends(aws: Aws) -> None:
    with refused("InvalidCustomerGatewayID.NotFound"):
        aws.create(tokens.VPN_CONNECTION, **connection(aws, customer="cgw-0"))
    customer = aws.id(tokens.CUSTOMER_GATEWAY, **{**CUSTOMER, "ipAddress": "20.9.9.9"})
    with refused("InvalidVpnGatewayID.NotFound"):
        aws.create(tokens.VPN_CONNECTION, **connection(aws, "vgw-0", customer))


def test_what_a_connection_uses_stays(aws: Aws) -> None:
    gateway, customer = aws.id(tokens.VPN_GATEWAY), aws.id(tokens.CUSTOMER_GATEWAY, **CUSTOMER)
    made = aws.id(tokens.VPN_CONNECTION, **connection(aws, gateway, customer))
    with refused("IncorrectState", "in use"):
        aws.delete(tokens.VPN_GATEWAY, gateway)
    with refused("IncorrectState", "in use"):
        aws.delete(tokens.CUSTOMER_GATEWAY, customer)
    aws.delete(tokens.VPN_CONNECTION, made)
    aws.delete(tokens.CUSTOMER_GATEWAY, customer)
    aws.delete(tokens.VPN_GATEWAY, gateway)
    assert aws.world.count() == 0


def test_quotas(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    gateways = [aws.id(tokens.VPN_GATEWAY) for _ in range(5)]
    with refused("VpnGatewayLimitExceeded"):
        aws.create(tokens.VPN_GATEWAY)
    for number in range(50):
        customer = aws.id(tokens.CUSTOMER_GATEWAY, **{**CUSTOMER, "ipAddress": f"20.1.2.{number}"})
        if number < 10:
            aws.create(tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId=customer, vpnGatewayId=gateways[0])
    with refused("CustomerGatewayLimitExceeded"):
        aws.create(tokens.CUSTOMER_GATEWAY, **{**CUSTOMER, "ipAddress": "20.1.2.99"})
    with refused("VpnConnectionLimitExceeded", "virtual private gateway"):
        aws.create(tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId=customer, vpnGatewayId=gateways[0])
    monkeypatch.setenv("HMS_SIMULATOR_AWS_QUOTAS", "vpn_connections=10")
    with refused("VpnConnectionLimitExceeded", "maximum number of VPN connections has"):
        aws.create(tokens.VPN_CONNECTION, type="ipsec.1", customerGatewayId=customer, vpnGatewayId=gateways[1])


@pytest.mark.parametrize("asn", ["64511", "65535", "4199999999", "4294967295", "x"])
def test_bad_asn_of_a_gateway(aws: Aws, asn: str) -> None:
    with wrong("64512 to 65534"):
        aws.create(tokens.VPN_GATEWAY, amazonSideAsn=asn)


def test_the_asn_of_a_gateway_never_changes(aws: Aws) -> None:
    assert aws.create(tokens.VPN_GATEWAY, amazonSideAsn="4200000000").outputs["amazonSideAsn"] == "4200000000"
    old, new = {"amazonSideAsn": "64512"}, {"amazonSideAsn": "64513"}
    assert aws.replaces(tokens.VPN_GATEWAY, old, new) == {"amazonSideAsn"}


def test_one_gateway_a_vpc_and_one_vpc_a_gateway(aws: Aws) -> None:
    here, there = aws.vpc(), aws.vpc("10.30.0.0/16")
    gateway, other = aws.id(tokens.VPN_GATEWAY), aws.id(tokens.VPN_GATEWAY)
    made = aws.id(tokens.VPN_GATEWAY_ATTACHMENT, vpcId=here, vpnGatewayId=gateway)
    with refused("VpnGatewayAttachmentLimitExceeded", "already has"):
        aws.create(tokens.VPN_GATEWAY_ATTACHMENT, vpcId=here, vpnGatewayId=other)
    with refused("VpnGatewayAttachmentLimitExceeded", "already attached"):
        aws.create(tokens.VPN_GATEWAY_ATTACHMENT, vpcId=there, vpnGatewayId=gateway)
    with refused("VpnGatewayAttachmentLimitExceeded"):
        aws.create(tokens.VPN_GATEWAY, vpcId=here)
    with refused("IncorrectState"):
        aws.delete(tokens.VPN_GATEWAY, gateway)
    with refused("DependencyViolation"):
        aws.delete(tokens.VPC, here)
    aws.delete(tokens.VPN_GATEWAY_ATTACHMENT, made)
    aws.delete(tokens.VPN_GATEWAY, gateway)
    aws.delete(tokens.VPC, here)


def test_propagation(aws: Aws) -> None:
    vpc, gateway = aws.vpc(), aws.id(tokens.VPN_GATEWAY)
    pair = {"routeTableId": aws.id(tokens.ROUTE_TABLE, vpcId=vpc), "vpnGatewayId": gateway}
    with refused("Gateway.NotAttached"):
        aws.create(tokens.VPN_GATEWAY_ROUTE_PROPAGATION, **pair)
    aws.create(tokens.VPN_GATEWAY_ATTACHMENT, vpcId=vpc, vpnGatewayId=gateway)
    assert aws.id(tokens.VPN_GATEWAY_ROUTE_PROPAGATION, **pair) == f"{gateway}_{pair['routeTableId']}"
    with refused("InvalidParameterValue"):
        aws.create(tokens.VPN_GATEWAY_ROUTE_PROPAGATION, **pair)
    with refused("InvalidRouteTableID.NotFound"):
        aws.create(tokens.VPN_GATEWAY_ROUTE_PROPAGATION, **{**pair, "routeTableId": "rtb-0"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"type": "ipsec.2"}, "to be one of"),
        ({"bgpAsn": "0"}, "range"),
        ({"bgpAsn": "2147483648"}, "range"),
        ({"bgpAsn": "7224"}, "reserved by AWS"),
        ({"bgpAsnExtended": "4200000000"}, "conflicts with"),
        ({"bgpAsn": None}, "must be specified"),
        ({"bgpAsn": None, "bgpAsnExtended": "65515"}, "range"),
        ({"ipAddress": None}, "must be specified"),
        ({"ipAddress": "20.1.2"}, "valid IPv4 address"),
        ({"ipAddress": "169.254.21.2"}, "not an address"),
    ],
)
def test_bad_customer_gateways(aws: Aws, change: dict[str, Any], says: str) -> None:
    inputs = {name: value for name, value in {**CUSTOMER, **change}.items() if value is not None}
    with wrong(says):
        aws.create(tokens.CUSTOMER_GATEWAY, **inputs)


def test_a_customer_gateway_exists_once(aws: Aws) -> None:
    aws.create(tokens.CUSTOMER_GATEWAY, **CUSTOMER)
    with refused("InvalidParameterValue", "existing customer gateway"):
        aws.create(tokens.CUSTOMER_GATEWAY, **CUSTOMER)
    aws.create(tokens.CUSTOMER_GATEWAY, **{**CUSTOMER, "bgpAsn": "65001"})
    large = {"type": "ipsec.1", "ipAddress": "20.1.2.3", "bgpAsnExtended": "4200000000"}
    aws.create(tokens.CUSTOMER_GATEWAY, **large)


def test_what_replaces_a_connection(aws: Aws) -> None:
    old = {"tunnel1InsideCidr": "169.254.21.0/30", "tunnel1PresharedKey": "a", "customerGatewayId": "a"}
    new = {"tunnel1InsideCidr": "169.254.21.4/30", "tunnel1PresharedKey": "b", "customerGatewayId": "b"}
    assert aws.replaces(tokens.VPN_CONNECTION, old, new) == {"tunnel1InsideCidr"}
