"""The charts that a cluster gets, as files, for tests that render them."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from toolchain.places import shared_cache, versions
from toolchain.programs import go
from toolchain.run import StepFailedError, run
from toolchain.tools import helm


def cilium_chart(version: str) -> Path:
    """Give the folder of a Cilium chart, fetched once for this user.

    It comes with the source of Cilium's Go module where there is Go, else from the chart's repository by Helm.

    Raises
    ------
    StepFailedError
        If it can be had neither way, or is not what the pin says.
    """
    target = shared_cache() / f"cilium-chart-{version}"
    if (target / "Chart.yaml").exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        got = Path(folder) / "cilium"
        compiler = go()
        if compiler:
            told = json.loads(
                run(
                    f"fetch the source of Cilium {version}",
                    [compiler, "mod", "download", "-json", f"github.com/cilium/cilium@v{version}"],
                    cwd=Path(folder),
                )
            )
            pinned = versions()["charts"]["cilium"][version]["sum"]
            if told["Sum"] != pinned:
                raise StepFailedError(f"Cilium {version} has the sum {told['Sum']}, the pin says {pinned}")
            shutil.copytree(Path(told["Dir"]) / "install" / "kubernetes" / "cilium", got)
        else:
            run(
                f"fetch the Cilium chart {version}",
                [helm(), "pull", "cilium", "--repo", "https://helm.cilium.io", "--version", version, "--untar"],
                cwd=Path(folder),
            )
        for path in (got, *got.rglob("*")):  # module files are read-only
            path.chmod(0o755 if path.is_dir() else 0o644)
        got.replace(target)
    return target
