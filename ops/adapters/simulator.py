"""Simulated clouds in place of real ones, for as long as a command runs."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ops.errors import EngineError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.model import Quotas

_REAL = ("AWS_", "ARM_", "AZURE_", "GOOGLE_", "KUBE", "PULUMI_")
"""Settings that lead to real clouds, clusters and backends."""


@contextmanager
def without_real_clouds() -> Iterator[None]:
    """Take away every setting that leads to something real, from this process and those that it starts.

    The SDKs read some of them for defaults (``ARM_SUBSCRIPTION_ID``, ``AWS_REGION``): a simulated run must not depend
    on whose terminal it is.
    """
    taken = {name: value for name, value in os.environ.items() if name.startswith(_REAL)}
    for name in taken:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(taken)


def granted(quotas: Quotas) -> dict[str, int]:
    """Give the fleet's quotas by the names that the simulated AWS has for them."""
    return {
        "vpcs": quotas.vpcs_per_region,
        "internet_gateways": quotas.vpcs_per_region,
        "elastic_ips": quotas.addresses_per_region,
        "vpn_gateways": quotas.gateways_per_region,
        "transit_gateways": quotas.gateways_per_region,
        "vpn_connections": quotas.connections_per_region,
        "vpn_connections_per_gateway": quotas.connections_per_gateway,
        "routes": quotas.routes_per_table,
        "rules": quotas.rules_per_security_group,
        "peerings": quotas.peerings_per_vpc,
    }


def running_lab(folder: Path) -> Path:
    """Give the description of the lab that runs in a folder.

    Raises
    ------
    RefusedError
        If none runs there.
    """
    from lab.machine.launch import alive

    described = folder / "lab.json"
    if not alive(folder) or not described.exists():
        raise RefusedError(f"no lab runs in {folder}", "hms lab up starts one")
    return described


@contextmanager
def simulated_clouds(
    world: Path, *, quotas: Quotas, scale: float = 0.0, faults: Path | None = None, lab: Path | None = None
) -> Iterator[Mapping[str, str]]:
    """Start the simulated clouds and give the settings that lead the engine to them.

    Parameters
    ----------
    world
        File that keeps what they have between runs.
    quotas
        What the fleet says that its accounts may have: the simulated ones get the same.
    scale
        Factor on the durations that real clouds need; 0 is at once.
    faults
        A fault plan.
    lab
        ``lab.json`` of a running lab, which then is Kubernetes.

    Raises
    ------
    EngineError
        If they do not start.
    """
    from simulator.launch import SimulatorFailed, launch

    with ExitStack() as stack:
        try:
            environment = stack.enter_context(
                launch(world, scale=scale, faults=faults, quotas=granted(quotas), lab=lab)
            )
        except SimulatorFailed as error:
            raise EngineError(str(error), f"{world.with_suffix('.log')} has more") from None
        yield environment
