"""IAM's policy language: what makes a document malformed, and whom it lets do what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal

from simulator.kind import Failure, known, walk

if TYPE_CHECKING:
    from simulator.aws.common import Check
    from simulator.kind import Inputs

Use = Literal["identity", "trust", "resource"]

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_STATEMENT_FIELDS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


def parse(text: object) -> dict[str, Any] | None:
    """Read a policy document; ``None`` if it is no JSON object."""
    if isinstance(text, Mapping):
        return dict(text)
    try:
        found = json.loads(str(text))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def as_list(value: object) -> list[Any]:
    """One or many, as the policy language lets either stand."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def statements(text: object) -> list[dict[str, Any]]:
    """Statements of a document; none if it is malformed."""
    document = parse(text) or {}
    return [statement for statement in as_list(document.get("Statement")) if isinstance(statement, dict)]


def _statement_problem(statement: object, use: Use) -> str | None:
    if not isinstance(statement, dict):
        return "Syntax errors in policy."
    if unknown := sorted(set(statement) - _STATEMENT_FIELDS):
        return f"Syntax errors in policy. Unknown field {unknown[0]}"
    if statement.get("Effect") not in {"Allow", "Deny"}:
        return "Syntax errors in policy. Invalid effect"
    actions = as_list(statement.get("Action", statement.get("NotAction")))
    if not actions:
        return "Policy statement must contain actions."
    if any(not isinstance(action, str) or (":" not in action and action != "*") for action in actions):
        return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    return _use_problem(statement, use, actions)


def _use_problem(statement: Mapping[str, Any], use: Use, actions: list[str]) -> str | None:
    """Tell what a statement lacks, or has too much, for what the document is for."""
    has_principal = "Principal" in statement or "NotPrincipal" in statement
    has_resource = "Resource" in statement or "NotResource" in statement
    if use == "identity" and has_principal:
        return "Policy document should not specify a principal."
    if use != "identity" and not has_principal:
        return "Missing required field Principal"
    if use != "trust":
        return None if has_resource else "Policy statement must contain resources."
    if has_resource:
        return "Has prohibited field Resource"
    if any(action != "*" and not action.lower().startswith("sts:") for action in actions):
        return "AssumeRole policy may only specify STS AssumeRole actions."
    return None


def problem(text: object, use: Use) -> str | None:
    """Why IAM calls a document malformed, or ``None``."""
    document = parse(text)
    if document is None:
        return "This policy contains invalid Json"
    if document.get("Version", _VERSIONS[1]) not in _VERSIONS:
        return "The policy must contain a valid version string."
    found = as_list(document.get("Statement"))
    if not found:
        return "Syntax errors in policy. Missing required field Statement"
    sids = [statement["Sid"] for statement in found if isinstance(statement, dict) and statement.get("Sid")]
    if len(sids) != len(set(sids)):
        return "Statement IDs (SID) in a single policy must be unique."
    return next((reason for statement in found if (reason := _statement_problem(statement, use))), None)


def well_formed(pattern: str, use: Use) -> Check:
    """Text must be JSON of the policy language; IAM's own refusals come when it is written, see `problem`."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        for path, value in walk(inputs, pattern):
            if known(value) and (reason := problem(value, use)):
                yield Failure(path, f"MalformedPolicyDocument: {reason}")

    return check


def principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of kind (``AWS``, ``Service``, ``Federated``) and name; ``("*", "*")`` for everyone."""
    value = statement.get("Principal")
    if value == "*":
        yield "*", "*"
    elif isinstance(value, Mapping):
        for kind, found in value.items():
            for name in as_list(found):
                yield str(kind), str(name)


def allows(text: object, kind: str, name: str, action: str) -> bool:
    """Whether some statement allows this principal this action (resources and conditions are not looked at)."""
    for statement in statements(text):
        if statement.get("Effect") != "Allow":
            continue
        wanted = [str(pattern).lower() for pattern in as_list(statement.get("Action"))]
        if not any(fnmatchcase(action.lower(), pattern) for pattern in wanted):
            continue
        if any(pair in {("*", "*"), (kind, name), (kind, "*")} for pair in principals(statement)):
            return True
    return False
