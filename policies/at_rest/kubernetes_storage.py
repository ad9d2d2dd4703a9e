"""Kubernetes: volumes come from classes that encrypt under a customer key."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import is_set, is_true, one_of
from policies.frameworks import FSBP, MCSB
from policies.rule import Resource, Results, resource_rule

AWS_DISK = "ebs.csi.aws.com"
AZURE_DISK = "disk.csi.azure.com"


@resource_rule(
    id="storage-class-encrypts",
    family="at-rest",
    title="Storage classes make encrypted volumes, under a customer key",
    severity="high",
    frameworks=((FSBP, "EC2.3"), (MCSB, "DP-5")),
    types=("kubernetes:storage.k8s.io/v1:StorageClass",),
    remediation=(
        "On EBS set the parameters encrypted: 'true' and kmsKeyId, on Azure disks diskEncryptionSetID; other drivers "
        "need an exception that says how they encrypt."
    ),
    link="https://kubernetes.io/docs/concepts/storage/storage-classes/",
)
def storage_class_encrypts(resource: Resource) -> Results:
    driver = resource["provisioner"]
    parameters = resource["parameters"]
    yield from one_of(driver, (AWS_DISK, AZURE_DISK), "whether this driver encrypts is not known here")
    if driver.text() == AWS_DISK:
        yield from is_true(parameters["encrypted"], "volumes would lie in the clear")
        yield from is_set(parameters["kmsKeyId"], "AWS's own key would be used")
    if driver.text() == AZURE_DISK:
        yield from is_set(parameters["diskEncryptionSetID"], "the platform's own key would be used")
