"""The verbs over stacks: order, guards, questions, and what follows a failure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.record import fixed_fields
from infra.scopes import scope_of
from ops.adapters.engine import Pending, RunResult
from ops.errors import ChangesError, EngineError, InterruptedByUserError, RefusedError
from ops.progress.events import Counts
from ops.services.targets import choose, whole_target
from tests.ops.fakes import SUBNET, VPC, Person, failed, good, standing, steps

if TYPE_CHECKING:
    from infra.plan import FleetPlan
    from tests.ops.fakes import Bench


def test_up_walks_the_sites_in_the_order_in_which_they_read_each_other(bench: Bench) -> None:
    assert bench.deploy.up(bench.job())
    assert bench.engine.runs == [("up", "aws-dev"), ("up", "azure-dev")]


def test_destroy_walks_backwards(bench: Bench) -> None:
    bench.engine.states = {stack: standing(stack) for stack in ("aws-dev", "azure-dev")}
    assert bench.deploy.destroy(bench.job())
    assert bench.engine.runs == [("destroy", "azure-dev"), ("destroy", "aws-dev")]


def test_each_stack_ends_with_a_summary(bench: Bench) -> None:
    bench.deploy.up(bench.job())
    for stack in ("aws-dev", "azure-dev"):
        last = [event for event in bench.reporter.events if event.stack == stack][-1]
        assert (last.kind, last.outcome, last.counts) == ("summary", "succeeded", Counts(create=2, same=1))


def test_a_failure_ends_the_walk_and_says_what_was_not_begun(bench: Bench) -> None:
    bench.engine.results["up", "aws-dev"] = failed("creating VPC: VpcLimitExceeded: no more", create=1)
    with pytest.raises(EngineError, match="azure-dev was not begun"):
        bench.deploy.up(bench.job())
    assert bench.engine.runs == [("up", "aws-dev")]
    summary = bench.reporter.of("summary")[0]
    assert summary.failures[0].name == "aws-vpc"
    assert "quota" in summary.next
    assert "hms up --all" in summary.next


def test_an_interruption_says_how_to_go_on(bench: Bench) -> None:
    bench.engine.results["up", "aws-dev"] = RunResult(outcome="cancelled", counts=Counts(create=1), seconds=1.0)
    with pytest.raises(InterruptedByUserError) as caught:
        bench.deploy.up(bench.job())
    assert caught.value.code == 130
    summary = bench.reporter.of("summary")[0]
    assert (summary.outcome, summary.next) == (
        "cancelled",
        "what was done is recorded; go on where it stopped: hms up --all",
    )


def test_one_stack_waits_for_the_one_that_it_reads(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="azure-dev reads aws-dev") as caught:
        bench.deploy.up(bench.job(*choose(bench.plan, stack="azure-dev", everything=False)))
    assert "hms up --stack aws-dev" in caught.value.fix
    assert bench.engine.runs == []


def test_one_stack_goes_where_the_one_that_it_reads_stands(bench: Bench) -> None:
    bench.engine.states["aws-dev"] = standing("aws-dev")
    bench.deploy.up(bench.job(*choose(bench.plan, stack="azure-dev", everything=False)))
    assert bench.engine.runs == [("up", "azure-dev")]


def test_the_whole_fleet_is_not_deployed_beside_its_sites(bench: Bench) -> None:
    bench.engine.states["aws-dev"] = standing("aws-dev")
    with pytest.raises(RefusedError, match="would make the same resources again"):
        bench.deploy.up(bench.job(whole_target(bench.plan)))
    bench.engine.states = {"dev": standing("dev")}
    with pytest.raises(RefusedError, match="dev is deployed"):
        bench.deploy.up(bench.job())
    assert bench.engine.runs == []


def test_what_others_stand_on_is_not_destroyed(bench: Bench) -> None:
    bench.engine.states = {stack: standing(stack) for stack in ("aws-dev", "azure-dev")}
    with pytest.raises(RefusedError, match="azure-dev stands on aws-dev"):
        bench.deploy.destroy(bench.job(*choose(bench.plan, stack="aws-dev", everything=False)))
    assert bench.engine.runs == []


def test_destroying_nothing_is_done_at_once(bench: Bench) -> None:
    assert bench.deploy.destroy(bench.job(ask=Person([])))
    assert bench.engine.runs == []
    assert [event.outcome for event in bench.reporter.of("summary")] == ["succeeded", "succeeded"]


def test_a_protected_fleet_says_what_to_change(bench: Bench) -> None:
    bench.plan = replace(bench.plan, fleet=bench.plan.fleet.model_copy(update={"protect": True}))
    bench.engine.states = {"aws-dev": standing("aws-dev")}
    with pytest.raises(RefusedError, match="protected") as caught:
        bench.deploy.destroy(bench.job())
    assert "protect: false" in caught.value.fix
    assert "dev.yaml" in caught.value.fix


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_changed_fixed_fields_are_refused_with_their_line(bench: Bench, dev_plan: FleetPlan, verb: str) -> None:
    before = fixed_fields(dev_plan, scope_of(dev_plan, ("azure",)))
    before["clusters"]["azure-1"]["id"] = 9
    bench.engine.states = {"aws-dev": standing("aws-dev"), "azure-dev": standing("azure-dev", fixed=before)}
    with pytest.raises(RefusedError) as caught:
        getattr(bench.deploy, verb)(bench.job())
    line = next(
        number
        for number, text in enumerate(bench.fleet.read_text(encoding="utf-8").splitlines(), 1)
        if text.strip() == "id: 2"
    )
    (detail,) = caught.value.details
    assert f"dev.yaml:{line}: clusters.azure-1.id: cannot change from 9 to 2" in detail
    assert caught.value.code == 2
    assert bench.engine.runs == []


def test_unchanged_fixed_fields_pass(bench: Bench, dev_plan: FleetPlan) -> None:
    bench.engine.states["aws-dev"] = standing("aws-dev", fixed=fixed_fields(dev_plan, scope_of(dev_plan, ("aws",))))
    bench.deploy.preview(bench.job(*choose(bench.plan, stack="aws-dev", everything=False)))


def test_the_plan_is_shown_before_the_question(bench: Bench) -> None:
    bench.engine.results["preview", "aws-dev"] = replace(good(create=2), steps=steps())
    person = Person([True, True])
    assert bench.deploy.up(bench.job(ask=person))
    assert person.asked == ["Deploy aws-dev?", "Deploy azure-dev?"]
    kinds = [event.kind for event in bench.reporter.events if event.stack == "aws-dev"]
    assert kinds == ["begin", "plan", "begin", "resource", "resource", "summary"]


def test_no_ends_it(bench: Bench) -> None:
    assert not bench.deploy.up(bench.job(ask=Person([False])))
    assert bench.engine.runs == [("preview", "aws-dev")]


def test_nothing_to_change_needs_no_answer(bench: Bench) -> None:
    for stack in ("aws-dev", "azure-dev"):
        bench.engine.results["preview", stack] = good(same=9)
    assert bench.deploy.up(bench.job(ask=Person([])))


@pytest.mark.parametrize(("word", "done"), [("dev", True), ("prod", False), ("y", False), ("", False)])
def test_destroy_wants_the_name_of_the_fleet(bench: Bench, word: str, done: bool) -> None:  # noqa: FBT001 - a case
    bench.engine.states = {"aws-dev": standing("aws-dev")}
    person = Person([word])
    assert bench.deploy.destroy(bench.job(ask=person)) is done
    assert "7 resources of aws-dev" in person.asked[0]
    assert bool(bench.engine.runs) is done


def test_a_reporter_that_shows_what_is_left_gets_a_plan(bench: Bench) -> None:
    bench.reporter.wants_plan = True
    bench.deploy.up(bench.job())
    assert [event.stack for event in bench.reporter.of("plan")] == ["aws-dev", "azure-dev"]


def test_what_is_left_of_a_destroy_is_known_from_the_state(bench: Bench) -> None:
    bench.reporter.wants_plan = True
    bench.engine.states["aws-dev"] = replace(standing("aws-dev"), graph={VPC: (), SUBNET: (VPC,)})
    bench.deploy.destroy(bench.job())
    (plan,) = bench.reporter.of("plan")
    assert {step.urn: (step.op, step.after) for step in plan.steps} == {
        VPC: ("delete", (SUBNET,)),
        SUBNET: ("delete", ()),
    }


def test_what_a_killed_engine_left_is_cleared_first_and_named(bench: Bench) -> None:
    pending = (Pending(urn=VPC, op="creating"), Pending(urn=SUBNET, op="updating"))
    bench.engine.states["aws-dev"] = standing("aws-dev", pending=pending)
    bench.deploy.up(bench.job())
    assert bench.engine.calls[:2] == [("refresh", "aws-dev", True), ("up", "aws-dev", False)]
    creating, updating = bench.reporter.texts
    assert "creating aws-vpc (aws:ec2/vpc:Vpc): it may exist in the cloud and not in the state" in creating
    assert "updating aws-private-0" in updating
    assert "read anew" in updating


def test_preview_passes_over_what_cannot_be_compared_yet(bench: Bench) -> None:
    bench.deploy.preview(bench.job())
    assert bench.engine.runs == [("preview", "aws-dev")]
    skipped = bench.reporter.of("summary")[1]
    assert (skipped.stack, skipped.outcome) == ("azure-dev", "skipped")
    assert "hms preview --stack dev" in skipped.next


def test_expecting_no_changes_is_an_error_where_there_are_some(bench: Bench) -> None:
    bench.engine.states = {stack: standing(stack) for stack in ("aws-dev", "azure-dev")}
    for stack in ("aws-dev", "azure-dev"):
        bench.engine.results["preview", stack] = good(same=9)
    bench.deploy.preview(bench.job(), expect_no_changes=True)
    bench.engine.results["preview", "azure-dev"] = good(update=1, same=8)
    with pytest.raises(ChangesError, match="azure-dev") as caught:
        bench.deploy.preview(bench.job(), expect_no_changes=True)
    assert caught.value.code == 1
    bench.deploy.preview(bench.job())


def test_refresh_passes_over_what_is_not_deployed(bench: Bench) -> None:
    bench.engine.states["aws-dev"] = standing("aws-dev")
    bench.deploy.refresh(bench.job())
    assert bench.engine.runs == [("refresh", "aws-dev")]
    assert "not deployed, nothing to do" in bench.reporter.texts


@pytest.mark.parametrize(
    ("stack", "everything", "words"),
    [(None, False, "which stack"), ("aws-dev", True, "both given"), ("mars-dev", False, "no stack 'mars-dev'")],
)
def test_a_stack_must_be_meant(dev_plan: FleetPlan, stack: str | None, everything: bool, words: str) -> None:  # noqa: FBT001 - a case
    with pytest.raises(RefusedError, match=words) as caught:
        choose(dev_plan, stack=stack, everything=everything)
    assert "aws-dev, then azure-dev" in caught.value.fix


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("resource is protected", "protect: false"),
        ("ExpiredToken: the security token expired", "log in again"),
        ("AuthorizationFailed: no", "permission"),
        ("EntityAlreadyExists: Role with name x already exists", "not in the state"),
        ("DependencyViolation: vpc-1 has dependencies", "outside this stack"),
        ("incorrect passphrase", "PULUMI_CONFIG_PASSPHRASE_FILE"),
        ("error 503 from the cloud", "try again"),
        ("the program failed: ValueError: x", "defect"),
        ("something nobody knows", "go on where it stopped: hms up --all"),
    ],
)
def test_every_failure_names_the_next_step(bench: Bench, cause: str, words: str) -> None:
    bench.engine.results["up", "aws-dev"] = failed(cause)
    with pytest.raises(EngineError):
        bench.deploy.up(bench.job())
    assert words in bench.reporter.of("summary")[0].next
