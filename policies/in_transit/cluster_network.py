"""Every cluster has Cilium's network and no other, for nobody encrypts what goes through another."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import demand, is_false, is_true, one_of
from policies.cilium import RELEASES, is_cilium
from policies.rule import EKS_COMPONENT, Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind

EKS_CLUSTER = "aws:eks/cluster:Cluster"
EKS_ADDON = "aws:eks/addon:Addon"
NAMESPACE = "kubernetes:core/v1:Namespace"

_BESIDE = "pods would get a network that nobody encrypts"


@Metadata(
    over=Resource,
    id="aks-network-is-ciliums",
    family="in-transit",
    title="AKS brings no pod network of its own beside Cilium's",
    severity="critical",
    types=("azure-native:containerservice:ManagedCluster",),
    remediation="Set network_profile.network_plugin to 'none'.",
    link="https://learn.microsoft.com/azure/aks/use-byo-cni",
)
def aks_network_is_ciliums(resource: Resource) -> Results:
    yield from one_of(resource["networkProfile.networkPlugin"], ("none",), _BESIDE)


@Metadata(
    over=Resource,
    id="eks-network-is-ciliums",
    family="in-transit",
    title="EKS brings no pod network of its own beside Cilium's",
    severity="critical",
    types=(EKS_CLUSTER, EKS_COMPONENT, EKS_ADDON),
    remediation=(
        "Set bootstrap_self_managed_addons=False, and with pulumi_eks use_default_vpc_cni=True, which then means none; "
        "leave the addon vpc-cni out."
    ),
    link="https://docs.cilium.io/en/stable/installation/k8s-install-helm/",
)
def eks_network_is_ciliums(resource: Resource) -> Results:
    if resource.type == EKS_ADDON:
        yield from demand(resource["addonName"], Kind.TEXT, lambda name: name != "vpc-cni", _BESIDE)
        return
    yield from is_false(resource["bootstrapSelfManagedAddons"], _BESIDE, optional=False)
    if resource.type == EKS_COMPONENT:
        yield from is_true(resource["useDefaultVpcCni"], _BESIDE)


@Metadata(
    over=Stack,
    id="cluster-has-cilium",
    family="in-transit",
    title="Every cluster in which the stack makes namespaces has a release of Cilium",
    severity="critical",
    types=(NAMESPACE, *RELEASES),
    remediation="Install Cilium's chart through the same provider as the namespaces.",
    link="https://docs.cilium.io/en/stable/installation/k8s-install-helm/",
)
def cluster_has_cilium(stack: Stack) -> Results:
    releases = stack.of_type(*RELEASES)
    guarded = {release.provider for release in releases if is_cilium(release)}
    unknown = {release.provider for release in releases if release["chart"].unknown}
    for namespace in stack.of_type(NAMESPACE):
        path = "metadata.name"
        if namespace.provider in unknown - guarded:
            yield Undecided(path=path, urn=namespace.urn)
        elif namespace.provider not in guarded:
            yield Violation(path=path, message="is in a cluster where nobody encrypts", urn=namespace.urn)
