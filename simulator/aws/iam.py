"""IAM: roles, policies, instance profiles and OpenID Connect providers. Global, as in AWS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from simulator.aws import policies, quotas, regions, tokens
from simulator.aws.common import CREATED, between, make, matching
from simulator.aws.managed_policies import AWS_MANAGED
from simulator.kind import Autoname, Duration, Failure, Reference, Refused, known, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.world import Record

_NAME: Final = r"[\w+=,.@-]"
_NAME_REASON = "letters, digits and +=,.@-_ only"
_POLICY_LENGTH, _ROLE_POLICIES_LENGTH = 6_144, 10_240
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):(role|user|root)(?:/(.+))?")


def _role_names(record: Record) -> Iterable[str]:
    return (str(record.outputs["name"]),)


def role_by_name(path: str, *, blocks_delete: bool = True, blocks_message: str = "") -> Reference:
    """Refer to a role that something belongs to, by its name."""
    return Reference(
        path,
        tokens.ROLE,
        by=_role_names,
        code="NoSuchEntity",
        message="The role with name {value} cannot be found.",
        blocks_delete=blocks_delete,
        blocks_code="DeleteConflict",
        blocks_message=blocks_message,
    )


def _principals_exist(context: Context, inputs: Inputs) -> None:
    """IAM looks up the principals of its own account, and knows the form of a service's name."""
    for statement in policies.statements(inputs["assumeRolePolicy"]):
        for kind, name in policies.principals(statement):
            invalid = Refused("MalformedPolicyDocument", f'Invalid principal in policy: "{kind.upper()}":"{name}"')
            if kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", name):
                raise invalid
            found = _ROLE_ARN.fullmatch(name) if kind == "AWS" else None
            if (
                found
                and found[1] == context.account
                and found[2] == "role"
                and not any(context.find(tokens.ROLE, arn=name))
                and not found[3].startswith("aws-service-role/")
            ):
                raise invalid


def _role_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is None:
        quotas.require("roles", context.find(tokens.ROLE))
    _principals_exist(context, inputs)


def _path(inputs: Inputs) -> str:
    return str(inputs.get("path") or "/")


def _iam_arn(context: Context, kind: str, inputs: Inputs) -> str:
    partition = regions.partition(context.region)
    return f"arn:{partition}:iam::{context.account}:{kind}{_path(inputs)}{inputs['name']}"


def _unique(context: Context, prefix: str) -> str:
    return prefix + context.hex(17, prefix).upper()


def _role_outputs(context: Context, inputs: Inputs) -> Outputs:
    return {
        "arn": _iam_arn(context, "role", inputs),
        "uniqueId": _unique(context, "AROA"),
        "createDate": CREATED,
        "inlinePolicies": list(inputs.get("inlinePolicies") or ()),
        "managedPolicyArns": list(inputs.get("managedPolicyArns") or ()),
    }


ROLE = make(
    tokens.ROLE,
    scope="global",
    make_id=lambda _, inputs: str(inputs["name"]),
    exists=("EntityAlreadyExists", "Role with name {id} already exists."),
    autoname=Autoname("name", max_length=64),
    immutable=("name", "namePrefix", "path"),
    checks=(
        matching("name", _NAME + "{1,64}", f"1 to 64 characters: {_NAME_REASON}"),
        policies.well_formed("assumeRolePolicy", "trust"),
        policies.well_formed("inlinePolicies[].policy", "identity"),
        between("maxSessionDuration", 3_600, 43_200),
    ),
    admits=(_role_admitted,),
    defaults={"path": "/", "maxSessionDuration": 3_600, "forceDetachPolicies": False},
    compute=_role_outputs,
    computed=("inlinePolicies", "managedPolicyArns"),
    duration=Duration(create=2, update=1, delete=2),
)


def _inline_fits(context: Context, inputs: Inputs) -> None:
    used = sum(
        len(_compact(other.outputs["policy"])) for other in context.find(tokens.ROLE_POLICY, role=inputs["role"])
    )
    if used + len(_compact(inputs["policy"])) > _ROLE_POLICIES_LENGTH:
        raise Refused(
            "LimitExceeded", f"Maximum policy size of {_ROLE_POLICIES_LENGTH} bytes exceeded for role {inputs['role']}"
        )


def _compact(policy: object) -> str:
    return json.dumps(policies.parse(policy), separators=(",", ":"))


ROLE_POLICY = make(
    tokens.ROLE_POLICY,
    scope="global",
    tagged=False,
    make_id=lambda _, inputs: f"{inputs['role']}:{inputs['name']}",
    autoname=Autoname("name", max_length=128),
    immutable=("name", "namePrefix", "role"),
    references=(role_by_name("role", blocks_message="Cannot delete entity, must delete policies first."),),
    checks=(
        matching("name", _NAME + "{1,128}", f"1 to 128 characters: {_NAME_REASON}"),
        policies.well_formed("policy", "identity"),
    ),
    admits=(_inline_fits,),
)


def _policy_admitted(_: Context, inputs: Inputs) -> None:
    if len(_compact(inputs["policy"])) > _POLICY_LENGTH:
        raise Refused("LimitExceeded", f"Cannot exceed quota for PolicySize: {_POLICY_LENGTH}")


