"""The fleet file: what a user writes, and nothing that can be computed from it.

Every model is frozen and refuses unknown fields. Fields are written in camelCase in the file. What may be left
out is planned in :mod:`infra.planner`; rules that need more than one field live in :mod:`infra.checks`.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from infra.predicates import image_is_pinned

MAX_CLUSTER_NAME = 32
"""Longest cluster name that Cilium accepts (chart ``validate.yaml``)."""


class Model(BaseModel):
    """Base of all models of the file: immutable, camelCase, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


def _cidr(value: Any) -> IPv4Network:  # noqa: ANN401 - what YAML gives can be anything
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"{value!r} is not an IPv4 range | a range such as 10.16.0.0/16")
    try:
        return IPv4Network(value)
    except (AddressValueError, NetmaskValueError):
        raise ValueError(f"{value!r} is not an IPv4 range | a range such as 10.16.0.0/16") from None
    except ValueError:
        network = IPv4Network(value, strict=False)
        raise ValueError(f"{value!r} has bits set after its prefix | {network}") from None


def _pattern(pattern: str, longest: int, words: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if len(value) > longest:
            raise ValueError(f"{value!r} has {len(value)} characters, {longest} are allowed | a shorter name")
        if not compiled.fullmatch(value):
            raise ValueError(f"{value!r} is badly formed | {words}")
        return value

    return AfterValidator(check)


def _pinned(value: str) -> str:
    if not image_is_pinned(value):
        bare = re.sub(r"(:[^/@]*)?(@.*)?$", "", value) or "registry/name"
        raise ValueError(
            f"{value!r} does not name one version | a tag other than latest, or a digest, such as {bare}:1.0.0"
        )
    return value


Cidr = Annotated[
    IPv4Network,
    BeforeValidator(_cidr),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d+\.\d+\.\d+/\d+$", "examples": ["10.16.0.0/16"]}),
]
"""An IPv4 range in CIDR form, no host bits set."""

_LOWER = "lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen"
FleetName = Annotated[str, _pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?", 16, _LOWER)]
SiteName = Annotated[str, _pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?", 20, _LOWER)]
ClusterName = Annotated[str, _pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?", MAX_CLUSTER_NAME, _LOWER)]
ComponentName = Annotated[str, _pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?", 40, _LOWER)]
PoolName = Annotated[
    str,
    # The narrower of the two clouds: AKS takes at most 12 lower-case letters and digits for a Linux pool.
    _pattern(r"[a-z][a-z0-9]*", 12, "lower-case letters and digits, beginning with a letter"),
]
Image = Annotated[str, AfterValidator(_pinned)]
Quantity = Annotated[
    str, _pattern(r"[1-9][0-9]*(m|Mi|Gi|Ti)?", 12, "a Kubernetes quantity such as 250m, 256Mi or 20Gi")
]


class Tags(Model):
    """What every cloud resource of the fleet is tagged with, besides its place in it."""

    owner: str = Field(min_length=1, max_length=256, title="Team that answers for the fleet")
    cost_center: str = Field(min_length=1, max_length=256, title="Who pays")
    extra: dict[str, str] = Field(default_factory=dict, title="Further tags")


class WireGuard(Model):
    """WireGuard between all nodes of all clusters."""

    type: Literal["wireguard"] = "wireguard"


class NoEncryption(Model):
    """No encryption between nodes: has to be asked for, with a reason."""

    type: Literal["none"]
    reason: str = Field(min_length=10, title="Why traffic between nodes may go in the clear")


Encryption = Annotated[WireGuard | NoEncryption, Field(discriminator="type")]


class Authority(Model):
    """The mesh's certificate authority: which one it is, and how far its successor has come."""

    generation: int = Field(default=1, ge=1, title="Which CA the mesh has: 1 is the first, each rotation adds 1")
    next: Literal["created", "trusted", "promoted"] | None = Field(
        default=None, title="How far the next CA has come; left out where no rotation is under way"
    )


class Mesh(Model):
    """Settings that every cluster of the mesh shares."""

    cilium: str = Field(default="1.19.6", title="Version of Cilium and of its chart")
    profile: Literal["overlay", "eni"] = Field(
        default="overlay",
        title="Datapath: overlay (cluster-pool, geneve) anywhere, eni (native routing) on AWS only",
    )
    mtu: int | None = Field(default=None, title="MTU of the underlay between nodes, in bytes")
    max_clusters: int = Field(default=255, title="Largest number of clusters in the mesh, 255 or 511; for ever")
    encryption: Encryption = Field(default_factory=WireGuard, title="Encryption between nodes")
    ca: Authority = Field(default_factory=Authority, title="Certificate authority; hms mesh ca changes it by stages")


class AwsGateway(Model):
    """The AWS end of cross-cloud links."""

    kind: Literal["virtual-private-gateway", "transit-gateway"] = Field(
        default="virtual-private-gateway",
        title="One path at a time, or all four at once (ECMP)",
    )


class AzureGateway(Model):
    """The Azure end of cross-cloud links: an active-active VPN gateway."""

    kind: Literal["vpn-gateway"] = "vpn-gateway"
    size: str = Field(default="VpnGw2AZ", title="Size of the gateway, VpnGw1AZ to VpnGw5AZ")


class AwsSite(Model):
    """A network hub in one AWS region: a VPC over three zones."""

    cloud: Literal["aws"]
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", title="AWS region", examples=["us-east-1"])
    cidr: Cidr = Field(title="Range of the VPC")
    zones: tuple[str, str, str] | None = Field(default=None, title="Three availability zones of the region")
    asn: int | None = Field(default=None, title="BGP autonomous system number of the gateway; for ever")
    gateway: AwsGateway | None = Field(default=None, title="Gateway for links to the other cloud")


class AzureSite(Model):
    """A network hub in one Azure region: a VNet."""

    cloud: Literal["azure"]
    region: str = Field(pattern=r"^[a-z]+[a-z0-9]*$", title="Azure location", examples=["eastus"])
    cidr: Cidr = Field(title="Range of the VNet")
    asn: int | None = Field(default=None, title="BGP autonomous system number of the gateway")
    gateway: AzureGateway | None = Field(default=None, title="Gateway for links to the other cloud")


Site = Annotated[AwsSite | AzureSite, Field(discriminator="cloud")]


class Link(Model):
    """Two sites joined: peering inside a cloud, four encrypted tunnels between clouds."""

    sites: tuple[str, str] = Field(title="The two sites")
    slot: int | None = Field(default=None, ge=0, le=31, title="Which eight of the tunnel /30s (cross-cloud only)")


class NodePool(Model):
    """Nodes of one size."""

    size: str | None = Field(default=None, title="Instance type or VM size")
    min: int = Field(default=2, ge=1, le=1000, title="Fewest nodes")
    max: int = Field(default=4, ge=1, le=1000, title="Most nodes")
    disk_gib: int = Field(default=100, ge=30, le=2048, title="Encrypted system disk, GiB")


class Cluster(Model):
    """One Kubernetes cluster: EKS on an AWS site, AKS on an Azure site."""

    site: str = Field(title="Site that it stands on")
    id: int = Field(title="Cluster id in the mesh, 1 to maxClusters; for ever")
    kubernetes: str = Field(default="1.35", title="Kubernetes version, minor")
    meshed: bool = Field(default=True, title="Whether it joins the mesh")
    pod_cidr: Cidr | None = Field(default=None, title="Range of pod addresses (overlay profile); for ever")
    service_cidr: Cidr | None = Field(default=None, title="Range of service addresses; for ever")
    node_pools: dict[PoolName, NodePool] = Field(
        default_factory=lambda: {"system": NodePool()}, min_length=1, title="Node pools"
    )


class State(Model):
    """A component that keeps data on an encrypted volume for each replica."""

    size: Quantity = Field(title="Size of the volume")
    path: str = Field(default="/var/lib/hms", pattern=r"^/[^\s]+$", title="Where it is mounted")


class Component(Model):
    """One HMS component."""

    image: Image = Field(title="Container image with a tag or a digest")
    clusters: tuple[str, ...] = Field(min_length=1, title="Clusters that it runs in")
    port: int = Field(ge=1024, le=65535, title="TCP port that it listens on; it is not root, so 1024 or more")
    replicas: int = Field(default=2, ge=1, le=100, title="Replicas in each cluster")
    critical: bool = Field(default=False, title="Runs in two sites at least and answers from the nearest")
    state: State | None = Field(default=None, title="Data that it keeps")
    health: str = Field(default="/healthz", pattern=r"^/[^\s]*$", title="HTTP path of its probes")
    cpu: Quantity = Field(default="100m", title="CPU request and limit of a replica")
    memory: Quantity = Field(default="128Mi", title="Memory request and limit of a replica")
    env: dict[str, str] = Field(default_factory=dict, title="Environment, no secrets")


class Flow(Model):
    """One component calls another on its port; what is not declared is refused."""

    from_: str = Field(alias="from", title="The component that calls")
    to: str = Field(title="The component that is called")


class Quotas(Model):
    """Limits of the accounts that a cloud raises on request; the defaults are the clouds' own."""

    vpcs_per_region: int = Field(default=5, ge=1, title="AWS: VPCs in a region")
    addresses_per_region: int = Field(default=5, ge=1, title="AWS: elastic IP addresses in a region")
    gateways_per_region: int = Field(default=5, ge=1, title="AWS: virtual private or transit gateways in a region")
    connections_per_region: int = Field(default=50, ge=1, title="AWS: VPN connections in a region")
    connections_per_gateway: int = Field(default=10, ge=1, title="AWS: VPN connections of a virtual private gateway")
    routes_per_table: int = Field(default=50, ge=1, title="AWS: static routes in a route table")
    rules_per_security_group: int = Field(default=60, ge=1, title="AWS: inbound rules of a security group")
    peerings_per_vpc: int = Field(default=50, ge=1, title="AWS: peerings of a VPC")


class Fleet(Model):
    """A fleet of clusters on AWS and Azure that form one mesh."""

    name: FleetName = Field(title="Name of the fleet; stacks are called <site>-<name>")
    tags: Tags
    protect: bool = Field(default=True, title="Refuse to destroy gateways and clusters")
    admin_cidrs: tuple[Cidr, ...] = Field(
        default=(), title="Public ranges that may reach the API servers; none: private only"
    )
    quotas: Quotas = Field(default_factory=Quotas, title="Quotas that were raised")
    mesh: Mesh = Field(default_factory=Mesh)
    sites: dict[SiteName, Site] = Field(min_length=1)
    links: tuple[Link, ...] = ()
    clusters: dict[ClusterName, Cluster] = Field(min_length=1)
    components: dict[ComponentName, Component] = Field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
