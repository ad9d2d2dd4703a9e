"""A plan of faults: operations that fail, take long, or during which the provider dies.

The plan is a JSON list, e.g.::

    [{"kind": "azure-native:network:VirtualNetworkGateway*", "operation": "create", "when": "after",
      "action": "fail", "message": "the connection was reset", "times": 1}]
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

from simulator.kind import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CUT_EXIT_CODE: Final = 70
"""Exit code of a simulator that died as planned."""


@dataclass(frozen=True)
class Fault:
    """One planned fault.

    Parameters
    ----------
    kind, urn
        Shell patterns of the token and the URN.
    operation
        Which operation it strikes.
    when
        Before it took effect, or after: then the cloud has the resource and the engine does not know.
    action
        ``fail``: an error; ``delay``: ``seconds`` more, not scaled; ``cut``: the process dies at once.
    times
        How often it strikes.
    code, message
        Error of ``fail``.
    """

    kind: str = "*"
    urn: str = "*"
    operation: Literal["create", "update", "delete", "read", "*"] = "*"
    when: Literal["before", "after"] = "before"
    action: Literal["fail", "delay", "cut"] = "fail"
    seconds: float = 0.0
    times: int = 1
    code: str = "InternalError"
    message: str = "planned fault"


class FaultPlan:
    """The faults still to come."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._left = {index: (fault, fault.times) for index, fault in enumerate(faults)}
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> FaultPlan:
        """Read a plan from a JSON file; a field that `Fault` has not is a TypeError."""
        return cls(tuple(Fault(**entry) for entry in json.loads(path.read_text())))

    def strike(self, *, token: str, urn: str, operation: str, when: str, sleep: Callable[[float], None]) -> None:
        """Let the first fault that fits strike.

        Raises
        ------
        Refused
            If its action is ``fail``.
        """
        fault = self._take(token, urn, operation, when)
        if fault is None:
            return
        if fault.action == "cut":
            os._exit(CUT_EXIT_CODE)
        if fault.action == "delay":
            sleep(fault.seconds)
            return
        raise Refused(fault.code, fault.message, status=500)

    def _take(self, token: str, urn: str, operation: str, when: str) -> Fault | None:
        if not self._left:
            return None
        with self._lock:
            for index, (fault, left) in self._left.items():
                fits = fault.operation in {"*", operation} and fault.when == when
                if left and fits and fnmatchcase(token, fault.kind) and fnmatchcase(urn, fault.urn):
                    self._left[index] = (fault, left - 1)
                    return fault
        return None
