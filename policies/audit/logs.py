"""Who did what, and what went where, is written down and kept."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from policies.checks import at_least, each, holds_all, is_set, one_of
from policies.frameworks import CIS_AKS, CIS_EKS, FSBP, MCSB, SECURITY_HUB
from policies.rule import EKS_COMPONENT, Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import holds_unknown

if TYPE_CHECKING:
    from policies.values import View

EKS_CLUSTER = "aws:eks/cluster:Cluster"
VPC = "aws:ec2/vpc:Vpc"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
OBSERVED = {
    "azure-native:keyvault:Vault": ("AuditEvent",),
    "azure-native:containerservice:ManagedCluster": ("kube-audit", "kube-audit-admin"),
    "azure-native:network:VirtualNetworkGateway": ("IKEDiagnosticLog",),
}
"""Azure resources whose logs have to be sent somewhere; one category has to be there of those that say who did what."""

_GROUPS = ("audit", "allLogs")
"""Azure's own groups of categories that hold these."""

_EKS_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
MIN_DAYS_AWS = 365
MIN_DAYS_AZURE = 90


@Metadata(
    over=Resource,
    id="eks-control-plane-logs",
    family="audit",
    title="EKS control planes log everything that they do",
    severity="high",
    frameworks=((CIS_EKS, "2.1.1"), (FSBP, "EKS.8")),
    types=(EKS_CLUSTER, EKS_COMPONENT),
    remediation=f"Set enabled_cluster_log_types to {', '.join(_EKS_LOGS)}.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
)
def eks_control_plane_logs(resource: Resource) -> Results:
    yield from holds_all(resource["enabledClusterLogTypes"], _EKS_LOGS, "nobody could say who did what")


@Metadata(
    over=Stack,
    id="eks-log-group-owned",
    family="audit",
    title="The stack makes the log group of each EKS control plane",
    severity="medium",
    frameworks=((CIS_EKS, "2.1.1"),),
    types=(EKS_CLUSTER, EKS_COMPONENT, LOG_GROUP),
    remediation="Make the log group /aws/eks/NAME/cluster before the cluster: EKS's own has no key and no end.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
)
def eks_log_group_owned(stack: Stack) -> Results:
    groups = [group["name"] for group in stack.of_type(LOG_GROUP)]
    for cluster in stack.of_type(EKS_CLUSTER, EKS_COMPONENT):
        name = cluster["name"]
        wanted = f"/aws/eks/{name.text()}/cluster"
        if not cluster.inputs or wanted in [group.text() for group in groups]:
            continue
        if name.unknown or any(group.unknown for group in groups):
            yield Undecided(path="name", urn=cluster.urn)
        else:
            yield Violation(path="name", message=f"is {name.shown()}: nobody makes its log group", urn=cluster.urn)


@Metadata(
    over=Resource,
    id="log-group-retention",
    family="audit",
    title="Log groups keep what they have for a year",
    severity="medium",
    frameworks=((SECURITY_HUB, "CloudWatch.16"),),
    types=(LOG_GROUP,),
    remediation="Set retention_in_days to 365 or more.",
    link="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
)
def log_group_retention(resource: Resource) -> Results:
    days = resource["retentionInDays"]
    if days.number() != 0:  # 0 keeps for ever
        yield from at_least(days, MIN_DAYS_AWS, "an intrusion is found after months; say for how long, too")


@Metadata(
    over=Resource,
    id="flow-log-all-traffic",
    family="audit",
    title="Flow logs have what was let through and what was not",
    severity="medium",
    frameworks=((FSBP, "EC2.6"),),
    types=(FLOW_LOG,),
    remediation="Set traffic_type='ALL' and a log destination.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
)
def flow_log_all_traffic(resource: Resource) -> Results:
    yield from one_of(resource["trafficType"], ("ALL",), "half of what went where would not be written down")
    yield from is_set(resource["logDestination"], "it goes nowhere")


