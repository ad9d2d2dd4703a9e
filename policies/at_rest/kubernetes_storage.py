"""Kubernetes: volumes come from classes that encrypt under a customer key."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks import is_set, is_true, one_of, own_key
from policies.frameworks import FSBP, MCSB
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation

if TYPE_CHECKING:
    from policies.values import View

STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
AWS_DISK = "ebs.csi.aws.com"
AZURE_DISK = "disk.csi.azure.com"


@Metadata(
    over=Resource,
    id="storage-class-encrypts",
    family="at-rest",
    title="Storage classes make encrypted volumes, under a customer key",
    severity="high",
    frameworks=((FSBP, "EC2.3"), (MCSB, "DP-5")),
    types=(STORAGE_CLASS,),
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
        yield from own_key(parameters["kmsKeyId"])
    if driver.text() == AZURE_DISK:
        yield from is_set(parameters["diskEncryptionSetID"], "the platform's own key would be used")


@Metadata(
    over=Stack,
    id="volume-of-encrypting-class",
    family="at-rest",
    title="Volumes come from a storage class that the stack itself makes",
    severity="high",
    frameworks=((FSBP, "EC2.3"), (MCSB, "DP-5")),
    types=(STATEFUL_SET, CLAIM, STORAGE_CLASS),
    remediation="Set storageClassName to the cluster's encrypting class; the platform's default has no customer key.",
    link="https://kubernetes.io/docs/concepts/storage/persistent-volumes/",
)
def volume_of_encrypting_class(stack: Stack) -> Results:
    made = {(one.provider, one["metadata.name"].text()) for one in stack.of_type(STORAGE_CLASS)}
    for resource in stack.of_type(STATEFUL_SET, CLAIM):
        claims = [resource["spec"]] if resource.type == CLAIM else _templates(resource)
        for claim in claims:
            name = claim["storageClassName"]
            if name.unknown:
                yield Undecided(path=name.path, urn=resource.urn)
            elif name.text() is None or (resource.provider, name.text()) not in made:
                yield Violation(
                    path=name.path, message=f"is {name.shown()}: how that class encrypts is not known", urn=resource.urn
                )


def _templates(resource: Resource) -> list[View]:
    return [template["spec"] for template in resource["spec.volumeClaimTemplates"].elements()]
