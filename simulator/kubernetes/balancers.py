"""Load balancers that Azure's cloud controller makes for services: their addresses must fit the network."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Outputs, get
from simulator.kubernetes.cluster import find_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simulator.context import Context
    from simulator.world import Record

SUBNET: Final = "azure-native:network:Subnet"
_SERVICE: Final = "kubernetes:core/v1:Service"
_PREFIX: Final = "service.beta.kubernetes.io/azure-load-balancer-"
_IDENTITY: Final = "azure-native:managedidentity:UserAssignedIdentity"
_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"
_MAY_JOIN: Final = frozenset(
    {
        "4d97b98b-1d4f-4787-a291-c67834d212e7",  # Network Contributor
        "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
    }
)
"""Built-in roles that may read and join a subnet; their ids are the same in every tenant."""
_RESERVED: Final = 4
"""Azure keeps the first four addresses of a subnet, and the last."""


def is_own(context: Context, record: Record) -> bool:
    """Whether a record belongs to the resource of this operation: itself, or what it made along with it."""
    return record.owner.startswith(f"{context.urn}#") or (context.old is not None and record.key == context.old.key)


def _node_subnet_id(cluster: Record) -> str:
    """Give the id of the subnet of the nodes; empty where AKS makes its own network."""
    profiles = cluster.outputs.get("agentPoolProfiles") or ()
    return next((str(profile["vnetSubnetID"]) for profile in profiles if profile.get("vnetSubnetID")), "")


def _network_of(subnet_id: str) -> str:
    return subnet_id.casefold().partition("/subnets/")[0]


def _subnet(context: Context, subnet_id: str) -> Record | None:
    return context.one(SUBNET, subnet_id, anywhere=True)


def _forbidden(context: Context, cluster: Record, subnet: Record) -> str:
    """Why the cluster's identity may not put a load balancer into a subnet; empty if it may."""
    identity: Mapping[str, Any] = cluster.outputs.get("identity") or {}
    named = [context.one(_IDENTITY, str(id_), anywhere=True) for id_ in identity.get("userAssignedIdentities") or ()]
    principals = {str(record.outputs.get("principalId")).casefold() for record in named if record is not None}
    if identity.get("principalId"):
        principals.add(str(identity["principalId"]).casefold())
    for grant in context.find(_ASSIGNMENT, anywhere=True):
        outputs = grant.outputs
        role = str(outputs.get("roleDefinitionId")).rpartition("/")[2].lower()
        covers = f"{subnet.id}/".casefold().startswith(f"{outputs.get('scope')}/".casefold())
        if str(outputs.get("principalId")).casefold() in principals and covers and role in _MAY_JOIN:
            return ""
    return (
        f"AuthorizationFailed: The client with object id '{', '.join(sorted(principals))}' does not have authorization "
        f"to perform action 'Microsoft.Network/virtualNetworks/subnets/read' over scope '{subnet.id}'"
    )


def _networks(subnet: Record) -> list[IPv4Network]:
    prefixes = subnet.outputs.get("addressPrefixes") or [subnet.outputs.get("addressPrefix")]
    return [IPv4Network(prefix) for prefix in prefixes if prefix and ":" not in prefix]


def _taken(context: Context, subnet: Record) -> Iterator[tuple[str, str]]:
    """Every (address, service) of the load balancers of all clusters whose nodes are in the same VNet."""
    network = _network_of(subnet.id)
    for record in context.find(_SERVICE, anywhere=True):
        cluster = find_cluster(context.world, record.scope)
        if is_own(context, record) or cluster is None or _network_of(_node_subnet_id(cluster)) != network:
            continue
        for ingress in get(record.outputs, "status.loadBalancer.ingress") or ():
            if ingress.get("ip"):
                yield str(ingress["ip"]), f"{record.scope}/{record.id}"


def _problem(context: Context, subnet: Record, address: str) -> str:
    """Why Azure does not give a load balancer this address; empty if it does."""
    try:
        wanted = IPv4Address(address)
    except ValueError:
        return f"Error syncing load balancer: invalid loadBalancerIP {address!r}"
    holding = next((network for network in _networks(subnet) if wanted in network), None)
    name = subnet.id.rpartition("/")[2]
    if holding is None:
        prefixes = ", ".join(str(network) for network in _networks(subnet))
        return (
            f"PrivateIPAddressNotInSubnet: Private static IP address {address} does not belong to the range of subnet "
            f"prefix {prefixes} ({name})"
        )
    if wanted in {*(holding[index] for index in range(_RESERVED)), holding[-1]}:
        return (
            f"PrivateIPAddressInReservedRange: Private static IP address {address} falls within reserved IP range of "
            f"subnet prefix {holding}"
        )
    holder = next((service for ip, service in _taken(context, subnet) if ip == address), None)
    if holder:
        return f"PrivateIPAddressIsAllocated: IP address {address} is already allocated to service {holder}"
    return ""


def _free(context: Context, subnet: Record) -> str:
    used = {ip for ip, _ in _taken(context, subnet)}
    network = _networks(subnet)[0]
    # From the top: nodes take addresses from the bottom.
    candidates = (str(network[index]) for index in range(network.num_addresses - 2, _RESERVED - 1, -1))
    return next(address for address in candidates if address not in used)


def internal_address(
    context: Context, cluster: Record, annotations: Mapping[str, Any], wanted: str | None
) -> tuple[list[Outputs], str]:
    """Give the ingress of a service's load balancer on AKS, or why it gets none.

    Parameters
    ----------
    context, cluster
        Where.
    annotations
        Of the service; they say whether the load balancer is internal, in which subnet, and with which address.
    wanted
        ``spec.loadBalancerIP``; the annotation takes precedence.
    """
    address = annotations.get(f"{_PREFIX}ipv4") or wanted
    if str(annotations.get(f"{_PREFIX}internal")).lower() != "true":
        if address:
            return [], f"Error syncing load balancer: no public IP address {address} in the node resource group"
        parts = (context.number(0, 255, "a"), context.number(0, 255, "b"), context.number(4, 250, "c"))
        return [{"ip": f"20.{parts[0]}.{parts[1]}.{parts[2]}"}], ""
    nodes = _node_subnet_id(cluster)
    named = annotations.get(f"{_PREFIX}internal-subnet")
    subnet_id = f"{nodes.rpartition('/')[0]}/{named}" if named else nodes
    subnet = _subnet(context, subnet_id) if nodes else None
    if subnet is None:
        return [], f"Error syncing load balancer: failed to ensure load balancer: failed to get subnet: {subnet_id}"
    if refused := _forbidden(context, cluster, subnet):
        return [], f"Error syncing load balancer: {refused}"
    if address:
        problem = _problem(context, subnet, str(address))
        return ([], f"Error syncing load balancer: {problem}") if problem else ([{"ip": str(address)}], "")
    return [{"ip": _free(context, subnet)}], ""
