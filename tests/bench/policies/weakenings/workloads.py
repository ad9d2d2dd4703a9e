"""Workloads: pods, images, namespaces, network policies, charts."""

from __future__ import annotations

from typing import Any

from tests.bench.policies.edit import lower, mismatch, open_up, remove, remove_resource, turn_off
from tests.bench.policies.mutation import weaken

API = "Deployment aws-1-api-deployment"
OPS = "Deployment azure-1-ops-deployment"
ETL = "StatefulSet azure-1-etl-statefulset"
ACCOUNT = "ServiceAccount aws-1-api-account"
NAMESPACE = "Namespace aws-1-api-namespace"
DENY = "CiliumNetworkPolicy aws-1-api-policy-default-deny"
FROM_DEV = "CiliumNetworkPolicy aws-1-api-policy-allow-from-dev"
TO_CDF = "CiliumNetworkPolicy aws-1-api-policy-allow-to-cdf"
DNS = "CiliumNetworkPolicy aws-1-api-policy-allow-dns"
RELEASE = "Release aws-1-cilium-release"
NODES = "NodeGroup aws-1-nodes-system"
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers[0]"
ENFORCED = ("metadata", "labels", "pod-security.kubernetes.io/enforce")
VERSION = ("metadata", "labels", "pod-security.kubernetes.io/enforce-version")
PEER = "spec.ingress[0].fromEndpoints[0]"
PORT = "spec.ingress[0].toPorts[0].ports[0]"


def _without_name(labels: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in labels.items() if not name.endswith("/name")}


