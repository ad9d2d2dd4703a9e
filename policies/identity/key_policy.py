"""AWS: a key's own policy names who uses it, for its policy goes before all others."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

import re

from policies.checks import demand, document, mistyped
from policies.frameworks import FSBP
from policies.identity.iam import readable, statements
from policies.rule import Metadata, Resource, Results, Undecided, Violation
from policies.values import Kind, View, holds_unknown

_ROOT = re.compile(r"(arn:[a-z-]+:iam::\d{12}:root|\d{12})")

_WHO = ("aws:principal", "aws:source", "kms:calleraccount")
"""Beginnings of condition keys that say who asks, or for whose resource a service does, in lower case."""

_WHAT = "kms:encryptioncontext:"
"""Condition keys that say what is encrypted: that of a service names the resource it is for."""


@Metadata(
    over=Resource,
    id="kms-key-policy-bounded",
    family="identity",
    title="KMS keys are used by those whom their policy names",
    severity="critical",
    frameworks=((FSBP, "KMS.5"),),
    types=("aws:kms/key:Key",),
    remediation=(
        "Give kms:* to the account's root alone. Bound every principal * by a condition on who asks, and every service "
        "by one on whose resource it is for."
    ),
    link="https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
)
def kms_key_policy_bounded(resource: Resource) -> Results:
    def bounded(policy: View) -> Results:
        yield from readable(policy)
        for statement in statements(policy):
            if holds_unknown(statement.value):
                yield Undecided(path=statement.path)
            elif not statement.is_a(Kind.OBJECT):
                yield mistyped(statement, Kind.OBJECT)
            elif statement["Effect"].text() == "Allow":
                yield from _key_user(statement)

    yield from document(resource["policy"], bounded, optional=True)
    yield from demand(
        resource["bypassPolicyLockoutSafetyCheck"],
        Kind.FLAG,
        lambda value: not value,
        "the key could become nobody's",
        optional=True,
    )


def _key_user(statement: View) -> Results:
    principal = statement["Principal"]
    accounts = [view.text() for view in (principal, principal["AWS"], *principal["AWS"].elements())]
    actions = [view.text() for view in (statement["Action"], *statement["Action"].elements())]
    if "*" in accounts and not _bounds(statement["Condition"], _WHO):
        yield Violation(path=principal.path, message="is * with no condition on who asks: everybody could use the key")
    if not principal["Service"].missing and not _bounds(statement["Condition"], (*_WHO, _WHAT)):
        yield Violation(path=principal.path, message="is a service, which would use the key for other accounts too")
    named = [account for account in accounts if account is not None]
    everything = "kms:*" in actions or "*" in actions
    if everything and (not named or not all(_ROOT.fullmatch(account) for account in named)):
        yield Violation(path=statement.path, message="gives kms:* to others than the account's root")


def _bounds(condition: View, keys: tuple[str, ...]) -> bool:
    """Whether a condition demands one of some keys, with a value that is not everything."""
    return any(
        key.lower().startswith(keys) and "*" not in [view.text() for view in (value, *value.elements())]
        for operator, tests in condition.entries()
        if "Not" not in operator and not operator.endswith("IfExists")
        for key, value in tests.entries()
    )
