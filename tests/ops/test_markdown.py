"""The comment of a pull request, to the letter."""

from __future__ import annotations

import io

import pytest

from ops.errors import EngineError
from ops.progress.events import Counts, Event, Failure, Policies, PolicyFinding, Step
from ops.progress.markdown import LIMIT, MARKER, MarkdownReporter, bounded, code
from ops.progress.stateful import is_stateful
from tests.ops.fakes import SUBNET, T0, VPC

KEY = "urn:pulumi:aws-dev::hms::aws:kms/key:Key::aws-key-key"
RULE = "urn:pulumi:aws-dev::hms::aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::aws-mesh"


def event(kind: str, **fields: object) -> Event:
    return Event(**{"kind": kind, "stack": "aws-dev", "verb": "preview", "time": T0, **fields})  # type: ignore[arg-type]


def finding(level: str, rule: str = "kms-key-rotates") -> PolicyFinding:
    return PolicyFinding(
        rule=rule, urn=KEY, level=level, severity="high", message="it stays", remediation="Rotate it.", link="https://x"
    )


def text_of(*events: Event, error: EngineError | None = None) -> str:
    out = io.StringIO()
    reporter = MarkdownReporter(out)
    for each in events:
        reporter.emit(each)
        reporter.tick(T0)
    if error:
        reporter.fail(error)
    reporter.close()
    return out.getvalue()


def test_a_preview() -> None:
    steps = (
        Step(urn=VPC, op="replace", reasons=("cidrBlock",)),
        Step(urn=VPC, op="create-replacement"),
        Step(urn=RULE, op="delete"),
        Step(urn=KEY, op="delete"),
        Step(urn=SUBNET, op="create"),
    )
    policies = Policies(findings=(finding("advisory"),), undecided=(("mesh-one-ca", ""), ("mtu-same", KEY)))
    counts = Counts(create=1, replace=1, delete=2, same=7)
    text = text_of(
        event("begin"),
        event("resource", phase="finished", op="create", urn=SUBNET),
        event("policy", finding=finding("advisory"), urn=KEY),
        event("plan", steps=steps, counts=counts),
        event("summary", counts=counts, outcome="succeeded", policies=policies),
    )
    assert text == (
        "<!-- hms-preview -->\n"
        "## Preview\n"
        "\n"
        "| stack | create | update | replace | delete | policy findings | not decidable yet |  |\n"
        "|---|--:|--:|--:|--:|--:|--:|---|\n"
        "| `aws-dev` | 1 | 0 | **1** | **2** | 1 advisory | 2 |  |\n"
        "\n"
        "### `aws-dev` replaces or deletes\n"
        "\n"
        "- **delete `aws-key-key`** (`aws:kms/key:Key`)\n"
        "- delete `aws-mesh` (`aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`)\n"
        "- **replace `aws-vpc`** (`aws:ec2/vpc:Vpc`) because of `cidrBlock`\n"
        "\n"
        "### Policy findings in `aws-dev`\n"
        "\n"
        "- advisory `kms-key-rotates`: `aws-key-key`: `it stays`\n"
        "  - instead: `Rotate it.`\n"
        "\n"
        "<details>\n"
        "<summary>Changes of aws-dev (4)</summary>\n"
        "\n"
        "- **delete `aws-key-key`** (`aws:kms/key:Key`)\n"
        "- delete `aws-mesh` (`aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`)\n"
        "- **replace `aws-vpc`** (`aws:ec2/vpc:Vpc`) because of `cidrBlock`\n"
        "- create `aws-private-0` (`aws:ec2/subnet:Subnet`)\n"
        "\n"
        "</details>\n"
        "\n"
        "<details>\n"
        "<summary>Not decidable yet in aws-dev (2)</summary>\n"
        "\n"
        "- `mesh-one-ca`: `the stack`\n"
        "- `mtu-same`: `aws-key-key`\n"
        "\n"
        "</details>\n"
    )


