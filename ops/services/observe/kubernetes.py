"""What Kubernetes knows: nodes, pods, workloads, services, policies, warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """An API server that answers.

    Parameters
    ----------
    version
        As it gives it: ``v1.36.3``.
    """

    version: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node, as Kubernetes has it.

    Parameters
    ----------
    ready
        Whether its kubelet says that it is.
    reason
        What stands in its condition ``Ready`` if it is not.
    version
        Of the kubelet: ``v1.36.3``.
    address
        Its internal address.
    taints
        ``key=value:Effect``.
    """

    name: str
    ready: bool
    reason: str = ""
    version: str = ""
    zone: str = ""
    address: str = ""
    pod_cidrs: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod of Cilium or of a component.

    Parameters
    ----------
    reason
        Why it, or the first of its containers that does not do its work, does not: ``CrashLoopBackOff``, ...
    component
        Label ``app.kubernetes.io/name``; where there is none, ``k8s-app``.
    """

    namespace: str
    name: str
    node: str
    phase: str
    ready: bool
    restarts: int = 0
    reason: str = ""
    address: str = ""
    component: str = ""
    images: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet.

    Parameters
    ----------
    desired, ready, updated
        Pods: wanted; ready; of the newest template.
    image
        Of its first container.
    ours
        Whether it is a component of the fleet (``app.kubernetes.io/part-of: hms``).
    """

    kind: str
    namespace: str
    name: str
    desired: int
    ready: int
    updated: int
    image: str
    ours: bool = False


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that is shared with other clusters, or takes from them (``service.cilium.io/global``).

    Parameters
    ----------
    shared
        Whether the own backends are given to other clusters.
    affinity
        ``none``, ``local`` or ``remote``.
    backends
        Own backends that are ready.
    """

    namespace: str
    name: str
    shared: bool
    affinity: str
    cluster_ip: str
    backends: int = 0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A network policy of Cilium or Kubernetes.

    Parameters
    ----------
    namespace
        Empty for a CiliumClusterwideNetworkPolicy.
    valid
        What Cilium says of it: empty where it is valid or nothing was said yet; else the message.
    specs
        Its specifications as they are, selectors included.
    """

    kind: str
    namespace: str
    name: str
    valid: str
    specs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Warn:
    """A warning among the events; what was said several times is one.

    Parameters
    ----------
    about
        ``Kind namespace/name``.
    last
        When it was last said.
    """

    about: str
    reason: str
    message: str
    count: int
    last: datetime | None


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A service that the API server itself calls: an admission webhook, or what serves an aggregated API.

    Parameters
    ----------
    kind
        ``ValidatingWebhookConfiguration``, ``MutatingWebhookConfiguration`` or ``APIService``.
    service
        ``namespace/name``.
    pods
        Pods behind it, by name: whether each has its node's network.
    required
        Whether what it is asked for fails where it does not answer.
    """

    kind: str
    name: str
    service: str
    pods: Mapping[str, bool]
    required: bool
