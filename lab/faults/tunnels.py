"""Faults of tunnels, where tunnels carry the links between clouds: ``hms lab up --link ipsec``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.faults.fault import Fault
from lab.link.drill import CUTS

if TYPE_CHECKING:
    from lab.running import RunningLab


def _fault(name: str, cut: str) -> Fault:
    def break_(lab: RunningLab, target: str) -> None:
        lab.tunnels.break_(cut, target)

    def mend(lab: RunningLab, target: str) -> None:
        lab.tunnels.restore(cut, target)

    return Fault(name=name, target="tunnel", means=CUTS[cut], break_=break_, mend=mend)


FAULTS = (_fault("tunnel", "tunnel"), _fault("path", "path"), _fault("instance", "instance"))
