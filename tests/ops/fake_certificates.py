"""Certificates made for a test."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Signer:
    """A CA."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str, *, key: ec.EllipticCurvePrivateKey | None = None, days: float = 3650) -> Signer:
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, name, key, -1, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return cls(builder.add_extension(identifier, critical=False).sign(key, SHA256()), key)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def data(
        self, subject: str, *, begins: float = -1, days: float = 365, trusted: tuple[Signer, ...] = ()
    ) -> dict[str, str]:
        """Give the content of a Secret with a certificate, its key, and the CAs that its holder trusts."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = _builder(subject, str(issuer), key, begins, days).add_extension(identifier, critical=False)
        leaf = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        content = {
            "ca.crt": b"".join(each.pem for each in trusted or (self,)),
            "tls.crt": leaf.sign(self.key, SHA256()).public_bytes(Encoding.PEM),
            "tls.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        }
        return {entry: base64.b64encode(octets).decode() for entry, octets in content.items()}


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, begins: float, days: float
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(begins, days - 1)))
        .not_valid_after(now + timedelta(days=days))
    )
