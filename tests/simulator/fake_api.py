"""A small Kubernetes API server over TLS on loopback, and the lab's files that lead to it."""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS: Final = {
    "v1": {
        "Namespace": ("namespaces", False),
        "Service": ("services", True),
        "Secret": ("secrets", True),
        "ConfigMap": ("configmaps", True),
        "ServiceAccount": ("serviceaccounts", True),
        "Pod": ("pods", True),
        "Event": ("events", True),
        "PersistentVolumeClaim": ("persistentvolumeclaims", True),
        "Node": ("nodes", False),
    },
    "apps/v1": {
        "Deployment": ("deployments", True),
        "ReplicaSet": ("replicasets", True),
        "StatefulSet": ("statefulsets", True),
    },
    "discovery.k8s.io/v1": {"EndpointSlice": ("endpointslices", True)},
    "storage.k8s.io/v1": {"StorageClass": ("storageclasses", False)},
}


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content: str


@dataclass
class FakeApi:
    """What the server holds and does; a test may change all of it meanwhile.

    Attributes
    ----------
    objects
        By path.
    kinds
        By API version and kind: plural, and whether namespaced.
    troubles
        Answered to the next requests instead, one each: ``(status, body)``, or ``None`` to cut the connection.
    refusal
        ``(status, body)`` for everything that is applied.
    controller
        Runs on every applied object, as controllers would.
    holds
        Deleted objects stay.
    warning
        Header of every answer to an applied object.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=lambda: {**KINDS})
    troubles: list[tuple[int, dict[str, Any]] | None] = field(default_factory=list)
    refusal: tuple[int, dict[str, Any]] | None = None
    controller: Callable[[dict[str, Any]], None] = lambda _: None
    holds: bool = False
    warning: str = ""
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    _count: int = 0

    def of(self, method: str) -> list[Asked]:
        """Requests of a method."""
        return [one for one in self.asked if one.method == method]

    def answer(self, asked: Asked) -> tuple[int, dict[str, Any]] | None:
        """Answer a request."""
        self.asked.append(asked)
        if self.troubles:
            return self.troubles.pop(0)
        return getattr(self, f"_{asked.method.lower()}")(asked)

    def _get(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        version = asked.path.removeprefix("/apis/").removeprefix("/api/")
        if version in self.kinds:
            kinds = self.kinds[version].items()
            return 200, {"resources": [{"name": n, "kind": k, "namespaced": s} for k, (n, s) in kinds]}
        if asked.path in self.objects:
            return 200, self.objects[asked.path]
        if asked.path.rpartition("/")[2] in {plural for kinds in self.kinds.values() for plural, _ in kinds.values()}:
            wanted = dict(pair.split("=") for pair in asked.query.get("labelSelector", "").split(",") if pair)
            inside = [one for path, one in self.objects.items() if path.rpartition("/")[0] == asked.path]
            return 200, {"items": [one for one in inside if wanted.items() <= _labels(one).items()]}
        return self._missing(asked)

    def _patch(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        if self.refusal is not None:
            return self.refusal
        namespace = asked.body["metadata"].get("namespace")
        if namespace and f"/api/v1/namespaces/{namespace}" not in self.objects:
            return 404, {"reason": "NotFound", "message": f'namespaces "{namespace}" not found'}
        self.put(asked.path, asked.body)
        return 200, self.objects[asked.path]

    def _delete(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        if asked.path not in self.objects:
            return self._missing(asked)
        return 200, self.objects[asked.path] if self.holds else self.objects.pop(asked.path)

    @staticmethod
    def _missing(asked: Asked) -> tuple[int, dict[str, Any]]:
        return 404, {"reason": "NotFound", "message": f"{asked.path} not found"}

    def put(self, path: str, body: dict[str, Any], manager: str = "hms") -> None:
        """Apply an object: its values are the manager's, those of before go unless they are metadata or status."""
        self._count += 1
        before = self.objects.get(path, {"metadata": {"uid": f"uid-{self._count}", "generation": 0}})
        owned = {"manager": manager, "operation": "Apply", "fieldsV1": _fields(body)}
        metadata = {
            **before["metadata"],
            **body["metadata"],
            "generation": before["metadata"]["generation"] + 1,
            "resourceVersion": str(self._count),
            "managedFields": [owned],
        }
        kept = {"status": before["status"]} if "status" in before else {}
        self.objects[path] = {**kept, **body, "metadata": metadata}
        self.controller(self.objects[path])


def _labels(live: dict[str, Any]) -> dict[str, str]:
    return live.get("metadata", {}).get("labels") or {}


def _fields(value: object) -> dict[str, Any]:
    """Fields of a manager, lists as wholes."""
    return {f"f:{name}": _fields(item) for name, item in value.items()} if isinstance(value, dict) else {}


def ready(live: dict[str, Any]) -> None:
    """A controller that has everything ready at once."""
    if live["kind"] == "Deployment":
        wanted = live["spec"].get("replicas", 1)
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), wanted)
        available = {"type": "Available", "status": "True"}
        live["status"] = {**counts, "observedGeneration": live["metadata"]["generation"], "conditions": [available]}


@contextmanager
def serving_api(folder: Path, depth: str = "datapath") -> Iterator[tuple[FakeApi, Path]]:
    """A server, and the ``lab.json`` that names it as the cluster ``aws-1``."""
    api = FakeApi()
    server_pem, client_pem, authority = _certificates()
    (folder / "server.pem").write_bytes(server_pem)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.decode())
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(folder / "server.pem")
    server = _Server(("127.0.0.1", 0), _handler(api))
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    api.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"https://127.0.0.1:{api.port}"
    (folder / "admin.yaml").write_text(json.dumps(_kubeconfig(url, authority, client_pem)))
    lab = folder / "lab.json"
    cluster = {"names": ["dev-aws-1", "aws-1"], "server": url, "kubeconfig": str(folder / "admin.yaml")}
    document = {"version": 1, "fleet": "dev", "depth": depth, "control": str(folder / "control.sock")}
    lab.write_text(json.dumps({**document, "clusters": {"aws-1": cluster}}))
    try:
        yield api, lab
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that go away are part of the tests."""


def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            content = self.headers.get("Content-Type", "")
            answer = api.answer(Asked(self.command, parts.path, query, json.loads(data) if data else None, content))
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, body = answer
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            if api.warning and self.command == "PATCH":
                self.send_header("Warning", api.warning)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _kubeconfig(url: str, authority: bytes, client: bytes) -> dict[str, Any]:
    def data(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    key, _, certificate = client.partition(b"-----BEGIN CERTIFICATE")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aws-1",
        "contexts": [{"name": "aws-1", "context": {"cluster": "aws-1", "user": "admin"}}],
        "clusters": [{"name": "aws-1", "cluster": {"server": url, "certificate-authority-data": data(authority)}}],
        "users": [
            {
                "name": "admin",
                "user": {
                    "client-certificate-data": data(b"-----BEGIN CERTIFICATE" + certificate),
                    "client-key-data": data(key),
                },
            }
        ],
    }


def _certificates() -> tuple[bytes, bytes, bytes]:
    """Server and client, each key and certificate, and the CA of both."""
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "marked fake CA")])

    def sign(name: str, of: ec.EllipticCurvePrivateKey, *, ca: bool) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(authority if ca else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(authority)
            .public_key(of.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
        )
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def pair(name: str) -> bytes:
        own = ec.generate_private_key(ec.SECP256R1())
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return own.private_bytes(*form) + sign(name, own, ca=False)

    return pair("kube-apiserver"), pair("admin"), sign("", key, ca=True)
