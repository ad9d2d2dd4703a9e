"""Writes policies/README.md from the rules: ``python -m policies.document``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from policies.registry import RULES

if TYPE_CHECKING:
    from policies.rule import Family, Rule

README = Path(__file__).with_name("README.md")

FAMILIES: dict[Family, str] = {
    "at-rest": "Data at rest",
    "in-transit": "Data in transit",
    "exposure": "Exposure",
    "identity": "Identity and secrets",
    "workloads": "Workloads",
    "mesh": "Mesh",
    "tags": "Tags",
    "audit": "Audit",
}

_INTRODUCTION = """\
<!-- Made by python -m policies.document; a test compares. Change the rules, not this file. -->
# Policies

{count} rules that everything planned, and everything deployed, has to keep. `hms preview` and `hms up` use them by
default; without `hms`:

```
pulumi preview --policy-pack policies [--policy-pack-config FILE]
pulumi policy analyze --stack STACK --policy-pack policies
```

A *mandatory* rule stops the update, an *advisory* one warns. A rule says a third thing besides that and *passes*: *not
decidable yet*, when a value is known by the update only. The engine counts these apart (not applicable), and the
second command decides them on what was deployed. A value of the wrong type breaks a rule: what cannot be read cannot be
vouched for. No message shows a secret.

Rules marked *stack* look at all resources together, the others at one each.

## Configuration

```json
{{
  "hubble-ui-off": "disabled",
  "load-balancer-listener-tls": {{
    "enforcementLevel": "mandatory",
    "exceptions": [
      {{"resource": "*::legacy-*", "reason": "moves to TLS with HMS-123", "expires": "2027-03-31"}}
    ]
  }}
}}
```

`resource` is a pattern for the URN or the name. An exception needs a reason and a last day: when that is over, the
whole pack refuses to run until the exception is gone or renewed. Rules and levels that do not exist, and patterns that
mean everything, are refused too.
"""

_HEADER = """\
| Rule | What holds | Severity | Level | Controls | Instead |
|---|---|---|---|---|---|
"""


def render(rules: tuple[Rule, ...] = RULES) -> str:
    """Give the text of the README."""
    parts = [_INTRODUCTION.format(count=len(rules))]
    for family, heading in FAMILIES.items():
        own = [rule for rule in rules if rule.family == family]
        if own:
            parts.append(f"\n## {heading}\n\n{_HEADER}")
            parts += [_row(rule) for rule in own]
    return "".join(parts)


def _row(rule: Rule) -> str:
    controls = ", ".join(f"{name} {control}" for name, control in rule.frameworks)
    scope = " *stack*" if rule.over_stack else ""
    cells = (
        f"[`{rule.id}`]({rule.link}){scope}", rule.title, rule.severity, rule.level, controls, rule.remediation,
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    README.write_text(render(), encoding="utf-8")
