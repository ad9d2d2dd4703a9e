"""Inputs of good objects and releases, for tests that break one thing in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.simulator.kubernetes_names import AKS_HOST, CA, CA_KEY, EKS_HOST

if TYPE_CHECKING:
    from collections.abc import Mapping


def cilium(*, values: Mapping[str, Any] | None = None, **inputs: object) -> dict[str, Any]:
    """Inputs of a Cilium release on the EKS cluster."""
    base: dict[str, Any] = {
        "cluster": {"name": "aws-1", "id": 1},
        "k8sServiceHost": EKS_HOST,
        "k8sServicePort": 443,
        "kubeProxyReplacement": True,
        "bpf": {"masquerade": True},
        "routingMode": "tunnel",
        "tunnelProtocol": "geneve",
        "ipam": {"mode": "cluster-pool", "operator": {"clusterPoolIPv4PodCIDRList": ["100.64.0.0/16"]}},
        "tls": {"ca": {"cert": CA, "key": CA_KEY}},
        "operator": {"replicas": 2},
    }
    return {
        "name": "cilium",
        "namespace": "kube-system",
        "chart": "cilium",
        "version": "1.19.6",
        "repositoryOpts": {"repo": "https://helm.cilium.io"},
        "skipAwait": True,
        "values": {**base, **(values or {})},
        **inputs,
    }


def aks_cilium(*, values: Mapping[str, Any] | None = None, **inputs: object) -> dict[str, Any]:
    """Inputs of a Cilium release on the AKS cluster, which waits."""
    mine = {
        "cluster": {"name": "azure-1", "id": 2},
        "k8sServiceHost": AKS_HOST,
        "kubeProxyReplacement": False,
        "bpf": {"masquerade": False},
        "aksbyocni": {"enabled": True},
        **(values or {}),
    }
    return cilium(values=mine, **{"skipAwait": False, **inputs})


def pod() -> dict[str, Any]:
    """A pod's specification that the restricted standard admits."""
    return {
        "serviceAccountName": "api",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "api",
                "image": "ghcr.io/hms-project/api:1.0.0",
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {
                    "limits": {"cpu": "500m", "memory": "256Mi"},
                    "requests": {"cpu": "0.5", "memory": "256Mi"},
                },
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "tmp", "mountPath": "/scratch"}],
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }


def deployment(**spec: object) -> dict[str, Any]:
    """Inputs of a Deployment that becomes ready."""
    return {
        "metadata": {"name": "api", "namespace": "hms-api"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": pod()},
            **spec,
        },
    }


def stateful_set(**spec: object) -> dict[str, Any]:
    """Inputs of a StatefulSet that becomes ready where the class ``fast`` is."""
    inputs = deployment()
    inputs["spec"] |= {
        "serviceName": "api",
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "fast",
                    "resources": {"requests": {"storage": "20Gi"}},
                },
            }
        ],
        **spec,
    }
    return inputs


def service(**spec: object) -> dict[str, Any]:
    """Inputs of a Service."""
    return {
        "metadata": {"name": "api", "namespace": "hms-api"},
        "spec": {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}], **spec},
    }


def policy(**spec: object) -> dict[str, Any]:
    """Inputs of a CiliumNetworkPolicy."""
    return {
        "metadata": {"name": "api", "namespace": "hms-api"},
        "spec": {"endpointSelector": {"matchLabels": {"app": "api"}}, "ingress": [{}], **spec},
    }


def changed(tree: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """A deep copy with one value changed; ``None`` takes it out. Digits in the path are list indices."""
    copy: dict[str, Any] = json.loads(json.dumps(tree))
    place: Any = copy
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    for step in steps:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy
