"""The certificates of a cluster's mesh and Hubble, as certgen would make them: from its own configuration."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.cilium.chart import Object
    from lab.cilium.objects import Rendered

_CONFIG = "CILIUM_CERTGEN_CONFIG"
_JOBS = ("clustermesh-apiserver-generate-certs", "hubble-generate-certs")

_EXTENDED = {"server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}
"""Of certgen's usages, those that have an extension; "signing" and "key encipherment" are key usages."""

_SKEW = dt.timedelta(minutes=5)
"""What certgen's signer dates a certificate back by."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A certificate that a cluster needs.

    Parameters
    ----------
    name, namespace
        Of the Secret that holds it.
    hosts
        DNS names and addresses.
    usages
        As certgen names them.
    """

    name: str
    namespace: str
    common_name: str
    hosts: tuple[str, ...]
    usages: tuple[str, ...]
    validity: dt.timedelta


@dataclass(frozen=True)
class Authority:
    """A certificate authority.

    Parameters
    ----------
    pem
        Its certificate, which goes into each Secret.
    """

    pem: bytes
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, rendered: Rendered) -> Authority:
        """Read the mesh's CA from the Secret that the chart makes of the values; without one make one, as certgen does.

        Raises
        ------
        LabError
            If its key is not an elliptic curve's.
        """
        secret = rendered.find("Secret", "cilium-ca")
        if secret is None:
            return cls.new()
        pem = base64.b64decode(secret["data"]["ca.crt"])
        key = load_pem_private_key(base64.b64decode(secret["data"]["ca.key"]), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise LabError("the CA's key in the Helm values (tls.ca.key) is not an elliptic curve's")
        return cls(pem, x509.load_pem_x509_certificate(pem), key)

    @classmethod
    def new(cls) -> Authority:
        """Make a CA of the usual name that no other cluster trusts."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cilium CA")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + dt.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate.public_bytes(Encoding.PEM), certificate, key)


def wanted(rendered: Rendered, before: Rendered | None = None) -> tuple[Wanted, ...]:
    """List the certificates that the chart's certgen Jobs make.

    Parameters
    ----------
    before
        What was installed until now: a Job of the same name has run, and does not run again. The chart names a Job
        after a hash of what it runs, so another CA alone signs nothing.
    """
    ran = set() if before is None else {_full_name(before, name) for name in _JOBS}
    found: list[Wanted] = []
    for name in _JOBS:
        if _full_name(rendered, name) in {"", *ran}:
            continue
        (container,) = rendered.workload("Job", name)["spec"]["template"]["spec"]["containers"]
        config = next(one["value"] for one in container["env"] if one["name"] == _CONFIG)
        found += [
            Wanted(
                name=one["name"],
                namespace=one["namespace"],
                common_name=one["commonName"],
                hosts=tuple(one.get("hosts", ())),
                usages=tuple(one["usage"]),
                validity=_duration(one["validity"]),
            )
            for one in yaml.safe_load(config)["certs"]
        ]
    return tuple(found)


def _full_name(rendered: Rendered, job: str) -> str:
    return str(rendered.workload("Job", job)["metadata"]["name"]) if rendered.has("Job", job) else ""


def secrets(
    certificates: Iterable[Wanted], authority: Authority, *, expired: bool = False, trusted: bytes | None = None
) -> tuple[Object, ...]:
    """Sign certificates, each into its Secret.

    Parameters
    ----------
    expired
        Let them have ended an hour ago, for faults.
    trusted
        PEM of the CA that the Secrets tell to trust; the signing one by default.
    """
    return tuple(_secret(one, authority, expired=expired, trusted=trusted or authority.pem) for one in certificates)


def _secret(one: Wanted, authority: Authority, *, expired: bool, trusted: bytes) -> Object:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(one, key, authority, expired=expired).public_bytes(Encoding.PEM)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    data = {"ca.crt": trusted, "tls.crt": certificate, "tls.key": pem}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": one.name, "namespace": one.namespace},
        "type": "kubernetes.io/tls",
        "data": {name: base64.b64encode(content).decode() for name, content in data.items()},
    }


def _sign(one: Wanted, key: ec.EllipticCurvePrivateKey, authority: Authority, *, expired: bool) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    end = now - dt.timedelta(hours=1) if expired else now + one.validity
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one.common_name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - one.validity if expired else now - _SKEW)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(one), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([_EXTENDED[usage] for usage in one.usages if usage in _EXTENDED]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if one.hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_host(host) for host in one.hosts]), critical=False
        )
    return builder.sign(authority.key, hashes.SHA256())


def _key_usage(one: Wanted) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="signing" in one.usages,
        key_encipherment="key encipherment" in one.usages,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _duration(text: str) -> dt.timedelta:
    """Read a duration as the chart writes it: whole hours."""
    match = re.fullmatch(r"(\d+)h", text)
    if match is None:
        raise LabError(f"certgen's validity {text!r} is no number of hours")
    return dt.timedelta(hours=int(match[1]))
