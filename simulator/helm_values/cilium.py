"""What Cilium itself refuses in its values: its chart's templates, and its agents when they start.

Read in the chart of 1.19.6 (``templates/validate.yaml``, ``cilium-configmap.yaml``, ``clustermesh-*``) and in the
agent's start-up (``daemon/cmd``); 1.20 refuses the same.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from simulator.kind import Failure
from simulator.values import UNKNOWN, get, has_unknown, known

_NAME: Final = re.compile(r"([a-z0-9][-a-z0-9]*)?[a-z0-9]")
_PEER_KEYS: Final = frozenset({"name", "enabled", "address", "port", "ips", "tls"})
_METHODS: Final = ("helm", "cronJob", "certmanager")
_BUGGY: Final = (
    "Cilium is currently affected by a bug that causes traffic matched by network policies to be incorrectly dropped "
    "when running in either ENI mode (both AWS and AlibabaCloud) or AWS VPC CNI chaining mode, if the cluster ID is "
    "128-255 (and 384-511 when maxConnectedClusters=511). Please refer to "
    "https://github.com/cilium/cilium/issues/21330 for additional details."
)


def _given(values: Mapping[str, Any], path: str, *, default: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Give the value at a path, the chart's default where it is absent or not known yet."""
    value = get(values, path, default)
    return default if value is UNKNOWN else value


def _identity(values: Mapping[str, Any]) -> Iterator[Failure]:
    most = _given(values, "clustermesh.maxConnectedClusters", default=255)
    if most not in {255, 511}:
        yield Failure("clustermesh.maxConnectedClusters", "max-connected-clusters must be set to 255 or 511")
    name, number = get(values, "cluster.name", "default"), get(values, "cluster.id", 0)
    if not known(name, number):
        return
    if not name:
        yield Failure("cluster.name", "The cluster name is invalid: cannot be empty")
    elif len(name) > 32:
        yield Failure("cluster.name", "The cluster name is invalid: must not be more than 32 characters")
    elif not _NAME.fullmatch(name):
        yield Failure(
            "cluster.name",
            "The cluster name is invalid: must consist of lower case alphanumeric characters and '-', and must start "
            "and end with an alphanumeric character",
        )
    if name == "default" and number != 0:
        yield Failure("cluster.name", "The cluster name is invalid: cannot use default value with cluster.id != 0")
    if most in {255, 511} and not 0 <= number <= most:
        yield Failure("cluster.id", f"invalid cluster id {number}: must be in range 0..{most}")
    aws = (
        _given(values, "eni.enabled", default=False) or _given(values, "cni.chainingMode", default="none") == "aws-cni"
    )
    allowed = _given(values, "extraConfig", default={}).get("allow-unsafe-policy-skb-usage") == "true"
    if aws and number & 0x80 and not allowed:
        yield Failure("cluster.id", _BUGGY)


def _datapath(values: Mapping[str, Any]) -> Iterator[Failure]:
    replacement = _given(values, "kubeProxyReplacement", default="false")
    if str(replacement).lower() not in {"true", "false"}:
        yield Failure(
            "kubeProxyReplacement",
            "kubeProxyReplacement must be explicitly set to a valid value (true or false) to continue.",
        )
    routing = _given(values, "routingMode", default="")
    eni, mode = _given(values, "eni.enabled", default=False), _given(values, "ipam.mode", default="cluster-pool")
    if routing not in {"", "native", "tunnel"}:
        yield Failure("routingMode", f"Invalid value for --routing-mode: {routing}")
    if _given(values, "tunnelProtocol", default="") not in {"", "vxlan", "geneve"}:
        yield Failure("tunnelProtocol", f"invalid tunnel protocol {values['tunnelProtocol']!r}: want vxlan or geneve")
    if _given(values, "aksbyocni.enabled", default=False) and routing not in {"", "tunnel"}:
        yield Failure("routingMode", "RoutingMode must be set to tunnel when aksbyocni.enabled=true")
    if mode == "eni" and not eni:
        # The generic operator, which the chart installs without it, cannot give out addresses of the VPC.
        yield Failure("ipam.mode", "ipam.mode=eni requires eni.enabled=true")
    # The chart asks for it where masquerading is set, the agent wherever it is on.
    masquerade = _given(values, "enableIPv4Masquerade", default=not eni) and not eni
    whole = _given(values, "ipMasqAgent.enabled", default=False) or get(values, "ipv4NativeRoutingCIDR") not in {
        None,
        "",
    }
    if routing == "native" and masquerade and not whole:
        yield Failure("ipv4NativeRoutingCIDR", "ipv4NativeRoutingCIDR must be set when routingMode is native")


