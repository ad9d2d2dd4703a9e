"""What a lab sets differently from the deployment: one table. Everything else is what the program planned."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.cluster.programs import EVICTION_SECONDS, NODE_GRACE_SECONDS
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.plan import Depth

Values = dict[str, Any]

UNUSED_POOL = "100.64.0.0/10"
"""Pod range of a cluster whose pods would have addresses of the VPC; without nodes nobody takes one from it."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """What the machine's kernel can carry packets with."""

    wireguard: bool
    geneve: bool


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where values are used: what decides which differences there are.

    Parameters
    ----------
    api_host
        Address of the cluster's API server inside the lab; it serves the deployment's port, 443.
    """

    kernel: Kernel
    depth: Depth
    api_host: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row of the table, as a report shows it.

    Parameters
    ----------
    place
        Dotted path in Cilium's Helm values, or a named part of the deployment.
    """

    place: str
    planned: str
    lab: str
    why: str


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """A Helm value that the lab sets, where ``when`` holds for the lab and the planned values."""

    path: str
    value: Callable[[Target], object]
    why: str
    when: Callable[[Target, Values], bool] = lambda _lab, _values: True
    default: object = None
    """What the chart takes where the plan says nothing."""


def _eni(_: Target, values: Values) -> bool:
    return bool(_read(values, "eni.enabled"))


def _clear(lab: Target, values: Values) -> bool:
    return bool(_read(values, "encryption.enabled")) and not lab.kernel.wireguard


_NO_ENI = "no EC2 gives out addresses here; without nodes nobody asks for one"

_SETTINGS = (
    _Setting(
        path="k8sServiceHost",
        value=lambda lab: lab.api_host,
        why="the lab's API server has an address in the site's network, not the cloud's name",
    ),
    _Setting(
        path="tunnelProtocol",
        value=lambda _: "vxlan",
        why="the kernel lacks geneve",
        when=lambda lab, values: _read(values, "tunnelProtocol") == "geneve" and not lab.kernel.geneve,
    ),
    _Setting(
        path="encryption.enabled",
        value=lambda _: False,
        why="the kernel lacks WireGuard: packets between nodes are in the clear",
        when=_clear,
    ),
    _Setting(
        path="encryption.strictMode.egress.enabled",
        value=lambda _: False,
        why="without encryption it would drop everything",
        when=lambda lab, values: _clear(lab, values) and bool(_read(values, "encryption.strictMode.egress.enabled")),
    ),
    _Setting(
        path="l7Proxy",
        value=lambda _: False,
        default=True,
        why="Envoy cannot be had without a registry; switched off, policies with L7 rules are refused, not ignored",
    ),
    _Setting(path="envoy.enabled", value=lambda _: False, default=True, why="Envoy cannot be had without a registry"),
    _Setting(
        path="operator.replicas",
        value=lambda _: 1,
        default=2,
        why="replicas need a node each; one process stands for them",
    ),
    _Setting(path="eni.enabled", value=lambda _: False, why=_NO_ENI, when=_eni),
    _Setting(path="ipam.mode", value=lambda _: "cluster-pool", why=_NO_ENI, when=_eni),
    _Setting(path="ipam.operator.clusterPoolIPv4PodCIDRList", value=lambda _: [UNUSED_POOL], why=_NO_ENI, when=_eni),
    _Setting(path="routingMode", value=lambda _: "tunnel", why=_NO_ENI, when=_eni),
)

_WITHOUT_REGISTRY = "no image registry is in reach; the programs are built from Cilium's own Go module"

