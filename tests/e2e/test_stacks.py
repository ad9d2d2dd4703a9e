"""The whole of `dev` as one stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Hms

pytestmark = pytest.mark.e2e

PINNED = Path(__file__).with_name("urns-dev.txt")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Hms:
    hms = Hms(tmp_path_factory.mktemp("whole"), policies=False)
    hms("up", "--stack", "dev")
    return hms


def test_every_urn_of_dev_is_pinned(whole: Hms) -> None:
    """A URN is an interface: who changes one replaces or forgets a resource that runs."""
    urns = sorted(whole.declared("dev"))
    assert "\n".join(urns) + "\n" == PINNED.read_text(encoding="utf-8")


def test_destroying_the_one_leaves_nothing(whole: Hms) -> None:
    whole("destroy", "--stack", "dev")
    assert whole.world() == []
