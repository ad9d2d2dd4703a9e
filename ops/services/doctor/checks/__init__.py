"""All checks, in the order in which they are told: what others depend on first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.doctor.checks import (
    admin_ranges,
    aws_identity,
    aws_permissions,
    aws_quotas,
    aws_sizes,
    aws_versions,
    azure_features,
    azure_identity,
    azure_permissions,
    azure_providers,
    azure_quotas,
    azure_sizes,
    azure_versions,
    clock,
    credentials,
    plugins,
    tools,
)

if TYPE_CHECKING:
    from ops.services.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    tools.CHECK,
    plugins.CHECK,
    credentials.CHECK,
    clock.CHECK,
    admin_ranges.CHECK,
    aws_identity.CHECK,
    aws_permissions.CHECK,
    aws_quotas.CHECK,
    aws_sizes.CHECK,
    aws_versions.CHECK,
    azure_identity.CHECK,
    azure_permissions.CHECK,
    azure_providers.CHECK,
    azure_features.CHECK,
    azure_quotas.CHECK,
    azure_sizes.CHECK,
    azure_versions.CHECK,
)
