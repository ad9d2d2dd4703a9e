"""What the lab takes from the source of a Go module without building it by Go."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from toolchain.places import shared_cache
from toolchain.programs import GoModule, go, module_of
from toolchain.run import StepFailedError, run


def bpf_sources() -> Path:
    """Give the place of the C sources from which Cilium's agent makes its datapath, whether or not they are there."""
    return shared_cache() / f"cilium-bpf-{module_of('cilium-agent').version}"


def pause() -> Path:
    """Give the place of the program that holds a pod's namespaces, whether or not it is there."""
    return shared_cache() / f"pause-{module_of('kubelet').version}" / "pause"


def obtain_bpf_sources() -> Path:
    """Keep the C sources of Cilium's datapath, tests left out: binaries may come without the module that they are from.

    Raises
    ------
    StepFailedError
        If the module cannot be had.
    """
    target = bpf_sources()
    if not target.exists():
        source = _source(module_of("cilium-agent"), "github.com/cilium/cilium") / "bpf"
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder:
            got = Path(folder) / "bpf"
            shutil.copytree(source, got, ignore=shutil.ignore_patterns("tests", "complexity-tests"))
            for path in (got, *got.rglob("*")):  # module files are read-only
                path.chmod(0o755 if path.is_dir() else 0o644)
            got.replace(target)
    return target


def obtain_pause() -> Path:
    """Build Kubernetes' pause program: 44 KiB of memory a pod, where agnhost's own would need 8 MiB.

    Raises
    ------
    StepFailedError
        If the module cannot be had, or there is no C compiler.
    """
    target = pause()
    if not target.exists():
        module = module_of("kubelet")
        source = _source(module, "k8s.io/kubernetes") / "build" / "pause" / "linux" / "pause.c"
        compiler = shutil.which("gcc")
        if compiler is None:
            raise StepFailedError("the pause program is built by gcc, which is not here: install gcc and libc6-dev")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder:
            got = Path(folder) / "pause"
            run(
                "build pause",
                [compiler, "-Os", "-s", "-static", f"-DVERSION=v{module.version}", "-o", got, source],
            )
            got.replace(target)
    return target


def _source(module: GoModule, path: str) -> Path:
    """Give the source of a module that another one requires; Go holds it against the committed go.sum."""
    compiler = go()
    if compiler is None:
        raise StepFailedError(f"the source of {path} comes by Go, which is not here: install Go")
    told = run(
        f"fetch the source of {module.name} {module.version}",
        [compiler, "mod", "download", "-json", path],
        cwd=module.folder,
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
    )
    return Path(json.loads(told)["Dir"])
