"""``make lab-tools``: what the lab needs, built or unpacked once for this user. Quick and silent the second time.

Usage: python3 toolchain/lab.py
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from toolchain import debian, link, sources
from toolchain.programs import MODULES, find, obtain
from toolchain.run import StepFailedError, say

_LAB = ("etcd", "kubernetes", "cilium", "containerd", "runc", "coredns", "helm")

MODULES_OF_LAB = tuple(module for module in MODULES if module.name in _LAB)
"""What is built from Go modules."""


def missing() -> list[str]:
    """List what is neither on this machine nor in the cache; quick, and nothing is built."""
    return [
        *(program for module in MODULES_OF_LAB for program in module.programs if find(program) is None),
        *debian.absent(),
        *link.missing(),
        *([] if sources.pause().exists() else ["pause"]),
        *([] if sources.bpf_sources().exists() else ["the sources of Cilium's datapath"]),
    ]


def main() -> int:
    """Get everything, and say what was done."""
    # Ended by a signal it leaves no more behind than interrupted: no compiler that goes on, no half of a build.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if not missing():
            return 0
        debian.obtain()
        debian.obtain(debian.LINK)
        for module in MODULES_OF_LAB:
            obtain(module, debian.seccomp_environment() if module.name == "runc" else None)
        sources.obtain_pause()
        sources.obtain_bpf_sources()
    except StepFailedError as error:
        say(f"lab-tools: {error}")
        return 1
    except KeyboardInterrupt:
        say("lab-tools: interrupted; what is finished is kept, run it again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
