"""The programs that a deployment calls on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ops.services.doctor.finding import Check, Finding, Probe, bars, good, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.doctor.case import Case


@dataclass(frozen=True, kw_only=True)
class _Tool:
    """A program, on whose cloud it is needed, and the least version by major.

    Parameters
    ----------
    asked
        The argument with which it says its version.
    least
        By major version; empty where any does.
    needed
        Whether a deployment needs it, or only this command does.
    """

    name: str
    cloud: str
    asked: str
    least: dict[int, tuple[int, ...]]
    install: str
    why: str
    needed: bool = True


_TOOLS = (
    _Tool(
        name="aws",
        cloud="aws",
        asked="--version",
        # What pulumi-eks refuses, in nodejs/eks/dependencies.ts.
        least={1: (1, 24), 2: (2, 7)},
        install="https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
        why="the EKS component looks for it even in a preview, and every kubeconfig of EKS gets its tokens from it",
    ),
    _Tool(
        name="kubelogin",
        cloud="azure",
        asked="--version",
        least={},
        install="https://azure.github.io/kubelogin/install.html",
        why="local accounts are off in AKS, so every kubeconfig gets its tokens from it",
    ),
    _Tool(
        name="az",
        cloud="azure",
        asked="version",
        least={},
        install="https://learn.microsoft.com/cli/azure/install-azure-cli",
        why="hms doctor asks Azure by it; a deployment as a service principal (ARM_CLIENT_ID) does without",
        needed=False,
    ),
)


def _probes(case: Case) -> Iterator[Probe]:
    yield Probe(subject="pulumi", look=lambda: good("pulumi", case.machine.engine()))
    for tool in _TOOLS:
        if tool.cloud in case.clouds:
            yield Probe(subject=tool.name, look=partial(_look, case, tool))


def _look(case: Case, tool: _Tool) -> Finding:
    said = case.machine.tool(tool.name, tool.asked)
    if not said:
        say = bars if tool.needed else look
        return say(tool.name, "not on the PATH", f"install it: {tool.install}", tool.why)
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    version = tuple(int(part) for part in found.groups()) if found else ()
    least = tool.least.get(version[0], ()) if version else ()
    if version < least:
        wanted = ".".join(map(str, least))
        return bars(tool.name, f"version {found[0] if found else said}", f"{wanted} or newer: {tool.install}", tool.why)
    return good(tool.name, f"version {found[0]}" if found else "there")


CHECK = Check(name="tools", why="a deployment stops in the middle where a program is missing", probes=_probes)
