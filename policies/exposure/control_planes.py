"""API servers answer the nodes and named ranges, and nobody else."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from infra.predicates import cidr_is_world
from policies.checks import demand, each, is_set, is_true, mistyped
from policies.frameworks import CIS_AKS, CIS_EKS, FSBP, MCSB
from policies.rule import EKS_COMPONENT, Metadata, Resource, Results, Undecided
from policies.values import Kind, View

EKS_CLUSTER = "aws:eks/cluster:Cluster"
AKS_CLUSTER = "azure-native:containerservice:ManagedCluster"

_WORLD = "the whole internet could knock at the API server"


def _named(range_: View) -> Results:
    return demand(range_, Kind.TEXT, lambda text: not cidr_is_world(text), _WORLD)


@Metadata(
    over=Resource,
    id="eks-api-server-bounded",
    family="exposure",
    title="EKS API servers answer privately, and publicly to named ranges only",
    severity="critical",
    frameworks=((CIS_EKS, "5.4.1"), (CIS_EKS, "5.4.2"), (FSBP, "EKS.1")),
    types=(EKS_CLUSTER, EKS_COMPONENT),
    remediation="Set endpoint_private_access=True, and endpoint_public_access=False or public_access_cidrs.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
)
def eks_api_server_bounded(resource: Resource) -> Results:
    access = resource.root if resource.type == EKS_COMPONENT else resource["vpcConfig"]
    yield from is_true(access["endpointPrivateAccess"], "nodes would reach the API server over the internet")
    public = access["endpointPublicAccess"]
    if public.unknown:
        yield Undecided(path=public.path)
    elif not public.missing and public.flag() is None:
        yield mistyped(public, Kind.FLAG)
    elif public.flag() is not False:  # what EKS does unless told otherwise
        yield from each(access["publicAccessCidrs"], _named, why=_WORLD)


@Metadata(
    over=Resource,
    id="aks-api-server-bounded",
    family="exposure",
    title="AKS API servers are private, or answer named ranges only",
    severity="critical",
    frameworks=((CIS_AKS, "5.4.1"), (MCSB, "NS-2")),
    types=(AKS_CLUSTER,),
    remediation="Set api_server_access_profile.authorized_ip_ranges, or enable_private_cluster=True.",
    link="https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges",
)
def aks_api_server_bounded(resource: Resource) -> Results:
    access = resource["apiServerAccessProfile"]
    private = access["enablePrivateCluster"]
    if private.unknown:
        yield Undecided(path=private.path)
    elif not private.missing and private.flag() is None:
        yield mistyped(private, Kind.FLAG)
    elif private.flag() is not True:
        yield from each(access["authorizedIPRanges"], _named, why=_WORLD)


@Metadata(
    over=Resource,
    id="aks-run-command-off",
    family="exposure",
    title="Nobody runs commands in an AKS cluster around its API server's ranges",
    severity="medium",
    frameworks=((MCSB, "PA-7"),),
    types=(AKS_CLUSTER,),
    remediation="Set api_server_access_profile.disable_run_command=True.",
    link="https://learn.microsoft.com/azure/aks/access-private-cluster",
)
def aks_run_command_off(resource: Resource) -> Results:
    yield from is_true(
        resource["apiServerAccessProfile.disableRunCommand"], "'az aks command invoke' passes by the ranges"
    )


@Metadata(
    over=Resource,
    id="aks-local-accounts-off",
    family="exposure",
    title="AKS takes no certificate of a local administrator",
    severity="high",
    frameworks=((CIS_AKS, "5.5.1"), (MCSB, "IM-1")),
    types=(AKS_CLUSTER,),
    remediation="Set disable_local_accounts=True, with a managed aad_profile.",
    link="https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad",
)
def aks_local_accounts_off(resource: Resource) -> Results:
    yield from is_true(resource["disableLocalAccounts"], "a certificate that nobody can revoke would be cluster-admin")


@Metadata(
    over=Resource,
    id="node-group-no-open-ssh",
    family="exposure",
    title="EKS node groups open SSH to named security groups, if at all",
    severity="critical",
    frameworks=((FSBP, "EC2.53"),),
    types=("aws:eks/nodeGroup:NodeGroup",),
    remediation="Leave remote_access out (Session Manager needs no port), or name source_security_group_ids.",
    link="https://docs.aws.amazon.com/eks/latest/APIReference/API_RemoteAccessConfig.html",
)
def node_group_no_open_ssh(resource: Resource) -> Results:
    remote = resource["remoteAccess"]
    if remote.unknown:
        yield Undecided(path=remote.path)
    elif not remote.missing:
        if not remote.is_a(Kind.OBJECT):
            yield mistyped(remote, Kind.OBJECT)
        elif not remote["ec2SshKey"].missing:
            yield from each(
                remote["sourceSecurityGroupIds"],
                lambda group: is_set(group, "EKS then opens port 22 to the internet"),
                why="EKS then opens port 22 to the internet",
            )
