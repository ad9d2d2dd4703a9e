"""Nothing that is stored can be read by everybody."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import demand, is_true, one_of
from policies.frameworks import FSBP, MCSB
from policies.rule import Metadata, Resource, Results, Stack, Violation
from policies.values import Kind

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"


@Metadata(
    over=Resource,
    id="s3-public-access-blocked",
    family="exposure",
    title="S3 blocks all public access to a bucket",
    severity="critical",
    frameworks=((FSBP, "S3.8"),),
    types=(ACCESS_BLOCK,),
    remediation="Set all four: block_public_acls, block_public_policy, ignore_public_acls, restrict_public_buckets.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)
def s3_public_access_blocked(resource: Resource) -> Results:
    for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        yield from is_true(resource[name], "one mistake in a policy or an ACL would open the bucket")


@Metadata(
    over=Stack,
    id="s3-bucket-has-access-block",
    family="exposure",
    title="Every S3 bucket of the stack blocks public access",
    severity="critical",
    frameworks=((FSBP, "S3.8"),),
    types=BUCKETS,
    remediation="Add a BucketPublicAccessBlock for the bucket.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)
def s3_bucket_has_access_block(stack: Stack) -> Results:
    for bucket in stack.of_type(*BUCKETS):
        if not stack.referring(bucket, "bucket", ACCESS_BLOCK):
            yield Violation(path="bucket", message="has no public access block", urn=bucket.urn)


@Metadata(
    over=Resource,
    id="storage-account-no-public-blobs",
    family="exposure",
    title="Storage accounts and their containers have nothing public",
    severity="critical",
    frameworks=((MCSB, "NS-2"),),
    types=("azure-native:storage:StorageAccount", "azure-native:storage:BlobContainer"),
    remediation="Set allow_blob_public_access=False on the account; leave public_access of containers at None.",
    link="https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent",
)
def storage_account_no_public_blobs(resource: Resource) -> Results:
    if resource.type.endswith(":BlobContainer"):
        yield from one_of(resource["publicAccess"], ("None",), "everybody could read it", optional=True)
    else:
        yield from demand(
            resource["allowBlobPublicAccess"], Kind.FLAG, lambda value: not value, "one container could be made public"
        )
