"""Reads what an API server itself has to call: admission webhooks, and services of aggregated APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.services.observe.kubernetes import Hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.adapters.cilium_ports import Objects

_WEBHOOKS = {
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
}


def hooks(objects: Objects) -> tuple[Hook, ...]:
    """Read those that are served from within the cluster."""
    return tuple(
        Hook(
            kind=kind,
            name=name,
            service=f"{service['namespace']}/{service['name']}",
            pods=_pods(objects, service["namespace"], service["name"]),
            required=required,
        )
        for kind, name, service, required in (*_webhooks(objects), *_apis(objects))
    )


def _webhooks(objects: Objects) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    for kind, plural in _WEBHOOKS.items():
        for each in objects.get(f"/apis/admissionregistration.k8s.io/v1/{plural}")["items"]:
            for hook in each.get("webhooks", ()):
                if service := hook["clientConfig"].get("service"):
                    yield kind, hook["name"], service, hook.get("failurePolicy", "Fail") == "Fail"


def _apis(objects: Objects) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    for each in objects.get("/apis/apiregistration.k8s.io/v1/apiservices")["items"]:
        # What the API server itself serves has no service.
        if service := each["spec"].get("service"):
            yield "APIService", each["metadata"]["name"], service, True


def _pods(objects: Objects, namespace: str, service: str) -> dict[str, bool]:
    path = f"/api/v1/namespaces/{namespace}"
    found = objects.get(f"{path}/services", fieldSelector=f"metadata.name={service}")["items"]
    selector = ",".join(f"{key}={value}" for each in found for key, value in each["spec"].get("selector", {}).items())
    if not selector:
        return {}
    return {
        pod["metadata"]["name"]: bool(pod["spec"].get("hostNetwork"))
        for pod in objects.get(f"{path}/pods", labelSelector=selector)["items"]
    }
