"""The stages of the mesh's CA: which stages get on with each other, and what Cilium is told in each."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from infra.cilium import CaLeaves, helm_values, public_values
from infra.clustermesh import TRUST_ANNOTATION
from infra.model import Authority
from infra.trust import TrustPlan, plan_trust, read_record, recorded
from tests.infra.fleets import fleet_data, planned

STAGES = (
    Authority(),
    Authority(next="created"),
    Authority(next="trusted"),
    Authority(next="promoted"),
    Authority(generation=2),
    Authority(generation=2, next="created"),
)
"""In the order of a rotation."""

CA = CaLeaves(certificate="Y2VydA==", key="a2V5", bundle="PEM")


def values(authority: Authority, **cluster: Any) -> dict[str, Any]:
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, mesh={"ca": recorded(authority)})
    data["clusters"]["aws-1"] |= cluster
    return helm_values(planned(data), "aws-1", platform="eks", api_host="api.test", ca=CA)


def annotations(found: dict[str, Any]) -> list[str]:
    """The annotation of each kind of pod that reads the bundle."""
    places = (found, found["hubble"]["relay"], found["clustermesh"].get("apiserver"))
    return [place["podAnnotations"][TRUST_ANNOTATION] for place in places if place is not None]


@pytest.mark.parametrize(
    ("authority", "generations", "trusted"),
    [
        (STAGES[0], (1,), (1,)),
        (STAGES[1], (1, 2), (1,)),
        (STAGES[2], (1, 2), (1, 2)),
        (STAGES[3], (1, 2), (2, 1)),
        (STAGES[4], (2,), (2,)),
        (STAGES[5], (2, 3), (2,)),
    ],
)
def test_what_exists_and_is_trusted_with_the_signing_one_first(
    authority: Authority, generations: tuple[int, ...], trusted: tuple[int, ...]
) -> None:
    found = plan_trust(authority)
    assert found == TrustPlan(generations=generations, trusted=trusted)
    assert found.signing == trusted[0]
    assert set(trusted) <= set(generations)


def test_stages_that_follow_each_other_get_on_both_ways() -> None:
    for one, other in pairwise(map(plan_trust, STAGES)):
        assert one.gets_on_with(other)
        assert other.gets_on_with(one)


@pytest.mark.parametrize(("one", "other"), [(0, 3), (1, 3), (0, 4), (1, 4), (2, 4), (2, 5), (0, 5)])
def test_stages_further_apart_would_cut_clusters_off(one: int, other: int) -> None:
    assert not plan_trust(STAGES[one]).gets_on_with(plan_trust(STAGES[other]))
    assert not plan_trust(STAGES[other]).gets_on_with(plan_trust(STAGES[one]))


def test_a_stage_comes_back_from_a_stacks_outputs() -> None:
    for stage in STAGES:
        assert read_record({**recorded(stage), "generation": float(stage.generation)}) == stage
    assert read_record(None) == Authority()


@pytest.mark.parametrize("wrong", [{"generation": 0}, {"next": "distrusted"}, {"stage": "created"}])
def test_what_is_no_stage_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Authority.model_validate(wrong)


def test_pods_that_read_the_bundle_roll_where_another_set_is_trusted_and_nowhere_else() -> None:
    found = [annotations(values(stage)) for stage in STAGES]
    assert [set(each) for each in found] == [{"1"}, {"1"}, {"1,2"}, {"1,2"}, {"2"}, {"2"}]
    assert {len(each) for each in found} == {3}


def test_certificates_are_signed_anew_where_another_signs_and_nowhere_else() -> None:
    volumes = [values(stage)["certgen"]["extraVolumes"][0]["name"] for stage in STAGES]
    assert volumes == [f"signed-by-ca-{signing}" for signing in (1, 1, 1, 2, 2, 2)]


def test_a_stage_changes_nothing_else() -> None:
    plain = values(STAGES[0])
    for stage in STAGES[1:]:
        changed = values(stage)
        assert {key for key in changed if changed[key] != plain[key]} <= {
            "podAnnotations",
            "certgen",
            "hubble",
            "clustermesh",
        }
        assert changed["tls"] == plain["tls"] == {
            "ca": {"cert": CA.certificate, "key": CA.key},
            "caBundle": {"enabled": True, "content": CA.bundle},
        }  # fmt: skip


def test_a_cluster_outside_the_mesh_is_in_no_rotation() -> None:
    found = [values(stage, meshed=False) for stage in STAGES]
    assert all(each == found[0] for each in found)
    assert set(annotations(found[0])) == {"own"}
    assert found[0]["tls"]["ca"]["cert"] == CA.certificate
    assert values(STAGES[0])["certgen"] != found[0]["certgen"], "joining the mesh signs anew"


def test_a_preview_shows_the_stage_without_the_ca() -> None:
    data = fleet_data({"aws": "aws"}, {"aws-1": ("aws", 1)}, mesh={"ca": recorded(STAGES[3])})
    public, _ = public_values(planned(data), "aws-1")
    assert (set(annotations(public)), public["certgen"]["extraVolumes"][0]["name"]) == ({"1,2"}, "signed-by-ca-2")
    assert "tls" not in public
