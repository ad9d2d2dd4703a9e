"""The AWS end of tunnels: one exact IKEv2 proposal, strong keys, a tunnel that comes up by itself and is logged."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from infra.predicates import MIN_PSK_LENGTH, STRONG_DH_GROUPS, STRONG_ENCRYPTION, STRONG_INTEGRITY, psk_is_strong
from policies.checks import at_least, at_most, demand, exactly_one, is_set, is_true, one_of
from policies.frameworks import FSBP, MCSB
from policies.rule import Metadata, Resource, Results
from policies.values import Kind

VPN_CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
AZURE_CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"

TUNNELS = (1, 2)
MAX_PHASE_1_SECONDS = 28_800
MAX_PHASE_2_SECONDS = 3_600
MIN_PASSWORD_LENGTH = MIN_PSK_LENGTH

_ONE = "the other end could choose a weaker one of several"


@Metadata(
    over=Resource,
    id="aws-tunnel-ikev2-only",
    family="in-transit",
    title="AWS VPN tunnels speak IKEv2 and nothing older",
    severity="critical",
    types=(VPN_CONNECTION,),
    remediation="Set tunnel1_ike_versions and tunnel2_ike_versions to ['ikev2'].",
    link="https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html",
)
def aws_tunnel_ikev2_only(resource: Resource) -> Results:
    for tunnel in TUNNELS:
        yield from exactly_one(
            resource[f"tunnel{tunnel}IkeVersions"], Kind.TEXT, lambda one: one == "ikev2", "AWS would take IKEv1 too"
        )


@Metadata(
    over=Resource,
    id="aws-tunnel-one-proposal",
    family="in-transit",
    title="AWS VPN tunnels offer one strong proposal, and no other",
    severity="critical",
    types=(VPN_CONNECTION,),
    remediation=(
        "Set one encryption (AES-GCM), one integrity (SHA2-256 or more) and one group (19 or 20) for both phases of "
        "both tunnels; what is left out means all that AWS has, SHA1 and group 2 among them."
    ),
    link="https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html",
)
def aws_tunnel_one_proposal(resource: Resource) -> Results:
    for tunnel in TUNNELS:
        for phase in (1, 2):
            at = f"tunnel{tunnel}Phase{phase}"
            yield from exactly_one(
                resource[f"{at}EncryptionAlgorithms"], Kind.TEXT, lambda one: one in STRONG_ENCRYPTION, _ONE
            )
            yield from exactly_one(
                resource[f"{at}IntegrityAlgorithms"],
                Kind.TEXT,
                lambda one: one in (*STRONG_INTEGRITY, "SHA2-512"),
                _ONE,
            )
            yield from exactly_one(
                resource[f"{at}DhGroupNumbers"], Kind.NUMBER, lambda one: one in STRONG_DH_GROUPS, _ONE
            )


@Metadata(
    over=Resource,
    id="aws-tunnel-rekeys",
    family="in-transit",
    title="AWS VPN tunnels renew their keys in time, and refuse replayed packets",
    severity="medium",
    types=(VPN_CONNECTION,),
    remediation="Leave the lifetimes at their defaults, which are the longest that AWS takes, or shorten them.",
    link="https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html",
)
def aws_tunnel_rekeys(resource: Resource) -> Results:
    for tunnel in TUNNELS:
        at = f"tunnel{tunnel}"
        yield from at_most(
            resource[f"{at}Phase1LifetimeSeconds"], MAX_PHASE_1_SECONDS, "8 hours is the longest", optional=True
        )
        yield from at_most(
            resource[f"{at}Phase2LifetimeSeconds"], MAX_PHASE_2_SECONDS, "an hour is the longest", optional=True
        )
        yield from at_least(
            resource[f"{at}ReplayWindowSize"], 64, "packets recorded and sent again would pass", optional=True
        )


@Metadata(
    over=Resource,
    id="aws-tunnel-comes-up",
    family="in-transit",
    title="AWS VPN tunnels come up by themselves, again after a failure too",
    severity="medium",
    frameworks=((FSBP, "EC2.20"),),
    types=(VPN_CONNECTION,),
    remediation="Set tunnelN_startup_action='start' and tunnelN_dpd_timeout_action='restart' for both tunnels.",
    link="https://docs.aws.amazon.com/vpn/latest/s2svpn/initiate-vpn-tunnels.html",
)
def aws_tunnel_comes_up(resource: Resource) -> Results:
    for tunnel in TUNNELS:
        at = f"tunnel{tunnel}"
        yield from one_of(resource[f"{at}StartupAction"], ("start",), "AWS would wait for the other end")
        yield from one_of(resource[f"{at}DpdTimeoutAction"], ("restart",), "a tunnel that fails would stay down")


@Metadata(
    over=Resource,
    id="aws-tunnel-logged",
    family="audit",
    title="AWS VPN tunnels log their negotiation and their BGP sessions",
    severity="medium",
    frameworks=((FSBP, "EC2.171"),),
    types=(VPN_CONNECTION,),
    remediation="Set cloudwatch_log_options with log_enabled and bgp_log_enabled, and a log group for each.",
    link="https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-logs.html",
)
def aws_tunnel_logged(resource: Resource) -> Results:
    for tunnel in TUNNELS:
        log = resource[f"tunnel{tunnel}LogOptions.cloudwatchLogOptions"]
        yield from is_true(log["logEnabled"], "nobody could say why a tunnel is down")
        yield from is_set(log["logGroupArn"], "the log goes nowhere")
        yield from is_true(log["bgpLogEnabled"], "nobody could say why a route is gone")
        yield from is_set(log["bgpLogGroupArn"], "the log goes nowhere")


@Metadata(
    over=Resource,
    id="psk-strong",
    family="in-transit",
    title="Pre-shared keys are long, and of characters that both clouds take",
    severity="critical",
    frameworks=((MCSB, "DP-3"),),
    types=(VPN_CONNECTION, AZURE_CONNECTION),
    remediation=f"Make each with RandomPassword: {MIN_PSK_LENGTH} or more letters and digits, not beginning with 0.",
    link="https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html",
)
def psk_strong(resource: Resource) -> Results:
    why = f"it takes {MIN_PSK_LENGTH} to 64 letters, digits, dots and underscores, not beginning with 0"
    if resource.type == AZURE_CONNECTION:
        if resource["connectionType"].text() == "IPsec":
            yield from demand(resource["sharedKey"], Kind.TEXT, psk_is_strong, why)
        return
    for tunnel in TUNNELS:
        yield from demand(resource[f"tunnel{tunnel}PresharedKey"], Kind.TEXT, psk_is_strong, why)


@Metadata(
    over=Resource,
    id="random-password-long",
    family="in-transit",
    title="Generated passwords are long enough for any use",
    severity="high",
    types=("random:index/randomPassword:RandomPassword",),
    remediation=f"Set length to {MIN_PASSWORD_LENGTH} or more.",
    link="https://www.pulumi.com/registry/packages/random/api-docs/randompassword/",
)
def random_password_long(resource: Resource) -> Results:
    # Keys of tunnels come from here, and are not known themselves before the update.
    yield from at_least(resource["length"], MIN_PASSWORD_LENGTH, "it could be guessed")
