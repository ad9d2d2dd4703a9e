"""The Cilium release of a simulated cloud, handed to a lab."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from simulator.kubernetes.live import release
from simulator.kubernetes.live.control import NotDone, ask
from simulator.variables import LAB
from tests.simulator.fake_api import FakeApi, serving_api
from tests.simulator.kubernetes_manifests import cilium
from tests.simulator.kubernetes_names import CA, CA_KEY, RELEASE
from tests.simulator.kubernetes_world import Kube

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = "/api/v1/namespaces/kube-system/configmaps/cilium-config"


class Lab:
    """A supervisor that answers every question with the same lines, and then hangs up unless told to hold on."""

    def __init__(self, folder: Path) -> None:
        self.answers: list[dict[str, Any]] = [{"progress": "rendering"}, {"result": {"revision": 1}}]
        self.questions: list[dict[str, Any]] = []
        self.holds = threading.Event()
        self.holds.set()
        self.path = folder / "control.sock"
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        handle = os.open(folder, os.O_PATH)
        self._server.bind(f"/proc/self/fd/{handle}/control.sock")
        os.close(handle)
        self._server.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self.questions.append(json.loads(connection.makefile().readline()))
                for answer in self.answers:
                    connection.sendall(json.dumps(answer).encode() + b"\n")
                self.holds.wait(10)

    def close(self) -> None:
        self.holds.set()
        self._server.close()


@contextmanager
def supervisor(folder: Path) -> Iterator[Lab]:
    lab = Lab(folder)
    yield lab
    lab.close()


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    with serving_api(tmp_path) as (served, described):
        monkeypatch.setenv(LAB, str(described))
        yield served


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with supervisor(tmp_path) as one:
        yield one


@pytest.fixture
def kube(tmp_path: Path, api: FakeApi, lab: Lab) -> Kube:  # noqa: ARG001 - both must be there
    kube = Kube(tmp_path)
    kube.eks()
    return kube


def test_a_release_is_handed_over(kube: Kube, lab: Lab) -> None:
    wanted = cilium(skipAwait=True, timeout=900)
    made = kube.create(RELEASE, wanted)
    assert lab.questions == [
        {
            "verb": "release",
            "cluster": "aws-1",
            "name": "cilium",
            "namespace": "kube-system",
            "version": "1.19.6",
            "values": wanted["values"],
            "skipAwait": True,
            "timeout": 900,
        }
    ]
    assert made.reasons == ()
    assert made.outputs["status"]["status"] == "deployed"
    kube.update(made, wanted)
    kube.delete(made)
    assert lab.questions[1] == lab.questions[0]
    assert lab.questions[2] == {
        "verb": "release-delete",
        "cluster": "aws-1",
        "name": "cilium",
        "namespace": "kube-system",
    }
    assert kube.world.one(RELEASE, made.id) is None


def test_what_the_lab_refuses_is_refused(kube: Kube, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.answers = [{"progress": "rendering"}, {"error": "clang is missing", "advice": "make lab-tools"}]
    wanted = cilium(skipAwait=True)
    wanted["values"] = {**wanted["values"], "tls": {"ca": {"cert": CA, "key": CA_KEY}}}
    with pytest.raises(Refused, match=r"^LabRefused: clang is missing; make lab-tools$"):
        kube.create(RELEASE, wanted)
    assert CA_KEY in json.dumps(lab.questions)
    assert CA_KEY not in caplog.text
    assert kube.world.one(RELEASE, "kube-system/cilium") is None


def test_agents_that_do_not_start_leave_a_release_that_is_not_finished(kube: Kube, lab: Lab) -> None:
    lab.answers = [{"error": "agent of aws-1-a: no vxlan", "advice": "", "unfinished": True}]
    made = kube.create(RELEASE, cilium(skipAwait=True))
    assert "failed to initialize completely" in made.reasons[0]
    assert made.reasons[1] == "agent of aws-1-a: no vxlan"
    assert kube.world.one(RELEASE, made.id) is not None


def test_an_interrupted_release_is_kept(kube: Kube, lab: Lab) -> None:
    lab.answers = []
    lab.holds.clear()
    inputs = kube.check(RELEASE, cilium(skipAwait=True))
    context = kube.context(RELEASE, "cilium", inputs)
    threading.Timer(0.2, context.stop.set).start()
    outcome = kube.operations.create(kube.package, kube.package.kind(RELEASE), context, inputs)
    assert outcome.reasons[1] == "release was cancelled"


def test_a_lab_that_takes_too_long(lab: Lab) -> None:
    lab.answers = [{"progress": "still rendering"}]
    lab.holds.clear()
    with pytest.raises(NotDone, match="release has not ended after 0 s"):
        ask(lab.path, {"verb": "release"}, stop=threading.Event(), seconds=0.2)


def test_a_lab_that_ends_meanwhile(kube: Kube, lab: Lab) -> None:
    lab.answers = []
    assert kube.create(RELEASE, cilium(skipAwait=True)).reasons[1] == "the lab ended before it answered; see its logs"


def test_a_release_that_does_not_go_away(kube: Kube, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kube.create(RELEASE, cilium(skipAwait=True, timeout=1))
    lab.answers = []
    lab.holds.clear()
    monkeypatch.setattr(release, "_SLACK_SECONDS", 0.0)
    with pytest.raises(Refused, match="release-delete has not ended after 1 s"):
        kube.delete(made)
    assert kube.world.one(RELEASE, made.id) is not None


def test_a_lab_that_is_not_there(kube: Kube, lab: Lab) -> None:
    lab.close()
    lab.path.unlink()
    with pytest.raises(Refused, match=r"LabUnavailable: the lab does not answer at .*control\.sock"):
        kube.create(RELEASE, cilium(skipAwait=True))


def test_a_socket_deep_down(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)
    deep.mkdir(parents=True)
    with supervisor(deep) as lab:
        assert ask(lab.path, {"verb": "status"}, stop=threading.Event(), seconds=5) == {"revision": 1}


def test_a_refresh_finds_a_release_by_its_configuration(kube: Kube, api: FakeApi) -> None:
    made = kube.create(RELEASE, cilium(skipAwait=True))
    api.objects[CONFIGURATION] = {"metadata": {}}
    record = kube.read(made)
    assert record is not None
    assert record.inputs == made.inputs
    api.objects.clear()
    assert kube.read(made) is None
    assert kube.world.find(RELEASE) == []


def test_other_charts_stay_simulated(kube: Kube, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    kube.create(RELEASE, cilium(skipAwait=True))
    kube.nodes()
    repository = {"repo": "https://charts.external-secrets.io"}
    other = {"name": "certs", "chart": "external-secrets", "namespace": "kube-system", "repositoryOpts": repository}
    made = kube.create(RELEASE, {**other, "skipAwait": True})
    assert [question["name"] for question in lab.questions] == ["cilium"]
    assert "the lab runs Cilium's chart only; external-secrets stays simulated" in caplog.text
    assert kube.read(made) is not None
    kube.delete(made)
    assert len(lab.questions) == 1
