"""Environment variables of the process that serves the simulated clouds."""

from __future__ import annotations

from typing import Final

AWS_QUOTAS: Final = "HMS_SIMULATOR_AWS_QUOTAS"
"""AWS quotas that were raised: ``vpcs=50,elastic_ips=60``; the names are those of `simulator.aws.quotas.DEFAULTS`."""
