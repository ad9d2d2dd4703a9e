from __future__ import annotations

from typing import Any

from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONTAINER = {
    "name": "api",
    "image": "ghcr.io/hms-project/api:1.0.0",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}},
    "ports": [{"containerPort": 8080}],
}
POD = {
    "containers": [CONTAINER],
    "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    "serviceAccountName": "api",
    "automountServiceAccountToken": False,
    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
}
GOOD = made(DEPLOYMENT, {"spec": {"template": {"spec": POD}}})
AT = "spec.template.spec"
OF = f"{AT}.containers[0]"
CONTEXT = f"{OF}.securityContext"
POLICY = "kubernetes:cilium.io/v2:CiliumNetworkPolicy"
DENY = {"endpointSelector": {}, "ingress": [{}], "egress": [{}]}
DEV = {"matchLabels": {"app": "dev"}}
ANYWHERE = {"key": "io.cilium.k8s.policy.cluster", "operator": "Exists"}
ALLOW = {
    "endpointSelector": {"matchLabels": {"app": "api"}},
    "ingress": [
        {
            "fromEndpoints": [DEV],
            "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}]}],
        }
    ],
}
VERSION = ("metadata", "labels", "pod-security.kubernetes.io/enforce-version")
NAMELESS = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "hms-dev"}}
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def namespace(name: str = "hms-api", **more: Any) -> Any:
    return made(
        "kubernetes:core/v1:Namespace", {"metadata": {"name": name, "labels": RESTRICTED}}, f"{name}-namespace", **more
    )


def policy(name: str, spec: dict[str, Any], **more: Any) -> Any:
    return made(POLICY, {"metadata": {"namespace": "hms-api"}, "spec": spec}, name, **more)