WEAKENINGS = (
    *weaken(
        "pod-not-privileged",
        API,
        open_up(f"{CONTAINER}.securityContext.privileged", value=True),
        open_up(f"{CONTAINER}.securityContext.allowPrivilegeEscalation", value=True),
        remove(f"{CONTAINER}.securityContext.allowPrivilegeEscalation"),
    ),
    *weaken("pod-not-privileged", ETL, open_up(f"{CONTAINER}.securityContext.privileged", value=True)),
    *weaken(
        "pod-no-host",
        API,
        open_up(f"{POD}.hostNetwork", value=True),
        open_up(f"{POD}.hostPID", value=True),
        open_up(f"{POD}.hostIPC", value=True),
        open_up(f"{CONTAINER}.ports[0].hostPort", 8080),
        open_up(f"{POD}.volumes[0].hostPath", {"path": "/"}),
    ),
    *weaken(
        "pod-not-root",
        OPS,
        turn_off(f"{POD}.securityContext.runAsNonRoot"),
        remove(f"{POD}.securityContext.runAsNonRoot"),
        lower(f"{POD}.securityContext.runAsUser", 0),
        lower(f"{CONTAINER}.securityContext.runAsNonRoot", value=False),
        remove(f"{POD}.securityContext"),
    ),
    *weaken(
        "pod-drops-capabilities",
        API,
        remove(f"{CONTAINER}.securityContext.capabilities"),
        lower(f"{CONTAINER}.securityContext.capabilities.drop", ["NET_RAW"]),
        open_up(f"{CONTAINER}.securityContext.capabilities.add", ["NET_ADMIN"]),
        open_up(f"{CONTAINER}.securityContext.capabilities.add", ["SYS_ADMIN"]),
    ),
    *weaken(
        "pod-seccomp",
        ETL,
        lower(f"{POD}.securityContext.seccompProfile.type", "Unconfined"),
        remove(f"{POD}.securityContext.seccompProfile"),
    ),
    *weaken(
        "pod-keeps-guards",
        API,
        open_up(f"{CONTAINER}.securityContext.procMount", "Unmasked"),
        open_up(f"{POD}.securityContext.appArmorProfile", {"type": "Unconfined"}),
        open_up(f"{POD}.securityContext.sysctls", [{"name": "kernel.msgmax", "value": "65536"}]),
    ),
    *weaken(
        "pod-read-only-root",
        API,
        turn_off(f"{CONTAINER}.securityContext.readOnlyRootFilesystem"),
        remove(f"{CONTAINER}.securityContext.readOnlyRootFilesystem"),
    ),
    *weaken(
        "pod-limited",
        OPS,
        remove(f"{CONTAINER}.resources.limits.memory"),
        remove(f"{CONTAINER}.resources.limits"),
        remove(f"{CONTAINER}.resources"),
    ),
    *weaken(
        "image-pinned",
        API,
        lower(f"{CONTAINER}.image", "ghcr.io/hms-project/api:latest"),
        lower(f"{CONTAINER}.image", "ghcr.io/hms-project/api"),
        remove(f"{CONTAINER}.image"),
    ),
    *weaken("image-pinned", ETL, lower(f"{CONTAINER}.image", "ghcr.io/hms-project/etl:latest")),
    *weaken(
        "pod-own-account",
        API,
        open_up(f"{POD}.automountServiceAccountToken", value=True),
        remove(f"{POD}.automountServiceAccountToken"),
        lower(f"{POD}.serviceAccountName", "default"),
        remove(f"{POD}.serviceAccountName"),
    ),
    *weaken(
        "pod-own-account",
        ACCOUNT,
        open_up("automountServiceAccountToken", value=True),
        remove("automountServiceAccountToken"),
    ),
    *weaken(
        "namespace-restricted",
        NAMESPACE,
        lower(ENFORCED, "baseline"),
        lower(ENFORCED, "privileged"),
        remove(ENFORCED),
        remove("metadata.labels"),
        lower(VERSION, "v1.18"),
    ),
    *weaken("namespace-restricted", "Namespace west-1-cdf-namespace", lower(ENFORCED, "privileged"), fleet="eni"),
    *weaken(
        "namespace-default-deny",
        DENY,
        remove_resource(),
        remove("spec.ingress"),
        remove("spec.egress"),
        lower("spec.ingress", []),
        open_up("spec.egress", [{"toEntities": ["all"]}]),
        lower("spec.endpointSelector", {"matchLabels": {"app": "other"}}),
        lower("spec.enableDefaultDeny", {"ingress": False}),
        mismatch("metadata.namespace", "hms-other"),
    ),
    *weaken(
        "namespace-default-deny",
        "CiliumNetworkPolicy west-1-cdf-policy-default-deny",
        remove_resource(),
        fleet="eni",
    ),
    *weaken("namespace-default-deny", NAMESPACE, mismatch("metadata.name", "hms-other")),
    *weaken(
        "network-policy-named",
        FROM_DEV,
        remove("spec.ingress[0].toPorts"),
        remove("spec.ingress[0].fromEndpoints"),
        open_up("spec.ingress[0].fromEntities", ["world"]),
        open_up("spec.ingress[0].fromEntities", ["cluster"]),
        open_up("spec.ingress[0].fromCIDR", ["0.0.0.0/0"]),
        open_up(PEER, {}),
        open_up(f"{PEER}.matchLabels", _without_name),
        open_up(f"{PEER}.matchExpressions[0].operator", "Exists"),
        open_up(f"{PORT}.protocol", "ANY"),
        open_up(f"{PORT}.port", "0"),
        open_up(f"{PORT}.endPort", 65_535),
    ),
    *weaken(
        "network-policy-named",
        TO_CDF,
        remove("spec.egress[0].toPorts"),
        open_up("spec.egress[0].toCIDRSet", [{"cidr": "0.0.0.0/0"}]),
        open_up("spec.egress[0].toEntities", ["all"]),
    ),
    *weaken(
        "network-policy-named",
        DNS,
        open_up("spec.egress[0].toFQDNs", [{"matchPattern": "*"}]),
        remove("spec.egress[0].toEndpoints"),
    ),
    *weaken(
        "chart-pinned",
        RELEASE,
        lower("version", "1.19.x"),
        lower("version", ">=1.19.0"),
        remove("version"),
        lower("repositoryOpts.repo", "http://helm.cilium.io"),
        remove("repositoryOpts"),
    ),
    *weaken(
        "node-waits-for-cilium",
        NODES,
        remove("taints"),
        lower("taints[0].effect", "PREFER_NO_SCHEDULE"),
        mismatch("taints[0].key", "node.cilium.io/other"),
    ),
    *weaken(
        "cilium-policies-on",
        RELEASE,
        lower("values.policyEnforcementMode", "never"),
        open_up("values.policyAuditMode", value=True),
        turn_off("values.cni.exclusive"),
    ),
)
