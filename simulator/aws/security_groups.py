"""Security groups and their rules, in the three ways in which a program can write a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.aws import quotas, tokens
from simulator.aws.common import group_reference, make, matching, vpc_reference
from simulator.aws.rules import classic_form, inline_form, inline_rules, known_rules, rule_form, rules_of
from simulator.kind import Autoname, Duration, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.aws.rules import Direction
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

_TEXT = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}"
_TEXT_REASON = "up to 255 characters of a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"


def _group_admitted(context: Context, inputs: Inputs) -> None:
    vpc = inputs.get("vpcId")
    if vpc is None:
        raise Refused("VPCIdNotSpecified", "No default VPC for this user")
    if any(context.find(tokens.SECURITY_GROUP, vpcId=vpc, name=inputs["name"])):
        raise Refused("InvalidGroup.Duplicate", f"The security group '{inputs['name']}' already exists for VPC '{vpc}'")
    if context.old is None:
        quotas.require("security_groups", context.find(tokens.SECURITY_GROUP))


SECURITY_GROUP = make(
    tokens.SECURITY_GROUP,
    id_prefix="sg",
    arn_as=("ec2", "security-group/{id}"),
    autoname=Autoname("name"),
    immutable=("description", "name", "namePrefix", "vpcId"),
    references=(
        vpc_reference(),
        group_reference("ingress[].securityGroups[]"),
        group_reference("egress[].securityGroups[]"),
    ),
    checks=(
        matching("name", rf"(?!sg-){_TEXT}", f"{_TEXT_REASON}, not starting with 'sg-'"),
        matching("description", _TEXT, _TEXT_REASON),
        inline_form("ingress"),
        inline_form("egress"),
    ),
    admits=(_group_admitted,),
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    compute=lambda context, inputs: {
        "ownerId": context.account,
        "ingress": list(inputs.get("ingress") or ()),
        "egress": list(inputs.get("egress") or ()),
    },
    computed=("ingress", "egress"),
    duration=Duration(create=3, update=2, delete=2),
)


def _default_group(context: Context, inputs: Inputs) -> str:
    vpc = context.one(tokens.VPC, str(inputs.get("vpcId")))
    if vpc is None:
        raise Refused("InvalidGroup.NotFound", "No default VPC for this user")
    return str(vpc.outputs["defaultSecurityGroupId"])


def _default_outputs(context: Context, _: Inputs) -> Outputs:
    return {"ownerId": context.account, "name": "default", "description": "default VPC security group"}


DEFAULT_SECURITY_GROUP = make(
    tokens.DEFAULT_SECURITY_GROUP,
    arn_as=("ec2", "security-group/{id}"),
    make_id=_default_group,
    immutable=("vpcId",),
    references=(vpc_reference(blocks_delete=False),),
    checks=(inline_form("ingress"), inline_form("egress")),
    compute=_default_outputs,
    duration=Duration(create=1, update=1, delete=0),
)


def _different_networks(context: Context, group: str, other: str) -> bool:
    """Whether neither one VPC nor a peering in this region joins two groups."""
    found = [context.one(tokens.SECURITY_GROUP, one) for one in (group, other)]
    vpcs = {str(record.outputs["vpcId"]) for record in found if record is not None}
    if len(vpcs) < 2:
        return False
    return not any(
        {record.outputs["vpcId"], record.outputs["peerVpcId"]} == vpcs and record.outputs["acceptStatus"] == "active"
        for record in context.find(tokens.PEERING)
    )


def _rules_admitted(context: Context, group: str, direction: Direction, wanted: set[tuple[Any, ...]]) -> None:
    present = rules_of(context, group, direction)
    for rule in sorted(wanted & present, key=str):
        peer, protocol, low, high = rule
        raise Refused(
            "InvalidPermission.Duplicate",
            f'the specified rule "peer: {peer}, {str(protocol).upper()}, from port: {low}, to port: {high}, ALLOW" '
            "already exists",
        )
    quotas.require("rules", list(range(len(present) + len(wanted) - 1)))
    for peer, *_ in wanted:
        if str(peer).startswith("sg-") and _different_networks(context, group, str(peer)):
            raise Refused(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )


def _single_rule(direction: Direction) -> Callable[[Context, Inputs], None]:
    def admitted(context: Context, inputs: Inputs) -> None:
        _rules_admitted(context, inputs["securityGroupId"], direction, known_rules(inputs))

    return admitted


def _rule_outputs(context: Context, inputs: Inputs) -> Outputs:
    del inputs
    return {"securityGroupRuleId": context.id}


_RULE_REFERENCES = (
    group_reference("securityGroupId", blocks_delete=False),
    group_reference("referencedSecurityGroupId"),
)

INGRESS_RULE = make(
    tokens.INGRESS_RULE,
    id_prefix="sgr",
    arn_as=("ec2", "security-group-rule/{id}"),
    immutable=("securityGroupId",),
    references=_RULE_REFERENCES,
    checks=(rule_form,),
    admits=(_single_rule("ingress"),),
    compute=_rule_outputs,
    duration=Duration(create=1, update=1, delete=1),
)

EGRESS_RULE = make(
    tokens.EGRESS_RULE,
    id_prefix="sgr",
    arn_as=("ec2", "security-group-rule/{id}"),
    immutable=("securityGroupId",),
    references=_RULE_REFERENCES,
    checks=(rule_form,),
    admits=(_single_rule("egress"),),
    compute=_rule_outputs,
    duration=Duration(create=1, update=1, delete=1),
)


def _classic_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is None:  # everything but the description replaces
        direction: Direction = "ingress" if inputs["type"] == "ingress" else "egress"
        _rules_admitted(context, inputs["securityGroupId"], direction, inline_rules(inputs, inputs["securityGroupId"]))


SECURITY_GROUP_RULE = make(
    tokens.SECURITY_GROUP_RULE,
    tagged=False,
    make_id=lambda context, _: f"sgrule-{context.number(10**8, 4 * 10**9)}",
    immutable=(
        "cidrBlocks",
        "fromPort",
        "ipv6CidrBlocks",
        "prefixListIds",
        "protocol",
        "securityGroupId",
        "self",
        "sourceSecurityGroupId",
        "toPort",
        "type",
    ),
    references=(
        group_reference("securityGroupId", blocks_delete=False),
        group_reference("sourceSecurityGroupId"),
    ),
    checks=(classic_form,),
    admits=(_classic_admitted,),
    defaults={"self": False},
    compute=lambda context, _: {"securityGroupRuleId": context.token("sgr")},
    duration=Duration(create=1, update=1, delete=1),
)

KINDS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, INGRESS_RULE, EGRESS_RULE, SECURITY_GROUP_RULE)
