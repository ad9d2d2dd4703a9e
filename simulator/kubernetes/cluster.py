"""The cluster behind a kubeconfig: which one it is, whether it answers, and whether pods can run on it.

A kubernetes provider is one cluster, and its scope in the world is the host of the API server. So rules of a cloud ask
``world.find("kubernetes:helm.sh/v3:Release", scope=api_host(cluster))``, or simply `cni_works`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final

import yaml

from simulator.helm_values.cilium import start_problems
from simulator.kind import Failure, Refused, get

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.world import Record, World

EKS: Final = "aws:eks/cluster:Cluster"
NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
ADDON: Final = "aws:eks/addon:Addon"
AKS: Final = "azure-native:containerservice:ManagedCluster"
AGENT_POOL: Final = "azure-native:containerservice:AgentPool"
RELEASE: Final = "kubernetes:helm.sh/v3:Release"

UNREACHABLE_SCOPE: Final = "unreachable"
"""Scope while a kubeconfig is unknown, or where there is none: nothing lives there."""

_TRUE: Final = frozenset({"1", "t", "true"})


@dataclass(frozen=True)
class Kubeconfig:
    """The current context of a kubeconfig.

    Attributes
    ----------
    host
        Host of the API server, as it is written in the server's URL, without scheme and port 443.
    certificate
        CA of the server, base64; empty if none is named.
    user
        The credentials.
    namespace
        Default namespace.
    """

    host: str
    certificate: str
    user: Mapping[str, Any]
    namespace: str


def _entry(document: Mapping[str, Any], kind: str, name: object) -> Mapping[str, Any]:
    """Give the named entry of a list of a kubeconfig."""
    for item in document.get(f"{kind}s") or ():
        if isinstance(item, Mapping) and item.get("name") == name and isinstance(item.get(kind), Mapping):
            found: Mapping[str, Any] = item[kind]
            return found
    raise ValueError(f'{kind} "{name}" does not exist')


@lru_cache(maxsize=256)
def parse_kubeconfig(text: str, context: str = "", cluster: str = "") -> Kubeconfig:
    """Read the current context of a kubeconfig.

    Parameters
    ----------
    text
        YAML or JSON.
    context, cluster
        Names that take precedence over the current context and its cluster.

    Raises
    ------
    ValueError
        It is no kubeconfig, or the context is not there; without any part of the text, which holds credentials.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError("it is not YAML") from None
    if not isinstance(document, Mapping):
        raise ValueError("it is not a mapping with clusters, contexts and users (a path to a file is not read here)")  # noqa: TRY004 - a wrong value of the user's
    current = context or document.get("current-context")
    if not current:
        raise ValueError("no current-context is set")
    chosen = _entry(document, "context", current)
    server = _entry(document, "cluster", cluster or chosen.get("cluster"))
    url = str(server.get("server") or "")
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].removesuffix(":443")
    if scheme != "https" or not host:
        raise ValueError("its cluster has no server of the form https://<host>")
    return Kubeconfig(
        host=host,
        certificate=str(server.get("certificate-authority-data") or ""),
        user=_entry(document, "user", chosen.get("user")),
        namespace=str(chosen.get("namespace") or "default"),
    )


def _kubeconfig(config: Mapping[str, Any]) -> Kubeconfig | None:
    text = config.get("kubeconfig")
    if not isinstance(text, str) or not text:
        return None
    options = (config.get(name) or "" for name in ("context", "cluster"))
    return parse_kubeconfig(text, *(option if isinstance(option, str) else "" for option in options))


def check_config(config: Mapping[str, Any]) -> Iterable[Failure]:
    """Refuse a kubeconfig that can't be one; an unknown or absent one only makes the cluster unreachable."""
    try:
        _kubeconfig(config)
    except ValueError as error:
        yield Failure("kubeconfig", f"failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- {error}")


def scope(config: Mapping[str, Any], _inputs: Mapping[str, Any]) -> str:
    """Give the host of the API server: the scope of everything in the cluster."""
    try:
        found = _kubeconfig(config)
    except ValueError:
        found = None
    return found.host if found else UNREACHABLE_SCOPE


def default_namespace(config: Mapping[str, Any]) -> str:
    """Give the namespace of objects that name none: the provider's, else that of the kubeconfig's context."""
    if isinstance(named := config.get("namespace"), str) and named:
        return named
    found = _kubeconfig(config)
    return found.namespace if found else "default"


def api_host(cluster: Record) -> str:
    """Give the host of a cluster's API server: the scope of what is in the cluster."""
    if cluster.token == EKS:
        return str(cluster.outputs.get("endpoint") or "").removeprefix("https://")
    return str(cluster.outputs.get("fqdn") or cluster.outputs.get("privateFQDN") or "")


def clusters(world: World) -> Iterator[Record]:
    """Every cluster of the simulated clouds."""
    yield from world.find(EKS)
    yield from world.find(AKS)


def _hosts(cluster: Record) -> set[str]:
    return {api_host(cluster), str(cluster.outputs.get("privateFQDN") or "")} - {""}


def find_cluster(world: World, host: str) -> Record | None:
    """Give the cluster whose API server has this host, or ``None``."""
    return next((cluster for cluster in clusters(world) if host in _hosts(cluster)), None)


