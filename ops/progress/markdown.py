"""A preview as the comment of a pull request, in GitHub's Markdown.

Names, causes and findings come from files and clouds that a stranger may have written: they stand in code spans only,
where nothing is a link, a mention or HTML. No value of a resource is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from ops.progress.events import CHANGES, name_of, type_of
from ops.progress.stateful import is_stateful
from ops.progress.stream import Stream
from ops.progress.words import DRASTIC, failure_lines

if TYPE_CHECKING:
    from ops.errors import HmsError
    from ops.progress.events import Event, PolicyFinding, Step

MARKER = "<!-- hms-preview -->"
"""First line of the comment: by it the workflow finds the one to edit."""

LIMIT = 65_000
"""GitHub takes 65,536 characters; the workflow adds a line. Counted in UTF-8 bytes, which are never fewer."""

_CUT = "\n\n**Cut here: GitHub takes no longer comment. The whole preview is in the job's log.**\n"
_LONGEST = 400
"""Characters of a cause or a message."""


@dataclass(kw_only=True)
class _Story:
    """What happened to one stack."""

    stack: str
    steps: dict[tuple[str, str], Step | None] = field(default_factory=dict)
    findings: list[PolicyFinding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    summary: Event | None = None

    def changes(self, *ops: str) -> list[tuple[str, str]]:
        """List (operation, URN) of some operations, stateful ones first, then by name."""
        return sorted(
            (key for key in self.steps if key[0] in ops),
            key=lambda key: (ops.index(key[0]), not is_stateful(type_of(key[1])), name_of(key[1]), key[1]),
        )


class MarkdownReporter:
    """Collects the events of a preview and writes the comment at the end."""

    wants_plan = False

    def __init__(self, out: IO[str]) -> None:
        self._out = Stream(out)
        self._stories: dict[str, _Story] = {}
        self._error: HmsError | None = None

    def emit(self, event: Event) -> None:
        """Take an event down."""
        story = self._stories.setdefault(event.stack, _Story(stack=event.stack))
        match event.kind:
            case "resource" if event.phase == "finished" and event.op in CHANGES:
                story.steps.setdefault((event.op, event.urn), None)
            case "plan":
                story.steps = {(step.op, step.urn): step for step in event.steps if step.op in CHANGES}
            case "policy" if event.finding:
                story.findings.append(event.finding)
            case "message" if event.level != "info":
                story.notes.append(event.text)
            case "summary":
                story.summary = event

    def tick(self, now: float) -> None:
        """Do nothing: a comment does not move."""

    def fail(self, error: HmsError) -> None:
        """Keep the error that ended the command."""
        self._error = error

    def close(self) -> None:
        """Write the comment."""
        self._out.line(self.text().rstrip("\n"))

    def text(self) -> str:
        """Give the comment."""
        stories = tuple(self._stories.values())
        parts = [f"{MARKER}\n## Preview\n", *_table(stories)]
        if self._error is not None:
            parts.append(f"\n**Failed:** {code(self._error.message)}\n")
            parts += [f"- {code(line)}\n" for line in self._error.details]
            parts += [f"\nNext: {code(self._error.fix)}\n"] if self._error.fix else []
        for section in (_drastic, _policies, _failures, _notes, _details):
            for story in stories:
                parts += section(story)
        return bounded(parts)


def bounded(parts: list[str], limit: int = LIMIT) -> str:
    """Join parts up to a size, whole lines only, and say where they were cut."""
    lines = "".join(parts).splitlines(keepends=True)
    if sum(len(line.encode()) for line in lines) <= limit:
        return "".join(lines)
    closing = "</details>\n"
    room = limit - len((_CUT + closing).encode())
    kept: list[str] = []
    for line in lines:
        room -= len(line.encode())
        if room < 0:
            break
        kept.append(line)
    # An open block would swallow the note.
    is_open = sum(line.startswith("<details>") - line.startswith("</details>") for line in kept)
    return "".join(kept) + closing * (is_open > 0) + _CUT


def code(text: str, *, in_table: bool = False) -> str:
    """Write a foreign text as a code span of one line."""
    plain = re.sub(r"\s+", " ", "".join(each if each.isprintable() else " " for each in text)).strip()
    plain = plain.replace("`", "'")
    plain = plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
    # Only a table takes the backslash away again.
    return f"`{plain.replace('|', chr(92) + '|') if in_table else plain}`" if plain else ""


def _table(stories: tuple[_Story, ...]) -> list[str]:
    if not stories:
        return []
    head = ("stack", "create", "update", "replace", "delete", "policy findings", "not decidable yet", "")
    rows = [f"\n| {' | '.join(head)} |\n|---{'|--:' * 6}|---|\n"]
    for story in stories:
        event = story.summary
        counts = event.counts if event else None
        numbers = [str(getattr(counts, op)) if counts else "?" for op in CHANGES]
        for index, op in enumerate(CHANGES):
            if op in DRASTIC and numbers[index] not in {"0", "?"}:
                numbers[index] = f"**{numbers[index]}**"
        policies = event.policies if event else None
        found = _found(policies.numbers) if policies else "not asked"
        undecided = str(len(policies.undecided)) if policies else ""
        outcome = "not finished" if event is None else "" if event.outcome == "succeeded" else f"**{event.outcome}**"
        cells = (code(story.stack, in_table=True), *numbers, found, undecided, outcome)
        rows.append(f"| {' | '.join(cells)} |\n")
    return rows


def _found(numbers: dict[str, int]) -> str:
    parts = [f"**{numbers['mandatory']} mandatory**"] if numbers["mandatory"] else []
    parts += [f"{numbers['advisory']} advisory"] if numbers["advisory"] else []
    return ", ".join(parts) or "0"


def _drastic(story: _Story) -> list[str]:
    """List what is replaced and deleted: in bold what holds something that does not come back by itself."""
    keys = story.changes("delete", "replace")
    if not keys:
        return []
    return [f"\n### {code(story.stack)} replaces or deletes\n\n", *(_line(story, key) for key in keys)]


def _line(story: _Story, key: tuple[str, str]) -> str:
    op, urn = key
    step = story.steps[key]
    why = f" because of {', '.join(code(name) for name in step.reasons)}" if step and step.reasons else ""
    stateful = is_stateful(type_of(urn))
    head = f"**{op} {code(name_of(urn))}**" if stateful and op in DRASTIC else f"{op} {code(name_of(urn))}"
    return f"- {head} ({code(type_of(urn))}){why}\n"


def _policies(story: _Story) -> list[str]:
    if not story.findings:
        return []
    lines = [f"\n### Policy findings in {code(story.stack)}\n\n"]
    for finding in sorted(story.findings, key=lambda each: each.level != "mandatory"):
        level = f"**{finding.level}**" if finding.level == "mandatory" else finding.level
        lines.append(f"- {level} {code(finding.rule)}: {code(finding.name)}: {code(finding.message)}\n")
        lines += [f"  - instead: {code(finding.remediation)}\n"] if finding.remediation else []
    return lines


def _failures(story: _Story) -> list[str]:
    event = story.summary
    # What a policy stopped is told above.
    told = {finding.urn for finding in story.findings if finding.level == "mandatory"}
    failures = [each for each in event.failures if each.urn not in told] if event else []
    if not failures:
        return []
    lines = [f"\n### {code(story.stack)} failed\n\n"]
    return [*lines, *(f"- {code(' '.join(failure_lines(failure)))}\n" for failure in failures)]


def _notes(story: _Story) -> list[str]:
    then = story.summary.next if story.summary else ""
    notes = [f"- {code(note)}\n" for note in dict.fromkeys(story.notes)] + ([f"- next: {code(then)}\n"] if then else [])
    return [f"\n### Notes on {code(story.stack)}\n\n", *notes] if notes else []


def _details(story: _Story) -> list[str]:
    changes = story.changes("delete", "replace", "update", "create")
    undecided = story.summary.policies.undecided if story.summary and story.summary.policies else ()
    parts: list[str] = []
    if changes:
        parts.append(f"\n<details>\n<summary>Changes of {_html(story.stack)} ({len(changes)})</summary>\n\n")
        parts += [_line(story, key) for key in changes]
        parts.append("\n</details>\n")
    if undecided:
        parts.append(
            f"\n<details>\n<summary>Not decidable yet in {_html(story.stack)} ({len(undecided)})</summary>\n\n"
        )
        parts += [f"- {code(rule)}: {code(name_of(urn) or 'the stack')}\n" for rule, urn in undecided]
        parts.append("\n</details>\n")
    return parts


def _html(text: str) -> str:
    """Write a stack's name where no code span can stand."""
    return re.sub(r"[^\w.-]", "_", text)
