"""What Cilium knows of itself in one cluster: its configuration, agents, operator, nodes and certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ops.services.observe.mesh import Peer


@dataclass(frozen=True, kw_only=True)
class CiliumConfig:
    """The ConfigMap ``cilium-config``.

    Parameters
    ----------
    data
        All of it, as it is.
    """

    data: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the cluster in its mesh."""
        return self.data.get("cluster-name", "default")

    @property
    def id(self) -> int:
        """Number of the cluster in its mesh; 0 where it has none."""
        return _number(self.data.get("cluster-id"))

    @property
    def max_connected_clusters(self) -> int:
        """``max-connected-clusters``, which has to be the same everywhere."""
        return _number(self.data.get("max-connected-clusters")) or 255

    @property
    def pod_pool(self) -> tuple[str, ...]:
        """Ranges from which nodes get their pods' addresses."""
        return tuple(self.data.get("cluster-pool-ipv4-cidr", "").split())

    @property
    def mtu(self) -> int:
        """The MTU that is set; 0 where Cilium finds it by itself."""
        return _number(self.data.get("mtu"))

    @property
    def routing(self) -> str:
        """``tunnel`` or ``native``."""
        return self.data.get("routing-mode", "")

    @property
    def tunnel(self) -> str:
        """``geneve`` or ``vxlan``; empty without a tunnel."""
        return self.data.get("tunnel-protocol", "") if self.routing == "tunnel" else ""

    @property
    def encryption(self) -> str:
        """``wireguard``, ``ipsec`` or ``none``."""
        for kind in ("wireguard", "ipsec"):
            if self.data.get(f"enable-{kind}") == "true":
                return kind
        return "none"

    @property
    def hubble(self) -> bool:
        """Whether agents remember flows."""
        return self.data.get("enable-hubble") == "true"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Cilium's agent of a node.

    Parameters
    ----------
    state, message
        What it says of itself: ``Ok``, ``Warning``, ``Failure``, ...
    version
        ``1.19.6``; empty where it does not say.
    health
        State of its health probes: ``Ok``, ``Disabled``, or what it says.
    hubble
        State of Hubble in it.
    encryption
        ``Disabled``, ``Wireguard``, ``IPsec``.
    wireguard_peers
        Peers of its WireGuard interface; None where it has none.
    kube_proxy_replacement
        ``True`` or ``False``.
    routing
        ``Tunnel (vxlan)``, ``Native``.
    peers
        The other clusters, as it sees them.
    problems
        Controllers that fail: name and last failure's message.
    raw
        ``cilium-dbg status -o json`` as it came.
    """

    state: str
    message: str
    version: str
    health: str
    hubble: str
    encryption: str
    wireguard_peers: int | None
    kube_proxy_replacement: str
    routing: str
    peers: tuple[Peer, ...]
    problems: Mapping[str, str]
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CiliumNode:
    """A CiliumNode: what the agent of a node was given, and tells other clusters.

    Parameters
    ----------
    pod_cidrs
        Its pods' ranges.
    encryption_key
        Public key of WireGuard; empty without.
    error
        What the operator says of its addresses, if something failed.
    """

    name: str
    address: str
    pod_cidrs: tuple[str, ...]
    encryption_key: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A CiliumEndpoint: a pod that an agent has given an address, and that other clusters have to know.

    Parameters
    ----------
    identity
        Number of its identity; 0 as long as it has none.
    node
        Internal address of its node.
    made
        When the object was made, on the cluster's clock.
    shared
        Whether peers are told of it: its namespace may keep its pods to itself (``clustermesh.cilium.io/global``).
    """

    namespace: str
    name: str
    address: str
    identity: int
    node: str
    made: datetime
    shared: bool = True


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the kernel of a node knows of an address: the identity by which policies judge it, and the way to it.

    Parameters
    ----------
    tunnel
        Address of the node that it is reached through; empty where there is none.
    encryption_key
        Number of the key for packets to it; 0 without encryption.
    """

    identity: int
    tunnel: str
    encryption_key: int


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Cilium's operator: whoever holds its lease.

    Parameters
    ----------
    renewed
        When the lease was last renewed, on the holder's clock.
    lease
        Seconds for which a renewal holds.
    """

    holder: str
    renewed: datetime
    lease: int


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate found in a Secret. Its key was never looked at.

    Parameters
    ----------
    secret, entry
        ``kube-system/clustermesh-apiserver-server-cert``, ``tls.crt``. Several certificates may stand in one entry.
    authority
        Whether it may sign others.
    key_id, issuer_key_id
        Subject and authority key identifiers, lower-case hex; empty where it has none. The issuer's names the CA,
        since several CAs may have one name.
    fingerprint
        SHA-256 over its DER octets, lower-case hex.
    signed_by
        Fingerprints of those CAs, among all in the same Secret, whose key has really signed it.
    """

    secret: str
    entry: str
    subject: str
    issuer: str
    authority: bool
    key_id: str
    issuer_key_id: str
    fingerprint: str
    serial: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()
    signed_by: tuple[str, ...] = ()


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
