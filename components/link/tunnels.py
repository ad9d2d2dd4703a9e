"""The AWS end of a link's tunnels: one connection of two tunnels to each instance of the Azure gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_aws import ec2

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from infra.tunnels import IkePolicy, TunnelPlan

_LARGEST_ASN = 2_147_483_647
"""AWS takes a larger autonomous system number in an argument of its own."""


def customer_gateway_args(asn: int) -> dict[str, str]:
    """Give the argument of a customer gateway that carries an autonomous system number."""
    return {"bgp_asn" if asn <= _LARGEST_ASN else "bgp_asn_extended": str(asn)}


def aws_proposal(policy: IkePolicy) -> dict[str, str | int]:
    """Give what a tunnel's AWS end offers, in AWS's words."""
    return {
        "phase1_encryption": policy.aws_encryption,
        "phase1_integrity": policy.aws_phase1_integrity,
        "phase1_dh_group": policy.aws_dh_group,
        "phase2_encryption": policy.aws_encryption,
        "phase2_integrity": policy.aws_phase2_integrity,
        "phase2_dh_group": policy.aws_dh_group,
    }


def tunnel_args(
    tunnel: TunnelPlan,
    policy: IkePolicy,
    *,
    preshared_key: pulumi.Input[str],
    log_group_arn: pulumi.Input[str],
) -> Mapping[str, Any]:
    """Give all arguments of ``ec2.VpnConnection`` for one of its tunnels.

    One proposal each: what is left out, AWS fills with a list that still holds IKEv1, SHA1 and Diffie-Hellman group 2.
    AWS starts the exchange, because Azure does not initiate BGP from link-local addresses, and starts it again after
    a peer was lost or an endpoint replaced.
    """
    logs = {
        1: (ec2.VpnConnectionTunnel1LogOptionsArgs, ec2.VpnConnectionTunnel1LogOptionsCloudwatchLogOptionsArgs),
        2: (ec2.VpnConnectionTunnel2LogOptionsArgs, ec2.VpnConnectionTunnel2LogOptionsCloudwatchLogOptionsArgs),
    }
    log_options, cloudwatch_options = logs[tunnel.aws_tunnel]
    proposal = aws_proposal(policy)
    options: dict[str, Any] = {
        "inside_cidr": str(tunnel.inside),
        "preshared_key": preshared_key,
        "ike_versions": ["ikev2"],
        "startup_action": "start",
        "dpd_timeout_action": "restart",
        "dpd_timeout_seconds": policy.aws_dpd_timeout,
        "phase1_encryption_algorithms": [proposal["phase1_encryption"]],
        "phase1_integrity_algorithms": [proposal["phase1_integrity"]],
        "phase1_dh_group_numbers": [proposal["phase1_dh_group"]],
        "phase1_lifetime_seconds": policy.phase1_lifetime,
        "phase2_encryption_algorithms": [proposal["phase2_encryption"]],
        "phase2_integrity_algorithms": [proposal["phase2_integrity"]],
        "phase2_dh_group_numbers": [proposal["phase2_dh_group"]],
        "phase2_lifetime_seconds": policy.aws_phase2_lifetime,
        # Two switches: tunnel logs alone say nothing about BGP.
        "log_options": log_options(
            cloudwatch_log_options=cloudwatch_options(
                log_enabled=True,
                log_group_arn=log_group_arn,
                log_output_format="json",
                bgp_log_enabled=True,
                bgp_log_group_arn=log_group_arn,
                bgp_log_output_format="json",
            )
        ),
    }
    return {f"tunnel{tunnel.aws_tunnel}_{option}": value for option, value in options.items()}
