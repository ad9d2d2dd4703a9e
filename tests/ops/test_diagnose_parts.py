"""What a diagnosis reads besides: which service has a node port, and what an API server has to call."""

from __future__ import annotations

from typing import Any

from ops.services.observe.kubernetes import Hook
from ops.services.observe.read_hooks import hooks
from ops.services.observe.read_kubernetes import node_ports

ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def service(namespace: str, name: str, *ports: int, **selector: str) -> dict[str, Any]:
    """Give a service; a port is a node port."""
    spec = {"selector": selector, "ports": [{"port": 80, "nodePort": port} for port in ports] or [{"port": 80}]}
    return {"metadata": {"namespace": namespace, "name": name}, "spec": spec}


def pod(name: str, *, host_network: bool = False) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"hostNetwork": True} if host_network else {}}


def webhook(name: str, service: dict[str, str] | None, policy: str | None = None) -> dict[str, Any]:
    client = {"service": service} if service else {"url": "https://elsewhere.example"}
    return {"name": name, "clientConfig": client, **({"failurePolicy": policy} if policy else {})}


class FakeObjects:
    """Lists by path; only those that a selector asks for."""

    name = "aws-1"

    def __init__(self, **lists: Any) -> None:
        self.checker = {"namespace": "shop", "name": "checker"}
        self.lists: dict[str, list[Any]] = {
            "/api/v1/services": [],
            "/api/v1/namespaces/shop/services": [
                service("shop", "checker", app="checker"),
                service("shop", "other", app="other"),
            ],
            f"{ADMISSION}/validatingwebhookconfigurations": [],
            f"{ADMISSION}/mutatingwebhookconfigurations": [],
            "/apis/apiregistration.k8s.io/v1/apiservices": [],
            **lists,
        }

    def get(self, path: str, **query: str) -> dict[str, Any]:
        if path == "/api/v1/namespaces/shop/pods":
            assert query == {"labelSelector": "app=checker"}
            return {"items": [pod("checker-0"), pod("checker-1", host_network=True)]}
        wanted = query.get("fieldSelector", "").removeprefix("metadata.name=")
        return {"items": [each for each in self.lists[path] if not wanted or each["metadata"]["name"] == wanted]}


def test_node_ports() -> None:
    services = [service("shop", "front", 30080, 30443), service("shop", "inside")]
    assert node_ports(FakeObjects(**{"/api/v1/services": services})) == {30080: "shop/front", 30443: "shop/front"}


def test_webhooks_within_the_cluster() -> None:
    objects = FakeObjects()
    there = [
        webhook("check.shop", objects.checker),
        webhook("far.shop", None),
        webhook("lax", objects.checker, "Ignore"),
    ]
    objects.lists[f"{ADMISSION}/validatingwebhookconfigurations"] = [{"webhooks": there}]
    pods = {"checker-0": False, "checker-1": True}
    common: dict[str, Any] = {"kind": "ValidatingWebhookConfiguration", "service": "shop/checker", "pods": pods}
    assert hooks(objects) == (
        Hook(name="check.shop", required=True, **common),
        Hook(name="lax", required=False, **common),
    )


def test_aggregated_apis() -> None:
    objects = FakeObjects()
    objects.lists["/apis/apiregistration.k8s.io/v1/apiservices"] = [
        {"metadata": {"name": "v1."}, "spec": {}},
        {"metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": {"service": objects.checker}},
    ]
    (found,) = hooks(objects)
    assert (found.kind, found.name, found.required) == ("APIService", "v1beta1.metrics.k8s.io", True)


def test_a_service_without_pods_of_its_own() -> None:
    objects = FakeObjects(**{"/api/v1/namespaces/shop/services": [service("shop", "checker")]})
    objects.lists[f"{ADMISSION}/mutatingwebhookconfigurations"] = [{"webhooks": [webhook("check", objects.checker)]}]
    (found,) = hooks(objects)
    assert found.pods == {}
