"""What a release refuses before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.cilium.release import Release
from lab.differences import Kernel
from lab.errors import LabError
from lab.machine.processes import Processes
from lab.plan import plan_lab

if TYPE_CHECKING:
    from lab.cluster.api import Api

PLAN = plan_fleet(load_fleet(Path(__file__).resolve().parents[2] / "fleets" / "dev.yaml"))


class Untouched:
    """An API server that nobody may ask."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"asked for {name}")


@pytest.fixture
def release(tmp_path: Path) -> Release:
    api: Api = Untouched()  # type: ignore[assignment]
    cluster = plan_lab(PLAN, depth="datapath").clusters["aws-1"]
    return Release(
        cluster,
        depth="datapath",
        kernel=Kernel(wireguard=False, geneve=False),
        api=api,
        processes=Processes(tmp_path / "logs"),
    )


def test_another_version_than_the_labs_programs_is_refused_with_the_one_to_write(release: Release) -> None:
    with pytest.raises(LabError, match=r"the release is Cilium 1\.20\.0, the lab's programs are 1\.19\.6") as refused:
        release.install({}, version="1.20.0", name="cilium", namespace="kube-system")
    assert refused.value.advice == "mesh.cilium: 1.19.6"


def test_a_fleet_of_eni_is_refused_at_the_depth_with_nodes(release: Release) -> None:
    with pytest.raises(LabError, match="profile eni has no datapath"):
        release.install({"eni": {"enabled": True}}, version="1.19.6", name="cilium", namespace="kube-system")
    assert release.differences == ()


def test_what_is_not_installed_has_no_programs(release: Release) -> None:
    with pytest.raises(LabError, match="aws-1 has no mesh API server"):
        _ = release.mesh
    with pytest.raises(LabError, match="no agent of Cilium on aws-1-a"):
        release.agent("aws-1-a")


def test_what_is_not_installed_cannot_be_signed_anew_or_run_with_other_values(release: Release) -> None:
    with pytest.raises(LabError, match="aws-1 has no Cilium"):
        release.sign()
    with pytest.raises(LabError, match="aws-1 has no Cilium"):
        release.try_values({})


def test_deleting_or_switching_on_what_is_not_installed_is_no_error(release: Release) -> None:
    release.delete()
    release.power_off()
    release.power_on()
