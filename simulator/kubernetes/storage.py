"""Storage classes and volume claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.kind import Failure, Inputs, Kind, Outputs, Refused, get
from simulator.kubernetes.names import quantity
from simulator.kubernetes.objects import Api, object_kind, object_name
from simulator.kubernetes.pods import child, one_of
from simulator.kubernetes.readiness import storage_class_exists
from simulator.kubernetes.workload_checks import check_claim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.world import Record

CLASS: Final = Api(group_version="storage.k8s.io/v1", kind="StorageClass", plural="storageclasses", namespaced=False)
CLAIM: Final = Api(group_version="v1", kind="PersistentVolumeClaim", plural="persistentvolumeclaims")
_FIXED: Final = ("reclaimPolicy", "volumeBindingMode", "allowedTopologies", "mountOptions")


def _class_checks(inputs: Inputs) -> Iterable[Failure]:
    yield from one_of(inputs.get("reclaimPolicy"), ("Delete", "Retain"), "reclaimPolicy")
    yield from one_of(inputs.get("volumeBindingMode"), ("Immediate", "WaitForFirstConsumer"), "volumeBindingMode")
    if inputs.get("provisioner") in {None, ""}:
        yield Failure("provisioner", "Required value")


def _class_update(context: Context, inputs: Inputs) -> None:
    """Refuse what the provider does not replace for (provisioner and parameters) and the API server does not change."""
    for name in _FIXED if context.old is not None else ():
        if context.old is not None and context.old.inputs.get(name) != inputs.get(name):
            raise Refused(
                "Invalid",
                f'StorageClass.storage.k8s.io "{object_name(inputs)}" is invalid: {name}: Forbidden: updates to {name} '
                "are forbidden.",
                status=422,
            )


def _claim_checks(inputs: Inputs) -> Iterable[Failure]:
    return check_claim(child(inputs, "spec"), "spec")


def _claim_update(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        return
    path = "spec.resources.requests.storage"
    before, after = quantity(get(context.old.inputs, path)), quantity(get(inputs, path))
    name = get(inputs, "spec.storageClassName")
    if before is None or after is None or before == after:
        return
    if after < before:
        problem = "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    elif _expandable(context, name):
        return
    else:
        problem = (
            "spec.resources.requests.storage: Forbidden: only dynamically provisioned pvc can be resized and the "
            "storageclass that provisions the pvc must support resize"
        )
    raise Refused("Invalid", f'PersistentVolumeClaim "{object_name(inputs)}" is invalid: {problem}', status=422)


def _expandable(context: Context, name: object) -> bool:
    record = context.one(CLASS.token, str(name)) if name else None
    return record is None or record.outputs.get("allowVolumeExpansion") is True


def _claim_live(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    name = get(inputs, "spec.storageClassName")
    if name and not storage_class_exists(context, cluster, str(name)):
        return {"status": {"phase": "Pending"}}, [f'storageclass.storage.k8s.io "{name}" not found']
    record = context.one(CLASS.token, str(name)) if name else None
    waits = record is not None and record.outputs.get("volumeBindingMode") == "WaitForFirstConsumer"
    return {"status": {"phase": "Pending" if waits else "Bound"}}, []


KINDS: Final[tuple[Kind, ...]] = (
    object_kind(CLASS, checks=(_class_checks,), admits=(_class_update,), immutable=("parameters", "provisioner")),
    object_kind(
        CLAIM,
        checks=(_claim_checks,),
        admits=(_claim_update,),
        live=_claim_live,
        immutable=("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ),
)
