"""The keys of an Azure site: what encrypts Kubernetes secrets in etcd, and all disks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
import pulumi_random as random
from pulumi_azure_native import compute, keyvault, managedidentity

from components.azure.diagnostics import keep_logs
from components.azure.roles import Role, grant

if TYPE_CHECKING:
    from infra.plan import AzureSitePlan


@dataclass(frozen=True, kw_only=True)
class SiteEncryptionArgs:
    """What the keys of a site are built from.

    Parameters
    ----------
    plan
        The site.
    provider
        Provider of the site's subscription.
    resource_group_name
        Where they are built.
    workspace_id
        Log Analytics workspace for the vault's audit log.
    """

    plan: AzureSitePlan
    provider: azure_native.Provider
    resource_group_name: pulumi.Input[str]
    workspace_id: pulumi.Input[str]


class SiteEncryption(pulumi.ComponentResource):
    """A Key Vault with one RSA key, and the disk encryption set that uses it."""

    def __init__(self, name: str, args: SiteEncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:Encryption", name, None, opts)
        plan = args.plan
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        kept = pulumi.ResourceOptions(parent=self, provider=args.provider, protect=plan.protect)

        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=f"{name}-identity",
            resource_group_name=args.resource_group_name,
            location=plan.region,
            tags=plan.tags,
            opts=child,
        )
        # A vault's name is taken in the whole world, and for 90 more days after it is deleted: a random one lets the
        # site be built again. A new suffix is a new vault, and what the old key encrypted stays with the old one.
        suffix = random.RandomId(
            f"{name}-vault-suffix",
            byte_length=8,
            opts=pulumi.ResourceOptions(parent=self, protect=plan.protect),
        )
        self.vault = keyvault.Vault(
            f"{name}-vault",
            vault_name=pulumi.Output.concat("hms-", suffix.hex),
            resource_group_name=args.resource_group_name,
            location=plan.region,
            properties=keyvault.VaultPropertiesArgs(
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                tenant_id=identity.tenant_id,
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=90,
                # Azure demands it of a vault whose key encrypts disks.
                enable_purge_protection=True,
                # AKS reads the key over the public endpoint: a private one needs the control plane inside the VNet.
                # Roles decide who may; the vault holds nothing but this key.
                public_network_access="Enabled",
            ),
            tags=plan.tags,
            opts=kept,
        )
        self.key = keyvault.Key(
            f"{name}-key",
            key_name=f"{name}-key",
            vault_name=self.vault.name,
            resource_group_name=args.resource_group_name,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RSA,
                key_size=4096,
                key_ops=[
                    keyvault.JsonWebKeyOperation.ENCRYPT,
                    keyvault.JsonWebKeyOperation.DECRYPT,
                    keyvault.JsonWebKeyOperation.WRAP_KEY,
                    keyvault.JsonWebKeyOperation.UNWRAP_KEY,
                ],
            ),
            tags=plan.tags,
            opts=kept,
        )
        may_use = grant(
            f"{name}-disks-role",
            Role.KEY_VAULT_CRYPTO_SERVICE_ENCRYPTION_USER,
            principal_id=identity.principal_id,
            scope=self.vault.id,
            opts=child,
        )
        self.disk_encryption_set = compute.DiskEncryptionSet(
            f"{name}-disks",
            disk_encryption_set_name=f"{name}-disks",
            resource_group_name=args.resource_group_name,
            location=plan.region,
            identity=compute.EncryptionSetIdentityArgs(
                # Its own identity would exist only after it, and the role that it needs at once with it.
                type=compute.DiskEncryptionSetIdentityType.USER_ASSIGNED,
                user_assigned_identities=[identity.id],
            ),
            encryption_type=compute.DiskEncryptionSetType.ENCRYPTION_AT_REST_WITH_CUSTOMER_KEY,
            active_key=compute.KeyForDiskEncryptionSetArgs(
                key_url=self.key.key_uri_with_version, source_vault=compute.SourceVaultArgs(id=self.vault.id)
            ),
            rotation_to_latest_key_version_enabled=True,
            tags=plan.tags,
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, protect=plan.protect, depends_on=[may_use]
            ),
        )
        keep_logs(f"{name}-vault-logs", self.vault.id, ["AuditEvent"], workspace_id=args.workspace_id, opts=child)
        self.register_outputs({"vaultId": self.vault.id, "diskEncryptionSetId": self.disk_encryption_set.id})
