"""Kinds of the tls package: real keys and certificates, kept in the engine's state only."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from simulator.certificates import (
    KEY_USAGES,
    PrivateKey,
    Request,
    issue,
    key_algorithm,
    signature_hash,
    subject_name,
    subject_names,
)
from simulator.kind import Failure, Inputs, Invoke, Kind, Outputs, Refused, known, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from simulator.context import Context

_CURVES: Final[Mapping[str, Callable[[], ec.EllipticCurve]]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}


def _check_key(inputs: Inputs) -> Iterator[Failure]:
    algorithm, curve = inputs["algorithm"], inputs.get("ecdsaCurve")
    if known(algorithm) and algorithm not in {"RSA", "ECDSA", "ED25519"}:
        yield Failure("algorithm", f'value must be one of: "RSA" "ECDSA" "ED25519", got: "{algorithm}"')
    if known(curve) and curve not in _CURVES:
        yield Failure("ecdsaCurve", f'value must be one of: {" ".join(_CURVES)}, got: "{curve}"')


def _make_key(inputs: Inputs) -> PrivateKey:
    match inputs["algorithm"]:
        case "RSA":
            return rsa.generate_private_key(65537, inputs.get("rsaBits", 2048))
        case "ECDSA":
            return ec.generate_private_key(_CURVES[inputs.get("ecdsaCurve", "P224")]())
        case _:
            return ed25519.Ed25519PrivateKey.generate()


def _private_key(context: Context, inputs: Inputs) -> Outputs:
    key = _make_key(inputs)
    public = key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    context.id = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    outputs = {
        "privateKeyPem": pkcs8
        if isinstance(key, ed25519.Ed25519PrivateKey)
        else key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
        "privateKeyPemPkcs8": pkcs8,
        "publicKeyPem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    }
    if inputs["algorithm"] == "ECDSA" and inputs.get("ecdsaCurve", "P224") == "P224":
        return outputs  # OpenSSH knows no P224, and the provider leaves these empty then
    openssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    blob = base64.b64decode(openssh.split()[1])
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return {
        **outputs,
        "privateKeyOpenssh": key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
        "publicKeyOpenssh": openssh.decode() + "\n",
        "publicKeyFingerprintMd5": ":".join(digest[index : index + 2] for index in range(0, 32, 2)),
        "publicKeyFingerprintSha256": "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="),
    }


def _load_key(pem: str, path: str) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise Refused("Failed to parse private key PEM", f"{path} holds no usable private key") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise Refused("Failed to parse private key PEM", f"{path} holds a key of an unsupported algorithm")
    return key


def _check_uses(inputs: Inputs) -> Iterator[Failure]:
    for path, use in walk(inputs, "allowedUses[]"):
        if known(use) and use not in KEY_USAGES:
            yield Failure(path, f'"{use}" is not a key usage; the tls provider knows {", ".join(sorted(KEY_USAGES))}')
    hours = inputs["validityPeriodHours"]
    if known(hours) and hours < 0:
        yield Failure("validityPeriodHours", f"value must be at least 0, got: {hours}")


def _validity(context: Context, certificate: x509.Certificate, inputs: Inputs) -> Outputs:
    context.id = str(certificate.serial_number)
    early = timedelta(hours=inputs.get("earlyRenewalHours", 0))
    end = certificate.not_valid_after_utc
    return {
        "certPem": certificate.public_bytes(Encoding.PEM).decode(),
        "validityStartTime": certificate.not_valid_before_utc.isoformat().replace("+00:00", "Z"),
        "validityEndTime": end.isoformat().replace("+00:00", "Z"),
        "readyForRenewal": datetime.now(UTC) >= end - early,
    }


def _self_signed(context: Context, inputs: Inputs) -> Outputs:
    key = _load_key(inputs["privateKeyPem"], "privateKeyPem")
    request = Request(subject_name(inputs), subject_names(inputs), key.public_key())
    certificate = issue(request, inputs, signer=key, issuer=None)
    return {"keyAlgorithm": key_algorithm(key), **_validity(context, certificate, inputs)}


def _cert_request(context: Context, inputs: Inputs) -> Outputs:
    key = _load_key(inputs["privateKeyPem"], "privateKeyPem")
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject_name(inputs))
    if names := subject_names(inputs):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(key, signature_hash(key))
    pem = request.public_bytes(Encoding.PEM).decode()
    context.id = hashlib.sha1(pem.encode(), usedforsecurity=False).hexdigest()
    return {"certRequestPem": pem, "keyAlgorithm": key_algorithm(key)}


def _locally_signed(context: Context, inputs: Inputs) -> Outputs:
    key = _load_key(inputs["caPrivateKeyPem"], "caPrivateKeyPem")
    try:
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
        asked = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
    except ValueError as error:
        raise Refused("Failed to parse PEM", "caCertPem or certRequestPem holds no certificate") from error
    names = [
        name
        for extension in asked.extensions
        if isinstance(extension.value, x509.SubjectAlternativeName)
        for name in extension.value
    ]
    certificate = issue(Request(asked.subject, names, asked.public_key()), inputs, signer=key, issuer=authority)
    return {"caKeyAlgorithm": key_algorithm(key), **_validity(context, certificate, inputs)}


_SUBJECT: Final = ("dnsNames", "ipAddresses", "subject", "uris")
_CERTIFICATE: Final = ("allowedUses", "isCaCertificate", "maxPathLength", "setSubjectKeyId", "validityPeriodHours")


def _write_only(inputs: Inputs) -> Iterator[Failure]:
    for name in ("privateKeyPemWo", "caPrivateKeyPemWo"):
        if name in inputs:
            yield Failure(name, "write-only keys are not simulated; give the key itself")


def _has_key(name: str) -> Callable[[Inputs], Iterator[Failure]]:
    def check(inputs: Inputs) -> Iterator[Failure]:
        if name not in inputs:
            yield Failure(name, "missing required property")

    return check


# Which outputs are secret the SDK says. Changing earlyRenewalHours leaves a certificate as it is.
KINDS: tuple[Kind, ...] = (
    Kind(
        token="tls:index/privateKey:PrivateKey",  # noqa: S106  (a type token)
        virtual=True,
        immutable=("algorithm", "ecdsaCurve", "rsaBits"),
        defaults={"ecdsaCurve": "P224", "rsaBits": 2048},
        checks=(_check_key,),
        compute=_private_key,
    ),
    Kind(
        token="tls:index/selfSignedCert:SelfSignedCert",  # noqa: S106
        virtual=True,
        immutable=(*_SUBJECT, *_CERTIFICATE, "privateKeyPem", "setAuthorityKeyId"),
        defaults={"isCaCertificate": False, "setSubjectKeyId": False, "setAuthorityKeyId": False},
        checks=(_check_uses, _write_only, _has_key("privateKeyPem")),
        compute=_self_signed,
    ),
    Kind(
        token="tls:index/certRequest:CertRequest",  # noqa: S106
        virtual=True,
        immutable=(*_SUBJECT, "privateKeyPem"),
        checks=(_write_only, _has_key("privateKeyPem")),
        compute=_cert_request,
    ),
    Kind(
        token="tls:index/locallySignedCert:LocallySignedCert",  # noqa: S106
        virtual=True,
        immutable=(*_CERTIFICATE, "caCertPem", "caPrivateKeyPem", "certRequestPem"),
        defaults={"isCaCertificate": False, "setSubjectKeyId": False},
        checks=(_check_uses, _write_only, _has_key("caPrivateKeyPem")),
        compute=_locally_signed,
    ),
)
INVOKES: tuple[Invoke, ...] = ()
