"""A twin that stands alone, from the machine's side: it lives as long as this is entered, and no longer than we do."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.link.planned import Planned

_ROOT = Path(__file__).resolve().parents[2]

_DIE_WITH_PARENT = 1
"""``PR_SET_PDEATHSIG`` of ``prctl``."""


class Session:
    """A twin to ask."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str], progress: Callable[[str], None]) -> None:
        self._process = process
        self._errors = errors
        self._progress = progress

    def ask(self, verb: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        """Ask for something.

        Raises
        ------
        LabError
            If it refuses, fails, or is gone.
        """
        to, from_ = self._process.stdin, self._process.stdout
        if to is None or from_ is None:
            raise LabError("the twin cannot be asked")
        try:
            to.write(json.dumps({"verb": verb, **arguments}) + "\n")
            to.flush()
            for line in from_:
                answer = json.loads(line)
                if "progress" in answer:
                    self._progress(answer["progress"])
                elif "error" in answer:
                    raise LabError(answer["error"], answer.get("advice", ""))
                else:
                    return answer["result"]
        except BrokenPipeError:
            pass
        self._errors.seek(0)
        raise LabError(f"the link's twin ended: {self._errors.read()[-2000:].strip()}")


@contextmanager
def twin_of(
    resources: tuple[Planned, ...], *, timers: str, progress: Callable[[str], None] = lambda _: None
) -> Iterator[Session]:
    """Bring the twin of planned resources up.

    Call it in a thread that lives as long as the twin: the kernel ends the twin with it.

    Parameters
    ----------
    timers
        ``cloud`` or ``quick``.

    Raises
    ------
    LabError
        If it does not start.
    """
    if os.geteuid() != 0:
        raise LabError("the link's twin needs root, for network namespaces", "sudo -E env PATH=$PATH hms link ...")
    unshare = shutil.which("unshare") or "unshare"
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module, in namespaces
            [
                unshare, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                "--propagation", "private", "--", sys.executable, "-m", "lab.link.inside",
            ],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # Ctrl-C at the terminal is for us; we end the twin.
            start_new_session=True,
            preexec_fn=_die_with_us,  # noqa: PLW1509 - between fork and exec one call
        )  # fmt: skip
        try:
            session = Session(process, errors, progress)
            session.ask("up", resources=[asdict(one) for one in needed(resources)], timers=timers)
            yield session
        finally:
            process.kill()
            process.communicate()


def needed(resources: tuple[Planned, ...]) -> tuple[Planned, ...]:
    """Take what a link is made of, out of all that a fleet has; the rest may be large, and is nobody's business."""
    return tuple(one for one in resources if one.noun in _NOUNS)


_NOUNS = frozenset(
    {
        "CustomerGateway",
        "LocalNetworkGateway",
        "PublicIPAddress",
        "Route",
        "Subnet",
        "TransitGateway",
        "VirtualNetwork",
        "VirtualNetworkGateway",
        "VirtualNetworkGatewayConnection",
        "Vpc",
        "VpcAttachment",
        "VpnConnection",
        "VpnGateway",
        "VpnGatewayAttachment",
        "VpnGatewayRoutePropagation",
    }
)
"""Types that are read."""


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
