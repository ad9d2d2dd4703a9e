from __future__ import annotations

from typing import Any

import pytest

from policies.values import MISSING, UNKNOWN, Kind, Secret, View, read, view_of

TREE = {
    "text": "a",
    "flag": True,
    "written": "false",
    "number": 7,
    "list": [{"deep": UNKNOWN}, "x"],
    "labels": {"a.b/c": "d"},
    "nothing": None,
    "later": UNKNOWN,
    "secret": Secret({"inside": "hidden"}),
}
ROOT = view_of("", TREE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("text", "a"),
        ("list[0].deep", UNKNOWN),
        ("list[1]", "x"),
        ("list[2]", MISSING),
        ("nothing", MISSING),
        ("absent.deeper[3].still", MISSING),
        ("later.deeper[0]", UNKNOWN),
        ("secret.inside", "hidden"),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert ROOT[path].value == value
    assert ROOT[path].path == path


def test_a_path_through_what_has_no_properties_is_neither_missing_nor_unknown() -> None:
    for path in ("text.deeper", "flag[0]", "list.name", "labels[0]"):
        view = ROOT[path]
        assert not view.missing
        assert not view.unknown
        assert not any(view.is_a(kind) for kind in Kind)


def test_keys_with_dots() -> None:
    assert ROOT["labels"].key("a.b/c").text() == "d"
    assert ROOT["labels"].key("a.b/c").path == "labels[a.b/c]"


def test_secrets_stay_secret_and_hidden() -> None:
    assert ROOT["secret.inside"].secret
    assert not ROOT["text"].secret
    assert "hidden" not in repr(ROOT["secret"]) + repr(Secret("hidden")) + repr(TREE["secret"])
    assert ROOT["secret.inside"].shown() == "a value that is not shown"


@pytest.mark.parametrize("path", ["tunnel1PresharedKey", "sharedKey", "a.password", "values.tls.ca.key", "stringData"])
def test_what_is_not_marked_but_sounds_secret_is_not_shown(path: str) -> None:
    assert View(path, "hunter2").shown() == "a value that is not shown"


@pytest.mark.parametrize(("path", "value"), [("metadata.name", "hms-api"), ("automountServiceAccountToken", True)])
def test_what_only_sounds_secret_is_shown(path: str, value: object) -> None:
    assert View(path, value).shown() in ("'hms-api'", "true")


@pytest.mark.parametrize(
    ("value", "kind", "literal"),
    [
        ("true", Kind.FLAG, True),
        ("false", Kind.FLAG, False),
        ("yes", Kind.FLAG, None),
        (1, Kind.FLAG, None),
        (True, Kind.NUMBER, None),
        ("7", Kind.NUMBER, 7),
        ("-1", Kind.NUMBER, -1),
        ("7a", Kind.NUMBER, None),
        (UNKNOWN, Kind.TEXT, None),
        (MISSING, Kind.LIST, None),
        ({}, Kind.OBJECT, {}),
    ],
)
def test_literals_are_read_as_pulumi_converts_them(value: Any, kind: Kind, literal: Any) -> None:
    assert read(View("a", value), kind) == literal


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (MISSING, "missing"),
        ("a", "'a'"),
        ("a" * 81, "a long text"),
        (True, "true"),
        (7, "7"),
        ([1, 2], "a list of 2"),
        ({}, "an object"),
    ],
)
def test_what_messages_show(value: Any, shown: str) -> None:
    assert View("a", value).shown() == shown
