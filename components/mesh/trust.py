"""The certificate authority that all clusters of the mesh trust."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

from components.exports import TrustExports

VALIDITY_HOURS = 10 * 365 * 24
"""Ten years: certgen refuses a CA that expires before the leaves it signs, and a new CA means a new mesh."""


@dataclass(frozen=True, kw_only=True)
class TrustArgs:
    """What the mesh's trust is made from.

    Parameters
    ----------
    fleet
        Name of the fleet, the organization in the certificate.
    protect
        Refuse to destroy the CA: clusters whose certificates come from another one no longer reach each other.
    """

    fleet: str
    protect: bool


class Trust(pulumi.ComponentResource):
    """A key and its self-signed certificate, made once for the mesh, in the stack of its first site.

    ECDSA P-256 in SEC1 form: what certgen itself makes, and what Helm's ``buildCustomCert`` reads.
    """

    def __init__(self, name: str, args: TrustArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:mesh:Trust", name, {}, opts)
        # Renaming either of the two makes a new CA, and with it every cluster loses its peers until all are updated.
        key = tls.PrivateKey(
            f"{name}-key",
            algorithm="ECDSA",
            ecdsa_curve="P256",
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        # The SDK marks it secret; this holds where a provider does not.
        self.private_key: pulumi.Output[str] = pulumi.Output.secret(key.private_key_pem)
        certificate = tls.SelfSignedCert(
            f"{name}-certificate",
            private_key_pem=self.private_key,
            subject=tls.SelfSignedCertSubjectArgs(common_name="Cilium CA", organization=args.fleet),
            is_ca_certificate=True,
            allowed_uses=["cert_signing", "crl_signing", "digital_signature"],
            # Cilium's tools compare the CAs of two clusters by this id.
            set_subject_key_id=True,
            validity_period_hours=VALIDITY_HOURS,
            # No early_renewal_hours: an update must never change the CA in passing.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.certificate: pulumi.Output[str] = certificate.cert_pem
        self.register_outputs({"certificate": self.certificate, "privateKey": self.private_key})

    def exports(self) -> TrustExports:
        """Give what the clusters of every stack need; the key is secret."""
        return TrustExports(ca_certificate=self.certificate, ca_private_key=self.private_key)
