"""All faults, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.faults import configuration, control, tunnels, underlay

if TYPE_CHECKING:
    from lab.faults.fault import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault for fault in (*underlay.FAULTS, *tunnels.FAULTS, *control.FAULTS, *configuration.FAULTS)
}


def fault(name: str) -> Fault:
    """Give a fault.

    Raises
    ------
    LabError
        If there is none of that name.
    """
    if name not in FAULTS:
        raise LabError(f"there is no fault {name}", f"faults: {', '.join(FAULTS)}")
    return FAULTS[name]
