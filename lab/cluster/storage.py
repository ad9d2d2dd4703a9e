"""What the clouds' disk drivers do for claims: a volume on the node that the scheduler chose, gone with its claim."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cluster.api import Api, Object

PROVISIONERS = frozenset({"ebs.csi.aws.com", "disk.csi.azure.com"})
"""Drivers of storage classes that are served."""

FOLDER = "/var/lib/hms-volumes"
"""Where a node keeps its volumes."""

_SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""Set on a claim by the scheduler, once it knows where the first pod goes (volumeBindingMode WaitForFirstConsumer)."""

_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
"""Tells the volume controller that somebody else deletes the volume."""

_INTERVAL = 1.0
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


def volume(claim: Object, storage_class: Object) -> Object:
    """Make the volume of a claim: a folder of the chosen node, which the kubelet gives to the pod's ``fsGroup``."""
    metadata, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{metadata['uid']}"
    node = metadata["annotations"][_SELECTED_NODE]
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_PROVISIONED_BY: storage_class["provisioner"]}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "local": {"path": f"{FOLDER}/{name}"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": spec["storageClassName"],
        },
    }


def wants_volume(claim: Object, classes: dict[str, Object]) -> bool:
    """Say whether a claim waits for a volume of one of the classes, and its node is known."""
    return (
        claim["spec"].get("storageClassName") in classes
        and not claim["spec"].get("volumeName")
        and _SELECTED_NODE in claim["metadata"].get("annotations", {})
        and "deletionTimestamp" not in claim["metadata"]
    )


def is_left_over(found: Object) -> bool:
    """Say whether a volume of these drivers has lost its claim, and its class wants it deleted then."""
    return (
        found["metadata"].get("annotations", {}).get(_PROVISIONED_BY) in PROVISIONERS
        and found["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
        and found.get("status", {}).get("phase") == "Released"
    )


class Provisioner:
    """Serves the claims of one cluster, in a thread of its own.

    Parameters
    ----------
    make_directory
        Called with node and path; makes the folder inside the node, owned by root, and its parents.
    """

    def __init__(self, api: Api, make_directory: Callable[[str, str], None]) -> None:
        self._api = api
        self._make_directory = make_directory
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{api.cluster} storage", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop to serve; volumes stay."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def serve(self) -> None:
        """Make the volumes that are wanted now, and delete those that are left over.

        Raises
        ------
        LabError
            If the API server does not answer, or a folder cannot be made.
        """
        found = self._api.objects("storage.k8s.io/v1", "StorageClass")
        classes = {one["metadata"]["name"]: one for one in found if one["provisioner"] in PROVISIONERS}
        if not classes:
            return
        for claim in self._api.objects("v1", "PersistentVolumeClaim"):
            if wants_volume(claim, classes):
                wanted = volume(claim, classes[claim["spec"]["storageClassName"]])
                self._make_directory(claim["metadata"]["annotations"][_SELECTED_NODE], wanted["spec"]["local"]["path"])
                self._api.apply(wanted)
        for one in self._api.objects("v1", "PersistentVolume"):
            if is_left_over(one):
                self._api.delete("v1", "PersistentVolume", one["metadata"]["name"])

    def _run(self) -> None:
        while not self._ended.wait(_INTERVAL):
            try:
                self.serve()
            except LabError as error:
                # Faults are put into labs on purpose: the next look may find all well again.
                _log.warning("storage: %s", error.message)
