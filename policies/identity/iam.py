"""AWS: policies name what they allow, roles name who may take them on."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

import re

from infra.predicates import statement_wildcards
from policies.checks import demand, document, each, exactly_one, mistyped, one_of
from policies.frameworks import CIS_EKS, FSBP
from policies.rule import Metadata, Resource, Results, Undecided, Violation
from policies.values import Kind, View, holds_unknown, revealed

ROLE = "aws:iam/role:Role"

_WIDE_POLICIES = ("AdministratorAccess", "PowerUserAccess", "FullAccess")
"""Ends of the names of AWS's own policies that allow everything, everywhere or of one service."""
_ACCOUNT = re.compile(r"system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+")


def statements(policy: View) -> tuple[View, ...]:
    """List the statements of a policy document; one may stand without its list."""
    inside = policy["Statement"]
    return inside.elements() or ((inside,) if inside.is_a(Kind.OBJECT) else ())


def readable(policy: View) -> Results:
    """Demand a list of statements."""
    inside = policy["Statement"]
    if inside.unknown:
        yield Undecided(path=inside.path)
    elif not statements(policy):
        yield Violation(path=inside.path, message=f"is {inside.shown()} where a list of statements belongs")


@Metadata(
    over=Resource,
    id="iam-no-wildcard",
    family="identity",
    title="IAM statements name their actions and their resources",
    severity="critical",
    frameworks=((FSBP, "IAM.1"), (FSBP, "IAM.21"), (FSBP, "KMS.2")),
    types=(
        "aws:iam/policy:Policy",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/groupPolicy:GroupPolicy",
        ROLE,
    ),
    remediation="List the actions, and the ARNs they are for; bound what can only be allowed on all by a condition.",
    link="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
)
def iam_no_wildcard(resource: Resource) -> Results:
    if resource.type == ROLE:
        yield from each(resource["inlinePolicies"], lambda policy: document(policy["policy"], _named, optional=True))
    else:
        yield from document(resource["policy"], _named)


def _named(policy: View) -> Results:
    yield from readable(policy)
    for statement in statements(policy):
        if holds_unknown(statement.value):
            yield Undecided(path=statement.path)
        elif not statement.is_a(Kind.OBJECT):
            yield mistyped(statement, Kind.OBJECT)
        else:
            for wildcard in statement_wildcards(revealed(statement.value)):
                yield Violation(path=statement.path, message=f"allows too much: {wildcard}")


@Metadata(
    over=Resource,
    id="iam-no-wide-managed-policy",
    family="identity",
    title="Nobody gets AWS's wide managed policies",
    severity="critical",
    frameworks=((FSBP, "IAM.1"),),
    types=(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
        ROLE,
    ),
    remediation="Attach a policy that names what is needed.",
    link="https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html",
)
def iam_no_wide_managed_policy(resource: Resource) -> Results:
    def narrow(arn: View) -> Results:
        return demand(arn, Kind.TEXT, lambda text: not text.endswith(_WIDE_POLICIES), "it allows nearly everything")

    if resource.type == ROLE:
        yield from each(resource["managedPolicyArns"], narrow)
    else:
        yield from narrow(resource["policyArn"])


@Metadata(
    over=Resource,
    id="iam-role-bounded",
    family="identity",
    title="IAM roles can be taken on by one service, or by one service account",
    severity="critical",
    frameworks=((CIS_EKS, "5.2.1"),),
    types=(ROLE,),
    remediation=(
        "In the trust policy name the service; for a service account demand :sub and :aud of the cluster's issuer "
        "with StringEquals."
    ),
    link="https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
)
def iam_role_bounded(resource: Resource) -> Results:
    yield from document(resource["assumeRolePolicy"], _bounded)


def _bounded(policy: View) -> Results:
    yield from readable(policy)
    for statement in statements(policy):
        if holds_unknown(statement.value):
            yield Undecided(path=statement.path)
        elif not statement.is_a(Kind.OBJECT):
            yield mistyped(statement, Kind.OBJECT)
        elif statement["Effect"].text() == "Allow":
            yield from _trusted(statement)


def _trusted(statement: View) -> Results:
    principal = statement["Principal"]
    if "NotPrincipal" in (name for name, _ in statement.entries()):
        yield Violation(path=statement.path, message="trusts all but what it names")
    accounts = [view.text() for view in (principal, principal["AWS"], *principal["AWS"].elements())]
    if "*" in accounts:
        yield Violation(path=principal.path, message="is *: everybody on AWS could take it on")
    elif not principal["AWS"].missing:
        yield Violation(path=principal.path, message="is an account or somebody in one, and no service")
    if principal["Federated"].missing:
        return
    exact = dict(statement["Condition.StringEquals"].entries())
    subjects = [view for name, view in exact.items() if name.endswith(":sub")]
    audiences = [view for name, view in exact.items() if name.endswith(":aud")]
    if len(subjects) != 1 or not _ACCOUNT.fullmatch(_only_text(subjects[0]) or ""):
        yield Violation(
            path=statement.path, message="does not demand one service account: StringEquals on the issuer's :sub"
        )
    if len(audiences) != 1 or _only_text(audiences[0]) != "sts.amazonaws.com":
        yield Violation(path=statement.path, message="does not demand the audience sts.amazonaws.com")


def _only_text(view: View) -> str | None:
    """Give a condition's value, which may be a list of one."""
    elements = view.elements()
    return elements[0].text() if len(elements) == 1 else view.text()


@Metadata(
    over=Resource,
    id="oidc-provider-audience",
    family="identity",
    title="AWS takes tokens of a cluster that were made for AWS",
    severity="high",
    frameworks=((CIS_EKS, "5.2.1"),),
    types=("aws:iam/openIdConnectProvider:OpenIdConnectProvider",),
    remediation="Set client_id_lists to ['sts.amazonaws.com'] and url to the cluster's issuer.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html",
)
def oidc_provider_audience(resource: Resource) -> Results:
    yield from exactly_one(
        resource["clientIdLists"], Kind.TEXT, lambda text: text == "sts.amazonaws.com", "tokens for others would do"
    )
    yield from demand(
        resource["url"], Kind.TEXT, lambda text: not text.startswith("http://"), "its keys have to come by TLS"
    )


@Metadata(
    over=Resource,
    id="pod-identity-bounded",
    family="identity",
    title="EKS pod identities are for one service account",
    severity="high",
    frameworks=((CIS_EKS, "5.2.1"),),
    types=("aws:eks/podIdentityAssociation:PodIdentityAssociation",),
    remediation="Name the namespace and the service account.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
)
def pod_identity_bounded(resource: Resource) -> Results:
    for name in ("namespace", "serviceAccount"):
        yield from demand(
            resource[name], Kind.TEXT, lambda text: bool(text) and "*" not in text and text != "default", "name one"
        )


@Metadata(
    over=Resource,
    id="no-static-access-key",
    family="identity",
    title="Nobody has an AWS access key that does not expire",
    severity="high",
    frameworks=((FSBP, "IAM.3"),),
    types=("aws:iam/accessKey:AccessKey",),
    remediation="Use a role: by OIDC from pipelines, by service account from clusters.",
    link="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
)
def no_static_access_key(resource: Resource) -> Results:
    # A key that is switched off is on its way out, which is right.
    yield from one_of(resource["status"], ("Inactive",), "whoever finds the key has it for ever")
