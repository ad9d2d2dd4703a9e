from __future__ import annotations

import pytest

from simulator.values import UNKNOWN, get, has_unknown, known, matches, walk

INPUTS = {"a": [{"b": {"c": 1}}, {"b": UNKNOWN}, {"b": {}}], "tags": {"x": "1", "y": "2"}, "none": None}


def test_walk_names_every_place() -> None:
    assert list(walk(INPUTS, "a[].b.c")) == [("a[0].b.c", 1), ("a[1].b", UNKNOWN)]
    assert list(walk(INPUTS, "a[0].b.c")) == [("a[0].b.c", 1)]
    assert list(walk(INPUTS, "tags.*")) == [("tags.x", "1"), ("tags.y", "2")]
    assert list(walk(INPUTS, "none.x")) == []


def test_get_gives_the_default_only_where_nothing_is() -> None:
    assert get(INPUTS, "a[2].b.c", "default") == "default"
    assert get(INPUTS, "a[1].b.c", "default") is UNKNOWN


def test_unknown_can_not_pass_for_given() -> None:
    with pytest.raises(TypeError, match="known"):
        bool(UNKNOWN)
    assert has_unknown(INPUTS)
    assert not known([UNKNOWN])
    assert not known(None)
    assert all(map(known, (0, "", False)))


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a", "a", True),
        ("a.b", "a", True),
        ("a", "a.b", True),
        ("a[3].b", "a[].b", True),
        ("tags.x", "tags.*", True),
        ("a.c", "a.b", False),
        ("ab", "a", False),
    ],
)
def test_matches(path: str, pattern: str, expected: bool) -> None:  # noqa: FBT001
    assert matches(path, pattern) is expected
