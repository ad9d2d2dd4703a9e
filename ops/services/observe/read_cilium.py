"""Reads what Cilium knows: its objects, what its agents say, and what is said of each peer."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import yaml

from infra.cilium import NAMESPACE
from ops.errors import ClusterError
from ops.services.observe.cilium import Agent, CiliumConfig, CiliumNode, Endpoint, Entry, Operator
from ops.services.observe.mesh import ConfiguredPeer, ConfiguredPeers, MeshServer, Peer, Way
from ops.services.observe.read_kubernetes import internal_address, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.adapters.cilium_ports import Objects

_LEASE = "cilium-operator-resource-lock"
_AGENTS, _KVSTOREMESH = "cilium-clustermesh", "cilium-kvstoremesh"

_GLOBAL = "clustermesh.cilium.io/global"
_WIREGUARD_KEY = "network.cilium.io/wg-pub-key"

_VERSION = re.compile(r"^\d+\.\d+\.\d+\S*")
_ENTRY = re.compile(r"(\w+)=(\S+)")

_CONNECTED = "Etcd connection successfully established"
_BAD = "❌"
"""How ``troubleshoot`` begins a step that failed (``pkg/kvstore/etcd_debug.go``)."""


def config(objects: Objects) -> CiliumConfig:
    """Read ``cilium-config``."""
    return CiliumConfig(data=objects.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/cilium-config").get("data", {}))


def operator(objects: Objects) -> Operator:
    """Read who holds the operator's lease."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
    spec: dict[str, Any] = next(
        (each["spec"] for each in objects.get(path)["items"] if each["metadata"]["name"] == _LEASE), {}
    )
    renewed = moment(spec.get("renewTime"))
    if renewed is None:
        raise ClusterError(f"{objects.name}: no operator of Cilium has ever held the lease {_LEASE}")
    return Operator(
        holder=str(spec.get("holderIdentity", "")), renewed=renewed, lease=int(spec.get("leaseDurationSeconds", 0))
    )


def cilium_nodes(objects: Objects) -> tuple[CiliumNode, ...]:
    """Read the CiliumNodes."""
    return tuple(
        CiliumNode(
            name=each["metadata"]["name"],
            address=internal_address(each["spec"].get("addresses", [])),
            pod_cidrs=tuple(each["spec"].get("ipam", {}).get("podCIDRs", ())),
            encryption_key=_annotation(each, _WIREGUARD_KEY),
            error=each.get("status", {}).get("ipam", {}).get("operator-status", {}).get("error", ""),
        )
        for each in objects.get("/apis/cilium.io/v2/ciliumnodes")["items"]
    )


def endpoints(objects: Objects) -> tuple[Endpoint, ...]:
    """Read the CiliumEndpoints that have an address."""
    namespaces = objects.get("/api/v1/namespaces")["items"]
    kept = {each["metadata"]["name"] for each in namespaces if _annotation(each, _GLOBAL).lower() == "false"}
    found = []
    for each in objects.get("/apis/cilium.io/v2/ciliumendpoints")["items"]:
        metadata, status = each["metadata"], each.get("status", {})
        networking, made = status.get("networking") or {}, moment(metadata.get("creationTimestamp"))
        addresses = [pair["ipv4"] for pair in networking.get("addressing") or () if "ipv4" in pair]
        if addresses and made:
            found.append(
                Endpoint(
                    namespace=metadata["namespace"],
                    name=metadata["name"],
                    address=addresses[0],
                    identity=int((status.get("identity") or {}).get("id", 0)),
                    node=networking.get("node", ""),
                    made=made,
                    shared=metadata["namespace"] not in kept,
                )
            )
    return tuple(found)


def peers(objects: Objects) -> ConfiguredPeers:
    """Read whom the cluster is told to connect to. What else stands in these Secrets is not looked at."""
    items = objects.get(f"/api/v1/namespaces/{NAMESPACE}/secrets", fieldSelector="type=Opaque")["items"]
    secrets = {each["metadata"]["name"]: each.get("data") or {} for each in items}
    return ConfiguredPeers(
        agents=_configured(secrets.get(_AGENTS, {})),
        kvstoremesh=_configured(secrets[_KVSTOREMESH]) if _KVSTOREMESH in secrets else None,
    )


