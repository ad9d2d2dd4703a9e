"""AWS security groups let in named sources on named ports."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from infra.predicates import cidr_is_world, is_named_port
from policies.checks import demand, each, mistyped
from policies.frameworks import FSBP
from policies.rule import Metadata, Resource, Results, Stack, Undecided, Violation
from policies.values import Kind, View, read

INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
VPC = "aws:ec2/vpc:Vpc"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"

_WORLD = "the whole internet could come in"
NAMED = "only the mesh's own ports are open to other networks (infra/ports.py)"
_BY_RANGE = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks", "prefixListId", "prefixListIds")
PROTOCOLS = ("tcp", "udp", "icmp")


@Metadata(
    over=Resource,
    id="security-group-no-world",
    family="exposure",
    title="AWS security groups let nobody in from the whole internet",
    severity="critical",
    frameworks=((FSBP, "EC2.18"), (FSBP, "EC2.53"), (FSBP, "EC2.54")),
    types=(INGRESS_RULE, SECURITY_GROUP, GROUP_RULE),
    remediation="Name the ranges, or the security groups, that may come in.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
def security_group_no_world(resource: Resource) -> Results:
    for rule in _ingress(resource):
        for one in (rule["cidrIpv4"], rule["cidrIpv6"]):
            yield from closed(one)
        for several in (rule["cidrBlocks"], rule["ipv6CidrBlocks"]):
            yield from each(several, closed)
    inline = resource["ingress"]
    if resource.type == SECURITY_GROUP and inline.unknown:
        yield Undecided(path=inline.path)
    elif resource.type == SECURITY_GROUP and not inline.missing and not inline.is_a(Kind.LIST):
        yield mistyped(inline, Kind.LIST)


def _ingress(resource: Resource) -> tuple[View, ...]:
    if resource.type == SECURITY_GROUP:
        return resource["ingress"].elements()
    if resource.type == GROUP_RULE and resource["type"].text() == "egress":
        return ()
    return (resource.root,)


def closed(source: View) -> Results:
    """Demand that a source, if there is one, is not the whole internet."""
    return demand(source, Kind.TEXT, lambda text: not cidr_is_world(text), _WORLD, optional=True)


@Metadata(
    over=Resource,
    id="default-security-group-closed",
    family="exposure",
    title="The default security group of a VPC lets nothing through",
    severity="high",
    frameworks=((FSBP, "EC2.2"),),
    types=(DEFAULT_GROUP,),
    remediation="Own it with a DefaultSecurityGroup without rules.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
)
def default_security_group_closed(resource: Resource) -> Results:
    for rules in (resource["ingress"], resource["egress"]):
        yield from demand(
            rules, Kind.LIST, lambda value: not value, "what names no group of its own would be open", optional=True
        )


@Metadata(
    over=Stack,
    id="vpc-default-group-owned",
    family="exposure",
    title="The stack owns the default security group of each of its VPCs",
    severity="high",
    frameworks=((FSBP, "EC2.2"),),
    types=(VPC, DEFAULT_GROUP),
    remediation="Add a DefaultSecurityGroup without rules for the VPC.",
    link="https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
)
def vpc_default_group_owned(stack: Stack) -> Results:
    for vpc in stack.of_type(VPC):
        if not stack.referring(vpc, "vpcId", DEFAULT_GROUP):
            yield Violation(
                path="cidrBlock", message="its default group stays as AWS made it: open inside", urn=vpc.urn
            )


@Metadata(
    over=Resource,
    id="named-ports-only-aws",
    family="exposure",
    title="AWS security groups open only the mesh's own ports to ranges of addresses",
    severity="high",
    frameworks=((FSBP, "EC2.18"),),
    types=(INGRESS_RULE, SECURITY_GROUP, GROUP_RULE),
    remediation="Take openings from the plan (infra/ports.py); inside a VPC refer to a security group instead.",
    link="https://docs.cilium.io/en/stable/operations/system_requirements/",
)
def named_ports_only_aws(resource: Resource) -> Results:
    for rule in _ingress(resource):
        by_range = [rule[name] for name in _BY_RANGE]
        if all(view.missing for view in by_range):
            continue
        protocol = rule["ipProtocol"] if resource.type == INGRESS_RULE else rule["protocol"]
        yield from _one_port(protocol, rule["fromPort"], rule["toPort"])


def _one_port(protocol: View, first: View, last: View) -> Results:
    unknown = [view for view in (protocol, first, last) if view.unknown]
    yield from (Undecided(path=view.path) for view in unknown)
    if not protocol.unknown and (protocol.text() or "").lower() not in PROTOCOLS:
        yield Violation(path=protocol.path, message=f"is {protocol.shown()}: {NAMED}")
        return
    low, high = read(first, Kind.NUMBER), read(last, Kind.NUMBER)
    if low is None and not first.unknown:
        yield Violation(path=first.path, message=f"is {first.shown()}: {NAMED}")
        return
    # One port is all that an opening may have: one end of a range says enough.
    ends = [int(end) for end in (low, high) if end is not None]
    word = protocol.text()
    if ends and word is not None and not is_named_port(word, ends[0], ends[-1]):
        yield Violation(path=first.path, message=f"opens {word} {first.shown()} to {last.shown()}: {NAMED}")
