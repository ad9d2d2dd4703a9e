"""Whatever listens for clients speaks TLS 1.2 or newer."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from infra.ports import MESH_API_PORT
from policies.checks import demand, document, each, is_set, is_true, mistyped, one_of
from policies.frameworks import CIS_AKS, CIS_EKS, FSBP, MCSB
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind, View

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"

_TLS_1_2 = (
    "ELBSecurityPolicy-TLS13-1-2",
    "ELBSecurityPolicy-TLS13-1-3",
    "ELBSecurityPolicy-TLS-1-2",
    "ELBSecurityPolicy-FS-1-2",
)
_OLD_TLS = "the load balancer would talk TLS 1.0"


@Metadata(
    over=Resource,
    id="load-balancer-listener-tls",
    family="in-transit",
    title="Load balancers on AWS listen for TLS, but for the mesh's own port",
    severity="high",
    frameworks=((FSBP, "ELB.17"), (FSBP, "ELB.18"), (CIS_EKS, "5.4.5")),
    types=("aws:lb/listener:Listener", "aws:alb/listener:Listener"),
    remediation="Use protocol TLS or HTTPS with a certificate and ssl_policy='ELBSecurityPolicy-TLS13-1-2-2021-06'.",
    link="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html",
)
def load_balancer_listener_tls(resource: Resource) -> Results:
    protocol = resource["protocol"]
    word = protocol.text()
    if word in ("TLS", "HTTPS") or not resource["sslPolicy"].missing:
        yield from demand(resource["sslPolicy"], Kind.TEXT, lambda text: text.startswith(_TLS_1_2), _OLD_TLS)
    if word in ("TLS", "HTTPS"):
        yield from is_set(resource["certificateArn"], "there is nothing to encrypt with")
    elif word == "TCP":
        # Behind it the mesh API server speaks TLS itself and asks for a certificate: a second layer would hide it.
        port = resource["port"]
        if port.unknown:
            yield Undecided(path=port.path)
        elif port.number() != MESH_API_PORT:
            yield Violation(path=port.path, message=f"is {port.shown()}: only the mesh API server encrypts by itself")
    elif word == "HTTP":
        yield from each(resource["defaultActions"], _redirects, why="clients would talk in the clear")
    else:
        yield from one_of(protocol, ("TLS", "HTTPS"), "clients would talk in the clear")


def _redirects(action: View) -> Results:
    yield from one_of(action["type"], ("redirect",), "clients would talk in the clear")
    yield from one_of(action["redirect.protocol"], ("HTTPS",), "clients would talk in the clear")


@Metadata(
    over=Resource,
    id="application-gateway-tls",
    family="in-transit",
    title="Application gateways on Azure listen for TLS 1.2 or newer",
    severity="high",
    frameworks=((MCSB, "DP-3"), (CIS_AKS, "5.4.5")),
    types=("azure-native:network:ApplicationGateway",),
    remediation="Use protocol Https on every listener and ssl_policy.policy_name 'AppGwSslPolicy20220101S'.",
    link="https://learn.microsoft.com/azure/application-gateway/application-gateway-ssl-policy-overview",
)
def application_gateway_tls(resource: Resource) -> Results:
    yield from each(
        resource["httpListeners"],
        lambda listener: one_of(listener["protocol"], ("Https", "Tls"), "clients would talk in the clear"),
    )
    policy = resource["sslPolicy"]
    if policy["policyName"].missing:
        yield from one_of(policy["minProtocolVersion"], ("TLSv1_2", "TLSv1_3"), "the gateway would talk TLS 1.0")
    else:
        names = ("AppGwSslPolicy20170401S", "AppGwSslPolicy20220101", "AppGwSslPolicy20220101S")
        yield from one_of(policy["policyName"], names, "the gateway would talk TLS 1.0")


@Metadata(
    over=Resource,
    id="kubernetes-gateway-tls",
    family="in-transit",
    title="Kubernetes gateways and ingresses end TLS",
    severity="high",
    frameworks=((CIS_EKS, "5.4.5"), (CIS_AKS, "5.4.5")),
    types=("kubernetes:gateway.networking.k8s.io/v1:Gateway", "kubernetes:networking.k8s.io/v1:Ingress"),
    remediation="Give every Gateway listener protocol HTTPS or TLS with certificateRefs; give an Ingress spec.tls.",
    link="https://gateway-api.sigs.k8s.io/guides/tls/",
)
def kubernetes_gateway_tls(resource: Resource) -> Results:
    if resource.type.endswith(":Ingress"):
        yield from each(
            resource["spec.tls"],
            lambda tls: is_set(tls["secretName"], "there is no certificate"),
            why="it is plain HTTP",
        )
        return

    def encrypted(listener: View) -> Results:
        yield from one_of(listener["protocol"], ("HTTPS", "TLS"), "clients would talk in the clear")
        if (listener["tls.mode"].text() or "Terminate") == "Terminate":
            yield from each(
                listener["tls.certificateRefs"],
                lambda reference: is_set(reference["name"], "there is no certificate"),
                why="there is no certificate",
            )

    yield from each(resource["spec.listeners"], encrypted, why="it has none")


@Metadata(
    over=Resource,
    id="storage-account-tls",
    family="in-transit",
    title="Storage accounts take HTTPS with TLS 1.2 or newer",
    severity="high",
    frameworks=((MCSB, "DP-3"),),
    types=("azure-native:storage:StorageAccount",),
    remediation="Set minimum_tls_version='TLS1_2' and leave enable_https_traffic_only on.",
    link="https://learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version",
)
def storage_account_tls(resource: Resource) -> Results:
    yield from one_of(resource["minimumTlsVersion"], ("TLS1_2", "TLS1_3"), "older TLS would be taken")
    yield from is_true(resource["enableHttpsTrafficOnly"], "plain HTTP would be taken", optional=True)


@Metadata(
    over=Resource,
    id="s3-policy-tls-only",
    family="in-transit",
    title="S3 bucket policies refuse requests without TLS",
    severity="high",
    frameworks=((FSBP, "S3.5"),),
    types=(BUCKET_POLICY,),
    remediation="Deny s3:* to everybody under the condition Bool aws:SecureTransport false.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
)
def s3_policy_tls_only(resource: Resource) -> Results:
    def refuses(policy: View) -> Results:
        statements = policy["Statement"]
        if statements.unknown:
            yield Undecided(path=statements.path)
        elif not statements.is_a(Kind.LIST):
            yield mistyped(statements, Kind.LIST)
        elif not any(_denies_plain(statement) for statement in statements.elements()):
            yield Violation(
                path=policy.path, message="does not refuse plain HTTP: no Deny on aws:SecureTransport false"
            )

    yield from document(resource["policy"], refuses)


def _denies_plain(statement: View) -> bool:
    everybody = statement["Principal"].text() == "*" or statement["Principal.AWS"].text() == "*"
    plain = statement["Condition.Bool"].key("aws:SecureTransport").flag() is False
    actions = [view.text() for view in (statement["Action"], *statement["Action"].elements())]
    return statement["Effect"].text() == "Deny" and everybody and plain and ("s3:*" in actions or "*" in actions)


@Metadata(
    over=Stack,
    id="s3-bucket-has-tls-policy",
    family="in-transit",
    title="Every S3 bucket of the stack has a policy that refuses requests without TLS",
    severity="high",
    frameworks=((FSBP, "S3.5"),),
    types=BUCKETS,
    remediation="Add a BucketPolicy that denies requests without aws:SecureTransport.",
    link="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
)
def s3_bucket_has_tls_policy(stack: Stack) -> Results:
    for bucket in stack.of_type(*BUCKETS):
        if not stack.referring(bucket, "bucket", BUCKET_POLICY):
            yield Violation(path="bucket", message="has no policy that refuses plain HTTP", urn=bucket.urn)