def agent(status: dict[str, Any]) -> Agent:
    """Read ``cilium-dbg status -o json``."""
    own, encryption, routing = (status.get(name) or {} for name in ("cilium", "encryption", "routing"))
    found = _VERSION.match(str(own.get("msg", "")))
    interfaces = (encryption.get("wireguard") or {}).get("interfaces") or ()
    mode, tunnel = routing.get("inter-host-routing-mode", ""), routing.get("tunnel-protocol", "")
    return Agent(
        state=str(own.get("state", "")),
        message=str(own.get("msg", "")).strip(),
        version=found[0] if found else "",
        health=_state((status.get("cluster") or {}).get("ciliumHealth")),
        hubble=_state(status.get("hubble")),
        encryption=str(encryption.get("mode", "")),
        wireguard_peers=sum(int(each.get("peer-count", 0)) for each in interfaces) if interfaces else None,
        kube_proxy_replacement=str((status.get("kube-proxy-replacement") or {}).get("mode", "")),
        routing=f"{mode} ({tunnel})" if mode == "Tunnel" and tunnel else str(mode),
        peers=tuple(map(peer, (status.get("cluster-mesh") or {}).get("clusters") or ())),
        problems={
            each["name"]: str(each["status"].get("last-failure-msg", ""))
            for each in status.get("controllers") or ()
            if each.get("status", {}).get("consecutive-failure-count", 0)
        },
        raw=status,
    )


def mesh_server(status: list[dict[str, Any]] | None) -> MeshServer:
    """Read ``kvstoremesh-dbg status -o json``."""
    return MeshServer(peers=tuple(map(peer, status or ())), raw=tuple(status or ()))


def peer(found: dict[str, Any]) -> Peer:
    """Read a ``RemoteCluster``: what is zero, false or empty is left out of it."""
    told = found.get("config") or {}
    synced = found.get("synced")
    return Peer(
        name=str(found["name"]),
        connected=bool(found.get("connected")),
        ready=bool(found.get("ready")),
        status=str(found.get("status", "")),
        nodes=int(found.get("num-nodes", 0)),
        identities=int(found.get("num-identities", 0)),
        endpoints=int(found.get("num-endpoints", 0)),
        services=int(found.get("num-shared-services", 0)),
        failures=int(found.get("num-failures", 0)),
        last_failure=moment(found.get("last-failure")),
        cluster_id=int(told["cluster-id"]) if "cluster-id" in told else None,
        synced=None if synced is None else {kind: bool(done) for kind, done in synced.items()},
        raw=found,
    )


def addresses(table: Mapping[str, list[str]]) -> dict[str, Entry]:
    """Read ``cilium-dbg bpf ipcache list -o json``."""
    found = {}
    for prefix, lines in table.items():
        fields = dict(_ENTRY.findall(lines[0])) if lines else {}
        if "identity" in fields:
            tunnel = fields.get("tunnelendpoint", "0.0.0.0")  # noqa: S104 - what is written where there is none
            found[prefix] = Entry(
                identity=int(fields["identity"]),
                tunnel="" if tunnel == "0.0.0.0" else tunnel,  # noqa: S104 - the same
                encryption_key=int(fields.get("encryptkey", 0)),
            )
    return found


def way(peer: str, said: str) -> Way:
    """Read ``kvstoremesh-dbg troubleshoot PEER``."""
    lines = (line.strip() for line in said.splitlines())
    return Way(
        peer=peer,
        works=_CONNECTED in said,
        failures=tuple(line.removeprefix(_BAD).strip() for line in lines if line.startswith(_BAD)),
        text=said.strip(),
    )


def _configured(data: Mapping[str, str]) -> tuple[ConfiguredPeer, ...]:
    """List the entries that are configurations of etcd, as Cilium does: those that name endpoints."""
    texts = {name: base64.b64decode(text) for name, text in sorted(data.items()) if "." not in name}
    return tuple(
        ConfiguredPeer(name=name, endpoints=tuple(yaml.safe_load(text).get("endpoints", ())))
        for name, text in texts.items()
        if b"endpoints:" in text
    )


def _annotation(found: Mapping[str, Any], name: str) -> str:
    return str(found["metadata"].get("annotations", {}).get(name, ""))


def _state(found: Mapping[str, Any] | None) -> str:
    return str((found or {}).get("state", ""))
