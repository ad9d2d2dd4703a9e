from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any, cast

import kubernetes_validate
import pytest

from lab.cluster.storage import Provisioner, is_left_over, volume, wants_volume
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cluster.api import Api

CLASS = {"metadata": {"name": "hms-encrypted"}, "provisioner": "disk.csi.azure.com", "reclaimPolicy": "Delete"}

CLAIM: dict[str, Any] = {
    "metadata": {
        "name": "data-etl-0",
        "namespace": "etl",
        "uid": "b48908fa",
        "annotations": {"volume.kubernetes.io/selected-node": "azure-1-b"},
    },
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "hms-encrypted",
        "resources": {"requests": {"storage": "20Gi"}},
    },
}


class FakeApi:
    """Holds objects by their kind."""

    cluster = "azure-1"

    def __init__(self, **held: list[dict[str, Any]]) -> None:
        self.held = {"StorageClass": [CLASS], "PersistentVolumeClaim": [], "PersistentVolume": [], **held}

    def objects(self, _: str, kind: str) -> list[dict[str, Any]]:
        return list(self.held[kind])

    def apply(self, wanted: dict[str, Any]) -> None:
        self.held[wanted["kind"]].append(wanted)

    def delete(self, _: str, kind: str, name: str) -> None:
        self.held[kind] = [one for one in self.held[kind] if one["metadata"]["name"] != name]


def provisioner(api: FakeApi, make_directory: Callable[[str, str], None]) -> Provisioner:
    return Provisioner(cast("Api", api), make_directory)


def test_a_claim_gets_a_folder_and_a_volume_on_the_chosen_node() -> None:
    api, made = FakeApi(PersistentVolumeClaim=[CLAIM]), list[tuple[str, str]]()
    provisioner(api, lambda node, path: made.append((node, path))).serve()
    (found,) = api.held["PersistentVolume"]
    kubernetes_validate.validate(found, "1.35", strict=True)
    assert made == [("azure-1-b", "/var/lib/hms-volumes/pvc-b48908fa")]
    assert found["spec"]["local"]["path"] == made[0][1]
    assert found["spec"]["claimRef"]["uid"] == "b48908fa"
    assert found["spec"]["capacity"] == {"storage": "20Gi"}
    (term,) = found["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["azure-1-b"]


def test_there_is_no_volume_where_the_folder_cannot_be_made() -> None:
    def fail(_: str, __: str) -> None:
        raise LabError("node azure-1-b is gone")

    api = FakeApi(PersistentVolumeClaim=[CLAIM])
    with pytest.raises(LabError, match="azure-1-b is gone"):
        provisioner(api, fail).serve()
    assert api.held["PersistentVolume"] == []


def without_node(claim: dict[str, Any]) -> None:
    del claim["metadata"]["annotations"]


def bound(claim: dict[str, Any]) -> None:
    claim["spec"]["volumeName"] = "pvc-b48908fa"


def ending(claim: dict[str, Any]) -> None:
    claim["metadata"]["deletionTimestamp"] = "2026-11-24T00:00:00Z"


def of_another_class(claim: dict[str, Any]) -> None:
    claim["spec"]["storageClassName"] = "fast"


def of_no_class(claim: dict[str, Any]) -> None:
    del claim["spec"]["storageClassName"]


@pytest.mark.parametrize("change", [without_node, bound, ending, of_another_class, of_no_class])
def test_other_claims_are_left_alone(change: Callable[[dict[str, Any]], None]) -> None:
    claim = copy.deepcopy(CLAIM)
    assert wants_volume(claim, {"hms-encrypted": CLASS})
    change(claim)
    assert not wants_volume(claim, {"hms-encrypted": CLASS})


def test_claims_of_another_driver_are_left_alone() -> None:
    api = FakeApi(StorageClass=[{**CLASS, "provisioner": "nfs.csi.k8s.io"}], PersistentVolumeClaim=[CLAIM])
    provisioner(api, lambda *_: pytest.fail("a folder was made")).serve()
    assert api.held["PersistentVolume"] == []


def released(**spec: Any) -> dict[str, Any]:
    made = volume(CLAIM, CLASS)
    return {**made, "spec": {**made["spec"], **spec}, "status": {"phase": "Released"}}


def test_a_volume_goes_with_its_claim() -> None:
    api = FakeApi(PersistentVolume=[released()])
    provisioner(api, lambda *_: None).serve()
    assert api.held["PersistentVolume"] == []


def test_a_volume_stays_while_it_is_bound_or_wanted_or_of_somebody_else() -> None:
    assert is_left_over(released())
    assert not is_left_over({**released(), "status": {"phase": "Bound"}})
    assert not is_left_over(released(persistentVolumeReclaimPolicy="Retain"))
    assert not is_left_over({**released(), "metadata": {"name": "by hand"}})


def test_volumes_of_a_class_that_says_nothing_are_deleted_as_kubernetes_does() -> None:
    silent = {key: value for key, value in CLASS.items() if key != "reclaimPolicy"}
    assert volume(CLAIM, silent)["spec"]["persistentVolumeReclaimPolicy"] == "Delete"


def test_the_thread_survives_a_dead_api_server_and_ends_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.cluster.storage._INTERVAL", 0.01)
    api, made, done = FakeApi(), list[str](), threading.Event()
    failures = iter(range(3))
    listed = api.objects

    def objects(version: str, kind: str) -> list[dict[str, Any]]:
        if next(failures, None) is not None:
            raise LabError("the API server does not answer")
        api.held["PersistentVolumeClaim"] = [CLAIM] if not made else []
        return listed(version, kind)

    monkeypatch.setattr(api, "objects", objects)

    def make(_: str, path: str) -> None:
        made.append(path)
        done.set()

    served = provisioner(api, make)
    served.start()
    assert done.wait(10)
    served.close()
    assert made == ["/var/lib/hms-volumes/pvc-b48908fa"]
    assert not served._thread.is_alive()
