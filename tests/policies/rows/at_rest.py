from __future__ import annotations

from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
AWS_KEY = "alias/aws/ebs"
"""A key that AWS owns, by its alias."""
VAULT_KEY = "https://vault.azure.net/keys/key/1"
AKS = "azure-native:containerservice:ManagedCluster"
BUCKET = made("aws:s3/bucket:Bucket", {"bucket": "logs"}, "bucket")
BUCKET_RULES = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}}]
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"

ROWS = (
    Row(
        rule="kms-key-rotates",
        good=made("aws:kms/key:Key", {"enableKeyRotation": True, "rotationPeriodInDays": 90}),
        path="enableKeyRotation",
        bad=(False, "false"),
        also_bad=(("rotationPeriodInDays", 2000),),
        also_good=(("rotationPeriodInDays", ABSENT), ("enableKeyRotation", "true")),
    ),
    Row(
        rule="kms-key-deletion-waits",
        good=made("aws:kms/key:Key", {"deletionWindowInDays": 30}),
        path="deletionWindowInDays",
        bad=(7, "7"),
        missing="passes",
    ),
    Row(
        rule="key-vault-purge-protected",
        good=made(
            "azure-native:keyvault:Vault",
            {"properties": {"enablePurgeProtection": True, "enableSoftDelete": True, "softDeleteRetentionInDays": 90}},
        ),
        path="properties.enablePurgeProtection",
        bad=(False,),
        also_bad=(("properties.enableSoftDelete", False), ("properties.softDeleteRetentionInDays", 7)),
        also_good=(("properties.enableSoftDelete", ABSENT),),
    ),
    Row(
        rule="generated-key-strong",
        good=made("tls:index/privateKey:PrivateKey", {"algorithm": "ECDSA", "ecdsaCurve": "P256"}),
        path="ecdsaCurve",
        bad=("P224",),
        also_bad=(("algorithm", "DSA"), ("algorithm", ABSENT), ("algorithm", "RSA")),
        also_good=(("algorithm", "ED25519"),),
    ),
    Row(
        rule="volume-of-encrypting-class",
        good=(
            made("kubernetes:storage.k8s.io/v1:StorageClass", {"metadata": {"name": "hms-encrypted"}}, "class"),
            made(
                "kubernetes:apps/v1:StatefulSet",
                {"spec": {"volumeClaimTemplates": [{"spec": {"storageClassName": "hms-encrypted"}}]}},
                "set",
            ),
        ),
        at=1,
        path="spec.volumeClaimTemplates[0].spec.storageClassName",
        bad=("gp2", "default"),
    ),
    Row(
        rule="key-vault-key-strong",
        good=made("azure-native:keyvault:Key", {"properties": {"kty": "RSA", "keySize": 4096}}),
        path="properties.keySize",
        bad=(2048,),
        also_bad=(("properties.kty", "oct"), ("properties.kty", ABSENT)),
        also_good=(("properties", {"kty": "EC", "curveName": "P-384"}),),
    ),
    Row(
        rule="eks-secrets-customer-key",
        good=made("eks:index:Cluster", {"name": "aws-1", "encryptionConfigKeyArn": KEY}),
        path="encryptionConfigKeyArn",
        bad=("", "arn:aws:kms:us-east-1:123456789012:alias/aws/eks"),
        also_good=(("encryptionConfigKeyArn", "arn:aws:kms:us-east-1:123456789012:alias/hms/dev"),),
    ),
    Row(
        rule="eks-secrets-customer-key",
        good=made(
            "aws:eks/cluster:Cluster", {"encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]}}
        ),
        path="encryptionConfig",
        bad=({"provider": {"keyArn": KEY}, "resources": []}, {"provider": {}, "resources": ["secrets"]}),
        wrong="aws/ebs",
        also_bad=(("encryptionConfig.resources", ["pods"]),),
    ),
    Row(
        rule="launch-template-disks-encrypted",
        good=made(
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"blockDeviceMappings": [{"ebs": {"encrypted": "true", "kmsKeyId": KEY}}]},
        ),
        path="blockDeviceMappings[0].ebs.encrypted",
        bad=("false", False),
        also_bad=(
            ("blockDeviceMappings[0].ebs.kmsKeyId", ABSENT),
            ("blockDeviceMappings[0].ebs.kmsKeyId", AWS_KEY),
            ("blockDeviceMappings", ABSENT),
            ("blockDeviceMappings", []),
            ("blockDeviceMappings", [{"deviceName": "/dev/xvda"}]),
        ),
    ),
    Row(
        rule="node-group-has-launch-template",
        good=made("aws:eks/nodeGroup:NodeGroup", {"launchTemplate": {"id": "lt-1", "version": "1"}}),
        path="launchTemplate",
        bad=({"version": "1"}, {"id": ""}),
        wrong="lt-1",
        also_good=(("launchTemplate", {"name": "nodes", "version": "1"}),),
    ),
    Row(
        rule="ebs-volume-encrypted",
        good=made("aws:ebs/volume:Volume", {"encrypted": True, "kmsKeyId": KEY}),
        path="encrypted",
        bad=(False,),
        also_bad=(("kmsKeyId", ABSENT),),
    ),
    Row(
        rule="instance-disks-encrypted",
        good=made("aws:ec2/instance:Instance", {"rootBlockDevice": {"encrypted": True, "kmsKeyId": KEY}}),
        path="rootBlockDevice.encrypted",
        bad=(False,),
        also_bad=(("rootBlockDevice", ABSENT), ("ebsBlockDevices", [{"encrypted": False}])),
    ),
    Row(
        rule="s3-encryption-customer-key",
        good=made(BUCKET_ENCRYPTION, {"bucket": "logs", "rules": BUCKET_RULES}),
        path="rules",
        bad=([], [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
    ),
    Row(
        rule="s3-bucket-has-encryption",
        good=(BUCKET, made(BUCKET_ENCRYPTION, {"bucket": "logs"}, "encryption")),
        at=1,
        path="bucket",
        bad=("another",),
        # Whose encryption it is cannot be seen, but nobody else's is there.
        unknown="violation",
    ),
    Row(
        rule="s3-bucket-has-encryption",
        good=(BUCKET, made(BUCKET_ENCRYPTION, {"bucket": "bucket-1a2b"}, "encryption", needs={"bucket": ("bucket",)})),
        at=0,
        path="bucket",
        bad=(),
        missing="passes",
        unknown="passes",
        wrong_is="passes",
    ),
    Row(
        rule="log-group-customer-key",
        good=made("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": KEY}),
        path="kmsKeyId",
        bad=("", AWS_KEY),
    ),
    Row(
        rule="aws-backup-customer-key",
        good=made("aws:backup/vault:Vault", {"kmsKeyArn": KEY}),
        path="kmsKeyArn",
        bad=("",),
    ),
    Row(
        rule="file-system-customer-key",
        good=made("aws:efs/fileSystem:FileSystem", {"encrypted": True, "kmsKeyId": KEY}),
        path="encrypted",
        bad=(False,),
        also_bad=(("kmsKeyId", ABSENT),),
    ),
    Row(
        rule="aks-host-encryption",
        good=made(AKS, {"agentPoolProfiles": [{"name": "system", "enableEncryptionAtHost": True}]}),
        path="agentPoolProfiles[0].enableEncryptionAtHost",
        bad=(False,),
    ),
    Row(
        rule="aks-host-encryption",
        good=made("azure-native:containerservice:AgentPool", {"enableEncryptionAtHost": True}),
        path="enableEncryptionAtHost",
        bad=(False,),
    ),
    Row(
        rule="aks-disk-encryption-set",
        good=made(AKS, {"diskEncryptionSetID": "/subscriptions/1/set"}),
        path="diskEncryptionSetID",
        bad=("",),
    ),
    Row(
        rule="aks-etcd-customer-key",
        good=made(AKS, {"securityProfile": {"azureKeyVaultKms": {"enabled": True, "keyId": VAULT_KEY}}}),
        path="securityProfile.azureKeyVaultKms.enabled",
        bad=(False,),
        also_bad=(("securityProfile.azureKeyVaultKms.keyId", ABSENT), ("securityProfile", ABSENT)),
    ),
    Row(
        rule="disk-encryption-set-customer-key",
        good=made(
            "azure-native:compute:DiskEncryptionSet",
            {
                "activeKey": {"keyUrl": VAULT_KEY},
                "encryptionType": "EncryptionAtRestWithCustomerKey",
                "rotationToLatestKeyVersionEnabled": True,
            },
        ),
        path="rotationToLatestKeyVersionEnabled",
        bad=(False,),
        also_bad=(("activeKey", ABSENT), ("encryptionType", "EncryptionAtRestWithPlatformKey")),
    ),
    Row(
        rule="azure-disk-customer-key",
        good=made("azure-native:compute:Disk", {"encryption": {"diskEncryptionSetId": "/subscriptions/1/set"}}),
        path="encryption.diskEncryptionSetId",
        bad=("",),
    ),
    Row(
        rule="storage-account-customer-key",
        good=made(
            "azure-native:storage:StorageAccount",
            {"encryption": {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyName": "key"}}},
        ),
        path="encryption.keySource",
        bad=("Microsoft.Storage",),
        also_bad=(("encryption.keyVaultProperties", ABSENT), ("encryption", ABSENT)),
    ),
    Row(
        rule="azure-recovery-vault-customer-key",
        good=made(
            "azure-native:recoveryservices:Vault",
            {
                "properties": {
                    "encryption": {"keyVaultProperties": {"keyUri": VAULT_KEY}, "infrastructureEncryption": "Enabled"}
                }
            },
        ),
        path="properties.encryption.keyVaultProperties.keyUri",
        bad=("",),
        also_bad=(("properties.encryption.infrastructureEncryption", "Disabled"), ("properties", ABSENT)),
    ),
    Row(
        rule="azure-backup-vault-customer-key",
        good=made(
            "azure-native:dataprotection:BackupVault",
            {
                "properties": {
                    "securitySettings": {
                        "encryptionSettings": {"state": "Enabled", "keyVaultProperties": {"keyUri": VAULT_KEY}}
                    }
                }
            },
        ),
        path="properties.securitySettings.encryptionSettings.state",
        bad=("Disabled", "Inconsistent"),
    ),
    Row(
        rule="storage-class-encrypts",
        good=made(
            "kubernetes:storage.k8s.io/v1:StorageClass",
            {"provisioner": "ebs.csi.aws.com", "parameters": {"encrypted": "true", "kmsKeyId": KEY}},
        ),
        path="parameters.encrypted",
        bad=("false",),
        also_bad=(
            ("parameters.kmsKeyId", ABSENT),
            ("parameters.kmsKeyId", AWS_KEY),
            ("parameters", ABSENT),
            ("provisioner", "disk.csi.azure.com"),
            ("provisioner", "nfs.csi.k8s.io"),
        ),
    ),
)
