"""IAM, KMS, log groups, flow logs and buckets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator.aws import policies, tokens
from tests.simulator.aws_world import REGION, aws, policy, refused, trust, wrong

if TYPE_CHECKING:
    from tests.simulator.aws_world import Aws

__all__ = ["aws"]

READ = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}
LOGS = {
    "Effect": "Allow",
    "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
    "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"],
    "Resource": "*",
}


def test_roles(aws: Aws) -> None:
    made = aws.create(tokens.ROLE, "nodes", assumeRolePolicy=trust("ec2.amazonaws.com"))
    assert made.id == "nodes"
    assert made.outputs["arn"] == "arn:aws:iam::123456789012:role/nodes"
    assert "region" not in made.outputs
    with refused("EntityAlreadyExists", "Role with name nodes already exists"):
        aws.create(tokens.ROLE, "nodes", at="us-east-1", assumeRolePolicy=trust("ec2.amazonaws.com"))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "invalid Json"),
        ("[]", "invalid Json"),
        ("{}", "Missing required field Statement"),
        (json.dumps({"Version": "2012", "Statement": []}), "valid version"),
        (policy("x"), "Syntax errors"),  # type: ignore[arg-type]
        (policy({"Effect": "Maybe", "Principal": "*", "Action": "sts:AssumeRole"}), "Invalid effect"),
        (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}), "only specify STS"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}), "prohibited"),
        (policy({"Effect": "Allow", "Principal": "*"}), "must contain actions"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "AssumeRole"}), "prefaced by a vendor"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Reason": "x"}), "Unknown field"),
        (policy(*[{"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}] * 2), "unique"),
    ],
)
def test_malformed_trust(aws: Aws, document: str, says: str) -> None:
    with wrong(f"MalformedPolicyDocument: .*{says}"):
        aws.create(tokens.ROLE, assumeRolePolicy=document)


@pytest.mark.parametrize(
    "principal",
    [{"Service": "ec2"}, {"AWS": "arn:aws:iam::123456789012:role/nobody"}, {"Service": "EC2.amazonaws.com"}],
)
def test_trust_in_nobody(aws: Aws, principal: dict[str, str]) -> None:
    document = policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    with refused("MalformedPolicyDocument", "Invalid principal in policy"):
        aws.create(tokens.ROLE, assumeRolePolicy=document)


def test_names_and_sessions_of_roles(aws: Aws) -> None:
    with wrong("1 to 64 characters"):
        aws.create(tokens.ROLE, "r" * 65, assumeRolePolicy=trust("ec2.amazonaws.com"))
    with wrong("1 to 64 characters"):
        aws.create(tokens.ROLE, "a role", assumeRolePolicy=trust("ec2.amazonaws.com"))
    with wrong("range"):
        aws.create(tokens.ROLE, assumeRolePolicy=trust("ec2.amazonaws.com"), maxSessionDuration=60)


def test_policies_of_roles(aws: Aws) -> None:
    aws.role("nodes", "ec2.amazonaws.com")
    own = aws.create(tokens.POLICY, "read", policy=READ)
    assert own.id == own.outputs["arn"] == "arn:aws:iam::123456789012:policy/read"
    with refused("EntityAlreadyExists"):
        aws.create(tokens.POLICY, "read", policy=READ)
    attached = aws.id(tokens.ROLE_POLICY_ATTACHMENT, role="nodes", policyArn=own.id)
    with refused("NoSuchEntity", "AmazonEKSNodePolicy does not exist"):
        aws.create(tokens.ROLE_POLICY_ATTACHMENT, role="nodes", policyArn="arn:aws:iam::aws:policy/AmazonEKSNodePolicy")
    with refused("NoSuchEntity"):
        aws.create(tokens.ROLE_POLICY_ATTACHMENT, role="nodes", policyArn="arn:aws:iam::123456789012:policy/none")
    with refused("NoSuchEntity", "role with name nobody"):
        aws.create(tokens.ROLE_POLICY_ATTACHMENT, role="nobody", policyArn=own.id)
    with refused("DeleteConflict", "detach all policies"):
        aws.delete(tokens.ROLE, "nodes")
    with refused("DeleteConflict", "attached to entities"):
        aws.delete(tokens.POLICY, own.id)
    aws.delete(tokens.ROLE_POLICY_ATTACHMENT, attached)
    inline = aws.id(tokens.ROLE_POLICY, "inline", role="nodes", policy=READ)
    assert inline == "nodes:inline"
    with refused("DeleteConflict", "delete policies first"):
        aws.delete(tokens.ROLE, "nodes")
    aws.delete(tokens.ROLE_POLICY, inline)
    profile = aws.id(tokens.INSTANCE_PROFILE, "nodes", role="nodes")
    with refused("EntityAlreadyExists"):
        aws.create(tokens.INSTANCE_PROFILE, "nodes", role="nodes")
    with refused("DeleteConflict", "instance profile"):
        aws.delete(tokens.ROLE, "nodes")
    aws.delete(tokens.INSTANCE_PROFILE, profile)
    aws.delete(tokens.ROLE, "nodes")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ({"Effect": "Allow", "Action": "s3:Get*"}, "must contain resources"),
        ({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", "Principal": "*"}, "should not specify a principal"),
    ],
)
def test_malformed_policies(aws: Aws, statement: dict[str, Any], says: str) -> None:
    for token, more in ((tokens.POLICY, {}), (tokens.ROLE_POLICY, {"role": "nodes"})):
        with wrong(says):
            aws.create(token, policy=policy(statement), **more)


def test_sizes_and_numbers_of_policies(aws: Aws) -> None:
    aws.role("nodes", "ec2.amazonaws.com")
    large = policy({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::" + "b" * 50] * 100})
    with refused("LimitExceeded", "PolicySize"):
        aws.create(tokens.POLICY, policy=large)
    aws.create(tokens.ROLE_POLICY, "a", role="nodes", policy=large)
    with refused("LimitExceeded", "10240"):
        aws.create(tokens.ROLE_POLICY, "b", role="nodes", policy=large)
    for number in range(10):
        arn = aws.id(tokens.POLICY, f"p{number}", policy=READ)
        aws.create(tokens.ROLE_POLICY_ATTACHMENT, role="nodes", policyArn=arn)
    with refused("LimitExceeded", "PoliciesPerRole: 10"):
        aws.create(tokens.ROLE_POLICY_ATTACHMENT, role="nodes",
                   policyArn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")  # fmt: skip


def test_identity_providers(aws: Aws) -> None:
    given = {"clientIdLists": ["sts.amazonaws.com"], "url": "https://issuer.example.com/x"}
    made = aws.create(tokens.OIDC_PROVIDER, **given)
    assert made.id == "arn:aws:iam::123456789012:oidc-provider/issuer.example.com/x"
    with refused("EntityAlreadyExists"):
        aws.create(tokens.OIDC_PROVIDER, **given)
    with wrong("https://"):
        aws.create(tokens.OIDC_PROVIDER, **{**given, "url": "http://issuer.example.com"})
    with wrong("40 hex digits"):
        aws.create(tokens.OIDC_PROVIDER, **given, thumbprintLists=["abc"])
    with wrong("client ids"):
        aws.create(tokens.OIDC_PROVIDER, **{**given, "clientIdLists": []})
    nobody = {**given, "url": f"https://oidc.eks.{REGION}.amazonaws.com/id/ABC"}
    with refused("OpenIdIdpCommunicationError"):
        aws.create(tokens.OIDC_PROVIDER, **nobody)
    aws.create(tokens.OIDC_PROVIDER, **nobody, thumbprintLists=["9" * 40])


def test_who_is_allowed_what() -> None:
    document = policy(LOGS, {**LOGS, "Effect": "Deny", "Action": "kms:*"})
    service = f"logs.{REGION}.amazonaws.com"
    assert policies.allows(document, "Service", service, "kms:GenerateDataKeyWithoutPlaintext")
    assert not policies.allows(document, "Service", service, "kms:CreateGrant")
    assert not policies.allows(document, "Service", "logs.us-east-1.amazonaws.com", "kms:Decrypt")


# --- KMS


def test_keys(aws: Aws) -> None:
    made = aws.create(tokens.KMS_KEY, enableKeyRotation=True, deletionWindowInDays=7)
    assert made.outputs["arn"] == f"arn:aws:kms:{REGION}:123456789012:key/{made.id}"
    assert json.loads(made.outputs["policy"])["Statement"][0]["Action"] == "kms:*"
    alias = {"targetKeyId": made.id}
    assert aws.create(tokens.KMS_ALIAS, "alias/hms/dev", **alias).outputs["targetKeyArn"] == made.outputs["arn"]
    with refused("AlreadyExistsException"):
        aws.create(tokens.KMS_ALIAS, "alias/hms/dev", **alias)
    for name in ("hms", "alias/aws/hms", "alias/h m s"):
        with wrong("alias/"):
            aws.create(tokens.KMS_ALIAS, name, **alias)
    with refused("NotFoundException"):
        aws.create(tokens.KMS_ALIAS, "alias/other", targetKeyId="none")
    aws.delete(tokens.KMS_KEY, made.id)  # only scheduled: an alias does not keep a key


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"deletionWindowInDays": 6}, "range"),
        ({"enableKeyRotation": True, "rotationPeriodInDays": 89}, "range"),
        ({"rotationPeriodInDays": 90}, "enable_key_rotation"),
        ({"keyUsage": "ANY"}, "to be one of"),
        ({"policy": "{"}, "MalformedPolicyDocument"),
        ({"policy": policy({**ROOT, "Principal": None}).replace('"Principal": null, ', "")}, "Principal"),
        ({"enableKeyRotation": True, "customerMasterKeySpec": "RSA_2048"}, "symmetric"),
    ],
)
def test_bad_keys(aws: Aws, inputs: dict[str, Any], says: str) -> None:
    with wrong(says):
        aws.create(tokens.KMS_KEY, **inputs)


def test_nobody_is_locked_out_of_a_key(aws: Aws) -> None:
    with refused("MalformedPolicyDocumentException", "in the future"):
        aws.create(tokens.KMS_KEY, policy=policy(LOGS))
    aws.create(tokens.KMS_KEY, policy=policy(LOGS), bypassPolicyLockoutSafetyCheck=True)
    aws.create(tokens.KMS_KEY, policy=policy(ROOT, LOGS))


@pytest.mark.parametrize("path", ["nobody", "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"])
def test_a_key_for_nobody(aws: Aws, path: str) -> None:
    statement = {**ROOT, "Principal": {"AWS": f"arn:aws:iam::123456789012:role/{path}"}, "Action": "kms:Decrypt"}
    with refused("MalformedPolicyDocumentException", "invalid principals"):
        aws.create(tokens.KMS_KEY, policy=policy(ROOT, statement))


# --- logs


def test_log_groups(aws: Aws) -> None:
    made = aws.create(tokens.LOG_GROUP, "/aws/eks/one/cluster", retentionInDays=30)
    assert made.outputs["arn"] == f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/eks/one/cluster"
    with refused("ResourceAlreadyExistsException"):
        aws.create(tokens.LOG_GROUP, "/aws/eks/one/cluster")
    aws.create(tokens.LOG_GROUP, "/aws/eks/one/cluster", at="us-east-1")
    with wrong("to be one of"):
        aws.create(tokens.LOG_GROUP, retentionInDays=31)
    with wrong("512 characters"):
        aws.create(tokens.LOG_GROUP, "a b")


def test_a_log_group_needs_a_key_that_lets_it_in(aws: Aws) -> None:
    key = aws.create(tokens.KMS_KEY).outputs["arn"]
    with refused("InvalidParameterException", "not allowed to be used with Arn"):
        aws.create(tokens.LOG_GROUP, kmsKeyId=key)
    with refused("InvalidParameterException"):
        aws.create(tokens.LOG_GROUP, kmsKeyId="arn:aws:kms:eu-west-1:123456789012:key/none")
    good = aws.create(tokens.KMS_KEY, policy=policy(ROOT, LOGS)).outputs["arn"]
    aws.create(tokens.LOG_GROUP, kmsKeyId=good)


def test_a_protected_log_group(aws: Aws) -> None:
    made = aws.id(tokens.LOG_GROUP, "keep", deletionProtectionEnabled=True)
    with refused("ValidationException"):
        aws.delete(tokens.LOG_GROUP, made)
    aws.update(tokens.LOG_GROUP, made, deletionProtectionEnabled=False)
    aws.delete(tokens.LOG_GROUP, made)


def test_flow_logs(aws: Aws) -> None:
    vpc, group = aws.vpc(), aws.create(tokens.LOG_GROUP, "flows").outputs["arn"]
    role = aws.role("flows", "vpc-flow-logs.amazonaws.com")
    good = {"vpcId": vpc, "trafficType": "ALL", "logDestination": group, "iamRoleArn": role}
    aws.create(tokens.FLOW_LOG, **good, maxAggregationInterval=60)
    with refused("InvalidParameter", "Unable to assume"):
        aws.create(tokens.FLOW_LOG, **{**good, "iamRoleArn": aws.role("other", "ec2.amazonaws.com")})
    with refused("InvalidParameter", "not a role"):
        aws.create(tokens.FLOW_LOG, **{**good, "iamRoleArn": "arn:aws:iam::123456789012:role/none"})
    with refused("InvalidParameter", "LogDestination"):
        aws.create(tokens.FLOW_LOG, **{**good, "logDestination": f"{group}x"})
    with wrong("DeliverLogsPermissionArn is required"):
        aws.create(tokens.FLOW_LOG, vpcId=vpc, trafficType="ALL", logDestination=group)
    with wrong("TrafficType is required"):
        aws.create(tokens.FLOW_LOG, vpcId=vpc, logDestination=group, iamRoleArn=role)
    with wrong("to be one of"):
        aws.create(tokens.FLOW_LOG, **good, maxAggregationInterval=61)
    with wrong("can't be empty"):
        aws.create(tokens.FLOW_LOG, vpcId=vpc, trafficType="ALL", iamRoleArn=role)
    with wrong("only one of"):
        aws.create(tokens.FLOW_LOG, **good, subnetId="subnet-0")
    with wrong("not applicable for log destination type s3"):
        aws.create(tokens.FLOW_LOG, **good, logDestinationType="s3")
    with wrong("must be 60 seconds"):
        aws.create(tokens.FLOW_LOG, transitGatewayId="tgw-0", logDestination=group, iamRoleArn=role,
                   maxAggregationInterval=600)  # fmt: skip


# --- buckets


def test_buckets(aws: Aws) -> None:
    made = aws.create(tokens.BUCKET, "hms-dev-logs")
    assert made.outputs["arn"] == "arn:aws:s3:::hms-dev-logs"
    with refused("BucketAlreadyOwnedByYou"):
        aws.create(tokens.BUCKET, "hms-dev-logs", at="us-east-1")
    for name in ("No", "UPPER", "a..b", "192.168.1.1", "-abc", "b" * 64):
        with wrong("InvalidBucketName"):
            aws.create(tokens.BUCKET, name)
    side = {"bucket": made.id}
    aws.create(tokens.BUCKET_VERSIONING, **side, versioningConfiguration={"status": "Enabled"})
    aws.create(tokens.BUCKET_PUBLIC_ACCESS, **side, blockPublicPolicy=True)
    algorithm = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    aws.create(tokens.BUCKET_ENCRYPTION, **side, rules=[algorithm])
    with refused("BucketAlreadyConfigured"):
        aws.create(tokens.BUCKET_ENCRYPTION, **side, rules=[algorithm])
    with wrong("to be one of"):
        aws.create(tokens.BUCKET_ENCRYPTION, **side,
                   rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "ROT13"}}])  # fmt: skip
    with refused("NoSuchBucket"):
        aws.create(tokens.BUCKET_VERSIONING, bucket="none", versioningConfiguration={"status": "Enabled"})
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    with refused("AccessDenied", "public policies"):
        aws.create(tokens.BUCKET_POLICY, **side, policy=policy(public))
    aws.create(tokens.BUCKET_POLICY, **side, policy=policy({**public, "Effect": "Deny"}))
