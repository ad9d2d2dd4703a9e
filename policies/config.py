"""What a user may say about rules: their levels, and exceptions that have a reason and an end.

The same JSON is the engine's own configuration of a policy pack (``pulumi preview --policy-pack-config FILE``)::

    {
      "hubble-ui-off": "disabled",
      "load-balancer-listener-tls": {
        "enforcementLevel": "mandatory",
        "exceptions": [
          {"resource": "*::legacy-*", "reason": "moves to TLS with HMS-123", "expires": "2027-03-31"}
        ]
      }
    }

``resource`` is a pattern (``*``, ``?``) for the URN, or for the name, of what is excepted. A pattern that means
everything is a way to disable a rule in disguise, and refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, get_args

from policies.rule import Level, Rule

if TYPE_CHECKING:
    from policies.rule import Resource

ALL = "all"
"""Name under which the engine takes a level for every rule."""

MIN_REASON = 10
"""Characters of a reason: 'ok' is none."""

LEVELS: tuple[Level, ...] = get_args(Level)

SCHEMA: dict[str, Any] = {
    "exceptions": {
        "type": "array",
        "description": "What the rule does not hold for, why, and until when",
        "items": {
            "type": "object",
            "required": ["resource", "reason", "expires"],
            "additionalProperties": False,
            "properties": {
                "resource": {"type": "string", "minLength": 1, "description": "Pattern for URN or name"},
                "reason": {"type": "string", "minLength": MIN_REASON},
                "expires": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "Last day, YYYY-MM-DD"},
            },
        },
    }
}
"""JSON schema of a rule's own configuration, which the engine checks before it starts."""


class PolicyConfigError(ValueError):
    """The configuration cannot be used; all its mistakes at once.

    Parameters
    ----------
    problems
        Each a sentence with its place and what to write instead.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("the policy configuration is refused:\n" + "\n".join(f"  - {one}" for one in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class RuleException:
    """Something that a rule does not hold for.

    Parameters
    ----------
    resource
        Pattern for the URN, or for the name.
    expires
        Last day on which it holds.
    """

    rule: str
    resource: str
    reason: str
    expires: date

    def covers(self, resource: Resource) -> bool:
        """Say whether it means a resource."""
        return fnmatchcase(resource.urn, self.resource) or fnmatchcase(resource.name, self.resource)

    def has_expired(self, today: date) -> bool:
        """Say whether its last day is over."""
        return today > self.expires

    def __str__(self) -> str:
        return f"exception of {self.rule} for {self.resource} ({self.reason}), until {self.expires}"


@dataclass(frozen=True, kw_only=True)
class PolicyConfig:
    """Levels that differ from the rules' own, and exceptions."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    exceptions: tuple[RuleException, ...] = ()

    def level_of(self, rule: Rule) -> Level:
        """Give the level that holds for a rule."""
        return self.levels.get(rule.id, self.levels.get(ALL, rule.level))

    def exceptions_of(self, rule: str) -> tuple[RuleException, ...]:
        """List the exceptions of a rule."""
        return tuple(one for one in self.exceptions if one.rule == rule)

    def expired(self, today: date) -> tuple[RuleException, ...]:
        """List the exceptions that no longer hold; there may be none, so that somebody looks at each again."""
        return tuple(one for one in self.exceptions if one.has_expired(today))


def parse_config(document: object, rules: Sequence[Rule]) -> PolicyConfig:
    """Read a configuration.

    Raises
    ------
    PolicyConfigError
        For rules that do not exist, levels that do not, and exceptions without resource, reason or date.
    """
    if document is None:
        return PolicyConfig()
    if not isinstance(document, Mapping):
        raise PolicyConfigError([f"it is {_shown(document)}; write an object with rules in it"])
    known = {rule.id for rule in rules}
    problems: list[str] = []
    levels: dict[str, Level] = {}
    exceptions: list[RuleException] = []
    for name, entry in document.items():
        if name != ALL and name not in known:
            problems.append(f"{name}: there is no such rule; policies/README.md lists them")
            continue
        settings = {"enforcementLevel": entry} if isinstance(entry, str) else entry
        if not isinstance(settings, Mapping):
            problems.append(f"{name}: is {_shown(entry)}; write a level, or an object")
            continue
        _read_level(name, settings, levels, problems)
        if name == ALL and "exceptions" in settings:
            problems.append(f"{name}: exceptions are for one rule each")
            continue
        exceptions += _read_exceptions(name, settings.get("exceptions", []), problems)
        problems += [
            f"{name}: {key!r} means nothing; write enforcementLevel or exceptions"
            for key in settings
            if key not in ("enforcementLevel", "exceptions")
        ]
    if problems:
        raise PolicyConfigError(problems)
    return PolicyConfig(levels=levels, exceptions=tuple(exceptions))


def _read_level(name: str, settings: Mapping[str, object], levels: dict[str, Level], problems: list[str]) -> None:
    if "enforcementLevel" not in settings:
        return
    wanted = settings["enforcementLevel"]
    matching = [level for level in LEVELS if level == wanted]
    if matching:
        levels[name] = matching[0]
    else:
        problems.append(f"{name}: enforcementLevel is {_shown(wanted)}; write {', '.join(LEVELS)}")


def _read_exceptions(name: str, entries: object, problems: list[str]) -> list[RuleException]:
    if not isinstance(entries, list):
        problems.append(f"{name}: exceptions is {_shown(entries)}; write a list")
        return []
    found = (
        _read_exception(f"{name}: exceptions[{index}]", name, entry, problems) for index, entry in enumerate(entries)
    )
    return [one for one in found if one is not None]


def _read_exception(place: str, name: str, entry: object, problems: list[str]) -> RuleException | None:
    if not isinstance(entry, Mapping):
        problems.append(f"{place} is {_shown(entry)}; write resource, reason and expires")
        return None
    before = len(problems)
    problems += [
        f"{place}: {key!r} means nothing; write resource, reason and expires"
        for key in entry
        if key not in ("resource", "reason", "expires")
    ]
    resource, reason, expires = (entry.get(key) for key in ("resource", "reason", "expires"))
    if not isinstance(resource, str) or not resource.strip("*?:") or not resource.strip():
        problems.append(f"{place}: resource is {_shown(resource)}; write a pattern for the URN or the name of some")
    if not isinstance(reason, str) or len(reason.strip()) < MIN_REASON:
        problems.append(f"{place}: reason is {_shown(reason)}; write why, in {MIN_REASON} characters or more")
    day = _day(expires)
    if day is None:
        problems.append(f"{place}: expires is {_shown(expires)}; write its last day as YYYY-MM-DD")
    if len(problems) > before or day is None:
        return None
    return RuleException(rule=name, resource=str(resource), reason=str(reason).strip(), expires=day)


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == len("YYYY-MM-DD") else None
    except ValueError:
        return None


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)
