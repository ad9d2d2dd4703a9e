"""Load balancers stand inside, those of the mesh above all."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from infra.predicates import cidr_is_world
from policies.checks import demand, each, is_false, is_set, is_true, mistyped, one_of
from policies.cilium import RELEASES, is_cilium, values_of
from policies.frameworks import MCSB
from policies.rule import Metadata, Resource, Results, Undecided, Violation
from policies.values import Kind, View

SERVICE = "kubernetes:core/v1:Service"
_AZURE_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
_AWS_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_PUBLIC = "the load balancer would have a public address"


@Metadata(
    over=Resource,
    id="aws-load-balancer-internal",
    family="exposure",
    title="Load balancers on AWS are internal",
    severity="critical",
    types=("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"),
    remediation="Set internal=True; a public one needs an exception that says what it serves.",
    link="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-network-load-balancer.html",
)
def aws_load_balancer_internal(resource: Resource) -> Results:
    yield from is_true(resource["internal"], _PUBLIC)


@Metadata(
    over=Resource,
    id="aws-load-balancer-guarded",
    family="exposure",
    title="Load balancers on AWS have a security group",
    severity="high",
    types=("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"),
    remediation="Set security_groups when it is made: a network load balancer takes none later.",
    link="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html",
)
def aws_load_balancer_guarded(resource: Resource) -> Results:
    why = "whoever has a route to it could ask it"
    yield from each(resource["securityGroups"], lambda group: is_set(group, why), why=why)


@Metadata(
    over=Resource,
    id="azure-load-balancer-internal",
    family="exposure",
    title="Load balancers on Azure are internal",
    severity="critical",
    frameworks=((MCSB, "NS-2"),),
    types=("azure-native:network:LoadBalancer",),
    remediation="Give every frontend a subnet and no public address.",
    link="https://learn.microsoft.com/azure/load-balancer/load-balancer-overview",
)
def azure_load_balancer_internal(resource: Resource) -> Results:
    def inside(frontend: View) -> Results:
        public = frontend["publicIPAddress"]
        if public.unknown:
            yield Undecided(path=public.path)
        elif not public.missing:
            yield Violation(path=public.path, message=f"is {public.shown()}: {_PUBLIC}")

    yield from each(resource["frontendIPConfigurations"], inside)


@Metadata(
    over=Resource,
    id="service-internal",
    family="exposure",
    title="Kubernetes services are reached from inside",
    severity="critical",
    types=(SERVICE,),
    remediation="Use ClusterIP; a LoadBalancer needs the annotation of its cloud that makes it internal.",
    link="https://kubernetes.io/docs/concepts/services-networking/service/",
)
def service_internal(resource: Resource) -> Results:
    spec = resource["spec"]
    yield from one_of(
        spec["type"],
        ("ClusterIP", "LoadBalancer", "ExternalName"),
        "a node port is open on every node, past the network policies",
        optional=True,
    )
    if spec["type"].text() == "LoadBalancer":
        yield from _internal(resource["metadata.annotations"])
    yield from each(spec["externalIPs"], _no_address)


def _no_address(address: View) -> Results:
    yield Violation(path=address.path, message="lets whoever may write services take over traffic (CVE-2020-8554)")


def _internal(annotations: View) -> Results:
    azure, scheme = annotations.key(_AZURE_INTERNAL), annotations.key(_AWS_SCHEME)
    older = annotations.key(_AWS_INTERNAL)
    if annotations.unknown or azure.unknown or scheme.unknown:
        yield Undecided(path=annotations.path)
    elif azure.flag() is not True and scheme.text() != "internal" and older.flag() is not True:
        yield Violation(path=annotations.path, message=f"do not say internal: {_PUBLIC}")


@Metadata(
    over=Resource,
    id="mesh-api-server-internal",
    family="exposure",
    title="The mesh API server is reached by nodes of the mesh only",
    severity="critical",
    types=RELEASES,
    remediation=(
        "Under clustermesh.apiserver.service use NodePort behind an internal load balancer, or LoadBalancer with the "
        "annotation that makes it internal and with loadBalancerSourceRanges."
    ),
    link="https://docs.cilium.io/en/stable/network/clustermesh/setup/",
)
def mesh_api_server_internal(resource: Resource) -> Results:
    if not is_cilium(resource):
        return
    service = values_of(resource)["clustermesh.apiserver.service"]
    if service.unknown:
        yield Undecided(path=service.path)
    elif not service.missing and not service.is_a(Kind.OBJECT):
        yield mistyped(service, Kind.OBJECT)
    elif not service.missing:
        yield from one_of(service["type"], ("NodePort", "ClusterIP", "LoadBalancer"), "how it is reached is open")
    if service["type"].text() == "LoadBalancer":
        yield from _internal(service["annotations"])
        yield from each(
            service["loadBalancerSourceRanges"],
            lambda source: demand(source, Kind.TEXT, lambda text: not cidr_is_world(text), "everybody could ask it"),
            why="everybody who finds the address could ask it",
        )


@Metadata(
    over=Resource,
    id="hubble-relay-inside",
    family="exposure",
    title="Hubble's relay is reached inside its cluster only",
    severity="high",
    types=RELEASES,
    remediation="Leave hubble.relay.service.type at ClusterIP; hubble reaches it through the API server.",
    link="https://docs.cilium.io/en/stable/observability/hubble/setup/",
)
def hubble_relay_inside(resource: Resource) -> Results:
    if is_cilium(resource):
        yield from one_of(
            values_of(resource)["hubble.relay.service.type"],
            ("ClusterIP",),
            "it tells everybody who has the address who talks to whom",
            optional=True,
        )


@Metadata(
    over=Resource,
    id="hubble-ui-off",
    family="exposure",
    title="Hubble's web interface stays off: it asks nobody who they are",
    severity="medium",
    types=RELEASES,
    remediation="Set hubble.ui.enabled to false, and use the command line through the API server.",
    link="https://docs.cilium.io/en/stable/observability/hubble/hubble-ui/",
)
def hubble_ui_off(resource: Resource) -> Results:
    if is_cilium(resource):
        yield from is_false(values_of(resource)["hubble.ui.enabled"], "who talks to whom would be on a page for all")
