"""All policies over what is deployed: nothing is unknown there but what is encrypted.

Two runs make one answer. Ours over the exported stack tells findings, exceptions and what cannot be decided apart,
which the engine's analysis (``pulumi policy analyze``, tried with 3.259) does not: it gives violations only. The
engine's can decrypt and so decides what is ciphertext to ours; no secret leaves it. An engine that is too old for it
leaves these undecided.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ops.errors import RefusedError
from ops.progress.events import Policies, PolicyFinding, name_of
from ops.progress.words import finding_lines
from policies.evaluate import evaluate, read_stack_export

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ops.adapters.engine import Engine
    from ops.adapters.pack import Pack
    from ops.services.targets import Target
    from policies.config import RuleException
    from policies.evaluate import ExceptionUse


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A stack and what the policies make of it.

    Parameters
    ----------
    passes
        How often a policy looked at something and found it good.
    decrypted
        How much the engine decided that is encrypted in the export; None where it has no analysis of a stack.
    """

    stack: str
    policies: Policies
    passes: int
    decrypted: int | None
    used: tuple[ExceptionUse, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "stack": self.stack,
            **self.policies.numbers,
            "passes": self.passes,
            "decrypted": self.decrypted,
            "findings": [{key: value for key, value in asdict(one).items() if value} for one in self.policies.findings],
            "undecided_of": [{"rule": rule, "urn": urn} for rule, urn in self.policies.undecided],
            "exceptions": [{**_exception(use.exception), "urn": use.urn} for use in self.used],
        }

    def lines(self) -> Iterable[str]:
        """Tell it in lines."""
        numbers = self.policies.numbers
        yield (
            f"{self.stack}: {numbers['mandatory']} mandatory, {numbers['advisory']} advisory, {self.passes} pass, "
            f"{numbers['undecided']} not decidable"
        )
        for finding in self.policies.findings:
            yield from (f"  {line}" for line in finding_lines(finding))
        for rule, urn in self.policies.undecided:
            yield f"  not decidable: {rule}: {name_of(urn) or 'the stack'}"
        for use in self.used:
            yield f"  {use.exception}: used for {name_of(use.urn)}"
        if self.decrypted:
            yield f"  {self.decrypted} decided by the engine, since encrypted in the export"


@dataclass(frozen=True, kw_only=True)
class Check:
    """All stacks that were asked for."""

    stacks: tuple[Checked, ...]
    expired: tuple[RuleException, ...]

    @property
    def fails(self) -> bool:
        """Whether something mandatory is broken, or an exception is over its end."""
        return bool(self.expired) or any(one.policies.of_level("mandatory") for one in self.stacks)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1."""
        return {
            "v": 1,
            "good": not self.fails,
            "stacks": [one.as_json() for one in self.stacks],
            "expired": [_exception(one) for one in self.expired],
        }

    def as_text(self) -> str:
        """Tell it in lines."""
        lines = [line for one in self.stacks for line in one.lines()]
        lines += [f"expired: {one}: remove it, or look at it again and set a new end" for one in self.expired]
        return "".join(f"{line}\n" for line in lines)


def check(engine: Engine, targets: tuple[Target, ...], pack: Pack, day: date) -> Check:
    """Run all policies over deployed stacks.

    Parameters
    ----------
    day
        On which exceptions are judged.

    Raises
    ------
    RefusedError
        If none of the stacks is deployed, or the one that was named is not.
    """
    standing = [target.stack for target in targets if engine.state(target.stack).deployed]
    if not standing:
        names = ", ".join(target.stack for target in targets)
        raise RefusedError(f"not deployed: {names}", "hms preview checks what is planned; hms status shows what stands")
    # The pack refuses to run with exceptions that have expired: they are reported, and ours runs alone.
    expired = pack.config.expired(day)
    checked = tuple(_checked(engine, stack, pack, day, decrypt=not expired) for stack in standing)
    return Check(stacks=checked, expired=expired)


def _checked(engine: Engine, stack: str, pack: Pack, day: date, *, decrypt: bool) -> Checked:
    report = evaluate(read_stack_export(engine.export(stack)), pack.config, day)
    ours = tuple(
        PolicyFinding(
            rule=one.rule,
            urn=one.urn,
            level=one.level,
            severity=one.severity,
            message=f"{one.path} {one.message}",
            remediation=one.remediation,
            link=one.link,
        )
        for one in report.findings
    )
    undecided = tuple(dict.fromkeys((one.rule, one.urn) for one in report.undecided))
    theirs = engine.analyze(stack, pack) if decrypt else None
    if theirs is None:
        return Checked(
            stack=stack,
            policies=Policies(findings=ours, undecided=undecided),
            passes=report.passes,
            decrypted=None,
            used=report.used,
        )
    known = {(one.rule, one.urn) for one in ours}
    added = tuple(one for one in theirs if (one.rule, one.urn) not in known)
    broken = {one.rule for one in added}
    return Checked(
        stack=stack,
        policies=Policies(findings=(*ours, *added)),
        passes=report.passes + sum(rule not in broken for rule, _ in undecided),
        decrypted=len(undecided),
        used=report.used,
    )


def _exception(one: RuleException) -> dict[str, str]:
    return {"rule": one.rule, "resource": one.resource, "reason": one.reason, "expires": one.expires.isoformat()}
