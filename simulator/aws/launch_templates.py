"""Launch templates of the machines of a node group."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from simulator.aws import tokens
from simulator.aws.common import between, group_reference, make, matching, names
from simulator.kind import Autoname, Duration, Failure, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_VOLUME_GIB = {"gp2": 16_384, "gp3": 65_536, "io1": 16_384, "io2": 65_536, "standard": 1_024, "st1": 16_384}
_VOLUME_GIB |= {"sc1": 16_384}
_USER_DATA_BYTES = 16_384


def _user_data_form(inputs: Inputs) -> Iterable[Failure]:
    data = inputs.get("userData")
    if not known(data):
        return
    try:
        decoded = base64.b64decode(str(data), validate=True)
    except binascii.Error:
        yield Failure("userData", "Invalid BASE64 encoding of user data.")
    else:
        if len(decoded) > _USER_DATA_BYTES:
            yield Failure("userData", "User data is limited to 16384 bytes")


def _disks_form(inputs: Inputs) -> Iterable[Failure]:
    disks = inputs.get("blockDeviceMappings")
    for index, mapping in enumerate(disks if isinstance(disks, list) else ()):
        disk = mapping.get("ebs") if isinstance(mapping, dict) else None
        if not isinstance(disk, dict):
            continue
        path, kind, size = f"blockDeviceMappings[{index}].ebs", disk.get("volumeType", "gp2"), disk.get("volumeSize")
        if size is not None and known(kind, size) and kind in _VOLUME_GIB and not 1 <= int(size) <= _VOLUME_GIB[kind]:
            yield Failure(f"{path}.volumeSize", f"Volume of {size}GiB is not in 1 - {_VOLUME_GIB[kind]} GiB for {kind}")
        encrypted = disk.get("encrypted", "false")
        if disk.get("kmsKeyId") is not None and known(encrypted) and str(encrypted).lower() != "true":
            yield Failure(f"{path}.kmsKeyId", "encrypted must be true where a KMS key is given")


def _template_admitted(context: Context, inputs: Inputs) -> None:
    if any(context.find(tokens.LAUNCH_TEMPLATE, name=inputs["name"])):
        raise Refused("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")


def _template_outputs(context: Context, inputs: Inputs) -> Outputs:
    """Every update is a new version; which one is the default is the program's choice."""
    old = context.old.outputs if context.old else {}
    latest = int(old.get("latestVersion", 0)) + 1
    if inputs.get("updateDefaultVersion") is True:
        default = latest
    else:
        default = int(inputs.get("defaultVersion") or old.get("defaultVersion") or 1)
    return {"latestVersion": latest, "defaultVersion": default}


LAUNCH_TEMPLATE = make(
    tokens.LAUNCH_TEMPLATE,
    id_prefix="lt",
    arn_as=("ec2", "launch-template/{id}"),
    autoname=Autoname("name", max_length=128),
    immutable=("name", "namePrefix"),
    references=(group_reference("vpcSecurityGroupIds[]"),),
    checks=(
        matching("name", r"[a-zA-Z0-9().\-/_]{3,128}", "3 to 128 characters of a-zA-Z0-9().-/_"),
        names("metadataOptions.httpTokens", ("optional", "required")),
        names("metadataOptions.httpEndpoint", ("enabled", "disabled")),
        between("metadataOptions.httpPutResponseHopLimit", 1, 64),
        names("blockDeviceMappings[].ebs.volumeType", tuple(_VOLUME_GIB)),
        _user_data_form,
        _disks_form,
    ),
    admits=(_template_admitted,),
    compute=_template_outputs,
    computed=("defaultVersion",),
    volatile=("latestVersion", "defaultVersion"),
    duration=Duration(create=1, update=1, delete=1),
)

KINDS = (LAUNCH_TEMPLATE,)
