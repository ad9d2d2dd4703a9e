"""Azure: etcd, node disks, disks, storage accounts and backups are encrypted under a customer key."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks import each, is_set, is_true, one_of
from policies.frameworks import CIS_AKS, MCSB
from policies.rule import Metadata, Resource, Results

if TYPE_CHECKING:
    from policies.values import View

AKS_CLUSTER = "azure-native:containerservice:ManagedCluster"
AKS_POOL = "azure-native:containerservice:AgentPool"

_OWN_KEY = "a key of the fleet's own vault is what decides who can read it"


@Metadata(
    over=Resource,
    id="aks-host-encryption",
    family="at-rest",
    title="AKS nodes encrypt their temporary disks and caches at the host",
    severity="high",
    frameworks=((MCSB, "DP-4"),),
    types=(AKS_CLUSTER, AKS_POOL),
    remediation="Set enable_encryption_at_host=True on every agent pool.",
    link="https://learn.microsoft.com/azure/aks/enable-host-encryption",
)
def aks_host_encryption(resource: Resource) -> Results:
    def encrypted(pool: View) -> Results:
        return is_true(pool["enableEncryptionAtHost"], "temporary disks would lie in the clear")

    if resource.type == AKS_POOL:
        yield from encrypted(resource.root)
    else:
        yield from each(resource["agentPoolProfiles"], encrypted)


@Metadata(
    over=Resource,
    id="aks-disk-encryption-set",
    family="at-rest",
    title="AKS node disks are encrypted under a customer key",
    severity="high",
    frameworks=((MCSB, "DP-5"),),
    types=(AKS_CLUSTER,),
    remediation="Set disk_encryption_set_id when the cluster is made; it cannot change later.",
    link="https://learn.microsoft.com/azure/aks/azure-disk-customer-managed-keys",
)
def aks_disk_encryption_set(resource: Resource) -> Results:
    yield from is_set(resource["diskEncryptionSetID"], _OWN_KEY)


@Metadata(
    over=Resource,
    id="aks-etcd-customer-key",
    family="at-rest",
    title="AKS encrypts Kubernetes secrets under a customer key",
    severity="critical",
    frameworks=((CIS_AKS, "5.3.1"), (MCSB, "DP-5")),
    types=(AKS_CLUSTER,),
    remediation="Set security_profile.azure_key_vault_kms with enabled=True and the versioned key id.",
    link="https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption",
)
def aks_etcd_customer_key(resource: Resource) -> Results:
    kms = resource["securityProfile.azureKeyVaultKms"]
    yield from is_true(kms["enabled"], "secrets would be encrypted by the platform alone")
    yield from is_set(kms["keyId"], _OWN_KEY)


@Metadata(
    over=Resource,
    id="disk-encryption-set-customer-key",
    family="at-rest",
    title="Disk encryption sets use a customer key and follow its rotation",
    severity="high",
    frameworks=((MCSB, "DP-5"), (MCSB, "DP-6")),
    types=("azure-native:compute:DiskEncryptionSet",),
    remediation="Set active_key.key_url, an encryption type with customer key, and automatic rotation.",
    link="https://learn.microsoft.com/azure/virtual-machines/disk-encryption",
)
def disk_encryption_set_customer_key(resource: Resource) -> Results:
    yield from is_set(resource["activeKey.keyUrl"], _OWN_KEY)
    yield from one_of(
        resource["encryptionType"],
        (
            "EncryptionAtRestWithCustomerKey",
            "EncryptionAtRestWithPlatformAndCustomerKeys",
            "ConfidentialVmEncryptedWithCustomerKey",
        ),
        "the customer key would not be used",
        optional=True,
    )
    yield from is_true(resource["rotationToLatestKeyVersionEnabled"], "disks would stay with the first key version")


@Metadata(
    over=Resource,
    id="azure-disk-customer-key",
    family="at-rest",
    title="Azure disks are encrypted under a customer key",
    severity="high",
    frameworks=((MCSB, "DP-5"),),
    types=("azure-native:compute:Disk",),
    remediation="Set encryption.disk_encryption_set_id.",
    link="https://learn.microsoft.com/azure/virtual-machines/disk-encryption",
)
def azure_disk_customer_key(resource: Resource) -> Results:
    yield from is_set(resource["encryption.diskEncryptionSetId"], _OWN_KEY)


@Metadata(
    over=Resource,
    id="storage-account-customer-key",
    family="at-rest",
    title="Storage accounts are encrypted under a customer key",
    severity="medium",
    frameworks=((MCSB, "DP-5"),),
    types=("azure-native:storage:StorageAccount",),
    remediation="Set encryption.key_source to Microsoft.Keyvault, with the key's vault and name.",
    link="https://learn.microsoft.com/azure/storage/common/customer-managed-keys-overview",
)
def storage_account_customer_key(resource: Resource) -> Results:
    encryption = resource["encryption"]
    yield from one_of(encryption["keySource"], ("Microsoft.Keyvault",), "Microsoft's own key is not ours")
    yield from is_set(encryption["keyVaultProperties.keyName"], _OWN_KEY)


@Metadata(
    over=Resource,
    id="azure-recovery-vault-customer-key",
    family="at-rest",
    title="Recovery Services vaults are encrypted under a customer key",
    severity="high",
    frameworks=((MCSB, "BR-2"), (MCSB, "DP-5")),
    types=("azure-native:recoveryservices:Vault",),
    remediation="Set properties.encryption.key_vault_properties.key_uri, and infrastructure encryption.",
    link="https://learn.microsoft.com/azure/backup/encryption-at-rest-with-cmk",
)
def azure_recovery_vault_customer_key(resource: Resource) -> Results:
    encryption = resource["properties.encryption"]
    yield from is_set(encryption["keyVaultProperties.keyUri"], _OWN_KEY)
    yield from one_of(encryption["infrastructureEncryption"], ("Enabled",), "backups are encrypted once only")


@Metadata(
    over=Resource,
    id="azure-backup-vault-customer-key",
    family="at-rest",
    title="Backup vaults are encrypted under a customer key",
    severity="high",
    frameworks=((MCSB, "BR-2"), (MCSB, "DP-5")),
    types=("azure-native:dataprotection:BackupVault",),
    remediation="Set properties.security_settings.encryption_settings with state Enabled and the key.",
    link="https://learn.microsoft.com/azure/backup/encryption-at-rest-with-cmk-for-backup-vault",
)
def azure_backup_vault_customer_key(resource: Resource) -> Results:
    settings = resource["properties.securitySettings.encryptionSettings"]
    yield from one_of(settings["state"], ("Enabled",), "the customer key would not be used")
    yield from is_set(settings["keyVaultProperties.keyUri"], _OWN_KEY)
