"""Data in transit between the clouds: both ends of the tunnels."""

from __future__ import annotations

from tests.bench.policies.edit import lower, mismatch, open_up, plus, remove, remove_resource, turn_off
from tests.bench.policies.mutation import weaken

AWS = "VpnConnection aws-azure-vpn-1"
AWS_2 = "VpnConnection aws-azure-vpn-2"
AZURE = "VirtualNetworkGatewayConnection aws-azure-connection-1"
AZURE_2 = "VirtualNetworkGatewayConnection aws-azure-connection-2"
AZURE_4 = "VirtualNetworkGatewayConnection aws-azure-connection-4"
GATEWAY = "VirtualNetworkGateway azure-vpn-gateway"
AWS_END = "LocalNetworkGateway aws-azure-aws-end-1"
AZURE_END = "CustomerGateway aws-azure-customer-gateway-1"
OTHER_KEY = "k0123456789abcdef0123456789abcdef0123456789abcdef"

WEAKENINGS = (
    *weaken(
        "aws-tunnel-ikev2-only",
        AWS,
        open_up("tunnel1IkeVersions", plus("ikev1")),
        lower("tunnel2IkeVersions", ["ikev1"]),
        remove("tunnel2IkeVersions"),
    ),
    *weaken(
        "aws-tunnel-one-proposal",
        AWS,
        lower("tunnel1Phase1EncryptionAlgorithms", ["AES128"]),
        open_up("tunnel1Phase2EncryptionAlgorithms", plus("AES256")),
        lower("tunnel2Phase1IntegrityAlgorithms", ["SHA1"]),
        lower("tunnel1Phase1DhGroupNumbers", [2]),
        open_up("tunnel2Phase2DhGroupNumbers", plus(14)),
        remove("tunnel1Phase2IntegrityAlgorithms"),
        remove("tunnel2Phase1EncryptionAlgorithms"),
    ),
    *weaken("aws-tunnel-one-proposal", AWS_2, remove("tunnel1Phase2DhGroupNumbers")),
    *weaken(
        "aws-tunnel-rekeys",
        AWS,
        lower("tunnel1Phase1LifetimeSeconds", 86_400),
        lower("tunnel2Phase2LifetimeSeconds", 28_800),
        lower("tunnel1ReplayWindowSize", 1),
    ),
    *weaken(
        "aws-tunnel-comes-up",
        AWS,
        lower("tunnel1StartupAction", "add"),
        remove("tunnel2StartupAction"),
        lower("tunnel2DpdTimeoutAction", "none"),
    ),
    *weaken("psk-strong", AWS, lower("tunnel1PresharedKey", "short-and-easy"), remove("tunnel2PresharedKey")),
    *weaken("psk-strong", AZURE, lower("sharedKey", "hms12345"), remove("sharedKey")),
    *weaken(
        "random-password-long",
        "RandomPassword aws-azure-tunnel-1-psk",
        lower("length", 16),
        remove("length"),
    ),
    *weaken(
        "azure-tunnel-full-policy",
        AZURE,
        lower("connectionProtocol", "IKEv1"),
        remove("connectionProtocol"),
        remove("ipsecPolicies"),
        lower("ipsecPolicies", []),
        lower("ipsecPolicies[0].ikeEncryption", "DES3"),
        lower("ipsecPolicies[0].ikeIntegrity", "SHA1"),
        lower("ipsecPolicies[0].dhGroup", "DHGroup2"),
        lower("ipsecPolicies[0].ipsecEncryption", "None"),
        lower("ipsecPolicies[0].ipsecIntegrity", "MD5"),
        lower("ipsecPolicies[0].pfsGroup", "None"),
        remove("ipsecPolicies[0].pfsGroup"),
        lower("ipsecPolicies[0].saLifeTimeSeconds", 172_799),
        lower("ipsecPolicies[0].saDataSizeKilobytes", 2_147_483_647),
    ),
    *weaken(
        "azure-tunnel-routed",
        AZURE_2,
        turn_off("enableBgp"),
        open_up("usePolicyBasedTrafficSelectors", value=True),
        lower("dpdTimeoutSeconds", 3600),
    ),
    *weaken(
        "azure-gateway-capable",
        GATEWAY,
        lower("vpnType", "PolicyBased"),
        lower("sku.name", "Basic"),
        turn_off("activeActive"),
        turn_off("enableBgp"),
        open_up("disableIPSecReplayProtection", value=True),
    ),
    *weaken("tunnel-ends-meet", AWS, mismatch("tunnel1InsideCidr", "169.254.30.0/30"), remove("tunnel2InsideCidr")),
    *weaken("tunnel-ends-meet", AWS_2, remove_resource()),
    *weaken(
        "tunnel-ends-meet",
        AWS_END,
        mismatch("bgpSettings.bgpPeeringAddress", "169.254.30.1"),
        mismatch("gatewayIpAddress", "198.51.100.7"),
    ),
    *weaken("tunnel-ends-meet", AZURE_END, mismatch("ipAddress", "198.51.100.7")),
    *weaken("tunnel-ends-meet", AZURE_4, remove_resource(), lower("connectionType", "Vnet2Vnet")),
    *weaken("tunnel-keys-equal", AZURE, mismatch("sharedKey", OTHER_KEY)),
    *weaken("tunnel-keys-equal", AWS, mismatch("tunnel2PresharedKey", OTHER_KEY)),
    *weaken(
        "tunnel-policies-agree",
        AZURE,
        mismatch("ipsecPolicies[0].dhGroup", "ECP256"),
        mismatch("ipsecPolicies[0].ikeIntegrity", "SHA256"),
        mismatch("ipsecPolicies[0].ipsecEncryption", "GCMAES128"),
        mismatch("ipsecPolicies[0].pfsGroup", "ECP256"),
    ),
    *weaken(
        "tunnel-policies-agree",
        AWS_2,
        mismatch("tunnel2Phase1DhGroupNumbers", [19]),
        mismatch("tunnel1Phase1EncryptionAlgorithms", ["AES128-GCM-16"]),
    ),
    *weaken(
        "tunnel-bgp-agrees",
        AZURE_2,
        mismatch("gatewayCustomBgpIpAddresses[0].customBgpIpAddress", "169.254.30.2"),
        remove("gatewayCustomBgpIpAddresses"),
    ),
    *weaken("tunnel-bgp-agrees", AWS, open_up("staticRoutesOnly", value=True)),
    *weaken("tunnel-bgp-agrees", AWS_END, mismatch("bgpSettings.asn", 65_000)),
    *weaken("tunnel-bgp-agrees", AZURE_END, mismatch("bgpAsn", "65000")),
    *weaken("tunnel-bgp-agrees", "VpnGateway aws-gateway-vgw", mismatch("amazonSideAsn", "64999")),
    *weaken(
        "tunnel-bgp-agrees",
        GATEWAY,
        mismatch("bgpSettings.asn", 64_999),
        remove("bgpSettings.bgpPeeringAddresses[1]"),
    ),
)
