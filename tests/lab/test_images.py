"""Images as containerd reads them: the digests hold, and a component's answers on its port."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from infra.predicates import image_is_pinned
from lab import images, tools
from lab.errors import LabError
from lab.images import AGNHOST, COREDNS, PAUSE, Image, component_images, write
from tests.infra.fleets import fleet_data, planned
from tests.toolchain.machine import Machine
from toolchain import sources
from toolchain.programs import module_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITES, CLUSTERS = {"aws": "aws", "azure": "azure"}, {"aws-1": ("aws", 1), "azure-1": ("azure", 2)}


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Give a machine with the programs of the images: text, which is as good as a program that nobody runs."""
    tools.tool.cache_clear()
    made = Machine(tmp_path, monkeypatch)
    for name in ("agnhost", "coredns"):
        made.put(f"{name}-{module_of(name).version}", name, name * 1000)
    made.put(sources.pause().parent.name, "pause", "pause")
    yield made
    tools.tool.cache_clear()


class Archive:
    """An image archive, read as the specification says."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            self.names = archive.getnames()
            self._files = {name: file.read() for name in self.names if (file := archive.extractfile(name))}

    def json(self, name: str) -> Any:
        return json.loads(self._files[name])

    def blob(self, descriptor: dict[str, Any]) -> bytes:
        octets = self._files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert descriptor["digest"] == "sha256:" + hashlib.sha256(octets).hexdigest()
        assert descriptor["size"] == len(octets)
        return octets

    def image(self, name: str) -> tuple[dict[str, Any], tarfile.TarFile]:
        """Give an image's configuration and its only layer."""
        (found,) = (
            each
            for each in self.json("index.json")["manifests"]
            if each["annotations"]["io.containerd.image.name"] == name
        )
        manifest = json.loads(self.blob(found))
        configuration = json.loads(self.blob(manifest["config"]))
        (layer,) = manifest["layers"]
        assert configuration["rootfs"] == {"type": "layers", "diff_ids": [layer["digest"]]}
        return configuration, tarfile.open(fileobj=io.BytesIO(self.blob(layer)))


def _components(**ports_and_images: tuple[int, str]) -> dict[str, Any]:
    return {
        name: {"image": image, "clusters": ["aws-1"], "port": port} for name, (port, image) in ports_and_images.items()
    }


def test_an_image_holds_its_program_and_what_a_program_expects(tmp_path: Path) -> None:
    write([COREDNS], tmp_path / "images.tar")
    archive = Archive(tmp_path / "images.tar")
    assert archive.json("oci-layout") == {"imageLayoutVersion": "1.0.0"}
    configuration, layer = archive.image(COREDNS.name)
    assert {entry.name: (entry.mode, entry.isdir()) for entry in layer} == {
        "etc": (0o755, True),
        "etc/passwd": (0o644, False),
        "etc/group": (0o644, False),
        "tmp": (0o1777, True),
        "coredns": (0o755, False),
    }
    program = layer.extractfile("coredns")
    assert program is not None
    assert program.read() == tools.tool("coredns").read_bytes()
    assert configuration["config"]["Entrypoint"] == ["/coredns"]
    assert configuration["config"]["User"] == "65532:65532"


def test_no_image_runs_as_root_and_each_has_a_tag() -> None:
    for image in (PAUSE, COREDNS, AGNHOST):
        assert int(image.user.split(":")[0]) > 0
        assert image_is_pinned(image.name)


def test_the_same_images_give_the_same_octets(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write([PAUSE, COREDNS, AGNHOST], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_images_of_one_program_share_its_layer(tmp_path: Path) -> None:
    other = Image(name="example.org/other:1", program="agnhost", arguments=AGNHOST.arguments, user=AGNHOST.user)
    write([AGNHOST, other], tmp_path / "images.tar")
    archive = Archive(tmp_path / "images.tar")
    assert len(archive.names) == len(set(archive.names))
    assert archive.image(AGNHOST.name)[0] == archive.image(other.name)[0]


def test_a_missing_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="kubelet"):
        write([Image(name="example.org/kubelet:1", program="kubelet", user="1:1")], tmp_path / "images.tar")


def test_a_component_answers_on_its_port_under_its_own_image() -> None:
    components = _components(api=(8080, "example.org/api:1"), etl=(8087, "example.org/etl:1"))
    api, etl = component_images(planned(fleet_data(SITES, CLUSTERS, components=components)))
    assert (api.name, etl.name) == ("example.org/api:1", "example.org/etl:1")
    assert etl.arguments[:2] == ("netexec", "--http-port=8087")
    assert api.user == "10001:10001"


def test_components_may_share_an_image_on_one_port() -> None:
    components = _components(api=(8080, "example.org/all:1"), etl=(8080, "example.org/all:1"))
    assert len(component_images(planned(fleet_data(SITES, CLUSTERS, components=components)))) == 1


def test_components_that_share_an_image_on_two_ports_are_refused() -> None:
    components = _components(api=(8080, "example.org/all:1"), etl=(8087, "example.org/all:1"))
    with pytest.raises(LabError, match=r"components\.etl\.image .* port 8080 too") as error:
        component_images(planned(fleet_data(SITES, CLUSTERS, components=components)))
    assert "the same port" in error.value.advice


def test_a_fleet_without_components_needs_no_images() -> None:
    assert images.component_images(planned(fleet_data(SITES, CLUSTERS))) == ()
