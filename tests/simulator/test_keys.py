"""Kinds of tls and random, without an engine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from simulator.operations import Operations
from simulator.registry import load
from simulator.world import World

if TYPE_CHECKING:
    from pathlib import Path


class Cloud:
    def __init__(self, world: World) -> None:
        self.operations = Operations(world)

    def check(self, token: str, **inputs: Any) -> list[str]:
        kind = load(token.partition(":")[0]).kind(token)
        return [failure.reason for check in kind.checks for failure in check(inputs)]

    def make(self, token: str, **inputs: Any) -> dict[str, Any]:
        package = load(token.partition(":")[0])
        kind = package.kind(token)
        context = self.operations.context(package, kind, {}, urn=f"urn::{token}::x", inputs=inputs)
        outcome = self.operations.create(package, kind, context, inputs)
        return {**outcome.outputs, "id": outcome.id}


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(World(tmp_path / "world.db"))


KEY = "tls:index/privateKey:PrivateKey"
CERTIFICATE = "tls:index/selfSignedCert:SelfSignedCert"
PASSWORD = "random:index/randomPassword:RandomPassword"


@pytest.mark.parametrize(
    ("algorithm", "more"), [("RSA", {"rsaBits": 2048}), ("ECDSA", {"ecdsaCurve": "P256"}), ("ED25519", {})]
)
def test_keys_are_real(cloud: Cloud, tmp_path: Path, algorithm: str, more: dict[str, Any]) -> None:
    made = cloud.make(KEY, algorithm=algorithm, **more)
    path = tmp_path / "key"
    path.write_text(made["privateKeyOpenssh"])
    path.chmod(0o600)
    assert made["publicKeyOpenssh"].startswith(("ssh-", "ecdsa-"))
    assert made["publicKeyFingerprintSha256"].startswith("SHA256:")
    assert "PRIVATE KEY" in made["privateKeyPem"]
    assert len(made["id"]) == 40


def test_a_ca_signs_a_certificate_that_openssl_accepts(cloud: Cloud, tmp_path: Path) -> None:
    authority = cloud.make(KEY, algorithm="ECDSA", ecdsaCurve="P384")
    root = cloud.make(
        CERTIFICATE,
        privateKeyPem=authority["privateKeyPem"],
        subject={"commonName": "Cilium CA"},
        isCaCertificate=True,
        setSubjectKeyId=True,
        validityPeriodHours=24,
        allowedUses=["cert_signing", "crl_signing"],
    )
    key = cloud.make(KEY, algorithm="RSA")
    request = cloud.make(
        "tls:index/certRequest:CertRequest",
        privateKeyPem=key["privateKeyPem"],
        subject={"commonName": "server"},
        dnsNames=["*.mesh.cilium.io"],
        ipAddresses=["10.0.0.1"],
    )
    leaf = cloud.make(
        "tls:index/locallySignedCert:LocallySignedCert",
        caCertPem=root["certPem"],
        caPrivateKeyPem=authority["privateKeyPem"],
        certRequestPem=request["certRequestPem"],
        validityPeriodHours=1,
        allowedUses=["server_auth", "digital_signature"],
    )
    for name, made in (("root", root), ("leaf", leaf)):
        (tmp_path / name).write_text(made["certPem"])
    command = ["openssl", "verify", "-purpose", "sslserver", "-CAfile", str(tmp_path / "root"), str(tmp_path / "leaf")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert (root["keyAlgorithm"], leaf["caKeyAlgorithm"], request["keyAlgorithm"]) == ("ECDSA", "ECDSA", "RSA")
    assert leaf["readyForRenewal"] is False
    assert leaf["validityEndTime"].endswith("Z")


def test_what_tls_refuses(cloud: Cloud) -> None:
    assert "value must be one of" in cloud.check(KEY, algorithm="DSA")[0]
    wrong = {"allowedUses": ["sign_certificates"], "validityPeriodHours": 1}
    reasons = cloud.check(CERTIFICATE, **wrong)
    assert "is not a key usage" in reasons[0]
    assert reasons[1] == "missing required property"


def test_passwords_keep_to_their_rules(cloud: Cloud) -> None:
    for _ in range(20):
        made = cloud.make(PASSWORD, length=12, minUpper=3, minNumeric=3, overrideSpecial="._", minSpecial=2)
        result = made["result"]
        assert len(result) == 12
        assert sum(one.isupper() for one in result) >= 3
        assert sum(one.isdigit() for one in result) >= 3
        assert sum(one in "._" for one in result) >= 2
        assert made["id"] == "none"
    assert cloud.make(PASSWORD, length=64, special=False)["result"].isalnum()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"length": 0}, "must be at least 1"),
        ({"length": 3, "minUpper": 2, "minLower": 2}, "must be at least minUpper"),
        ({"length": 3, "upper": False, "lower": False, "numeric": False, "special": False}, "at least one of"),
    ],
)
def test_what_random_refuses(cloud: Cloud, inputs: dict[str, Any], said: str) -> None:
    assert any(said in reason for reason in cloud.check(PASSWORD, **inputs))


def test_the_other_random_ones(cloud: Cloud) -> None:
    made = cloud.make("random:index/randomId:RandomId", byteLength=4, prefix="p-")
    assert made["hex"].startswith("p-")
    assert len(made["hex"]) == 10
    assert 3 <= cloud.make("random:index/randomInteger:RandomInteger", min=3, max=5)["result"] <= 5
    assert cloud.check("random:index/randomInteger:RandomInteger", min=5, max=3)
    assert len(cloud.make("random:index/randomUuid:RandomUuid")["result"]) == 36
    shuffled = cloud.make("random:index/randomShuffle:RandomShuffle", inputs=["a", "b", "c"], resultCount=2)
    assert len(set(shuffled["results"])) == 2
    seeded = [cloud.make("random:index/randomShuffle:RandomShuffle", inputs=list("abcdef"), seed="s") for _ in "xx"]
    assert seeded[0]["results"] == seeded[1]["results"]
    assert len(cloud.make("random:index/randomBytes:RandomBytes", length=8)["hex"]) == 16
    assert cloud.make("random:index/randomPet:RandomPet")["id"].count("-") == 1
    assert cloud.operations.world.count() == 0, "they live in the engine's state only"
