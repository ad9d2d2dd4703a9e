"""Renders Cilium's real chart with real Helm."""

from __future__ import annotations

import subprocess
from typing import Any

import yaml

from infra.cilium import SECRET_PATHS
from lab.errors import LabError
from toolchain.charts import cilium_chart
from toolchain.tools import helm

Object = dict[str, Any]

_TIMEOUT = 60


def render(
    values: dict[str, Any],
    *,
    version: str,
    name: str,
    namespace: str,
    kube_version: str,
) -> tuple[Object, ...]:
    """Render the chart.

    Parameters
    ----------
    values
        Hold the key of the mesh's CA: they go to Helm through a pipe, into no file and no log.
    version, name, namespace
        Of the release.
    kube_version
        What the API server says of itself; the chart renders by it.

    Returns
    -------
    The objects, in the order in which Helm installs them.

    Raises
    ------
    LabError
        If the chart refuses the values; with what it says.
    """
    done = subprocess.run(  # noqa: S603 - Helm
        (
            helm(),
            "template",
            name,
            cilium_chart(version),
            f"--namespace={namespace}",
            f"--kube-version={kube_version}",
            "--values=-",
        ),
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(
            f"the chart cilium {version} refuses the values: {_without_secrets(done.stderr, values)}",
            "hms fleet values shows them",
        )
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def _without_secrets(text: str, values: dict[str, Any]) -> str:
    for path in SECRET_PATHS:
        secret: object = values
        for part in path.split("."):
            secret = secret.get(part) if isinstance(secret, dict) else None
        if isinstance(secret, str) and secret:
            text = text.replace(secret, "[secret]")
    return text.strip()
