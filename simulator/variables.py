"""Environment variables of the process that serves the simulated clouds."""

from __future__ import annotations

from typing import Final

AWS_QUOTAS: Final = "HMS_SIMULATOR_AWS_QUOTAS"
"""AWS quotas that were raised: ``vpcs=50,elastic_ips=60``; the names are those of `simulator.aws.quotas.DEFAULTS`."""

LAB: Final = "HMS_LAB"
"""Path of a running lab's ``lab.json``: Kubernetes objects then go to its API servers too. Empty or absent: no lab."""