@Metadata(
    over=Stack,
    id="vpc-has-flow-log",
    family="audit",
    title="Every VPC of the stack has a flow log",
    severity="high",
    frameworks=((FSBP, "EC2.6"),),
    types=(VPC, FLOW_LOG),
    remediation="Add a FlowLog for the VPC.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
)
def vpc_has_flow_log(stack: Stack) -> Results:
    for vpc in stack.of_type(VPC):
        if not stack.referring(vpc, "vpcId", FLOW_LOG):
            yield Violation(path="cidrBlock", message="nothing records what goes where in it", urn=vpc.urn)


@Metadata(
    over=Resource,
    id="azure-diagnostics-on",
    family="audit",
    title="Diagnostic settings send logs to a workspace",
    severity="high",
    frameworks=((CIS_AKS, "2.1.1"), (MCSB, "LT-3")),
    types=(DIAGNOSTICS,),
    remediation="Set workspace_id and at least one log category with enabled=True.",
    link="https://learn.microsoft.com/azure/azure-monitor/essentials/diagnostic-settings",
)
def azure_diagnostics_on(resource: Resource) -> Results:
    yield from is_set(resource["workspaceId"], "the logs go nowhere")

    def enabled(log: View) -> Results:
        # A category that is listed and off reads like one that is collected.
        if log["enabled"].flag() is not True and not log["enabled"].unknown:
            yield Violation(path=log["enabled"].path, message=f"is {log['enabled'].shown()}: nothing is collected")

    yield from each(resource["logs"], enabled, why="nothing is collected")


@Metadata(
    over=Stack,
    id="azure-resource-has-diagnostics",
    family="audit",
    title="Vaults, clusters and gateways on Azure send a log of who did what to a workspace",
    severity="high",
    frameworks=((CIS_AKS, "2.1.1"), (MCSB, "LT-3")),
    types=(*OBSERVED, DIAGNOSTICS),
    remediation=(
        "Add a DiagnosticSetting with the resource's id as resource_uri and its audit category: "
        f"{', '.join(categories[0] for categories in OBSERVED.values())}."
    ),
    link="https://learn.microsoft.com/azure/azure-monitor/essentials/diagnostic-settings",
)
def azure_resource_has_diagnostics(stack: Stack) -> Results:
    for resource in stack.of_type(*OBSERVED):
        settings = [setting for setting in stack.of_type(DIAGNOSTICS) if _observes(setting, resource)]
        logs = [log for setting in settings for log in setting["logs"].elements()]
        wanted = OBSERVED[resource.type]
        if not settings:
            yield Violation(path="name", message="nothing collects its logs", urn=resource.urn)
        elif any(log["category"].text() in wanted or log["categoryGroup"].text() in _GROUPS for log in logs):
            continue
        elif any(setting["logs"].unknown for setting in settings) or any(holds_unknown(log.value) for log in logs):
            yield Undecided(path="logs", urn=resource.urn)
        else:
            yield Violation(path="logs", message=f"of it lack {' or '.join(wanted)}", urn=resource.urn)


def _observes(setting: Resource, resource: Resource) -> bool:
    uri = setting["resourceUri"]
    named = {resource[name].text() for name in ("vaultName", "resourceName", "virtualNetworkGatewayName")} - {None}
    literal = (uri.text() or "").rpartition("/")[2] in named
    return literal or (not uri.missing and resource.urn in setting.dependencies.get("resourceUri", ()))


@Metadata(
    over=Resource,
    id="workspace-retention",
    family="audit",
    title="Log Analytics workspaces keep what they have for three months",
    severity="medium",
    frameworks=((MCSB, "LT-6"),),
    types=("azure-native:operationalinsights:Workspace",),
    remediation="Set retention_in_days to 90 or more.",
    link="https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure",
)
def workspace_retention(resource: Resource) -> Results:
    yield from at_least(resource["retentionInDays"], MIN_DAYS_AZURE, "an intrusion is found after months")
