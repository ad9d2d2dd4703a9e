"""Log Analytics workspaces, and where resources send their logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.azure.arm import arm_kind, same_to_azure
from simulator.azure.naming import same_id
from simulator.azure.references import refers
from simulator.kind import Duration, Inputs, Kind, Outputs, Refused, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.context import Context

WORKSPACE: Final = "azure-native:operationalinsights:Workspace"
SETTING: Final = "azure-native:monitor:DiagnosticSetting"

_CATEGORIES: Final = {
    "azure-native:network:VirtualNetworkGateway": frozenset(
        ["GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog", "P2SDiagnosticLog"]
    ),
    "azure-native:keyvault:Vault": frozenset(["AuditEvent", "AzurePolicyEvaluationDetails"]),
    "azure-native:containerservice:ManagedCluster": frozenset(
        [
            "kube-apiserver",
            "kube-audit",
            "kube-audit-admin",
            "kube-controller-manager",
            "kube-scheduler",
            "cluster-autoscaler",
            "guard",
            "cloud-controller-manager",
            "csi-azuredisk-controller",
            "csi-azurefile-controller",
            "csi-snapshot-controller",
            "fleet-member-agent",
            "fleet-member-net-controller-manager",
            "fleet-mcs-controller-manager",
        ]
    ),
    "azure-native:network:NetworkSecurityGroup": frozenset(
        ["NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"]
    ),
    "azure-native:network:PublicIPAddress": frozenset(
        ["DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"]
    ),
    "azure-native:network:VirtualNetwork": frozenset({"VMProtectionAlerts"}),
}
"""Log categories of a kind (Azure Monitor's list of resource log categories)."""

_DESTINATIONS: Final = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


def _workspace_is_fit(context: Context, inputs: Inputs) -> None:
    del context
    days, sku = inputs.get("retentionInDays"), get(inputs, "sku.name") or "PerGB2018"
    if sku not in {"PerGB2018", "CapacityReservation", "LACluster", "Standalone", "Free"}:
        raise Refused("InvalidParameter", f"Pricing tier '{sku}' is no longer offered for new workspaces.")
    if days is not None and not 30 <= days <= 730:
        raise Refused("InvalidParameter", f"'RetentionInDays' property is invalid: {days}. It must be 30 to 730.")


def _workspace_outputs(context: Context, inputs: Inputs) -> Outputs:
    return {
        "customerId": context.uuid("customer"),
        "retentionInDays": inputs.get("retentionInDays") or 30,
        "sku": inputs.get("sku") or {"name": "PerGB2018"},
    }


def _categories(logs: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(log.get("category") or log.get("categoryGroup")) for log in logs]


def _setting_is_fit(context: Context, inputs: Inputs) -> None:
    target = str(inputs["resourceUri"]).rstrip("/")
    found = next((one for one in context.world.records() if one.id.casefold() == target.casefold()), None)
    if found is None:
        raise Refused("ResourceNotFound", f"The Resource '{target}' was not found.", status=404)
    if not any(inputs.get(name) for name in _DESTINATIONS):
        raise Refused("BadRequest", "At least one data sink needs to be specified.")
    logs = list(inputs.get("logs") or [])
    if not logs and not inputs.get("metrics"):
        raise Refused("BadRequest", "Diagnostic settings need at least one log or metric category.")
    _logs_are_fit(logs, _CATEGORIES.get(found.token, frozenset()))
    _sinks_are_free(context, inputs, target)


def _logs_are_fit(logs: list[Mapping[str, Any]], offered: frozenset[str]) -> None:
    names = _categories(logs)
    for log, name in zip(logs, names, strict=True):
        if bool(log.get("category")) == bool(log.get("categoryGroup")):
            raise Refused("BadRequest", "Each log needs either a category or a category group.")
        if log.get("category") and name not in offered:
            message = f"Category '{name}' is not supported, supported ones: {', '.join(sorted(offered))}."
            raise Refused("BadRequest", message)
        if names.count(name) > 1:
            raise Refused("BadRequest", f"Category '{name}' is given more than once.")


def _sinks_are_free(context: Context, inputs: Inputs, target: str) -> None:
    beside = [one for one in context.find(SETTING) if same_id(one.outputs["resourceUri"], target)]
    if len(beside) >= 5:
        raise Refused("BadRequest", f"Resource '{target}' cannot have more than 5 diagnostic settings.")
    wanted = set(_categories(inputs.get("logs") or []))
    for other in beside:
        both = wanted & set(_categories(other.outputs.get("logs") or []))
        for name in _DESTINATIONS[:2]:
            if both and inputs.get(name) and same_id(other.outputs.get(name), inputs[name]):
                message = (
                    f"Data sink '{inputs[name]}' is already used in diagnostic setting '{other.id}' for category"
                    f" '{min(both)}'."
                )
                raise Refused("Conflict", message, status=409)


def _setting_id(context: Context, inputs: Inputs) -> str:
    name = inputs.get("name") or context.name
    return f"{str(inputs['resourceUri']).rstrip('/')}/providers/Microsoft.Insights/diagnosticSettings/{name}"


KINDS = (
    arm_kind(
        WORKSPACE,
        "Microsoft.OperationalInsights/workspaces/{workspaceName}",
        moves=True,
        name_pattern=r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
        admits=(_workspace_is_fit,),
        compute=_workspace_outputs,
        computed=("retentionInDays", "sku"),
        defaults={"publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled"},
        duration=Duration(create=25, update=10, delete=10),
    ),
    Kind(
        token=SETTING,
        make_id=_setting_id,
        immutable=("resourceUri", "name"),
        admits=(_setting_is_fit,),
        references=(
            refers("workspaceId", WORKSPACE, blocks=False, code="ResourceNotFound", status=404),
            refers(
                "storageAccountId",
                "azure-native:storage:StorageAccount",
                blocks=False,
                code="ResourceNotFound",
                status=404,
            ),
        ),
        compute=lambda context, inputs: {
            "name": inputs.get("name") or context.name,
            "type": "Microsoft.Insights/diagnosticSettings",
            "azureApiVersion": "",
        },
        computed=("name",),
        ignores=same_to_azure,
        exists=("ResourceAlreadyExists", "cannot create already existing resource '{id}'"),
        duration=Duration(create=4, update=4, delete=4),
    ),
)
