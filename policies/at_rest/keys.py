"""Customer keys: they rotate, they are strong, and they cannot be lost by mistake."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import at_least, at_most, is_true, one_of
from policies.frameworks import FSBP, MCSB, SECURITY_HUB
from policies.rule import Metadata, Resource, Results

KMS_KEY = "aws:kms/key:Key"
VAULT = "azure-native:keyvault:Vault"
VAULT_KEY = "azure-native:keyvault:Key"

MIN_DELETION_DAYS = 14
MIN_SOFT_DELETE_DAYS = 30
MAX_ROTATION_DAYS = 365
MIN_RSA_BITS = 3072


@Metadata(
    over=Resource,
    id="kms-key-rotates",
    family="at-rest",
    title="KMS keys change once a year at least",
    severity="high",
    frameworks=((SECURITY_HUB, "KMS.4"),),
    types=(KMS_KEY,),
    remediation="Set enable_key_rotation=True, and rotation_period_in_days to 365 or less.",
    link="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
)
def kms_key_rotates(resource: Resource) -> Results:
    spec = resource["customerMasterKeySpec"].text()
    # KMS rotates symmetric keys only; keys that sign are replaced instead.
    if spec is None or spec == "SYMMETRIC_DEFAULT":
        yield from is_true(resource["enableKeyRotation"], "the key would stay the same for ever")
        yield from at_most(resource["rotationPeriodInDays"], MAX_ROTATION_DAYS, "a year is the longest", optional=True)


@Metadata(
    over=Resource,
    id="kms-key-deletion-waits",
    family="at-rest",
    title="A KMS key that is deleted can be saved for two weeks",
    severity="high",
    frameworks=((FSBP, "KMS.3"),),
    types=(KMS_KEY,),
    remediation="Set deletion_window_in_days to 14 or more, or leave it out (30).",
    link="https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
)
def kms_key_deletion_waits(resource: Resource) -> Results:
    yield from at_least(
        resource["deletionWindowInDays"],
        MIN_DELETION_DAYS,
        "all that the key encrypts is lost with it, so somebody has to have the time to notice",
        optional=True,
    )


@Metadata(
    over=Resource,
    id="key-vault-purge-protected",
    family="at-rest",
    title="Keys in a Key Vault survive their deletion",
    severity="high",
    frameworks=((MCSB, "DP-8"),),
    types=(VAULT,),
    remediation="Set enable_purge_protection=True, leave soft delete on, and keep deleted keys for 30 days or more.",
    link="https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview",
)
def key_vault_purge_protected(resource: Resource) -> Results:
    properties = resource["properties"]
    yield from is_true(properties["enablePurgeProtection"], "a deleted key could be purged at once")
    yield from is_true(properties["enableSoftDelete"], "a deleted key would be gone", optional=True)
    yield from at_least(
        properties["softDeleteRetentionInDays"], MIN_SOFT_DELETE_DAYS, "a month is the least", optional=True
    )


@Metadata(
    over=Resource,
    id="generated-key-strong",
    family="at-rest",
    title="Generated private keys have the strength of AES-128 at least",
    severity="high",
    types=("tls:index/privateKey:PrivateKey",),
    remediation="Use ECDSA with P256, P384 or P521, ED25519, or RSA with rsa_bits 3072 or more.",
    link="https://www.pulumi.com/registry/packages/tls/api-docs/privatekey/",
)
def generated_key_strong(resource: Resource) -> Results:
    algorithm = resource["algorithm"]
    yield from one_of(algorithm, ("ECDSA", "ED25519", "RSA"), "the kind of key has to be named")
    if algorithm.text() == "ECDSA":
        # The provider's default is P224, 112 bits.
        yield from one_of(resource["ecdsaCurve"], ("P256", "P384", "P521"), "it is weaker than AES-128")
    if algorithm.text() == "RSA":
        yield from at_least(resource["rsaBits"], MIN_RSA_BITS, "it is weaker than AES-128")


@Metadata(
    over=Resource,
    id="key-vault-key-strong",
    family="at-rest",
    title="Keys in a Key Vault have the strength of AES-128 at least",
    severity="medium",
    frameworks=((MCSB, "DP-6"),),
    types=(VAULT_KEY,),
    remediation="Use RSA or RSA-HSM with key_size 3072 or 4096, or EC with P-256 or more.",
    link="https://learn.microsoft.com/azure/key-vault/keys/about-keys",
)
def key_vault_key_strong(resource: Resource) -> Results:
    properties = resource["properties"]
    yield from one_of(properties["kty"], ("RSA", "RSA-HSM", "EC", "EC-HSM"), "the kind of key has to be named")
    if (properties["kty"].text() or "").upper().startswith("RSA"):
        yield from at_least(
            properties["keySize"], MIN_RSA_BITS, "RSA below 3072 bits is weaker than AES-128 (NIST SP 800-57)"
        )
