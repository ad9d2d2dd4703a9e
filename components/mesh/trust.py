"""The certificate authority that all clusters of the mesh trust, and while it is changed, its successor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_tls as tls

from components.exports import TrustExports

if TYPE_CHECKING:
    from infra.trust import TrustPlan

VALIDITY_HOURS = 10 * 365 * 24
"""Ten years: certgen refuses a CA that expires before the leaves it signs."""


@dataclass(frozen=True, kw_only=True)
class TrustArgs:
    """What a trust is made from.

    Parameters
    ----------
    fleet
        Name of the fleet, the organization in the certificates.
    plan
        Which CAs exist, are trusted, and sign.
    protect
        Refuse to destroy the CA that signs: clusters whose certificates come from another one no longer reach each
        other.
    """

    fleet: str
    plan: TrustPlan
    protect: bool


@dataclass(frozen=True, kw_only=True)
class _Authority:
    key: pulumi.Output[str]
    certificate: pulumi.Output[str]


class Trust(pulumi.ComponentResource):
    """Keys and their self-signed certificates, one pair a generation.

    ECDSA P-256 in SEC1 form: what certgen itself makes, and what Helm's ``buildCustomCert`` reads.
    """

    def __init__(self, name: str, args: TrustArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:mesh:Trust", name, {}, opts)
        made = {generation: self._authority(name, args, generation) for generation in args.plan.generations}
        signing = made[args.plan.signing]
        self.private_key = signing.key
        self.certificate = signing.certificate
        self.bundle: pulumi.Output[str] = pulumi.Output.all(
            *(made[generation].certificate for generation in args.plan.trusted)
        ).apply("".join)
        self.register_outputs({"certificate": self.certificate, "privateKey": self.private_key})

    def exports(self) -> TrustExports:
        """Give what the clusters of every stack need; the key is secret."""
        return TrustExports(ca_certificate=self.certificate, ca_private_key=self.private_key, ca_bundle=self.bundle)

    def _authority(self, name: str, args: TrustArgs, generation: int) -> _Authority:
        """Make a CA. Renaming one of its resources makes another, and every cluster loses its peers meanwhile."""
        suffix = "" if generation == 1 else f"-{generation}"
        # One that has signed for the last time has to go.
        opts = pulumi.ResourceOptions(parent=self, protect=args.protect and generation == args.plan.signing)
        key = tls.PrivateKey(f"{name}-key{suffix}", algorithm="ECDSA", ecdsa_curve="P256", opts=opts)
        # The SDK marks it secret; this holds where a provider does not.
        private_key: pulumi.Output[str] = pulumi.Output.secret(key.private_key_pem)
        certificate = tls.SelfSignedCert(
            f"{name}-certificate{suffix}",
            private_key_pem=private_key,
            # Names of their own, for whoever reads a certificate's issuer.
            subject=tls.SelfSignedCertSubjectArgs(
                common_name=f"Cilium CA{suffix.replace('-', ' ')}", organization=args.fleet
            ),
            is_ca_certificate=True,
            allowed_uses=["cert_signing", "crl_signing", "digital_signature"],
            # Cilium's tools compare the CAs of two clusters by this id.
            set_subject_key_id=True,
            validity_period_hours=VALIDITY_HOURS,
            # No early_renewal_hours: an update must never change the CA in passing.
            opts=opts,
        )
        return _Authority(key=private_key, certificate=certificate.cert_pem)
