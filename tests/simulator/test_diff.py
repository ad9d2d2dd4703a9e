from __future__ import annotations

from simulator.diff import compare, given_by_hand, made_up
from simulator.kind import Autoname, Kind
from simulator.outputs import preview_outputs
from simulator.values import UNKNOWN

OPEN = Kind(token="x:y:Z", schema="open", immutable=("name", "parts[].id"), computed=("parts[].state", "own.id"))


def test_changes_are_paths() -> None:
    old = {"a": 1, "b": {"c": [1, 2]}, "d": True}
    new = {"a": 1, "b": {"c": [1, 3, 4]}, "d": 1, "e": "new"}
    assert compare(OPEN, old, new).changes == {"b.c[1]": "update", "b.c[2]": "add", "d": "update", "e": "add"}


def test_immutable_patterns_replace() -> None:
    old = {"name": "a", "parts": [{"id": 1, "size": 1}]}
    assert compare(OPEN, old, {"name": "a", "parts": [{"id": 1, "size": 2}]}).replaces == frozenset()
    assert compare(OPEN, old, {"name": "a", "parts": [{"id": 2, "size": 1}]}).replaces == {"parts[0].id"}
    assert compare(OPEN, old, {"name": "a", "parts": []}).replaces == {"parts[0]"}


def test_an_unknown_value_counts_as_another() -> None:
    assert compare(OPEN, {"name": "a"}, {"name": UNKNOWN}).replaces == {"name"}


def test_a_kind_may_ignore_and_add() -> None:
    kind = Kind(
        token="x:y:Z",
        schema="open",
        ignores=lambda old, new, path: str(old.get(path)).lower() == str(new.get(path)).lower(),
        replaces=lambda old, new, _: ["size"] if new["size"] < old["size"] else [],
    )
    assert compare(kind, {"name": "A", "size": 1}, {"name": "a", "size": 1}).changes == {}
    assert compare(kind, {"size": 2}, {"size": 1}).replaces == {"size"}
    assert compare(kind, {"size": 1}, {"size": 2}).replaces == frozenset()


def test_made_up_names_are_told_from_given_ones() -> None:
    kind = Kind(token="x:y:Z", autoname=Autoname("name"))
    assert made_up(kind, "web", "web-0123abc")
    assert not made_up(kind, "web", "web-production")
    assert not made_up(kind, "web", None)
    assert given_by_hand(kind, "web", {"name": "web"})


def test_previews_know_nothing_that_the_cloud_computes() -> None:
    outputs = preview_outputs(OPEN, {"parts": [{"id": 1}, {"id": 2, "state": "given"}], "own": {}})
    assert outputs == {
        "parts": [{"id": 1, "state": UNKNOWN}, {"id": 2, "state": "given"}],
        "own": {"id": UNKNOWN},
    }


def test_previews_of_updates_keep_what_was_computed() -> None:
    before = {"parts": [{"id": 1, "state": "up"}], "own": {"id": "x"}}
    assert preview_outputs(OPEN, {"parts": [{"id": 1}], "own": {}}, before) == before


def test_previews_do_not_know_what_only_the_output_type_has() -> None:
    kind = Kind(token="azure-native:containerservice:ManagedCluster")
    inputs = {"oidcIssuerProfile": {"enabled": True}, "agentPoolProfiles": [{"name": "a", "count": 1}]}
    outputs = preview_outputs(kind, inputs)
    assert outputs["oidcIssuerProfile"] == {"enabled": True, "issuerURL": UNKNOWN}
    assert outputs["agentPoolProfiles"][0]["count"] == 1
    assert outputs["agentPoolProfiles"][0]["nodeImageVersion"] is UNKNOWN
    before = {"oidcIssuerProfile": {"enabled": True, "issuerURL": "https://issuer"}}
    assert preview_outputs(kind, inputs, before)["oidcIssuerProfile"] == before["oidcIssuerProfile"]