def _addresses(values: Mapping[str, Any]) -> Iterator[Failure]:
    reference = known(get(values, "k8sServiceHostRef.name"), get(values, "k8sServiceHostRef.key"))
    if reference and _given(values, "k8sServiceHost", default="unknown"):
        yield Failure(
            "k8sServiceHostRef", "Both k8sServiceHostRef and k8sServiceHost are set. Please set only one of them."
        )
    path = "ipam.operator.clusterPoolIPv4PodCIDRList"
    mask = _given(values, "ipam.operator.clusterPoolIPv4MaskSize", default=24)
    for index, pool in enumerate(_given(values, path, default=[])):
        if not isinstance(pool, str):
            continue
        try:
            network = IPv4Network(pool)
        except ValueError as error:
            yield Failure(f"{path}[{index}]", f"invalid CIDR {pool!r}: {error}")
            continue
        if network.prefixlen > mask:
            yield Failure(
                "ipam.operator.clusterPoolIPv4MaskSize", f"mask size {mask} is smaller than that of the pool {pool}"
            )


def _hubble(values: Mapping[str, Any]) -> Iterator[Failure]:
    on, relay = _given(values, "hubble.enabled", default=True), _given(values, "hubble.relay.enabled", default=False)
    if relay and not on:
        yield Failure("hubble.relay.enabled", "Hubble Relay requires .Values.hubble.enabled=true")
    alone = _given(values, "hubble.ui.standalone.enabled", default=False)
    if _given(values, "hubble.ui.enabled", default=False) and not relay and not alone:
        yield Failure("hubble.ui.enabled", "Hubble UI requires .Values.hubble.relay.enabled=true")
    if on:
        yield from _certificates(values, "hubble.tls.auto", "Hubble")


def _certificates(values: Mapping[str, Any], path: str, what: str) -> Iterator[Failure]:
    if not _given(values, f"{path}.enabled", default=True):
        return
    method = _given(values, f"{path}.method", default="helm")
    if method not in _METHODS:
        # The chart renders nothing for it, and the pods wait for their certificates for ever.
        yield Failure(f"{path}.method", f"value must be one of 'helm', 'cronJob', 'certmanager', got '{method}'")
    if method == "certmanager" and not _given(values, f"{path}.certManagerIssuerRef", default={}):
        yield Failure(
            f"{path}.certManagerIssuerRef",
            f"{what} TLS certgen method=certmanager requires that user specifies .Values.{path}.certManagerIssuerRef",
        )


def _mesh(values: Mapping[str, Any]) -> Iterator[Failure]:
    if _given(values, "clustermesh.useAPIServer", default=False):
        mode = _given(values, "clustermesh.apiserver.tls.authMode", default="migration")
        if mode not in {"legacy", "migration", "cluster"}:
            yield Failure(
                "clustermesh.apiserver.tls.authMode",
                ".Values.clustermesh.apiserver.tls.authMode must be one of legacy, migration, cluster",
            )
        yield from _certificates(values, "clustermesh.apiserver.tls.auto", "ClusterMesh")
    yield from _peers(_given(values, "clustermesh.config.clusters", default=[]))


def _peers(clusters: Any) -> Iterator[Failure]:  # noqa: ANN401 - whatever the program gave
    path = "clustermesh.config.clusters"
    if isinstance(clusters, Mapping):
        entries = [(f"{path}.{name}", name, peer) for name, peer in clusters.items()]
    else:
        entries = [(f"{path}[{index}]", get(peer, "name"), peer) for index, peer in enumerate(clusters)]
    seen: set[object] = set()
    for at, name, peer in entries:
        if peer is UNKNOWN or name is UNKNOWN:
            continue
        if not isinstance(peer, Mapping):
            yield Failure(at, "got a peer that is no object")
            continue
        for key in sorted(set(peer) - _PEER_KEYS):
            yield Failure(f"{at}.{key}", f"unknown value: a peer has no key '{key}'")
        if not isinstance(name, str) or len(name) > 32 or not _NAME.fullmatch(name):
            yield Failure(at, f"invalid cluster name {name!r}")
        if name in seen:
            yield Failure(at, f"two peers have the name '{name}'")
        seen.add(name)
        yield from _peer(peer, at)