ROWS = (
    Row(
        rule="pod-not-privileged",
        good=GOOD,
        path=f"{CONTEXT}.allowPrivilegeEscalation",
        bad=(True,),
        also_bad=(
            (f"{CONTEXT}.privileged", True),
            (CONTEXT, ABSENT),
            (f"{AT}.initContainers", [{"name": "a", "securityContext": {"privileged": True}}]),
        ),
    ),
    Row(
        rule="pod-no-host",
        good=GOOD,
        path=f"{AT}.hostNetwork",
        bad=(True,),
        missing="passes",
        also_bad=(
            (f"{AT}.hostPID", True),
            (f"{AT}.hostIPC", True),
            (f"{OF}.ports[0].hostPort", 8080),
            (f"{AT}.volumes", [{"name": "root", "hostPath": {"path": "/"}}]),
            (AT, ABSENT),
        ),
    ),
    Row(
        rule="pod-not-root",
        good=GOOD,
        path=f"{AT}.securityContext.runAsNonRoot",
        bad=(False,),
        also_bad=(
            (f"{AT}.securityContext.runAsUser", 0),
            (f"{CONTEXT}.runAsNonRoot", False),
            (f"{CONTEXT}.runAsUser", 0),
        ),
    ),
    Row(
        rule="pod-drops-capabilities",
        good=GOOD,
        path=f"{CONTEXT}.capabilities.drop",
        bad=([], ["NET_RAW"]),
        also_bad=((f"{CONTEXT}.capabilities.add", ["SYS_ADMIN"]),),
        also_good=((f"{CONTEXT}.capabilities.add", ["NET_BIND_SERVICE"]),),
    ),
    Row(
        rule="pod-seccomp",
        good=GOOD,
        path=f"{AT}.securityContext.seccompProfile.type",
        bad=("Unconfined",),
        also_bad=((f"{CONTEXT}.seccompProfile", {"type": "Unconfined"}),),
    ),
    Row(
        rule="pod-keeps-guards",
        good=GOOD,
        path=f"{CONTEXT}.procMount",
        bad=("Unmasked",),
        missing="passes",
        also_bad=(
            (f"{AT}.securityContext.appArmorProfile", {"type": "Unconfined"}),
            (f"{CONTEXT}.seLinuxOptions", {"role": "sysadm_r"}),
            (f"{AT}.securityContext.sysctls", [{"name": "kernel.msgmax", "value": "65536"}]),
        ),
        also_good=((f"{AT}.securityContext.sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]),),
    ),
    Row(
        rule="pod-read-only-root",
        good=GOOD,
        path=f"{CONTEXT}.readOnlyRootFilesystem",
        bad=(False,),
    ),
    Row(
        rule="pod-limited",
        good=GOOD,
        path=f"{OF}.resources.limits.memory",
        bad=("",),
        also_bad=((f"{OF}.resources.limits.cpu", ABSENT), (f"{OF}.resources", ABSENT)),
    ),
    Row(
        rule="image-pinned",
        good=GOOD,
        path=f"{OF}.image",
        bad=("nginx", "nginx:latest", "registry:5000/nginx", "nginx@sha256:12"),
        also_bad=((f"{AT}.initContainers", [{"image": "busybox"}]), (f"{AT}.containers", [])),
        also_good=((f"{OF}.image", f"nginx@sha256:{'0' * 64}"), (f"{OF}.image", "registry:5000/nginx:1.2")),
    ),
    Row(
        rule="image-pinned",
        good=made("kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}}),
        path="spec.jobTemplate.spec.template.spec.containers[0].image",
        bad=("nginx:latest",),
    ),
    Row(
        rule="pod-own-account",
        good=GOOD,
        path=f"{AT}.automountServiceAccountToken",
        bad=(True,),
        also_bad=((f"{AT}.serviceAccountName", "default"), (f"{AT}.serviceAccountName", ABSENT)),
    ),
    Row(
        rule="pod-own-account",
        good=made("kubernetes:core/v1:ServiceAccount", {"automountServiceAccountToken": False}),
        path="automountServiceAccountToken",
        bad=(True,),
    ),
    Row(
        rule="namespace-restricted",
        good=namespace(),
        path=("metadata", "labels", "pod-security.kubernetes.io/enforce"),
        bad=("baseline", "privileged"),
        also_bad=(
            ("metadata.labels", ABSENT),
            (VERSION, "v1.18"),
            (VERSION, "1.35"),
        ),
        also_good=((VERSION, "v1.35"), (VERSION, "latest")),
    ),
    Row(
        rule="namespace-default-deny",
        good=(namespace(), policy("deny", DENY)),
        at=1,
        path="spec",
        bad=(
            {"endpointSelector": {}, "ingress": [{}]},
            {"endpointSelector": {}, "ingress": [], "egress": [{}]},
            {"endpointSelector": {"matchLabels": {"app": "api"}}, "ingress": [{}], "egress": [{}]},
            {**DENY, "enableDefaultDeny": {"egress": False}},
            {**DENY, "ingress": [{"fromEntities": ["all"]}]},
        ),
        wrong="deny",
        also_bad=(("metadata.namespace", "hms-dev"),),
    ),
    Row(
        rule="namespace-default-deny",
        good=(
            namespace(provider="one"),
            policy("deny", DENY, provider="one"),
            policy("elsewhere", DENY, provider="two"),
        ),
        at=1,
        path="metadata.namespace",
        bad=("hms-dev",),
    ),
    Row(
        rule="namespace-default-deny",
        good=(
            namespace(),
            made(
                "kubernetes:networking.k8s.io/v1:NetworkPolicy",
                {
                    "metadata": {"namespace": "hms-api"},
                    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
                },
                "deny",
            ),
        ),
        at=1,
        path="spec.policyTypes",
        bad=(["Ingress"],),
        unknown="violation",
    ),
    Row(
        rule="network-policy-named",
        good=policy("allow", ALLOW),
        path="spec.ingress",
        bad=(
            [{"fromEntities": ["all"], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromEntities": ["world"], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromCIDR": ["0.0.0.0/0"], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromCIDRSet": [{"cidr": "::/0"}], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromEndpoints": [{"matchLabels": {"app": "dev"}}]}],
            [{"toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromEndpoints": [{}], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromEndpoints": [NAMELESS], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
            [{"fromEndpoints": [{}], "toPorts": [{"ports": [{"port": "0", "protocol": "TCP"}]}]}],
            [{"fromEndpoints": [{}], "toPorts": [{"ports": [{"port": "80", "protocol": "ANY"}]}]}],
            [{"fromEndpoints": [DEV], "toPorts": [{"ports": [{"port": "1", "endPort": 65535, "protocol": "TCP"}]}]}],
            [{"fromEndpoints": [{**DEV, "matchExpressions": [ANYWHERE]}], "toPorts": ALLOW["ingress"][0]["toPorts"]}],
        ),
        missing="passes",
        also_bad=(
            ("spec.egress", [{"toEntities": ["world"]}]),
            ("spec.egress", [{"toFQDNs": [{"matchPattern": "*"}], "toPorts": ALLOW["ingress"][0]["toPorts"]}]),
            ("spec", ABSENT),
        ),
        also_good=(
            ("spec", DENY),
            ("spec.egress", [{"toFQDNs": [{"matchName": "a.org"}], "toPorts": ALLOW["ingress"][0]["toPorts"]}]),
        ),
    ),
)
