"""What a VM size is: processors, memory, and what AKS asks of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_GIB_PER_PROCESSOR: Final = {"D": 4, "E": 8, "F": 2, "L": 8}
_PROCESSORS: Final = frozenset({2, 4, 8, 16, 20, 32, 48, 64, 96})
_BURSTABLE: Final = {
    "Standard_B2s": (2, 4),
    "Standard_B2ms": (2, 8),
    "Standard_B4ms": (4, 16),
    "Standard_B8ms": (8, 32),
}
_OLD: Final = {
    "Standard_DS2_v2": (2, 7),
    "Standard_DS3_v2": (4, 14),
    "Standard_D2_v2": (2, 7),
    "Standard_A2_v2": (2, 4),
}


@dataclass(frozen=True)
class VmSize:
    """A size.

    Attributes
    ----------
    memory
        GiB.
    host_encryption
        Whether it can encrypt at host: it needs premium storage (the ``s`` in the name), version 3 or newer.
    arm
        Whether it has Arm processors.
    """

    processors: int
    memory: int
    host_encryption: bool
    arm: bool = False


def vm_size(name: str) -> VmSize | None:
    """Look up a size; ``None`` if there is none of that name."""
    for table, encrypts in ((_BURSTABLE, True), (_OLD, False)):
        if name in table:
            return VmSize(*table[name], host_encryption=encrypts or "DS" in name)
    found = re.fullmatch(r"Standard_([DEFL])(\d+)([a-z]*)_v([2-7])", name)
    if found is None or int(found[2]) not in _PROCESSORS:
        return None
    family, features, version = found[1], found[3], int(found[4])
    if not set(features) <= set("adilpst"):
        return None
    old_enough = version >= (2 if family == "F" else 3)
    processors = int(found[2])
    memory = processors * (_GIB_PER_PROCESSOR[family] // (2 if "l" in features else 1))
    return VmSize(processors, memory, host_encryption="s" in features and old_enough, arm="p" in features)