def _peer(peer: Mapping[str, Any], path: str) -> Iterator[Failure]:
    if peer.get("enabled") is False or has_unknown(peer):
        return
    if not peer.get("ips") and not peer.get("address"):
        yield Failure(f"{path}.address", "missing clustermesh.apiserver.config.clusters.address")
    if not peer.get("port"):
        yield Failure(f"{path}.port", "the peer has no port: its endpoint would be 'https://<peer>:'")
    for index, address in enumerate(peer.get("ips") or ()):
        try:
            IPv4Address(address)
        except ValueError:
            yield Failure(f"{path}.ips[{index}]", f"invalid IP address {address!r}")


def _authority(values: Mapping[str, Any]) -> Iterator[Failure]:
    certificate, key = get(values, "tls.ca.cert", ""), get(values, "tls.ca.key", "")
    if not known(certificate, key):
        return
    if bool(certificate) != bool(key):
        yield Failure("tls.ca", "tls.ca.cert and tls.ca.key must be given together: one alone is not used")
    for name, value in (("cert", certificate), ("key", key)):
        try:
            pem = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            pem = b""
        if value and b"-----BEGIN " not in pem:
            # The value may be a key, so it is not shown.
            yield Failure(f"tls.ca.{name}", "illegal base64 data: want the base64 of a PEM block")


def check_cilium(values: Mapping[str, Any]) -> list[Failure]:
    """Report what Cilium refuses in its values, in its own words.

    Parameters
    ----------
    values
        Values of the right types (see `simulator.helm_values.check`); may hold `UNKNOWN`.
    """
    failures = [
        *_identity(values),
        *_datapath(values),
        *_addresses(values),
        *_hubble(values),
        *_mesh(values),
        *_authority(values),
    ]
    kept = not _given(values, "operator.removeNodeTaints", default=True)
    if _given(values, "operator.setNodeTaints", default=False) and kept:
        failures.append(
            Failure(
                "operator.setNodeTaints",
                "Cannot have operator.setNodeTaintsMaxNodes and not operator.removeNodeTaints = false",
            )
        )
    off = not _given(values, "authentication.enabled", default=True)
    if _given(values, "authentication.mutual.spire.enabled", default=False) and off:
        failures.append(
            Failure(
                "authentication.enabled",
                "SPIRE integration requires .Values.authentication.enabled=true and "
                ".Values.authentication.mutual.spire.enabled=true",
            )
        )
    return failures


def start_problems(values: Mapping[str, Any], api_host: str, *, kube_proxy: bool) -> list[str]:
    """Why an agent with these values exits or hangs at its start, in its own words; empty if it runs.

    Parameters
    ----------
    values
        Wholly known values that passed `check_cilium`.
    api_host
        Host of the cluster's API server.
    kube_proxy
        Whether something serves service addresses before Cilium does.
    """
    problems: list[str] = []
    eni = _given(values, "eni.enabled", default=False)
    tunnel = (_given(values, "routingMode", default="") or ("native" if eni else "tunnel")) == "tunnel"
    if tunnel and (eni or _given(values, "ipam.mode", default="cluster-pool") == "eni"):
        problems.append("Cannot specify IPAM mode eni in tunnel mode.")
    bpf = _given(values, "bpf.masquerade", default=False)
    if bpf and not _given(values, "enableIPv4Masquerade", default=not eni):
        problems.append('BPF masquerade requires (--enable-ipv4-masquerade="true" or --enable-ipv6-masquerade="true")')
    host = _given(values, "k8sServiceHost", default="")
    if host and host != api_host:
        problems.append(f"Unable to contact k8s api-server: dial tcp: lookup {host}: no such host")
    elif not host and not kube_proxy and not get(values, "k8sServiceHostRef.name"):
        problems.append(
            "Unable to contact k8s api-server: dial tcp the service address of the cluster: i/o timeout "
            "(no kube-proxy serves it; set k8sServiceHost and k8sServicePort)"
        )
    return problems
