"""The site stacks together are the whole fleet's stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Hms

pytestmark = pytest.mark.e2e

PINNED = Path(__file__).with_name("urns-dev.txt")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Hms:
    hms = Hms(tmp_path_factory.mktemp("whole"))
    hms("up", "--stack", "dev")
    return hms


def _declared(resources: dict[str, dict[str, object]]) -> set[str]:
    """Give the URNs of what a stack declares, without the stack itself and what it reads of others."""
    return {urn for urn in resources if "pulumi:pulumi:Stack" not in urn.split("$")[-1]}


def test_every_urn_of_dev_is_pinned(whole: Hms) -> None:
    """A URN is an interface: who changes one replaces or forgets a resource that runs."""
    urns = sorted(_declared(whole.resources("dev")))
    assert "\n".join(urns) + "\n" == PINNED.read_text(encoding="utf-8")


def test_two_stacks_are_the_one(whole: Hms, tmp_path: Path) -> None:
    parts = Hms(tmp_path)
    parts("up", "--all")
    aws, azure = _declared(parts.resources("aws-dev")), _declared(parts.resources("azure-dev"))
    references = {urn for urn in azure if "pulumi:pulumi:StackReference" in urn}
    assert len(references) == 1
    assert (aws | azure) - references == _declared(whole.resources("dev"))
    shared = aws & azure
    assert all(urn.startswith("pulumi:providers:") for urn in shared), shared


def test_destroying_the_one_leaves_nothing(whole: Hms) -> None:
    whole("destroy", "--stack", "dev")
    assert whole.world() == []
