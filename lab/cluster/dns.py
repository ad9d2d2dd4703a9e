"""Cluster DNS, as EKS and AKS put it into every cluster.

Source: https://github.com/kubernetes/kubernetes/blob/v1.36.3/cluster/addons/dns/coredns/coredns.yaml.base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.cluster.api import Object
    from lab.plan import ClusterLab

_NAMESPACE = "kube-system"
_NAME = "coredns"
_LABELS = {"k8s-app": "kube-dns"}
_ROLE = "system:coredns"

COREFILE = """\
.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    cache 30
    reload
    loadbalance
}
"""
"""Without ``forward``: a lab knows no name outside its clusters, and CoreDNS refuses to start without an upstream."""


def dns_objects(cluster: ClusterLab, image: str) -> tuple[Object, ...]:
    """Make what the cloud would add, in the order in which it is to be applied.

    Parameters
    ----------
    image
        CoreDNS, as the nodes have it.
    """
    return (
        _object("v1", "ServiceAccount", _NAME),
        _object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            _ROLE,
            namespace="",
            rules=[
                {
                    "apiGroups": [""],
                    "resources": ["endpoints", "services", "pods", "namespaces"],
                    "verbs": ["list", "watch"],
                },
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
            ],
        ),
        _object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            _ROLE,
            namespace="",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _ROLE},
            subjects=[{"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}],
        ),
        _object("v1", "ConfigMap", _NAME, data={"Corefile": COREFILE}),
        _object("v1", "Service", "kube-dns", spec=_service(cluster.plan.dns_address)),
        _object("apps/v1", "Deployment", _NAME, spec=_deployment(image)),
    )


def _object(api_version: str, kind: str, name: str, *, namespace: str = _NAMESPACE, **rest: Any) -> Object:  # noqa: ANN401
    metadata: Object = {"name": name, "labels": {**_LABELS, "app.kubernetes.io/name": _NAME}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def _service(address: str) -> Object:
    return {
        "selector": _LABELS,
        "clusterIP": address,
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            {"name": "metrics", "port": 9153, "protocol": "TCP"},
        ],
    }


def _deployment(image: str) -> Object:
    return {
        "replicas": 2,
        "selector": {"matchLabels": _LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": _LABELS}, "spec": _pod(image)},
    }


def _pod(image: str) -> Object:
    return {
        "serviceAccountName": _NAME,
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _LABELS},
            }
        ],
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(image)],
        "volumes": [
            {"name": "config", "configMap": {"name": _NAME, "items": [{"key": "Corefile", "path": "Corefile"}]}}
        ],
    }


def _container(image: str) -> Object:
    def probe(path: str, port: int) -> Object:
        return {"httpGet": {"path": path, "port": port}}

    return {
        "name": _NAME,
        "image": image,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "livenessProbe": {**probe("/health", 8080), "initialDelaySeconds": 60, "timeoutSeconds": 5},
        "readinessProbe": {**probe("/ready", 8181), "periodSeconds": 2},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