def test_a_preview_that_policies_stop() -> None:
    failures = (
        Failure(urn=KEY, op="check", cause="policy kms-key-rotates: it stays"),
        Failure(urn=VPC, op="create", cause="VpcLimitExceeded"),
    )
    text = text_of(
        event("policy", finding=finding("advisory", "kms-deletion-window"), urn=KEY),
        event("policy", finding=finding("mandatory"), urn=KEY),
        event(
            "summary",
            counts=Counts(create=3),
            outcome="failed",
            failures=failures,
            policies=Policies(findings=(finding("mandatory"), finding("advisory", "kms-deletion-window"))),
            next="do what the policy says",
        ),
    )
    assert "| `aws-dev` | 3 | 0 | 0 | 0 | **1 mandatory**, 1 advisory | 0 | **failed** |\n" in text
    assert text.index("- **mandatory** `kms-key-rotates`") < text.index("- advisory `kms-deletion-window`")
    assert text.count("it stays") == 2, "the failure does not repeat the finding"
    assert "- `creating aws-vpc (aws:ec2/vpc:Vpc): VpcLimitExceeded`\n" in text
    assert "- next: `do what the policy says`\n" in text


def test_nothing_changes() -> None:
    text = text_of(event("summary", counts=Counts(same=9), outcome="succeeded", policies=Policies()))
    assert text.splitlines()[-1] == "| `aws-dev` | 0 | 0 | 0 | 0 | 0 | 0 |  |"
    assert "<details>" not in text


def test_without_policies_it_says_so() -> None:
    note = event("message", level="warning", text="no policy holds: it is being mended")
    text = text_of(note, event("summary", counts=Counts(), outcome="succeeded"))
    assert "| not asked |" in text
    assert "- `no policy holds: it is being mended`" in text


def test_a_command_that_is_refused() -> None:
    text = text_of(error=EngineError("the fleet is refused", "mend it", details=("dev.yaml:3: id",)))
    assert text == (
        f"{MARKER}\n## Preview\n\n**Failed:** `the fleet is refused`\n- `dev.yaml:3: id`\n\nNext: `mend it`\n"
    )


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain", "`plain`"),
        ("@everyone #1 <b>", "`@everyone #1 <b>`"),
        ("a`b``c", "`a'b''c`"),
        ("two\nlines\t\x1b[31mred", "`two lines [31mred`"),
        ("\u202eright to left", "`right to left`"),
        ("  ", ""),
    ],
)
def test_foreign_text_stays_in_its_span(foreign: str, shown: str) -> None:
    assert code(foreign) == shown


def test_foreign_text_stays_in_its_cell() -> None:
    assert code("a|b\\|c", in_table=True).count("\\|") == 2
    assert len(code("x" * 9_000)) < 500


def test_a_stack_cannot_bring_html() -> None:
    counts = Counts(create=1)
    hostile = "a</summary><script>`"
    step = event("resource", phase="finished", op="create", urn=VPC, stack=hostile)
    text = text_of(step, event("summary", stack=hostile, counts=counts, outcome="succeeded"))
    assert "<script>" not in text.replace("`a</summary><script>'`", "")


def test_a_long_preview_is_cut_at_a_line_and_says_so() -> None:
    urns = [f"urn:pulumi:aws-dev::hms::aws:ec2/subnet:Subnet::net-{number}-é" for number in range(4_000)]
    steps = tuple(Step(urn=urn, op="create") for urn in urns)
    counts = Counts(create=4_000)
    text = text_of(event("plan", steps=steps), event("summary", counts=counts, outcome="succeeded"))
    assert len(text.encode()) <= LIMIT
    assert text.startswith(MARKER)
    assert "Cut here" in text.splitlines()[-1]
    assert text.count("<details>") == text.count("</details>") == 1


def test_what_fits_is_not_cut() -> None:
    assert bounded(["a\n", "b\n"], limit=4) == "a\nb\n"
    assert "Cut here" in bounded(["a\n" * 200], limit=399)


@pytest.mark.parametrize(
    ("token", "stateful"),
    [
        ("aws:eks/cluster:Cluster", True),
        ("azure-native:containerservice:ManagedCluster", True),
        ("azure-native:network:VirtualNetworkGateway", True),
        ("aws:ec2/vpnConnection:VpnConnection", True),
        ("aws:kms/key:Key", True),
        ("azure-native:keyvault:Vault", True),
        ("tls:index/privateKey:PrivateKey", True),
        ("random:index/randomPassword:RandomPassword", True),
        ("aws:rds/instance:Instance", True),
        ("aws:ebs/volume:Volume", True),
        ("kubernetes:core/v1:PersistentVolumeClaim", True),
        ("kubernetes:apps/v1:StatefulSet", True),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", False),
        ("aws:iam/role:Role", False),
        ("kubernetes:apps/v1:Deployment", False),
        ("kubernetes:cilium.io/v2:CiliumNetworkPolicy", False),
    ],
)
def test_what_is_stateful(token: str, stateful: bool) -> None:  # noqa: FBT001 - a case
    assert is_stateful(token) is stateful
