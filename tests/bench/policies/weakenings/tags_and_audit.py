"""Tags, and who did what: flow logs, control plane logs, diagnostics, and for how long they are kept."""

from __future__ import annotations

from tests.bench.policies.edit import lower, minus, mismatch, remove, remove_resource, turn_off
from tests.bench.policies.mutation import weaken

EKS = "Cluster aws-1-eks"
AKS = "ManagedCluster azure-1-cluster"
TEMPLATE = "LaunchTemplate aws-1-nodes-system"
VPN = "VpnConnection aws-azure-vpn-1"
FLOW = "FlowLog aws-flow-all"
CLUSTER_LOGS = "DiagnosticSetting azure-1-logs"
VAULT_LOGS = "DiagnosticSetting azure-encryption-vault-logs"
VPN_LOGS = "DiagnosticSetting azure-vpn-logs"

WEAKENINGS = (
    *weaken("tags-complete", "Vpc aws-network-vpc", remove("tags"), lower("tags.owner", "")),
    *weaken("tags-complete", "Key aws-key-key", remove("tags.owner")),
    *weaken("tags-complete", EKS, remove("tags.cost-center"), remove("tags")),
    *weaken("tags-complete", "VirtualNetworkGateway azure-vpn-gateway", remove("tags.fleet")),
    *weaken("tags-complete", "ResourceGroup azure-group", remove("tags")),
    *weaken("tags-complete", "VpcPeeringConnection east-west-connection", remove("tags.cost-center"), fleet="eni"),
    *weaken(
        "tags-on-nodes",
        TEMPLATE,
        remove("tagSpecifications"),
        remove("tagSpecifications[1]"),
        remove("tagSpecifications[2].tags.owner"),
        lower("tagSpecifications[0].tags", {}),
    ),
    *weaken("tags-on-nodes", AKS, remove("agentPoolProfiles[0].tags"), remove("agentPoolProfiles[0].tags.fleet")),
    *weaken(
        "aws-tunnel-logged",
        VPN,
        remove("tunnel1LogOptions"),
        turn_off("tunnel2LogOptions.cloudwatchLogOptions.logEnabled"),
        turn_off("tunnel1LogOptions.cloudwatchLogOptions.bgpLogEnabled"),
        remove("tunnel2LogOptions.cloudwatchLogOptions.logGroupArn"),
    ),
    *weaken(
        "eks-control-plane-logs",
        EKS,
        lower("enabledClusterLogTypes", minus("audit")),
        lower("enabledClusterLogTypes", []),
        remove("enabledClusterLogTypes"),
    ),
    *weaken(
        "eks-log-group-owned", "LogGroup aws-1-logs", remove_resource(), mismatch("name", "/aws/eks/aws-1/cluster")
    ),
    *weaken("eks-log-group-owned", EKS, mismatch("name", "dev-aws-9")),
    *weaken("log-group-retention", "LogGroup aws-flow-logs", lower("retentionInDays", 30), remove("retentionInDays")),
    *weaken("log-group-retention", "LogGroup west-1-logs", lower("retentionInDays", 7), fleet="eni"),
    *weaken(
        "flow-log-all-traffic",
        FLOW,
        lower("trafficType", "ACCEPT"),
        lower("trafficType", "REJECT"),
        remove("logDestination"),
    ),
    *weaken("vpc-has-flow-log", FLOW, remove_resource(), mismatch("vpcId", "vpc-0123456789abcdef0")),
    *weaken("vpc-has-flow-log", "FlowLog west-flow-all", remove_resource(), fleet="eni"),
    *weaken(
        "azure-diagnostics-on",
        CLUSTER_LOGS,
        turn_off("logs[1].enabled"),
        remove("workspaceId"),
        lower("logs", []),
    ),
    *weaken("azure-diagnostics-on", VPN_LOGS, turn_off("logs[3].enabled"), remove("logs")),
    *weaken("azure-resource-has-diagnostics", CLUSTER_LOGS, remove_resource(), remove("logs[1]")),
    *weaken("azure-resource-has-diagnostics", VAULT_LOGS, remove_resource(), lower("logs[0].category", "AzurePolicy")),
    *weaken(
        "azure-resource-has-diagnostics",
        VPN_LOGS,
        remove("logs[3]"),
        mismatch("resourceUri", "/subscriptions/1/virtualNetworkGateways/other"),
    ),
    *weaken("workspace-retention", "Workspace azure-logs", lower("retentionInDays", 30), remove("retentionInDays")),
)
