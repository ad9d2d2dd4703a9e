"""Go programs that are built once for a user, from modules pinned in ``toolchain/go``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.places import ROOT, shared_cache, versions
from toolchain.run import StepFailedError, run, say

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """Programs that come out of one module, and are built in one go: they share most of their packages.

    Parameters
    ----------
    name
        Folder in ``toolchain/go``, and section in ``versions.toml``.
    programs
        Package of each program.
    takes
        How long all of them take on two cores, in words.
    stamps
        Variables that get a value by the linker; ``{version}``, ``{major}`` and ``{minor}`` stand for the pinned one.
    linker
        Further flags of the linker.
    tags
        Build tags.
    asked
        Arguments with which a program says its version, for those that may be taken from the PATH.
    accepts
        Pattern of what is then taken; empty: the very version that is pinned.
    """

    name: str
    programs: Mapping[str, str]
    takes: str
    stamps: tuple[str, ...] = ()
    linker: str = ""
    tags: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    accepts: str = ""

    @property
    def version(self) -> str:
        """Pinned version, without a leading v."""
        return str(versions()[self.name]["version"])

    @property
    def folder(self) -> Path:
        """Where its go.mod and go.sum are."""
        return ROOT / "toolchain" / "go" / self.name

    def accepted(self, said: str) -> bool:
        """Say whether a program that says this about itself does."""
        return re.search(self.accepts or rf"(?<![\d.]){re.escape(self.version)}(?![\d.])", said) is not None


MODULES = (
    GoModule(
        name="pulumi",
        programs={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        takes="about four minutes",
        stamps=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}",),
    ),
    GoModule(
        name="helm",
        programs={"helm": "helm.sh/helm/v3/cmd/helm"},
        takes="about two minutes",
        asked={"helm": "version --short"},
        accepts=r"\bv3\.",
    ),
    GoModule(
        name="actionlint",
        programs={"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"},
        takes="a few seconds",
        asked={"actionlint": "-version"},
        accepts=r"^v?\d",
    ),
    GoModule(
        name="etcd",
        programs={"etcd": "go.etcd.io/etcd/server/v3", "etcdctl": "go.etcd.io/etcd/etcdctl/v3"},
        takes="about one minute",
        asked={"etcd": "--version", "etcdctl": "version"},
    ),
    GoModule(
        name="kubernetes",
        programs={
            **{
                name: f"k8s.io/kubernetes/cmd/{name}"
                for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
            },
            "agnhost": "k8s.io/kubernetes/test/images/agnhost",
        },
        takes="about eight minutes",
        # Cilium's operator refuses an API server without a version.
        stamps=(
            "k8s.io/component-base/version.gitVersion=v{version}",
            "k8s.io/component-base/version.gitMajor={major}",
            "k8s.io/component-base/version.gitMinor={minor}",
        ),
        asked=dict.fromkeys(("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"), "--version"),
    ),
    GoModule(
        name="cilium",
        programs={
            "cilium-agent": "github.com/cilium/cilium/daemon",
            "cilium-dbg": "github.com/cilium/cilium/cilium-dbg",
            "cilium-cni": "github.com/cilium/cilium/plugins/cilium-cni",
            "cilium-health-responder": "github.com/cilium/cilium/cilium-health/responder",
            "cilium-operator": "github.com/cilium/cilium/operator",
            "clustermesh-apiserver": "github.com/cilium/cilium/clustermesh-apiserver",
            "hubble": "github.com/cilium/cilium/hubble",
        },
        takes="about eight minutes",
        stamps=("github.com/cilium/cilium/pkg/version.ciliumVersion={version}",),
        # The operator is the generic one: the fleet's clusters give out addresses from their own pools.
        tags=("osusergo", "ipam_provider_operator"),
        asked={"cilium-agent": "--version", "cilium-operator": "--version", "clustermesh-apiserver": "version"},
    ),
    GoModule(
        name="containerd",
        programs={
            name: f"github.com/containerd/containerd/v2/cmd/{name}"
            for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        },
        takes="about two minutes",
        asked={"containerd": "--version", "ctr": "--version", "containerd-shim-runc-v2": "-v"},
    ),
    GoModule(
        name="runc",
        programs={"runc": "github.com/opencontainers/runc"},
        takes="half a minute",
        # Static, so that no library has to be there when it runs.
        linker="-extldflags -static",
        tags=("seccomp", "netgo", "osusergo"),
        asked={"runc": "--version"},
    ),
    GoModule(
        name="coredns",
        programs={"coredns": "github.com/coredns/coredns"},
        takes="about two minutes",
        asked={"coredns": "-version"},
    ),
)
"""All modules, those of the lab included."""


def module_of(program: str) -> GoModule:
    """Give the module that a program comes from."""
    return next(module for module in MODULES if program in module.programs)


def go() -> str | None:
    """Give Go, on the PATH or where its installer puts it."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def cached(program: str) -> Path:
    """Give the place of a program that was built, whether or not it is there."""
    return shared_cache() / f"{program}-{module_of(program).version}" / program


def find(program: str) -> Path | None:
    """Give a program of the right version that was built before or is on the PATH; None where there is neither."""
    if cached(program).exists():
        return cached(program)
    module = module_of(program)
    found = shutil.which(program) if program in module.asked else None
    return Path(found) if found and module.accepted(output(found, *module.asked[program].split())) else None


def output(*command: str) -> str:
    """Give what a command says about itself; nothing where it does not run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def obtain(module: GoModule, env: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Give all programs of a module, and build those that are neither on this machine nor in the cache.

    Parameters
    ----------
    env
        Added to the environment of the build.

    Raises
    ------
    StepFailedError
        If there is no Go, or a build fails.
    """
    missing = [program for program in module.programs if find(program) is None]
    if missing:
        _build(module, missing, env or {})
    return {program: found for program in module.programs if (found := find(program))}


def _build(module: GoModule, programs: list[str], env: Mapping[str, str]) -> None:
    compiler = go()
    if compiler is None:
        raise StepFailedError(
            f"{module.name} {module.version} is neither on the PATH nor to be downloaded, and there is no Go to build "
            f"it with. Install {module.name}, or Go {versions()['go']['least']} or newer, and run this again."
        )
    say(f"  {module.name} {module.version} is built once for this user: {module.takes}")
    major, minor, *_ = module.version.split(".")
    stamps = [stamp.format(version=module.version, major=major, minor=minor) for stamp in module.stamps]
    flags = " ".join(["-s -w", *(f"-X {stamp}" for stamp in stamps), module.linker]).strip()
    shared_cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shared_cache(), prefix=".build-") as folder:
        run(
            f"build {', '.join(programs)}",
            [
                *(compiler, "build", "-trimpath", "-tags", ",".join(module.tags)),
                *("-ldflags", flags, "-o", f"{folder}/"),
                *(module.programs[program] for program in programs),
            ],
            cwd=module.folder,
            env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", **env},
            timeout=_HOUR,
        )
        for program in programs:
            cached(program).parent.mkdir(parents=True, exist_ok=True)
            # Renamed into place whole, so that an interrupted build leaves nothing that looks finished.
            (Path(folder) / _built_name(module.programs[program])).replace(cached(program))


def _built_name(package: str) -> str:
    """Name that Go gives a program: the last part of its package that is no major version."""
    return next(part for part in reversed(package.split("/")) if not re.fullmatch(r"v\d+", part))