POLICY = make(
    tokens.POLICY,
    scope="global",
    make_id=lambda context, inputs: _iam_arn(context, "policy", inputs),
    exists=("EntityAlreadyExists", "A policy called {id} already exists. Duplicate names are not allowed."),
    autoname=Autoname("name", max_length=128),
    immutable=("description", "name", "namePrefix", "path"),
    checks=(
        matching("name", _NAME + "{1,128}", f"1 to 128 characters: {_NAME_REASON}"),
        policies.well_formed("policy", "identity"),
    ),
    admits=(_policy_admitted,),
    defaults={"path": "/"},
    compute=lambda context, _: {"arn": context.id, "policyId": _unique(context, "ANPA"), "attachmentCount": 0},
)


def customer_managed(value: object) -> bool:
    """Whether an ARN is of a policy that an account made, not AWS."""
    return ":iam::aws:policy/" not in str(value)


def _attachment_admitted(context: Context, inputs: Inputs) -> None:
    policy = str(inputs["policyArn"])
    if not customer_managed(policy) and policy.partition(":policy/")[2] not in AWS_MANAGED:
        raise Refused("NoSuchEntity", f"Policy {policy} does not exist or is not attachable.", status=404)
    if context.old is None:
        quotas.require("policies_per_role", context.find(tokens.ROLE_POLICY_ATTACHMENT, role=inputs["role"]))


ROLE_POLICY_ATTACHMENT = make(
    tokens.ROLE_POLICY_ATTACHMENT,
    scope="global",
    tagged=False,
    make_id=lambda _, inputs: f"{inputs['role']}/{inputs['policyArn']}",
    exists=("EntityAlreadyExists", "The policy is attached already: {id}"),
    immutable=("policyArn", "role"),
    references=(
        role_by_name("role", blocks_message="Cannot delete entity, must detach all policies first."),
        Reference(
            "policyArn",
            tokens.POLICY,
            by="arn",
            code="NoSuchEntity",
            message="Policy {value} does not exist or is not attachable.",
            when=customer_managed,
            blocks_delete=True,
            blocks_code="DeleteConflict",
            blocks_message="Cannot delete a policy attached to entities.",
        ),
    ),
    admits=(_attachment_admitted,),
)

INSTANCE_PROFILE = make(
    tokens.INSTANCE_PROFILE,
    scope="global",
    make_id=lambda _, inputs: str(inputs["name"]),
    exists=("EntityAlreadyExists", "Instance Profile {id} already exists."),
    autoname=Autoname("name", max_length=128),
    immutable=("name", "namePrefix", "path"),
    references=(
        role_by_name("role", blocks_message="Cannot delete entity, must remove roles from instance profile first."),
    ),
    checks=(matching("name", _NAME + "{1,128}", f"1 to 128 characters: {_NAME_REASON}"),),
    defaults={"path": "/"},
    compute=lambda context, inputs: {
        "arn": _iam_arn(context, "instance-profile", inputs),
        "uniqueId": _unique(context, "AIPA"),
        "createDate": CREATED,
    },
)


def _host(url: object) -> str:
    return str(url).removeprefix("https://").rstrip("/")


def _issuer_answers(context: Context, inputs: Inputs) -> None:
    """Without thumbprints IAM fetches the issuer's certificate itself, so the issuer must be there."""
    host = _host(inputs["url"])
    if not host.startswith("oidc.eks.") or inputs.get("thumbprintLists"):
        return
    for cluster in context.find(tokens.EKS_CLUSTER, anywhere=True):
        if _host(cluster.outputs["identities"][0]["oidcs"][0]["issuer"]) == host:
            return
    raise Refused("OpenIdIdpCommunicationError", f"Unable to communicate with the identity provider https://{host}")


def _provider_form(inputs: Inputs) -> Iterable[Failure]:
    url = inputs.get("url")
    if known(url) and not re.fullmatch(r"https://[^/?#\s]+(/[^?#\s]*)?", str(url)):
        yield Failure("url", f"an OpenID Connect provider URL begins with https:// and has no query: {url}")
    for path, thumbprint in walk(inputs, "thumbprintLists[]"):
        if known(thumbprint) and not re.fullmatch(r"[0-9a-fA-F]{40}", str(thumbprint)):
            yield Failure(path, "a thumbprint has 40 hex digits")
    if known(inputs.get("clientIdLists")) and not 1 <= len(inputs["clientIdLists"]) <= 100:
        yield Failure("clientIdLists", "1 to 100 client ids are allowed")


OIDC_PROVIDER = make(
    tokens.OIDC_PROVIDER,
    scope="global",
    make_id=lambda context, inputs: (
        f"arn:{regions.partition(context.region)}:iam::{context.account}:oidc-provider/{_host(inputs['url'])}"
    ),
    exists=("EntityAlreadyExists", "Provider with url already exists: {id}"),
    immutable=("url",),
    checks=(_provider_form,),
    admits=(_issuer_answers,),
    compute=lambda context, inputs: {
        "arn": context.id,
        "url": _host(inputs["url"]),
        "thumbprintLists": list(inputs.get("thumbprintLists") or [context.hex(40, "thumbprint")]),
    },
    computed=("thumbprintLists",),
)

KINDS = (ROLE, ROLE_POLICY, POLICY, ROLE_POLICY_ATTACHMENT, INSTANCE_PROFILE, OIDC_PROVIDER)
