"""The order of a rotation of the mesh's CA, by the fleet file and by the stacks; and the guard of every deployment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.model import Authority
from infra.trust import recorded
from ops.adapters.fleet_file import FleetFile
from ops.errors import RefusedError
from ops.services.check import read_plan
from ops.services.mesh.ca_status import CaStatus
from ops.services.mesh.rotation import STEPS, edited, records, stepped
from tests.ops.fakes import standing

if TYPE_CHECKING:
    from ops.services.mesh.rotation import Step
    from tests.ops.fakes import Bench

DEV = Path("fleets/dev.yaml").read_text(encoding="utf-8")

SETTLED, CREATED, TRUSTED, PROMOTED, AGAIN = (
    Authority(),
    Authority(next="created"),
    Authority(next="trusted"),
    Authority(next="promoted"),
    Authority(generation=2),
)
TURNS: dict[Step, tuple[Authority, Authority]] = {
    "create": (SETTLED, CREATED),
    "trust": (CREATED, TRUSTED),
    "promote": (TRUSTED, PROMOTED),
    "distrust": (PROMOTED, AGAIN),
}
STAGES = (SETTLED, CREATED, TRUSTED, PROMOTED, AGAIN)


@pytest.mark.parametrize("step", STEPS)
def test_each_step_leads_to_the_next_stage(step: Step) -> None:
    before, after = TURNS[step]
    assert stepped(step, before, {"aws-dev": before, "azure-dev": before}) == after


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_was_interrupted_is_taken_up_again(step: Step) -> None:
    before, after = TURNS[step]
    assert stepped(step, after, {"aws-dev": after, "azure-dev": before}) == after, "half the stacks have it"
    assert stepped(step, before, {"aws-dev": after, "azure-dev": before}) == after, "and the file was put back"


def test_a_step_that_is_done_can_be_typed_again() -> None:
    for step, (_, after) in TURNS.items():
        if step != "distrust":
            assert stepped(step, after, {"aws-dev": after}) == after


@pytest.mark.parametrize(
    ("step", "declared"),
    [(step, stage) for step, turn in TURNS.items() for stage in STAGES if stage not in turn and stage != AGAIN],
)
def test_a_step_whose_turn_it_is_not_is_refused_with_the_one_whose_it_is(step: Step, declared: Authority) -> None:
    due = next(name for name, (before, _) in TURNS.items() if before == declared)
    with pytest.raises(RefusedError, match=f"not the turn of {step}") as refused:
        stepped(step, declared, {"aws-dev": declared})
    assert refused.value.fix == f"hms mesh ca {due}"


def test_distrusting_without_a_rotation_is_refused() -> None:
    for settled in (SETTLED, AGAIN):
        with pytest.raises(RefusedError, match="not the turn of distrust"):
            stepped("distrust", settled, {"aws-dev": settled})


@pytest.mark.parametrize(
    ("step", "late", "fix"),
    [
        ("trust", SETTLED, "hms mesh ca create"),
        ("promote", CREATED, "hms mesh ca trust"),
        ("promote", SETTLED, "hms mesh ca trust"),
        ("distrust", TRUSTED, "hms mesh ca promote"),
    ],
)
def test_a_stack_that_has_not_come_as_far_stops_the_step(step: Step, late: Authority, fix: str) -> None:
    """Promoting before all trust, or distrusting before all are signed for, is what cuts a mesh."""
    before, _ = TURNS[step]
    with pytest.raises(RefusedError, match="azure-dev has") as refused:
        stepped(step, before, {"aws-dev": before, "azure-dev": late})
    assert refused.value.fix == fix


def test_a_second_rotation_begins_only_when_the_first_is_over_everywhere() -> None:
    with pytest.raises(RefusedError, match="azure-dev has CA 1, and CA 2 promoted") as refused:
        stepped("create", AGAIN, {"aws-dev": AGAIN, "azure-dev": PROMOTED})
    assert refused.value.fix == "hms mesh ca distrust"
    assert stepped("create", AGAIN, {"aws-dev": AGAIN}) == Authority(generation=2, next="created")


def test_a_file_that_was_put_back_is_told_so() -> None:
    with pytest.raises(RefusedError) as refused:
        stepped("create", SETTLED, {"aws-dev": TRUSTED})
    assert "what is deployed" in refused.value.fix


def test_two_rotations_in_the_file() -> None:
    file, stage = FleetFile(Path("dev.yaml"), DEV, DEV), Authority()
    written = []
    for step in (*STEPS, *STEPS):
        stage = stepped(step, stage, {"aws-dev": stage})
        file = edited(file, stage)
        assert read_plan(file.text, Path("dev.yaml")).fleet.mesh.ca == stage
        written.append("".join(set(file.text.splitlines(keepends=True)) - set(DEV.splitlines(keepends=True))))
    assert stage == Authority(generation=3)
    assert file.text == DEV.replace("  profile: overlay\n", "  profile: overlay\n  ca:\n    generation: 3\n")


def test_stacks_tell_their_stage_and_old_ones_have_the_first_ca() -> None:
    states = {
        "aws-dev": standing("aws-dev", ca=recorded(TRUSTED)),
        "azure-dev": standing("azure-dev"),
        "west-dev": replace(standing("west-dev"), resources=0),
    }
    assert records(states) == {"aws-dev": TRUSTED, "azure-dev": SETTLED}


def bench_at(bench: Bench, declared: Authority, **deployed: Authority) -> Bench:
    file = edited(FleetFile(bench.fleet, DEV, DEV), declared)
    bench.plan = read_plan(file.text, bench.fleet)
    bench.engine.states = {
        f"{site}-dev": standing(f"{site}-dev", ca=recorded(stage)) for site, stage in deployed.items()
    }
    return bench


@pytest.mark.parametrize("verb", ["up", "preview"])
@pytest.mark.parametrize(
    ("declared", "deployed"),
    [
        (PROMOTED, {"aws": TRUSTED, "azure": CREATED}),
        (PROMOTED, {"aws": SETTLED, "azure": SETTLED}),
        (AGAIN, {"aws": PROMOTED, "azure": TRUSTED}),
        (CREATED, {"aws": PROMOTED, "azure": TRUSTED}),
        (SETTLED, {"aws": AGAIN, "azure": AGAIN}),
    ],
)
def test_no_deployment_skips_a_stage(
    bench: Bench, verb: str, declared: Authority, deployed: dict[str, Authority]
) -> None:
    """Whoever writes a stage into the file by hand is held to the order too."""
    work = bench_at(bench, declared, **deployed)
    with pytest.raises(RefusedError, match="more than one stage away"):
        getattr(work.deploy, verb)(work.job())
    assert work.engine.runs == []


@pytest.mark.parametrize(
    ("declared", "deployed"),
    [
        (SETTLED, {}),
        (AGAIN, {}),
        (TRUSTED, {"aws": SETTLED, "azure": SETTLED}),
        (PROMOTED, {"aws": PROMOTED, "azure": TRUSTED}),
        (TRUSTED, {"aws": PROMOTED, "azure": PROMOTED}),
        (AGAIN, {"aws": PROMOTED, "azure": PROMOTED}),
    ],
)
def test_a_deployment_of_the_next_stage_or_the_one_before_goes_on(
    bench: Bench, declared: Authority, deployed: dict[str, Authority]
) -> None:
    work = bench_at(bench, declared, **deployed)
    assert work.deploy.up(work.job())


def test_a_stack_waits_for_the_one_that_makes_the_ca(bench: Bench) -> None:
    from ops.services.targets import choose

    work = bench_at(bench, PROMOTED, aws=TRUSTED, azure=TRUSTED)
    azure = choose(work.plan, stack="azure-dev", everything=False)
    with pytest.raises(RefusedError, match="azure-dev takes the mesh's CA from aws-dev") as refused:
        work.deploy.up(work.job(*azure))
    assert "hms up --stack aws-dev" in refused.value.fix
    work = bench_at(bench, PROMOTED, aws=PROMOTED, azure=TRUSTED)
    assert work.deploy.up(work.job(*azure))


@pytest.mark.parametrize(
    ("declared", "stacks", "following"),
    [
        (SETTLED, {"aws-dev": SETTLED}, ""),
        (TRUSTED, {"aws-dev": TRUSTED}, "hms mesh ca promote"),
        (TRUSTED, {"aws-dev": TRUSTED, "azure-dev": CREATED}, "the step that was begun, again"),
        (AGAIN, {"aws-dev": PROMOTED}, "the step that was begun, again"),
    ],
)
def test_the_status_says_what_to_type_next(declared: Authority, stacks: dict[str, Any], following: str) -> None:
    status = CaStatus(fleet="dev", declared=declared, stacks=stacks, clusters={})
    assert status.next.startswith(following)
    assert bool(status.next) == bool(following)
    told = status.as_json()
    assert (told["v"], told["declared"]) == (1, recorded(declared))
    assert [row[0] for row in status.tables()[0].rows] == ["fleet file", *stacks]