PLACES = (
    Difference(
        place="DaemonSet cilium",
        planned="a pod on each node",
        lab="a process in each node's namespaces, from the pod's own arguments and volumes; the pod is an empty one "
        "with the planned probes, which ask the process",
        why=_WITHOUT_REGISTRY,
    ),
    Difference(
        place="Deployments cilium-operator and clustermesh-apiserver",
        planned="pods",
        lab="processes beside the API server, from the pods' own arguments, volumes and probes",
        why=_WITHOUT_REGISTRY,
    ),
    Difference(
        place="Jobs and CronJobs of certgen",
        planned="sign certificates in the cluster, and renew them every four months",
        lab="the lab signs once what they list, with the same CA",
        why=_WITHOUT_REGISTRY,
    ),
    Difference(
        place="Deployment hubble-relay",
        planned="a pod",
        lab="not run; hubble asks each agent",
        why=_WITHOUT_REGISTRY,
    ),
    Difference(
        place="Service clustermesh-apiserver",
        planned="backends are the mesh API server's pods, behind the cloud's load balancer",
        lab="its backend is the load balancer's planned address, where the mesh API server listens",
        why="the mesh API server is no pod, and there is no load balancer",
    ),
    Difference(
        place="operator-prometheus-serve-addr",
        planned=":9963, on a node",
        lab="127.0.0.1:9965",
        why="the mesh API server's etcd has that port in the same network namespace",
    ),
    Difference(
        place="kube-proxy of AKS",
        planned="runs beside Cilium, for node ports",
        lab="not run; Cilium answers for cluster addresses, from pods and from nodes",
        why="no flow of a fleet uses a node port of AKS",
    ),
    Difference(
        place="kubernetes",
        planned="the version of each cluster",
        lab="one version in all, that of the pinned programs: hms lab status",
        why="two sets of programs would take twice as long to build",
    ),
)
"""What the lab does differently and no Helm value says."""

WITH_NODES = (
    Difference(
        place="images of components",
        planned="the fleet's",
        lab="agnhost, Kubernetes' own test program, under their names; it answers on the component's port",
        why="no image registry is in reach",
    ),
    Difference(
        place="nodes that are lost",
        planned="noticed after 50 s, their pods replaced after 300 s",
        lab=f"noticed after {NODE_GRACE_SECONDS} s, their pods replaced after {EVICTION_SECONDS} s more",
        why="nobody would wait so long for a test",
    ),
    Difference(
        place="cluster DNS",
        planned="CoreDNS of the cloud, which forwards other names",
        lab="CoreDNS of the pinned module; it knows the cluster's names alone",
        why="a lab has no way out",
    ),
    Difference(
        place="volumes",
        planned="disks of the cloud, encrypted, that follow a pod to another node of their zone",
        lab="folders of the node that the first pod was placed on",
        why="there are no disks to attach",
    ),
)
"""The same of nodes and pods."""


def apply(values: Values, lab: Target) -> tuple[Values, tuple[Difference, ...]]:
    """Turn the deployment's Helm values into the lab's.

    Parameters
    ----------
    values
        As the release gets them; left as they are.

    Returns
    -------
    The values, and the rows that hold for them: first the values that changed, then :data:`PLACES`
    and :data:`WITH_NODES`.

    Raises
    ------
    LabError
        If the datapath of the values cannot exist in a lab: the profile eni with nodes. Its pods have addresses that
        EC2 gives out; a datapath with any others would prove nothing of it.
    """
    if _eni(lab, values) and lab.depth == "datapath":
        raise LabError(
            "the profile eni has no datapath in a lab: its pods have addresses that only EC2 gives out",
            "hms lab up --depth control, or a fleet with mesh.profile overlay",
        )
    changed, rows = copy.deepcopy(values), []
    for setting in _SETTINGS:
        if not setting.when(lab, values):
            continue
        planned, value = _read(values, setting.path, setting.default), setting.value(lab)
        if planned != value:
            _write(changed, setting.path, value)
            rows.append(Difference(place=setting.path, planned=_text(planned), lab=_text(value), why=setting.why))
    return changed, (*rows, *PLACES, *(WITH_NODES if lab.depth == "datapath" else ()))


def _read(values: Values, path: str, default: object = None) -> object:
    found: object = values
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            return default
        found = found[part]
    return found


def _write(values: Values, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for part in parents:
        values = values.setdefault(part, {})
    values[last] = value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
