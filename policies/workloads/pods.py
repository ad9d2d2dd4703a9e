"""Pods run what was named, as themselves, within limits."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from infra.predicates import image_is_pinned
from policies.checks import demand, is_false, is_set, is_true
from policies.frameworks import CIS_AKS, CIS_EKS
from policies.rule import Metadata, Resource, Results
from policies.values import Kind, View
from policies.workloads.pod import POD_PATHS, WORKLOADS, containers, pod_of


@Metadata(
    over=Resource,
    id="pod-read-only-root",
    family="workloads",
    title="No container writes into its image",
    severity="medium",
    types=WORKLOADS,
    remediation="Set readOnlyRootFilesystem to true, and mount an emptyDir where it has to write.",
    link="https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
)
def pod_read_only_root(resource: Resource) -> Results:
    yield from containers(
        pod_of(resource),
        lambda one: is_true(one["securityContext.readOnlyRootFilesystem"], "what breaks in could stay"),
    )


@Metadata(
    over=Resource,
    id="pod-limited",
    family="workloads",
    title="Every container has limits of CPU and memory",
    severity="medium",
    types=WORKLOADS,
    remediation="Set resources.limits.cpu and resources.limits.memory.",
    link="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
)
def pod_limited(resource: Resource) -> Results:
    def limited(container: View) -> Results:
        for name in ("cpu", "memory"):
            yield from demand(
                container["resources.limits"][name], Kind.TEXT, bool, "one container could starve the whole node"
            )

    yield from containers(pod_of(resource), limited)


@Metadata(
    over=Resource,
    id="image-pinned",
    family="workloads",
    title="Images have a fixed tag or a digest",
    severity="high",
    types=WORKLOADS,
    remediation="Name a version; :latest, and no tag at all, change under your feet.",
    link="https://kubernetes.io/docs/concepts/containers/images/",
)
def image_pinned(resource: Resource) -> Results:
    yield from containers(
        pod_of(resource),
        lambda one: demand(one["image"], Kind.TEXT, image_is_pinned, "nobody could say what runs"),
    )


@Metadata(
    over=Resource,
    id="pod-own-account",
    family="workloads",
    title="Every pod has a service account of its own, and no token unless it asks for one",
    severity="medium",
    frameworks=((CIS_EKS, "4.1.5"), (CIS_EKS, "4.1.6"), (CIS_AKS, "4.1.5"), (CIS_AKS, "4.1.6")),
    types=(*WORKLOADS, "kubernetes:core/v1:ServiceAccount"),
    remediation="Set serviceAccountName, and automountServiceAccountToken to false.",
    link="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
)
def pod_own_account(resource: Resource) -> Results:
    token = "a token for the API server would lie in every container"  # noqa: S105 - words
    if resource.type not in POD_PATHS:
        yield from is_false(resource["automountServiceAccountToken"], token, optional=False)
        return
    pod = pod_of(resource)
    yield from is_set(pod["serviceAccountName"], "it would share 'default' with all others")
    yield from demand(
        pod["serviceAccountName"], Kind.TEXT, lambda name: name != "default", "others share it", optional=True
    )
    yield from is_false(pod["automountServiceAccountToken"], token, optional=False)
