from __future__ import annotations

from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made
from tests.policies.rows.tunnels import aws_end

TAGS = {"owner": "hms-platform", "fleet": "dev", "cost-center": "hms-dev"}
AKS = "azure-native:containerservice:ManagedCluster"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
SPECIFICATIONS = [{"resourceType": kind, "tags": TAGS} for kind in ("instance", "volume", "network-interface")]

AUDIT = [{"category": "AuditEvent", "enabled": True}]
LOG_GROUP = made("aws:cloudwatch/logGroup:LogGroup", {"name": "/aws/eks/dev-aws-1/cluster"}, "logs")
VPC = made("aws:ec2/vpc:Vpc", {"cidrBlock": "10.16.0.0/16"}, "vpc")

ROWS = (
    Row(
        rule="tags-complete",
        good=made("aws:ec2/vpc:Vpc", {"tags": TAGS}),
        path="tags",
        bad=({}, {"owner": "hms-platform", "fleet": "dev"}, {**TAGS, "owner": " "}),
        wrong="owner",
    ),
    Row(
        rule="tags-complete",
        good=made("azure-native:network:VirtualNetwork", {"tags": TAGS}),
        path="tags.owner",
        bad=("",),
    ),
    Row(
        rule="tags-complete",
        good=made(
            "aws:autoscaling/group:Group", {"tags": [{"key": key, "value": value} for key, value in TAGS.items()]}
        ),
        path="tags[0].value",
        bad=("",),
        also_bad=(("tags", []),),
    ),
    Row(
        rule="tags-on-nodes",
        good=made("aws:ec2/launchTemplate:LaunchTemplate", {"tagSpecifications": SPECIFICATIONS}),
        path="tagSpecifications",
        bad=([], SPECIFICATIONS[:2], [{"resourceType": "instance"}]),
    ),
    Row(
        rule="tags-on-nodes",
        good=made(AKS, {"agentPoolProfiles": [{"tags": TAGS}]}),
        path="agentPoolProfiles[0].tags",
        bad=({},),
        wrong="owner",
    ),
    Row(
        rule="aws-tunnel-logged",
        good=aws_end(),
        path="tunnel1LogOptions",
        bad=({}, {"cloudwatchLogOptions": {"logEnabled": False}}),
        wrong="on",
        also_bad=(
            ("tunnel2LogOptions.cloudwatchLogOptions.bgpLogEnabled", False),
            ("tunnel2LogOptions.cloudwatchLogOptions.logGroupArn", ABSENT),
        ),
    ),
    Row(
        rule="eks-control-plane-logs",
        good=made("eks:index:Cluster", {"name": "aws-1", "enabledClusterLogTypes": LOGS}),
        path="enabledClusterLogTypes",
        bad=([], LOGS[:4], ["api"]),
    ),
    Row(
        rule="eks-log-group-owned",
        good=(made("eks:index:Cluster", {"name": "dev-aws-1", "version": "1.35"}, "cluster"), LOG_GROUP),
        path="name",
        bad=("dev-aws-2",),
        bad_stacks=(
            (made("aws:eks/cluster:Cluster", {"name": "dev-aws-2"}, "cluster"), LOG_GROUP),
            (made("eks:index:Cluster", {"name": "dev-aws-1"}, "cluster"),),
        ),
    ),
    Row(
        rule="log-group-retention",
        good=made("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 365}),
        path="retentionInDays",
        bad=(1, 30),
        also_good=(("retentionInDays", 0), ("retentionInDays", 731)),
    ),
    Row(
        rule="flow-log-all-traffic",
        good=made("aws:ec2/flowLog:FlowLog", {"trafficType": "ALL", "logDestination": "arn:1"}),
        path="trafficType",
        bad=("ACCEPT", "REJECT"),
        also_bad=(("logDestination", ABSENT),),
    ),
    Row(
        rule="vpc-has-flow-log",
        good=(
            VPC,
            made("aws:ec2/flowLog:FlowLog", {"vpcId": "vpc-1"}, "flow", needs={"vpcId": ("vpc",)}),
        ),
        at=1,
        path="vpcId",
        bad=(),
        bad_stacks=(
            (VPC,),
            (VPC, made("aws:ec2/flowLog:FlowLog", {"vpcId": "vpc-2"}, "flow", needs={"vpcId": ("another",)})),
        ),
        unknown="passes",
        wrong_is="passes",
    ),
    Row(
        rule="azure-diagnostics-on",
        good=made(DIAGNOSTICS, {"workspaceId": "/w", "logs": [{"category": "kube-audit", "enabled": True}]}),
        path="logs",
        bad=([], [{"category": "kube-audit", "enabled": False}], [{"category": "kube-audit"}]),
        also_bad=(("workspaceId", ABSENT),),
    ),
    Row(
        rule="azure-resource-has-diagnostics",
        good=(
            made("azure-native:keyvault:Vault", {"vaultName": "v"}, "vault"),
            made(DIAGNOSTICS, {"resourceUri": "/subscriptions/1/vaults/v", "logs": AUDIT}, "setting"),
        ),
        at=1,
        path="resourceUri",
        bad=("/subscriptions/1/vaults/w",),
        unknown="violation",
    ),
    Row(
        rule="azure-resource-has-diagnostics",
        good=(
            made(AKS, {"resourceName": "a"}, "cluster"),
            made(DIAGNOSTICS, {"resourceUri": "/a", "logs": [{"category": "kube-audit"}]}, "setting"),
        ),
        at=1,
        path="logs",
        bad=([], [{"category": "kube-scheduler"}], AUDIT),
        also_good=(("logs", [{"category": "kube-audit-admin"}]), ("logs", [{"categoryGroup": "allLogs"}])),
    ),
    Row(
        rule="workspace-retention",
        good=made("azure-native:operationalinsights:Workspace", {"retentionInDays": 90}),
        path="retentionInDays",
        bad=(30,),
    ),
)
