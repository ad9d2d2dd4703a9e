"""Container images of the lab: no registry is in reach, so each is one static program, laid out as OCI says.

Source: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md. The annotation by which containerd
names what it imports is its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.tools import tool
from toolchain.programs import module_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from infra.plan import FleetPlan

_NAME = "io.containerd.image.name"
_OCI = "application/vnd.oci.image"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

_USERS = "root:x:0:0:root:/:/none\nnobody:x:65534:65534:nobody:/:/none\n"
_GROUPS = "root:x:0:\nnobody:x:65534:\n"


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image with one program at its root, users and a ``/tmp``.

    Parameters
    ----------
    name
        Full name with a tag, as pods ask for it.
    program
        Program of the lab, linked statically; it is ``/<program>`` in the image.
    arguments
        What it gets where the pod says nothing.
    user
        Numeric user and group, ``10001:10001``.
    """

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    user: str


PAUSE = Image(name="registry.k8s.io/pause:3.10.2", program="pause", user="65535:65535")
"""Holds the namespaces of a pod."""

COREDNS = Image(
    name=f"registry.k8s.io/coredns/coredns:v{module_of('coredns').version}", program="coredns", user="65532:65532"
)
"""Cluster DNS."""

AGNHOST = Image(
    name="registry.k8s.io/e2e-test-images/agnhost:2.63.0", program="agnhost", arguments=("pause",), user="10001:10001"
)
"""Kubernetes' own test program: client, server and more."""


def component_images(plan: FleetPlan) -> tuple[Image, ...]:
    """Let agnhost stand for the image of every component that runs: it answers on the component's port.

    It answers ``/healthz`` and any path that is no verb of its own with 200, and ``/hostname`` with the pod's name.

    Raises
    ------
    LabError
        If components share an image and not a port.
    """
    ports: dict[str, int] = {}
    for name, component in plan.fleet.components.items():
        known = ports.setdefault(component.image, component.port)
        if known != component.port:
            raise LabError(
                f"components.{name}.image is the image of a component on port {known} too, and its port is "
                f"{component.port}: what stands for an image in the lab listens on one port",
                "give them different images or tags, or the same port",
            )
    return tuple(
        Image(
            name=image,
            program="agnhost",
            # Without its UDP server /healthz never is 200; on the loopback it opens nothing.
            arguments=(
                "netexec",
                f"--http-port={port}",
                f"--udp-port={port}",
                "--udp-listen-addresses=127.0.0.1",
            ),
            user=AGNHOST.user,
        )
        for image, port in ports.items()
    )


def write(images: Iterable[Image], path: Path) -> None:
    """Write images into one archive; the same ones give the same octets.

    Parameters
    ----------
    path
        A tar file for ``ctr images import``.

    Raises
    ------
    LabError
        If a program is missing.
    """
    layers: dict[str, dict[str, Any]] = {}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        manifests = []
        for image in images:
            if image.program not in layers:
                layers[image.program] = _blob(archive, f"{_OCI}.layer.v1.tar", _layer(image.program))
            manifests.append(_manifest(archive, image, layers[image.program]))
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(archive, "index.json", _json({"schemaVersion": 2, "manifests": manifests}))


def _layer(program: str) -> bytes:
    """Write the file system of an image."""
    octets = io.BytesIO()
    with tarfile.open(fileobj=octets, mode="w", format=tarfile.PAX_FORMAT) as layer:
        _add(layer, "etc", None)
        _add(layer, "etc/passwd", _USERS.encode())
        _add(layer, "etc/group", _GROUPS.encode())
        _add(layer, "tmp", None, mode=0o1777)
        _add(layer, program, tool(program).read_bytes(), mode=0o755)
    return octets.getvalue()


def _manifest(archive: tarfile.TarFile, image: Image, layer: dict[str, Any]) -> dict[str, Any]:
    """Add an image's configuration and manifest, and give the manifest's descriptor under the image's name."""
    configuration = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {
            "User": image.user,
            "Entrypoint": [f"/{image.program}"],
            "Cmd": list(image.arguments),
            "Env": ["PATH=/"],
            "WorkingDir": "/",
        },
        # The layer is not compressed, so its digest is that of what it holds.
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _blob(archive, f"{_OCI}.config.v1+json", _json(configuration)),
        "layers": [layer],
    }
    descriptor = _blob(archive, f"{_OCI}.manifest.v1+json", _json(manifest))
    return {**descriptor, "annotations": {_NAME: image.name}}


def _blob(archive: tarfile.TarFile, media_type: str, octets: bytes) -> dict[str, Any]:
    """Add a blob, unless it is there, and give its descriptor."""
    digest = hashlib.sha256(octets).hexdigest()
    name = f"blobs/sha256/{digest}"
    if name not in archive.getnames():
        _add(archive, name, octets)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(octets)}


def _add(archive: tarfile.TarFile, name: str, octets: bytes | None, *, mode: int = 0o644) -> None:
    """Add a file, or a folder where there is nothing to hold; owner and time are always the same."""
    entry = tarfile.TarInfo(name)
    if octets is None:
        entry.type, entry.mode = tarfile.DIRTYPE, mode | 0o111
    else:
        entry.size, entry.mode = len(octets), mode
    archive.addfile(entry, io.BytesIO(octets) if octets is not None else None)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
