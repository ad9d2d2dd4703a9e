"""Data at rest: keys, disks, etcd, log groups, volumes."""

from __future__ import annotations

from tests.bench.policies.edit import lower, mismatch, open_up, remove, remove_resource, turn_off
from tests.bench.policies.mutation import weaken

KEY = "Key aws-key-key"
VAULT = "Vault azure-encryption-vault"
VAULT_KEY = "Key azure-encryption-key"
MESH_KEY = "PrivateKey mesh-key"
TEMPLATE = "LaunchTemplate aws-1-nodes-system"
DISKS = "DiskEncryptionSet azure-encryption-disks"
AKS = "ManagedCluster azure-1-cluster"
CLASS = "StorageClass azure-1-storage-class"
VOLUMES = "StatefulSet azure-1-etl-statefulset"
AWS_KEY = "arn:aws:kms:us-east-1:123456789012:alias/aws/ebs"

WEAKENINGS = (
    *weaken(
        "kms-key-rotates",
        KEY,
        turn_off("enableKeyRotation"),
        remove("enableKeyRotation"),
        lower("rotationPeriodInDays", 2560),
    ),
    *weaken("kms-key-rotates", "Key west-key-key", turn_off("enableKeyRotation"), fleet="eni"),
    *weaken("kms-key-deletion-waits", KEY, lower("deletionWindowInDays", 7)),
    *weaken(
        "key-vault-purge-protected",
        VAULT,
        turn_off("properties.enablePurgeProtection"),
        remove("properties.enablePurgeProtection"),
        turn_off("properties.enableSoftDelete"),
        lower("properties.softDeleteRetentionInDays", 7),
    ),
    *weaken(
        "key-vault-key-strong",
        VAULT_KEY,
        lower("properties.keySize", 2048),
        remove("properties.keySize"),
        lower("properties.kty", "oct"),
    ),
    *weaken(
        "generated-key-strong",
        MESH_KEY,
        lower("ecdsaCurve", "P224"),
        remove("ecdsaCurve"),
        lower("algorithm", "RSA"),
    ),
    *weaken(
        "eks-secrets-customer-key",
        "Cluster aws-1-eks",
        remove("encryptionConfigKeyArn"),
        lower("encryptionConfigKeyArn", ""),
        lower("encryptionConfigKeyArn", AWS_KEY),
    ),
    *weaken("eks-secrets-customer-key", "Cluster west-1-eks", remove("encryptionConfigKeyArn"), fleet="eni"),
    *weaken(
        "launch-template-disks-encrypted",
        TEMPLATE,
        turn_off("blockDeviceMappings[0].ebs.encrypted"),
        remove("blockDeviceMappings[0].ebs.encrypted"),
        remove("blockDeviceMappings[0].ebs.kmsKeyId"),
        lower("blockDeviceMappings[0].ebs.kmsKeyId", AWS_KEY),
        remove("blockDeviceMappings[0].ebs"),
        remove("blockDeviceMappings"),
    ),
    *weaken(
        "launch-template-disks-encrypted",
        "LaunchTemplate east-1-nodes-system",
        turn_off("blockDeviceMappings[0].ebs.encrypted"),
        fleet="eni",
    ),
    *weaken("node-group-has-launch-template", "NodeGroup aws-1-nodes-system", remove("launchTemplate")),
    *weaken(
        "log-group-customer-key",
        "LogGroup aws-gateway-tunnels",
        remove("kmsKeyId"),
        lower("kmsKeyId", "alias/aws/logs"),
    ),
    *weaken("log-group-customer-key", "LogGroup aws-1-logs", remove("kmsKeyId")),
    *weaken("log-group-customer-key", "LogGroup aws-flow-logs", lower("kmsKeyId", "")),
    *weaken(
        "aks-host-encryption",
        AKS,
        turn_off("agentPoolProfiles[0].enableEncryptionAtHost"),
        remove("agentPoolProfiles[0].enableEncryptionAtHost"),
    ),
    *weaken("aks-disk-encryption-set", AKS, remove("diskEncryptionSetID"), lower("diskEncryptionSetID", "")),
    *weaken(
        "aks-etcd-customer-key",
        AKS,
        turn_off("securityProfile.azureKeyVaultKms.enabled"),
        remove("securityProfile.azureKeyVaultKms.keyId"),
        remove("securityProfile.azureKeyVaultKms"),
    ),
    *weaken(
        "disk-encryption-set-customer-key",
        DISKS,
        turn_off("rotationToLatestKeyVersionEnabled"),
        remove("rotationToLatestKeyVersionEnabled"),
        lower("encryptionType", "EncryptionAtRestWithPlatformKey"),
        remove("activeKey"),
    ),
    *weaken(
        "storage-class-encrypts",
        CLASS,
        remove("parameters.diskEncryptionSetID"),
        open_up("provisioner", "file.csi.azure.com"),
    ),
    *weaken("volume-of-encrypting-class", CLASS, remove_resource(), mismatch("metadata.name", "other")),
    *weaken(
        "volume-of-encrypting-class",
        VOLUMES,
        lower("spec.volumeClaimTemplates[0].spec.storageClassName", "default"),
        remove("spec.volumeClaimTemplates[0].spec.storageClassName"),
    ),
)
