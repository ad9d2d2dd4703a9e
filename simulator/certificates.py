"""Issues X.509 certificates as the tls provider does."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from simulator.kind import Inputs

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_FLAGS: Final = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
_EXTENDED: Final = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec_end_system": ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec_tunnel": ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec_user": ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft_server_gated_crypto": ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape_server_gated_crypto": ObjectIdentifier("2.16.840.1.113730.4.1"),
    "microsoft_commercial_code_signing": ObjectIdentifier("1.3.6.1.4.1.311.2.1.22"),
    "microsoft_kernel_code_signing": ObjectIdentifier("1.3.6.1.4.1.311.61.1.1"),
}
KEY_USAGES: Final = frozenset(_FLAGS) | frozenset(_EXTENDED)
"""Names of key usages that the tls provider knows."""

_NAMES: Final = {
    "commonName": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "locality": NameOID.LOCALITY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "country": NameOID.COUNTRY_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "serialNumber": NameOID.SERIAL_NUMBER,
}


@dataclass(frozen=True)
class Request:
    """Whom a certificate is for."""

    subject: x509.Name
    names: Sequence[x509.GeneralName]
    public_key: object


def subject_name(inputs: Inputs) -> x509.Name:
    """Return the distinguished name of the input ``subject``."""
    attributes: list[x509.NameAttribute[str]] = []
    for name, oid in _NAMES.items():
        given = (inputs.get("subject") or {}).get(name)
        values = given if isinstance(given, list) else [given]
        attributes += [x509.NameAttribute(oid, value) for value in values if value]
    return x509.Name(attributes)


def subject_names(inputs: Inputs) -> list[x509.GeneralName]:
    """Return the alternative names of the inputs ``dnsNames``, ``ipAddresses`` and ``uris``."""
    return [
        *(x509.DNSName(name) for name in inputs.get("dnsNames", ())),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in inputs.get("ipAddresses", ())),
        *(x509.UniformResourceIdentifier(uri) for uri in inputs.get("uris", ())),
    ]


def signature_hash(key: PrivateKey) -> hashes.SHA256 | None:
    """Return the hash a key signs with; Ed25519 brings its own."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def key_algorithm(key: PrivateKey) -> str:
    """Return the algorithm as the provider names it."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def issue(request: Request, inputs: Inputs, *, signer: PrivateKey, issuer: x509.Certificate | None) -> x509.Certificate:
    """Sign a certificate; without an issuer it signs itself."""
    start = datetime.now(UTC).replace(microsecond=0)
    public: CertificatePublicKeyTypes = request.public_key  # type: ignore[assignment]
    authority = bool(inputs.get("isCaCertificate"))
    path_length = inputs.get("maxPathLength", -1)  # the provider's -1 means: as long as you like
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.subject if issuer is not None else request.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(hours=inputs["validityPeriodHours"]))
        .add_extension(
            x509.BasicConstraints(authority, path_length if authority and path_length >= 0 else None), critical=True
        )
    )
    uses = inputs["allowedUses"]
    flags = {flag: use in uses for use, flag in _FLAGS.items()}
    if any(flags.values()):
        builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
    if extended := [oid for use, oid in _EXTENDED.items() if use in uses]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if request.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(request.names), critical=False)
    if inputs.get("setSubjectKeyId"):
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    if inputs.get("setAuthorityKeyId") or issuer is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return builder.sign(signer, signature_hash(signer))
