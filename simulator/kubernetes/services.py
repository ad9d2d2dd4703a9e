"""Services: their addresses, node ports and load balancers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Duration, Failure, Inputs, Kind, Outputs, Refused, get
from simulator.kubernetes.balancers import internal_address, is_own
from simulator.kubernetes.cluster import AKS, require_cluster, service_network
from simulator.kubernetes.names import invalid, label_problem, port_name_problem, port_problem, service_problem
from simulator.kubernetes.objects import Api, object_kind, object_name
from simulator.kubernetes.pods import Object, items, one_of, unique
from simulator.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from simulator.context import Context
    from simulator.world import Record

SERVICE: Final = Api(group_version="v1", kind="Service", plural="services")
FIRST_NODE_PORT: Final = 30000
LAST_NODE_PORT: Final = 32767
OUT_OF_RANGE: Final = (
    f"provided port is not in the valid range. The range of valid ports is {FIRST_NODE_PORT}-{LAST_NODE_PORT}"
)
_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICIES: Final = ("Cluster", "Local")


def _checks(inputs: Inputs) -> Iterable[Failure]:
    kind = get(inputs, "spec.type", "ClusterIP")
    yield from one_of(kind, _TYPES, "spec.type")
    yield from one_of(get(inputs, "spec.sessionAffinity"), ("ClientIP", "None"), "spec.sessionAffinity")
    for name in ("externalTrafficPolicy", "internalTrafficPolicy"):
        yield from one_of(get(inputs, f"spec.{name}"), _POLICIES, f"spec.{name}")
    if kind == "ClusterIP" and get(inputs, "spec.externalTrafficPolicy") is not None:
        yield invalid(
            "spec.externalTrafficPolicy",
            get(inputs, "spec.externalTrafficPolicy"),
            "may only be set for externally-accessible services",
        )
    headless = get(inputs, "spec.clusterIP") == "None"
    if kind == "ExternalName" and not get(inputs, "spec.externalName", UNKNOWN if kind is UNKNOWN else ""):
        yield Failure("spec.externalName", "Required value")
    if headless and kind not in {"ClusterIP", UNKNOWN}:
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    yield from _port_checks(inputs, kind, headless=headless)
    ranges = get(inputs, "spec.loadBalancerSourceRanges")
    if isinstance(ranges, list) and ranges:
        if kind not in {"LoadBalancer", UNKNOWN}:
            yield Failure("spec.loadBalancerSourceRanges", "Forbidden: may only be used when `type` is 'LoadBalancer'")
        for index, cidr in enumerate(ranges):
            if isinstance(cidr, str) and not _is_network(cidr):
                yield invalid(f"spec.loadBalancerSourceRanges[{index}]", cidr, "must be a valid CIDR value")


def _port_checks(inputs: Inputs, kind: object, *, headless: bool) -> Iterator[Failure]:
    ports = list(items(get(inputs, "spec.ports"), "spec.ports"))
    if not headless and kind != "ExternalName" and get(inputs, "spec.ports") in (None, []):
        yield Failure("spec.ports", "Required value")
    if len(ports) > 1:
        yield from unique(iter(ports), "name", label_problem)
    elif ports and isinstance(name := ports[0][1].get("name"), str) and (wrong := label_problem(name)):
        yield invalid("spec.ports[0].name", name, wrong)
    pairs: set[tuple[object, object]] = set()
    for at, port in ports:
        yield from _port(port, at, kind)
        pair = (port.get("protocol") or "TCP", port.get("port"))
        if pair in pairs and UNKNOWN not in pair:
            yield Failure(at, f"Duplicate value: port {pair[1]} protocol {pair[0]}")
        pairs.add(pair)


def _port(port: Object, at: str, kind: object) -> Iterator[Failure]:
    if wrong := port_problem(port.get("port")):
        yield invalid(f"{at}.port", port.get("port"), wrong)
    target = port.get("targetPort")
    wrong = port_name_problem(target) if isinstance(target, str) else port_problem(target)
    if wrong:
        yield invalid(f"{at}.targetPort", target, wrong)
    yield from one_of(port.get("protocol"), ("SCTP", "TCP", "UDP"), f"{at}.protocol")
    number = port.get("nodePort")
    if number is None or number is UNKNOWN:
        return
    if kind == "ClusterIP":
        yield Failure(f"{at}.nodePort", "Forbidden: may not be used when `type` is 'ClusterIP'")
    elif not FIRST_NODE_PORT <= number <= LAST_NODE_PORT:
        yield invalid(f"{at}.nodePort", number, OUT_OF_RANGE)


def _is_network(text: str) -> bool:
    try:
        IPv4Network(text, strict=False)
    except ValueError:
        return False
    return True


def _services(context: Context) -> Iterator[Record]:
    return (record for record in context.find(SERVICE.token) if not is_own(context, record))


def _used_ports(context: Context) -> set[int]:
    return {
        int(port["nodePort"])
        for record in _services(context)
        for port in get(record.outputs, "spec.ports") or ()
        if port.get("nodePort")
    }


def _used_addresses(context: Context) -> set[str]:
    return {str(get(record.outputs, "spec.clusterIP")) for record in _services(context)}


def refuse_taken_port(context: Context, name: str, ports: Iterable[int]) -> None:
    """Refuse node ports that another service of the cluster holds.

    Raises
    ------
    Refused
        In the API server's words.
    """
    used = _used_ports(context)
    for index, port in enumerate(ports):
        if port in used:
            raise Refused(
                "Invalid",
                f'Service "{name}" is invalid: spec.ports[{index}].nodePort: Invalid value: {port}: provided port is '
                "already allocated",
                status=422,
            )


def _admit(context: Context, inputs: Inputs) -> None:
    name = object_name(inputs)
    given = [int(port["nodePort"]) for _, port in items(get(inputs, "spec.ports"), "") if port.get("nodePort")]
    refuse_taken_port(context, name, given)
    address = get(inputs, "spec.clusterIP")
    if not address or address == "None":
        return
    network = service_network(require_cluster(context))
    problem = None
    if not _is_address(address) or IPv4Address(address) not in network:
        problem = f"the provided IP ({address}) is not in the valid range. The range of valid IPs is {network}"
    elif address in _used_addresses(context) | {str(network[1])}:
        problem = "provided IP is already allocated"
    if problem:
        raise Refused(
            "Invalid",
            f'Service "{name}" is invalid: spec.clusterIPs: Invalid value: ["{address}"]: failed to allocate IP '
            f"{address}: {problem}",
            status=422,
        )


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _cluster_ip(context: Context, network: IPv4Network) -> str:
    """Find a free address of the service range, always the same for the same service."""
    used = _used_addresses(context) | {str(network[1]), str(network[10])}
    start = context.number(11, network.num_addresses - 2, "clusterIP")
    for step in range(network.num_addresses - 12):
        address = str(network[11 + (start - 11 + step) % (network.num_addresses - 12)])
        if address not in used:
            return address
    raise Refused("InternalError", "failed to allocate a serviceIP: range is full", status=500)


def node_port(context: Context, salt: str, used: set[int]) -> int:
    """Find a free node port, always the same for the same service."""
    size = LAST_NODE_PORT - FIRST_NODE_PORT + 1
    start = context.number(0, size - 1, f"nodePort{salt}")
    taken = used | _used_ports(context)
    for step in range(size):
        port = FIRST_NODE_PORT + (start + step) % size
        if port not in taken:
            used.add(port)
            return port
    raise Refused("InternalError", "failed to allocate a nodePort: range is full", status=500)


def _live(context: Context, cluster: Record, inputs: Inputs) -> tuple[Outputs, list[str]]:
    spec = dict(inputs.get("spec") or {})
    before: Mapping[str, Any] = (context.old.outputs.get("spec") or {}) if context.old else {}
    kind = spec.get("type") or "ClusterIP"
    if kind == "ExternalName":
        return {"spec": spec, "status": {"loadBalancer": {}}}, []
    address = spec.get("clusterIP") or before.get("clusterIP") or _cluster_ip(context, service_network(cluster))
    spec |= {"type": kind, "clusterIP": address, "clusterIPs": [address]}
    old_ports = {port.get("port"): port.get("nodePort") for port in before.get("ports") or ()}
    ports, used = [], set[int]()
    for index, (_, port) in enumerate(items(spec.get("ports"), "")):
        added = {"protocol": "TCP", "targetPort": port.get("port"), **port}
        if kind in {"NodePort", "LoadBalancer"}:
            added["nodePort"] = (
                added.get("nodePort") or old_ports.get(port.get("port")) or node_port(context, str(index), used)
            )
        ports.append(added)
    spec["ports"] = ports
    if kind != "LoadBalancer":
        return {"spec": spec, "status": {"loadBalancer": {}}}, []
    ingress, problem = load_balancer(context, cluster, get(inputs, "metadata.annotations") or {}, spec)
    told = (
        ["Service was not allocated an IP address; does your cloud provider support this?", problem] if problem else []
    )
    return {"spec": spec, "status": {"loadBalancer": {"ingress": ingress} if ingress else {}}}, told


def load_balancer(
    context: Context, cluster: Record, annotations: Mapping[str, Any], spec: Mapping[str, Any]
) -> tuple[list[Outputs], str]:
    """Give the addresses of a service's load balancer, or why there is none."""
    if cluster.token == AKS:
        wanted = spec.get("loadBalancerIP")
        return internal_address(context, cluster, annotations, str(wanted) if wanted else None)
    internal = annotations.get("service.beta.kubernetes.io/aws-load-balancer-internal") == "true"
    name = f"a{context.hex(31, 'elb')}-{context.number(10**8, 10**9, 'elb')}.{cluster.scope}.elb.amazonaws.com"
    return [{"hostname": f"{'internal-' if internal else ''}{name}"}], ""


KIND: Final[Kind] = object_kind(
    SERVICE,
    name_problem=service_problem,
    checks=(_checks,),
    admits=(_admit,),
    live=_live,
    immutable=("spec.clusterIP",),
    duration=Duration(create=10.0, update=2.0, delete=10.0),
)
