"""Policies in a run: what the engine tells becomes findings and numbers; configuration; the check of what stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.automation.events import EngineEvent

from ops.adapters.automation import _WholeEvent
from ops.adapters.pack import Account, Pack
from ops.adapters.translate import Translation
from ops.errors import EngineError, RefusedError
from ops.progress.events import Policies, PolicyFinding
from ops.services.policies import pack_of, read_config, refuse_no_reason
from ops.services.policy_check import check
from ops.services.targets import choose
from policies.config import PolicyConfig, parse_config
from policies.registry import BY_ID, RULES
from tests.ops.fakes import failed, good, standing

if TYPE_CHECKING:
    from tests.ops.fakes import Bench

ROOT = Path(__file__).parents[2]
KEY = "urn:pulumi:aws-dev::hms::hms:aws:SiteKey$aws:kms/key:Key::aws-key-key"
ROTATES = BY_ID["kms-key-rotates"]
DAY = date(2026, 11, 24)


def pack(document: object = None) -> Pack:
    return Pack(folder=ROOT / "policies", file=None, config=parse_config(document, RULES))


def finding(level: str = "mandatory", urn: str = KEY) -> PolicyFinding:
    return PolicyFinding(
        rule="kms-key-rotates",
        urn=urn,
        level=level,
        severity="high",
        message="it stays",
        remediation="Rotate it.",
    )


def violation(level: str = "mandatory") -> EngineEvent:
    message = f"{ROTATES.title}.\nenableKeyRotation is false: it stays.\n{ROTATES.remediation}\n"
    return EngineEvent.from_json(
        {
            "policyEvent": {
                "message": message,
                "policyName": ROTATES.id,
                "policyPackName": "hms",
                "enforcementLevel": level,
                "resourceUrn": KEY,
            }
        }
    )


def summary(passed: list[str], failed: list[str]) -> EngineEvent:
    told = {"resourceUrn": KEY, "policyPackName": "hms", "passed": passed, "failed": failed}
    return _WholeEvent.from_json({"policyAnalyzeSummaryEvent": told})


def rules_of_keys() -> list[str]:
    return [rule.id for rule in RULES if not rule.over_stack and rule.applies_to("aws:kms/key:Key")]


def test_a_violation_is_told_in_parts_and_once() -> None:
    translation = Translation("preview", "aws-dev", pack())
    (event,) = [*translation(violation()), *translation(violation())]
    assert event.kind == "policy"
    assert event.finding == PolicyFinding(
        rule="kms-key-rotates",
        urn=KEY,
        level="mandatory",
        severity="high",
        message="enableKeyRotation is false: it stays",
        remediation=ROTATES.remediation,
        link=ROTATES.link,
    )
    assert translation.policies is not None
    assert translation.policies.numbers == {"mandatory": 1, "advisory": 0, "undecided": 0}


def test_what_is_neither_passed_nor_failed_is_undecided_until_it_is() -> None:
    translation = Translation("preview", "aws-dev", pack())
    others = [rule for rule in rules_of_keys() if rule != ROTATES.id]
    assert list(translation(summary(others, []))) == []
    assert translation.policies == Policies(undecided=((ROTATES.id, KEY),))
    list(translation(summary(rules_of_keys(), [])))
    assert translation.policies == Policies()


def test_a_rule_that_is_off_is_not_undecided() -> None:
    account = Account(pack=pack({ROTATES.id: "disabled"}))
    told = {"resourceUrn": KEY, "passed": [rule for rule in rules_of_keys() if rule != ROTATES.id]}
    account.raw({"policyAnalyzeSummaryEvent": told})
    assert account.policies == Policies()


def test_rules_over_the_stack_are_undecided_of_the_stack() -> None:
    account = Account(pack=pack())
    stack = [rule.id for rule in RULES if rule.over_stack]
    account.raw({"policyAnalyzeStackSummaryEvent": {"passed": stack[1:]}})
    assert account.policies.undecided == ((stack[0], ""),)


def test_up_previews_first_where_policies_hold(bench: Bench) -> None:
    held = pack()
    bench.deploy.up(replace(bench.job(), pack=held))
    assert bench.engine.runs == [(verb, stack) for stack in ("aws-dev", "azure-dev") for verb in ("preview", "up")]
    assert bench.engine.packs == [held] * 4


def test_a_mandatory_finding_ends_up_before_it_begins(bench: Bench) -> None:
    stopped = failed("policy kms-key-rotates: it stays")
    bench.engine.results["preview", "aws-dev"] = replace(stopped, policies=Policies(findings=(finding(),)))
    with pytest.raises(EngineError, match="preview of aws-dev failed") as caught:
        bench.deploy.up(replace(bench.job(), pack=pack()))
    assert caught.value.code == 1
    assert bench.engine.runs == [("preview", "aws-dev")]
    (told,) = bench.reporter.of("policy")
    assert told.finding == finding()
    (summed,) = bench.reporter.of("summary")
    assert summed.policies is not None
    assert summed.policies.numbers["mandatory"] == 1
    assert "write an exception that has an end" in summed.next


def test_an_advisory_finding_is_told_once_and_stops_nothing(bench: Bench) -> None:
    advisory = Policies(findings=(finding("advisory"),))
    for verb in ("preview", "up"):
        bench.engine.results[verb, "aws-dev"] = replace(good(create=1), policies=advisory)
    bench.deploy.up(replace(bench.job(*choose(bench.plan, stack="aws-dev", everything=False)), pack=pack()))
    assert len(bench.reporter.of("policy")) == 1


def test_without_policies_the_reason_is_shown(bench: Bench) -> None:
    bench.deploy.up(replace(bench.job(), no_policies="the pack is being mended"))
    assert bench.reporter.texts == ["no policy holds: the pack is being mended"] * 2
    assert bench.engine.packs == [None, None]


def test_a_preview_may_ask_the_clouds_first(bench: Bench) -> None:
    bench.engine.states["aws-dev"] = standing("aws-dev")
    bench.deploy.preview(replace(bench.job(), refresh=True))
    assert bench.engine.refreshed == ["aws-dev", "azure-dev"]


@pytest.mark.parametrize("reason", ["", "ok", "         x"])
def test_no_reason_is_none(reason: str) -> None:
    with pytest.raises(RefusedError, match="no reason"):
        refuse_no_reason(reason)


def _written(tmp_path: Path, document: object) -> Path:
    file = tmp_path / "config.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return file


def _exception(expires: str) -> dict[str, Any]:
    return {"resource": "aws-key-*", "reason": "moves with HMS-123", "expires": expires}


def test_the_configuration_goes_to_the_engine_and_is_read(tmp_path: Path) -> None:
    file = _written(tmp_path, {ROTATES.id: "advisory"})
    made = pack_of(ROOT, file)
    assert made.options == {"policy_packs": [str(ROOT / "policies")], "policy_pack_configs": [str(file)]}
    assert made.config.level_of(ROTATES) == "advisory"


def test_a_checkouts_own_configuration_holds_where_none_is_named(tmp_path: Path) -> None:
    assert pack_of(tmp_path, None).options == {"policy_packs": [str(tmp_path / "policies")]}
    (tmp_path / "policies").mkdir()
    file = _written(tmp_path / "policies", {ROTATES.id: "disabled"})
    assert pack_of(tmp_path, None).file == file


@pytest.mark.parametrize(
    ("document", "words"),
    [("{", "is no JSON"), ({"no-such-rule": "advisory"}, "is refused"), ({ROTATES.id: "stern"}, "is refused")],
)
def test_a_bad_configuration_starts_nothing(tmp_path: Path, document: object, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        read_config(_written(tmp_path, document))
    assert caught.value.code == 2


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot read"):
        read_config(tmp_path / "none.json")


def test_an_expired_exception_starts_nothing(tmp_path: Path) -> None:
    file = _written(tmp_path, {ROTATES.id: {"exceptions": [_exception("2020-01-01")]}})
    with pytest.raises(RefusedError, match="have expired") as caught:
        pack_of(ROOT, file)
    assert "moves with HMS-123" in caught.value.details[0]
    assert pack_of(ROOT, file, allow_expired=True).config.exceptions


def exported(*, rotates: object) -> dict[str, Any]:
    return {
        "deployment": {
            "resources": [
                {
                    "urn": KEY,
                    "type": "aws:kms/key:Key",
                    "inputs": {
                        "enableKeyRotation": rotates,
                        "rotationPeriodInDays": 90,
                        "deletionWindowInDays": 30,
                        "tags": {"owner": "a", "fleet": "dev", "cost-center": "b", "cost-centre": "b"},
                    },
                }
            ]
        }
    }


CIPHERTEXT = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def _checked(bench: Bench, held: Pack) -> Any:
    bench.engine.states["aws-dev"] = standing("aws-dev")
    return check(bench.engine, choose(bench.plan, stack="aws-dev", everything=False), held, DAY)


def _of_rotation(found: Any) -> list[PolicyFinding]:
    return [one for one in found.stacks[0].policies.findings if one.rule == ROTATES.id]


def test_what_stands_is_checked(bench: Bench) -> None:
    bench.engine.exports["aws-dev"] = exported(rotates=True)
    assert not _of_rotation(_checked(bench, pack()))
    bench.engine.exports["aws-dev"] = exported(rotates=False)
    found = _checked(bench, pack())
    assert found.fails
    assert [one.urn for one in _of_rotation(found)] == [KEY]
    assert "instead: " in found.as_text()
    assert found.as_json()["good"] is False


def test_what_is_encrypted_is_decided_by_the_engine_or_not_at_all(bench: Bench) -> None:
    bench.engine.exports["aws-dev"] = exported(rotates=CIPHERTEXT)
    alone = _checked(bench, pack())
    assert (ROTATES.id, KEY) in alone.stacks[0].policies.undecided
    assert "not decidable: kms-key-rotates: aws-key-key" in alone.as_text()
    bench.engine.analyses["aws-dev"] = (finding(),)
    found = _checked(bench, pack())
    assert not found.stacks[0].policies.undecided
    assert _of_rotation(found) == [finding()]


def test_exceptions_are_told_and_fail_once_they_are_over(bench: Bench) -> None:
    bench.engine.exports["aws-dev"] = exported(rotates=False)
    holds = _checked(bench, pack({ROTATES.id: {"exceptions": [_exception("2027-01-01")]}}))
    assert not _of_rotation(holds)
    assert "used for aws-key-key" in holds.as_text()
    over = _checked(bench, pack({ROTATES.id: {"exceptions": [_exception("2026-11-23")]}}))
    assert over.fails
    assert _of_rotation(over)
    assert "expired: exception of kms-key-rotates" in over.as_text()


def test_nothing_to_check_is_refused(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="not deployed: aws-dev, azure-dev"):
        check(bench.engine, choose(bench.plan, stack=None, everything=True), pack(), DAY)


def test_the_default_configuration_changes_nothing() -> None:
    assert pack().config == PolicyConfig()
