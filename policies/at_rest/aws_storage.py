"""AWS: secrets in etcd, disks, buckets, log groups and backups are encrypted under a customer key."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks import each, holds_all, is_set, is_true, one_of, own_key
from policies.frameworks import CIS_EKS, FSBP, SECURITY_HUB
from policies.rule import EKS_COMPONENT, Metadata, Resource, Results, Stack, Violation

if TYPE_CHECKING:
    from policies.values import View

EKS_CLUSTER = "aws:eks/cluster:Cluster"
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_ENCRYPTIONS = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)


@Metadata(
    over=Resource,
    id="eks-secrets-customer-key",
    family="at-rest",
    title="EKS encrypts Kubernetes secrets under a customer key",
    severity="critical",
    frameworks=((CIS_EKS, "5.3.1"), (FSBP, "EKS.3")),
    types=(EKS_CLUSTER, EKS_COMPONENT),
    remediation="Set encryption_config_key_arn (pulumi_eks), or encryption_config with the key and ['secrets'].",
    link="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
)
def eks_secrets_customer_key(resource: Resource) -> Results:
    if resource.type == EKS_COMPONENT:
        yield from own_key(resource["encryptionConfigKeyArn"])
        return
    yield from own_key(resource["encryptionConfig.provider.keyArn"])
    yield from holds_all(resource["encryptionConfig.resources"], ("secrets",), "secrets are what is to be encrypted")


@Metadata(
    over=Resource,
    id="launch-template-disks-encrypted",
    family="at-rest",
    title="Disks of a launch template are encrypted under a customer key",
    severity="critical",
    frameworks=((FSBP, "EC2.181"),),
    types=("aws:ec2/launchTemplate:LaunchTemplate",),
    remediation="Name every disk in block_device_mappings with encrypted and kms_key_id, the root disk too.",
    link="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)
def launch_template_disks_encrypted(resource: Resource) -> Results:
    def encrypted(mapping: View) -> Results:
        yield from is_true(mapping["ebs.encrypted"], "what nodes write could be read from a snapshot")
        yield from own_key(mapping["ebs.kmsKeyId"])

    yield from each(resource["blockDeviceMappings"], encrypted, why="the image decides whether the disk is encrypted")


@Metadata(
    over=Resource,
    id="node-group-has-launch-template",
    family="at-rest",
    title="EKS node groups get their disks and their metadata service from a launch template",
    severity="high",
    frameworks=((FSBP, "EC2.181"),),
    types=("aws:eks/nodeGroup:NodeGroup",),
    remediation="Set launch_template to one that keeps the rules for launch templates.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
)
def node_group_has_launch_template(resource: Resource) -> Results:
    template = resource["launchTemplate"]
    name = template["name"] if template["id"].missing and not template["name"].missing else template["id"]
    yield from is_set(name, "EKS's own template encrypts under no customer key and lets pods reach IMDS")


@Metadata(
    over=Resource,
    id="ebs-volume-encrypted",
    family="at-rest",
    title="EBS volumes are encrypted under a customer key",
    severity="high",
    frameworks=((FSBP, "EC2.3"),),
    types=("aws:ebs/volume:Volume", "aws:ebs/snapshotCopy:SnapshotCopy"),
    remediation="Set encrypted=True and kms_key_id.",
    link="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)
def ebs_volume_encrypted(resource: Resource) -> Results:
    yield from is_true(resource["encrypted"], "whoever gets a snapshot of it could read it")
    yield from own_key(resource["kmsKeyId"])


@Metadata(
    over=Resource,
    id="instance-disks-encrypted",
    family="at-rest",
    title="Disks of single EC2 instances are encrypted",
    severity="high",
    frameworks=((FSBP, "EC2.3"),),
    types=("aws:ec2/instance:Instance",),
    remediation="Set root_block_device and every ebs_block_device with encrypted=True and kms_key_id.",
    link="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)
def instance_disks_encrypted(resource: Resource) -> Results:
    def encrypted(disk: View) -> Results:
        yield from is_true(disk["encrypted"], "whoever gets a snapshot of it could read it")
        yield from own_key(disk["kmsKeyId"])

    yield from encrypted(resource["rootBlockDevice"])
    yield from each(resource["ebsBlockDevices"], encrypted)


@Metadata(
    over=Resource,
    id="s3-encryption-customer-key",
    family="at-rest",
    title="S3 buckets encrypt under a customer key by default",
    severity="high",
    frameworks=((SECURITY_HUB, "S3.17"),),
    types=BUCKET_ENCRYPTIONS,
    remediation="Use one rule with sse_algorithm 'aws:kms' and kms_master_key_id.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def s3_encryption_customer_key(resource: Resource) -> Results:
    def by_key(rule: View) -> Results:
        default = rule["applyServerSideEncryptionByDefault"]
        yield from one_of(default["sseAlgorithm"], ("aws:kms", "aws:kms:dsse"), "S3's own key is not ours")
        yield from own_key(default["kmsMasterKeyId"])

    yield from each(resource["rules"], by_key, why="nothing says how the bucket encrypts")


@Metadata(
    over=Stack,
    id="s3-bucket-has-encryption",
    family="at-rest",
    title="Every S3 bucket of the stack has an encryption configuration",
    severity="high",
    frameworks=((SECURITY_HUB, "S3.17"),),
    types=BUCKETS,
    remediation="Add a BucketServerSideEncryptionConfiguration for the bucket.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def s3_bucket_has_encryption(stack: Stack) -> Results:
    for bucket in stack.of_type(*BUCKETS):
        if not stack.referring(bucket, "bucket", *BUCKET_ENCRYPTIONS):
            yield Violation(path="bucket", message="has no encryption under a customer key", urn=bucket.urn)


@Metadata(
    over=Resource,
    id="log-group-customer-key",
    family="at-rest",
    title="Log groups are encrypted under a customer key",
    severity="high",
    types=("aws:cloudwatch/logGroup:LogGroup",),
    remediation="Set kms_key_id to a key whose policy lets the CloudWatch Logs service use it.",
    link="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
)
def log_group_customer_key(resource: Resource) -> Results:
    yield from own_key(resource["kmsKeyId"])


@Metadata(
    over=Resource,
    id="aws-backup-customer-key",
    family="at-rest",
    title="AWS Backup vaults are encrypted under a customer key",
    severity="high",
    frameworks=((FSBP, "Backup.1"),),
    types=("aws:backup/vault:Vault",),
    remediation="Set kms_key_arn.",
    link="https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html",
)
def aws_backup_customer_key(resource: Resource) -> Results:
    yield from own_key(resource["kmsKeyArn"])


@Metadata(
    over=Resource,
    id="file-system-customer-key",
    family="at-rest",
    title="EFS file systems are encrypted under a customer key",
    severity="high",
    frameworks=((FSBP, "EFS.1"),),
    types=("aws:efs/fileSystem:FileSystem",),
    remediation="Set encrypted=True and kms_key_id.",
    link="https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html",
)
def file_system_customer_key(resource: Resource) -> Results:
    yield from is_true(resource["encrypted"], "files would lie in the clear")
    yield from own_key(resource["kmsKeyId"])
