"""The policy pack that the engine runs, and what its events say of it.

The engine tells of a rule that passes and of one that fails, and says nothing of one that does not apply or cannot be
decided yet. Which rules apply is known here: what is left is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ops.progress.events import Policies, PolicyFinding, type_of
from policies.registry import BY_ID, RULES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pulumi.automation.events import PolicyEvent

    from policies.config import PolicyConfig


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A policy pack with its configuration.

    Parameters
    ----------
    folder
        What the engine runs.
    file
        The configuration's file, for the engine; None for the rules' own levels.
    config
        The same, read and checked.
    """

    folder: Path
    file: Path | None
    config: PolicyConfig

    @property
    def options(self) -> dict[str, list[str]]:
        """Give the options of the Automation API."""
        files = {"policy_pack_configs": [str(self.file)]} if self.file else {}
        return {"policy_packs": [str(self.folder)], **files}

    @property
    def arguments(self) -> list[str]:
        """Give the same as arguments of the engine."""
        config = ["--policy-pack-config", str(self.file)] if self.file else []
        return ["--policy-pack", str(self.folder), *config]


@dataclass(kw_only=True)
class Account:
    """What the policies made of one run, event by event."""

    pack: Pack
    findings: dict[PolicyFinding, None] = field(default_factory=dict)
    undecided: dict[tuple[str, str], None] = field(default_factory=dict)

    @property
    def policies(self) -> Policies:
        """All of it."""
        return Policies(findings=tuple(self.findings), undecided=tuple(sorted(self.undecided)))

    def violation(self, event: PolicyEvent, message: str) -> PolicyFinding | None:
        """Take a violation down; nothing if it is known.

        Parameters
        ----------
        message
            The event's, cleaned.
        """
        finding = finding_of(event, message)
        if finding in self.findings:
            return None
        self.findings[finding] = None
        return finding

    def raw(self, event: dict[str, Any]) -> None:
        """Take down what the engine says of all rules at once, in the events that its Python API leaves out."""
        if one := event.get("policyAnalyzeSummaryEvent"):
            urn = str(one.get("resourceUrn", ""))
            rules = (rule.id for rule in RULES if not rule.over_stack and rule.applies_to(type_of(urn)))
            self._left(rules, urn, one)
        elif one := event.get("policyAnalyzeStackSummaryEvent"):
            self._left((rule.id for rule in RULES if rule.over_stack), "", one)

    def _left(self, rules: Iterable[str], urn: str, told: dict[str, Any]) -> None:
        decided = {*(told.get("passed") or ()), *(told.get("failed") or ())}
        for rule in rules:
            self.undecided.pop((rule, urn), None)
            if rule not in decided and self.pack.config.level_of(BY_ID[rule]) != "disabled":
                self.undecided[rule, urn] = None


def finding_of(event: PolicyEvent, message: str) -> PolicyFinding:
    """Make a finding of a violation as the engine tells it: the rule's title, what is wrong, the remediation."""
    rule, urn = event.policy_name, event.resource_urn or ""
    level = "mandatory" if event.enforcement_level == "mandatory" else "advisory"
    known = BY_ID.get(rule)
    if known is None:
        return PolicyFinding(rule=rule, urn=urn, level=level, severity="", message=message, remediation="")
    wrong = message.removeprefix(f"{known.title}.").removesuffix(known.remediation).strip()
    return PolicyFinding(
        rule=rule,
        urn=urn,
        level=level,
        severity=known.severity,
        message=wrong.removesuffix(".") or known.title,
        remediation=known.remediation,
        link=known.link,
    )
