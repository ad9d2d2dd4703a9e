"""The release's objects in the API server: the chart's own, and what other programs of a real cluster make of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.ports import MESH_API_PORT
from lab.cilium import agent, certificates, mesh, objects
from lab.images import PAUSE

if TYPE_CHECKING:
    from lab.cilium.chart import Object
    from lab.cilium.objects import Rendered
    from lab.cluster.api import Api
    from lab.plan import ClusterLab


class Applied:
    """The objects of one cluster's release."""

    def __init__(self, cluster: ClusterLab, api: Api) -> None:
        self._cluster = cluster
        self._api = api

    def kube_version(self) -> str:
        """Ask the API server for its version, ``v1.36.3``."""
        answer = self._api.web.request("GET", "/version")
        return str(json.loads(answer.body)["gitVersion"])

    def put(self, rendered: Rendered, before: Rendered | None, namespace: str) -> None:
        """Let the API server have what is rendered, and nothing any more that only the rendering before had.

        Certificates are signed where certgen's Jobs are new.

        Raises
        ------
        LabError
            If it refuses an object.
        """
        # kube-controller-manager has been there once this is; every pod of the chart needs it.
        ready = ("v1", "ConfigMap", "kube-root-ca.crt", namespace)
        self._api.wait(f"{namespace} is there", lambda: self._api.get(*ready) is not None)
        for one in rendered.applied:
            self._api.apply(one)
        if before is not None:
            kept = {_identity(one) for one in rendered.applied}
            self._delete([one for one in reversed(before.applied) if _identity(one) not in kept])
        self._sign(rendered, certificates.wanted(rendered, before))
        self._api.apply(objects.empty(rendered.workload("DaemonSet", agent.NAME), PAUSE.name))
        service = rendered.find("Service", mesh.NAME)
        if service is not None:
            self._api.apply(self._backend(service))

    def sign(
        self, rendered: Rendered, authority: certificates.Authority | None = None, *, expired: bool = False
    ) -> None:
        """Sign every certificate anew.

        Parameters
        ----------
        authority
            Another than the mesh's, for faults; the mesh's stays the trusted one.
        expired
            For faults.
        """
        self._sign(rendered, certificates.wanted(rendered), authority, expired=expired)

    def delete(self, rendered: Rendered) -> None:
        """Delete it all, and wait until its namespaces are gone. Custom resources stay, as Helm leaves them.

        Raises
        ------
        LabError
            If they do not go.
        """
        secrets = [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": one.name, "namespace": one.namespace}}
            for one in certificates.wanted(rendered)
        ]
        self._delete([rendered.workload("DaemonSet", agent.NAME), *reversed(rendered.applied), *secrets])
        for one in rendered.applied:
            if one["kind"] == "Namespace":
                self._wait_gone(one["metadata"]["name"])

    def _sign(
        self,
        rendered: Rendered,
        wanted: tuple[certificates.Wanted, ...],
        authority: certificates.Authority | None = None,
        *,
        expired: bool = False,
    ) -> None:
        own = certificates.Authority.of(rendered)
        for secret in certificates.secrets(wanted, authority or own, expired=expired, trusted=own.pem):
            self._api.apply(secret)

    def _wait_gone(self, namespace: str) -> None:
        # A release that comes at once would be refused: its objects' namespace is still going.
        self._api.wait(f"{namespace} is gone", lambda: self._api.get("v1", "Namespace", namespace) is None)

    def _delete(self, gone: list[Object]) -> None:
        for one in gone:
            metadata = one["metadata"]
            self._api.delete(one["apiVersion"], one["kind"], metadata["name"], metadata.get("namespace", ""))

    def _backend(self, service: Object) -> Object:
        """Make the backend of the mesh API server's Service: no pod has its labels, so no controller makes one."""
        metadata = service["metadata"]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{metadata['name']}-lab",
                "namespace": metadata["namespace"],
                "labels": {
                    "kubernetes.io/service-name": metadata["name"],
                    "endpointslice.kubernetes.io/managed-by": "hms-lab",
                },
                # It goes with the Service, as what a controller makes does.
                "ownerReferences": [self._owner(service)],
            },
            "addressType": "IPv4",
            "endpoints": [
                {"addresses": [address], "conditions": {"ready": True}} for address in self._cluster.plan.mesh_addresses
            ],
            "ports": [{"name": "", "port": MESH_API_PORT, "protocol": "TCP"}],
        }

    def _owner(self, service: Object) -> Object:
        metadata = service["metadata"]
        found = self._api.get("v1", "Service", metadata["name"], metadata["namespace"]) or {}
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "name": metadata["name"],
            "uid": found["metadata"]["uid"],
        }


def _identity(one: Object) -> tuple[str, str, str]:
    metadata = one["metadata"]
    return one["kind"], metadata.get("namespace", ""), metadata["name"]
