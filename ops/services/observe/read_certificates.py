"""Reads the certificates in the Secrets of Cilium's namespace. Keys are passed over."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from infra.cilium import NAMESPACE
from ops.services.observe.cilium import Certificate

if TYPE_CHECKING:
    from cryptography import x509

    from ops.adapters.cilium_ports import Objects

_KINDS = ("kubernetes.io/tls", "Opaque")
"""Types of Secrets in which Cilium has certificates; releases of Helm, which are large, have another."""

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)

Found = tuple[str, "x509.Certificate"]
"""The entry, and one of the certificates in it."""


def certificates(objects: Objects) -> tuple[Certificate, ...]:
    """Read every certificate, in the order of Secrets and entries."""
    secrets = [
        each
        for kind in _KINDS
        for each in objects.get(f"/api/v1/namespaces/{NAMESPACE}/secrets", fieldSelector=f"type={kind}")["items"]
    ]
    return tuple(
        certificate
        for secret in sorted(secrets, key=lambda each: str(each["metadata"]["name"]))
        for certificate in of_secret(f"{NAMESPACE}/{secret['metadata']['name']}", secret.get("data") or {})
    )


def of_secret(secret: str, data: dict[str, str]) -> tuple[Certificate, ...]:
    """Read the certificates of one Secret; what is none is passed over.

    Parameters
    ----------
    secret
        Namespace and name.
    data
        Base64, by entry.
    """
    from cryptography import x509

    found: list[Found] = []
    for entry, text in sorted(data.items()):
        for block in _PEM.findall(base64.b64decode(text)):
            with suppress(ValueError):
                found.append((entry, x509.load_pem_x509_certificate(block)))
    return tuple(_certificate(secret, each, found) for each in found)


def _certificate(secret: str, found: Found, beside: list[Found]) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    entry, certificate = found
    signers = (each for _, each in beside if _authority(each) and _signed(certificate, each))
    return Certificate(
        secret=secret,
        entry=entry,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        authority=_authority(certificate),
        key_id=_key_id(certificate, x509.SubjectKeyIdentifier),
        issuer_key_id=_key_id(certificate, x509.AuthorityKeyIdentifier),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=_names(certificate),
        signed_by=tuple(dict.fromkeys(each.fingerprint(SHA256()).hex() for each in signers)),
    )


def _authority(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _key_id(certificate: x509.Certificate, kind: type[x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier]) -> str:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return ""
    return ((found.digest if isinstance(found, x509.SubjectKeyIdentifier) else found.key_identifier) or b"").hex()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))
