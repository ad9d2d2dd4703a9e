from __future__ import annotations

import json
from typing import Any

import pytest

from infra.record import changed, fixed_fields
from infra.scopes import scope_of
from tests.infra.fleets import fleet_data, planned

BASE = fleet_data({"a": "aws", "z": "azure"}, {"one": ("a", 1), "two": ("z", 2)})


def after(change: Any) -> list[tuple[str, str]]:
    before = planned(BASE)
    data = json.loads(json.dumps(BASE))
    change(data)
    plan = planned(data)
    # As it comes back from a stack: JSON, every number a float.
    record = json.loads(json.dumps(fixed_fields(before, scope_of(before))), parse_int=float)
    found = changed(record, plan, scope_of(plan))
    return [(".".join(map(str, finding.path)), finding.message) for finding in found]


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (lambda d: d["clusters"]["one"].update(id=3), "clusters.one.id", "from 1 to 3"),
        (lambda d: d["clusters"]["two"].update(podCidr="10.99.0.0/17"), "clusters.two.podCidr", "from 10.129.0.0/17"),
        (lambda d: d["clusters"]["two"].update(serviceCidr="10.99.0.0/19"), "clusters.two.serviceCidr", "10.99.0.0/19"),
        (lambda d: d["clusters"]["two"].update(site="a"), "clusters.two.site", "from z to a"),
        (lambda d: d.update(mesh={"maxClusters": 511}), "mesh.maxClusters", "from 255 to 511"),
        (lambda d: d["sites"]["a"].update(asn=64900), "sites.a.asn", "from 64528 to 64900"),
        (lambda d: d["sites"]["a"].update(cidr="10.40.0.0/16"), "sites.a.cidr", "from 10.16.0.0/16"),
        (lambda d: d["sites"]["z"].update(region="westus"), "sites.z.region", "from eastus"),
        (lambda d: d["links"][0].update(slot=5), "links.0.slot", "from 0 to 5"),
    ],
)
def test_what_is_fixed_cannot_change(change: Any, path: str, words: str) -> None:
    assert [message for place, message in after(change) if place == path and words in message]


def test_nothing_changed_is_nothing_told() -> None:
    assert after(lambda _: None) == []


def test_the_asn_of_an_azure_gateway_may_change() -> None:
    assert after(lambda d: d["sites"]["z"].update(asn=64900)) == []


def test_adding_and_removing_is_no_change() -> None:
    def change(data: Any) -> None:
        del data["clusters"]["two"]
        data["clusters"]["three"] = {"site": "z", "id": 3}

    assert after(change) == []
