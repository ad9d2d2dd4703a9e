"""Logs of Azure's own services, kept in the site's Log Analytics workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_azure_native import monitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi


def keep_logs(
    name: str,
    resource_id: pulumi.Input[str],
    categories: Sequence[str],
    *,
    workspace_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> monitor.DiagnosticSetting:
    """Send log categories of a resource to a workspace.

    Parameters
    ----------
    categories
        As the resource's provider names them (Azure Monitor's list of resource log categories).
    """
    return monitor.DiagnosticSetting(
        name,
        name=name,
        resource_uri=resource_id,
        workspace_id=workspace_id,
        logs=[monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in categories],
        opts=opts,
    )
