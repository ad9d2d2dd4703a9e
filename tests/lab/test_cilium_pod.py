"""A rendered pod as folders: its volumes as kubelet would write them, and the roots of its containers."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.cilium.images import Image
from lab.cilium.pod import Extra, Place, Pod
from lab.cilium.root import script
from lab.cilium.volumes import Volume, Volumes
from lab.errors import LabError
from lab.machine.processes import Processes
from lab.machine.spaces import LAB

if TYPE_CHECKING:
    from lab.cluster.api import Api


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class FakeApi:
    cluster = "aws-1"

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {
            ("ConfigMap", "kube-root-ca.crt"): {"kind": "ConfigMap", "data": {"ca.crt": "root"}},
            ("ConfigMap", "cilium-config"): {"kind": "ConfigMap", "data": {"cluster-name": "aws-1", "debug": "false"}},
            ("Secret", "peers"): {"kind": "Secret", "data": {"azure-1": encoded("endpoints")}},
            ("Secret", "remote"): {"kind": "Secret", "data": {"tls.crt": encoded("crt"), "tls.key": encoded("key")}},
        }

    def get(self, _version: str, kind: str, name: str, _namespace: str = "") -> dict[str, Any] | None:
        return self.objects.get((kind, name))

    def token(self, namespace: str, account: str, _seconds: int) -> str:
        return f"token of {namespace}/{account}"


PROJECTED = {
    "name": "mesh",
    "projected": {
        "sources": [
            {"secret": {"name": "peers", "optional": True}},
            {"secret": {"name": "remote", "items": [{"key": "tls.crt", "path": "common.crt"}]}},
            {"secret": {"name": "absent", "optional": True}},
        ]
    },
}


def volumes(api: FakeApi, folder: Path, *specs: dict[str, Any]) -> Volumes:
    spec = {"serviceAccountName": "cilium", "volumes": list(specs)}
    real: Api = api  # type: ignore[assignment]
    return Volumes(real, "kube-system", spec, folder="/run/hms/pod/volumes", view=folder)


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_projected_volume_takes_what_its_sources_name(tmp_path: Path) -> None:
    volumes(FakeApi(), tmp_path, PROJECTED).write()
    assert read(tmp_path / "mesh") == {"azure-1": "endpoints", "common.crt": "crt"}


def test_secrets_and_their_folders_are_their_owners_alone(tmp_path: Path) -> None:
    volumes(FakeApi(), tmp_path, PROJECTED).write()
    assert (tmp_path / "mesh").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "mesh").iterdir())


def test_a_change_is_written_in_place_and_what_is_gone_goes(tmp_path: Path) -> None:
    api = FakeApi()
    found = volumes(api, tmp_path, PROJECTED)
    found.write()
    folder = (tmp_path / "mesh").stat().st_ino
    api.objects["Secret", "peers"]["data"] = {"aws-2": encoded("others")}
    found.write()
    assert read(tmp_path / "mesh") == {"aws-2": "others", "common.crt": "crt"}
    assert (tmp_path / "mesh").stat().st_ino == folder, "what is mounted elsewhere must see the change"


def test_a_secret_that_must_be_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no Secret absent in kube-system"):
        volumes(FakeApi(), tmp_path, {"name": "x", "secret": {"secretName": "absent"}}).write()


def test_a_running_pod_keeps_what_it_mounts_of_an_object_that_is_gone(tmp_path: Path) -> None:
    api = FakeApi()
    remote = {"name": "remote", "secret": {"secretName": "remote"}}
    found = volumes(api, tmp_path, remote, PROJECTED)
    found.write()
    del api.objects["Secret", "remote"]
    api.objects["Secret", "peers"]["data"] = {"aws-2": encoded("others")}
    found.write(running=True)
    assert read(tmp_path / "remote") == {"tls.crt": "crt", "tls.key": "key"}
    assert read(tmp_path / "mesh") == {"azure-1": "endpoints", "common.crt": "crt"}, "a volume is written whole or not"
    with pytest.raises(LabError, match="no Secret remote"):
        found.write()


def test_a_kind_of_volume_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no volume of name, csi"):
        volumes(FakeApi(), tmp_path, {"name": "x", "csi": {"driver": "x"}}).write()


def test_the_account_is_where_every_pod_finds_it(tmp_path: Path) -> None:
    found = volumes(FakeApi(), tmp_path)
    found.write_account()
    assert read(tmp_path / "serviceaccount") == {
        "token": "token of kube-system/cilium",
        "ca.crt": "root",
        "namespace": "kube-system",
    }


def test_a_host_path_is_the_nodes_own(tmp_path: Path) -> None:
    host = {"name": "run", "hostPath": {"path": "/var/run/cilium", "type": "DirectoryOrCreate"}}
    assert volumes(FakeApi(), tmp_path, host).all()["run"] == Volume("/var/run/cilium", "DirectoryOrCreate")


CONFIG = {"name": "cilium-config", "optional": True}

WORKLOAD = {
    "metadata": {"namespace": "kube-system"},
    "spec": {
        "template": {
            "spec": {
                "serviceAccountName": "mesh",
                "hostAliases": [{"ip": "10.17.128.6", "hostnames": ["azure-1.mesh.cilium.io"]}],
                "containers": [
                    {
                        "name": "show",
                        "command": ["/usr/bin/show"],
                        "args": ["--name=$(NAME)", "--token=$(UID)", "--rest=$(NOBODY)"],
                        "env": [
                            {"name": "NAME", "valueFrom": {"configMapKeyRef": CONFIG | {"key": "cluster-name"}}},
                            {"name": "UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
                            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                            {"name": "GONE", "valueFrom": {"configMapKeyRef": CONFIG | {"key": "none"}}},
                            {"name": "SERVER", "value": "of the chart"},
                        ],
                        "volumeMounts": [{"name": "mesh", "mountPath": "/var/lib/mesh", "readOnly": True}],
                    }
                ],
                "volumes": [PROJECTED],
            }
        }
    },
}


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    api: Api = FakeApi()  # type: ignore[assignment]
    return Pod(
        "aws-1/mesh",
        WORKLOAD,
        image=Image(files={}),
        place=Place(space=LAB, network="cp-aws-1", root=tmp_path, node="aws-1-a"),
        api=api,
        processes=Processes(tmp_path / "logs"),
        extra=Extra(env={"SERVER": "of kubelet", "PORT": "443"}, args={"show": ("--last",)}),
    )


def test_arguments_are_the_charts_with_its_variables_filled_in(pod: Pod) -> None:
    pod.create()
    command = pod._command(pod._container("show"))
    assert command[:2] == ("/usr/bin/show", "--name=aws-1")
    assert command[2].startswith("--token=")
    assert len(command[2]) == len("--token=") + 36
    assert command[3:] == ("--rest=$(NOBODY)", "--last")


def test_the_chart_has_the_last_word_on_the_environment(pod: Pod) -> None:
    pod.create()
    env = pod._env(pod._container("show"))
    assert (env["SERVER"], env["PORT"], env["NODE"]) == ("of the chart", "443", "aws-1-a")
    assert "GONE" not in env


def test_a_pod_that_is_made_anew_has_another_uid_and_empty_volumes(pod: Pod, tmp_path: Path) -> None:
    pod.create()
    before = pod._command(pod._container("show"))[2]
    (tmp_path / "run/hms/aws-1/mesh/volumes/mesh/left").write_text("by the one before")
    pod.create()
    assert pod._command(pod._container("show"))[2] != before
    assert set(read(tmp_path / "run/hms/aws-1/mesh/volumes/mesh")) == {"azure-1", "common.crt"}


def test_host_aliases_get_into_the_hosts_file(pod: Pod, tmp_path: Path) -> None:
    pod.create()
    assert "10.17.128.6 azure-1.mesh.cilium.io" in (tmp_path / "run/hms/aws-1/mesh/show.sh").read_text()


def test_a_chart_that_knows_no_peers_writes_no_list_of_aliases(pod: Pod, tmp_path: Path) -> None:
    pod._spec = {**pod._spec, "hostAliases": None}
    pod.create()
    assert "mesh.cilium.io" not in (tmp_path / "run/hms/aws-1/mesh/show.sh").read_text()


def test_no_secret_gets_into_the_script(pod: Pod, tmp_path: Path) -> None:
    pod.create()
    text = (tmp_path / "run/hms/aws-1/mesh/show.sh").read_text()
    assert "token of" not in text
    assert "crt\n" not in text


@pytest.mark.lab
def test_a_container_sees_its_image_and_volumes_and_leaves_no_mount(tmp_path: Path) -> None:
    source = tmp_path / "volume"
    source.mkdir()
    (source / "file").write_text("content of the volume")
    (tmp_path / "program").write_text("#!/bin/sh\ncat /var/lib/deep/file /release; echo; env; ls /\n")
    (tmp_path / "program").chmod(0o755)
    text = script(
        str(tmp_path / "root"),
        Image(files={"/opt/program": tmp_path / "program"}, texts={"/release": "release\n"}, system=True),
        mounts=[
            (Volume(str(source)), "/var/lib/deep"),
            (Volume(str(tmp_path / "new"), "DirectoryOrCreate"), "/var/lib"),
        ],
        hosts={},
        env={"PATH": "/usr/bin:/bin", "SPACED": "a b"},
    )
    (tmp_path / "script.sh").write_text(text)
    before = Path("/proc/self/mounts").read_text()
    command = ["unshare", "--mount", "--propagation", "slave", "--", "sh", str(tmp_path / "script.sh"), "/opt/program"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("content of the volume")
    assert "SPACED=a b" in done.stdout
    assert "HOME" not in done.stdout
    assert Path("/proc/self/mounts").read_text() == before
    assert list((tmp_path / "root").iterdir()) == []