def _refused_credentials(cluster: Record, kubeconfig: Kubeconfig) -> str | None:
    """Why the API server turns away who comes with this kubeconfig, or ``None``."""
    authority = get(cluster.outputs, "certificateAuthority.data")
    if cluster.token == EKS and kubeconfig.certificate and authority and kubeconfig.certificate != authority:
        return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    login = kubeconfig.user.get("exec") or {}
    if cluster.token == EKS and isinstance(login, Mapping):
        arguments = [str(argument) for argument in login.get("args") or ()]
        named = dict(itertools.pairwise(arguments)).get("--cluster-name")
        if named is not None and named != cluster.outputs.get("name"):
            return "the server has asked for the client to provide credentials"
    if cluster.token == AKS and cluster.outputs.get("disableLocalAccounts") is True and not login:
        return "the server has asked for the client to provide credentials (local accounts are disabled)"
    return None


def _reach(context: Context) -> Record | str:
    """Give the provider's cluster, or why it does not answer."""
    kubeconfig = _kubeconfig(context.config)
    if kubeconfig is None:
        return (
            "unable to load Kubernetes client configuration from kubeconfig file. Make sure you have: set up the "
            "provider with a kubeconfig"
        )
    cluster = find_cluster(context.world, kubeconfig.host)
    if cluster is None:
        return (
            "unable to load schema information from the API server: "
            f'Get "https://{kubeconfig.host}/openapi/v2?timeout=32s": dial tcp: lookup {kubeconfig.host}: no such host'
        )
    if problem := _refused_credentials(cluster, kubeconfig):
        return f"unable to load schema information from the API server: {problem}"
    return cluster


def unreachable(context: Context) -> str | None:
    """Tell why the provider's cluster does not answer; ``None`` if it does."""
    found = _reach(context)
    return found if isinstance(found, str) else None


def require_cluster(context: Context) -> Record:
    """Give the provider's cluster.

    Raises
    ------
    Refused
        It does not answer.
    """
    found = _reach(context)
    if isinstance(found, str):
        raise Refused("Unreachable", f"configured Kubernetes cluster is unreachable: {found}", status=503)
    return found


def gives_up_on_delete(context: Context) -> bool:
    """Whether a resource of a cluster that is gone is dropped without a word to anyone (``deleteUnreachable``)."""
    told = context.config.get("deleteUnreachable")
    return told is True or str(told or os.environ.get("PULUMI_K8S_DELETE_UNREACHABLE", "")).lower() in _TRUE


def version(cluster: Record) -> str:
    """Give the Kubernetes version, ``1.35`` or ``1.35.2``."""
    outputs = cluster.outputs
    found = outputs.get("version") or outputs.get("currentKubernetesVersion") or outputs.get("kubernetesVersion")
    return str(found or "1.35")


def service_network(cluster: Record) -> IPv4Network:
    """Give the range of service addresses; where the cluster names none, the cloud's own default."""
    if cluster.token == EKS:
        return IPv4Network(get(cluster.outputs, "kubernetesNetworkConfig.serviceIpv4Cidr") or "10.100.0.0/16")
    return IPv4Network(get(cluster.outputs, "networkProfile.serviceCidr") or "10.0.0.0/16")


def has_kube_proxy(world: World, cluster: Record) -> bool:
    """Whether something other than Cilium serves service addresses."""
    if cluster.token == AKS:
        return get(cluster.outputs, "networkProfile.kubeProxyConfig.enabled") is not False
    return _has_addon(world, cluster, "kube-proxy")


def _has_addon(world: World, cluster: Record, name: str) -> bool:
    if cluster.outputs.get("bootstrapSelfManagedAddons") is not False:
        return True  # aws-node, kube-proxy and CoreDNS come with the cluster unless it says no
    wanted = {"clusterName": cluster.outputs.get("name"), "addonName": name}
    return bool(world.find(ADDON, scope=cluster.scope, **wanted))


def cilium_release(world: World, cluster: Record) -> Record | None:
    """Give the Cilium release of a cluster, or ``None``."""
    releases = (release for host in _hosts(cluster) for release in world.find(RELEASE, scope=host))
    return next((release for release in releases if is_cilium(release.outputs.get("chart"))), None)


def is_cilium(chart: object) -> bool:
    """Whether a release's ``chart`` is Cilium's, by name or ``oci://`` address."""
    return isinstance(chart, str) and chart.rpartition("/")[2] == "cilium"


def cilium_problems(world: World, cluster: Record, values: Mapping[str, Any]) -> list[str]:
    """Why Cilium's agents would not run in this cluster with these values; empty if they do."""
    problems: list[str] = []
    for host in _hosts(cluster):
        problems = start_problems(values, host, kube_proxy=has_kube_proxy(world, cluster))
        if not problems:
            return []
    return problems


def cni_works(world: World, cluster: Record) -> bool:
    """Whether nodes of this cluster become Ready: the cloud's own CNI, or Cilium with values that let it start.

    For the rules of node groups too.
    """
    if cluster.token == EKS and _has_addon(world, cluster, "vpc-cni"):
        return True
    if cluster.token == AKS and get(cluster.outputs, "networkProfile.networkPlugin") != "none":
        return True
    release = cilium_release(world, cluster)
    return release is not None and not cilium_problems(world, cluster, release.inputs.get("values") or {})


def forget(world: World, cluster: Record) -> None:
    """Remove everything in a cluster that is deleted; for the rules of the clouds, inside a transaction."""
    for host in _hosts(cluster):
        for record in world.records():
            if record.scope == host:
                world.remove(record)
