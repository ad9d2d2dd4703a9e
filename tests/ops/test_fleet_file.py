"""Editing a fleet file: the field that was meant changes, and not one octet of anything else."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.adapters.fleet_file import FleetFile
from ops.errors import RefusedError

DEV = Path("fleets/dev.yaml").read_text(encoding="utf-8")

LAID_OUT = """\
# A file that somebody has laid out.
name:   dev   # the fleet

mesh:
    cilium: '1.19.6'   # not 1.20 yet
    # what follows is the datapath

    profile: "overlay"

# the sites
sites:
    aws:   {cloud: aws,region: us-east-1, cidr: 10.16.0.0/16}
links:
- sites: [aws, azure]   # over the internet
# none further
clusters:
    aws-1: {site: aws, id: 1}     # the first
    aws-2:
        site: aws
        id: 2
        # its nodes

    aws-3:
        id: 3
        site: >-
            aws
"""


def edited(text: str, change: Any) -> str:
    changed: FleetFile = change(FleetFile(Path("fleet.yaml"), text, text))
    return changed.text


def lines(before: str, after: str) -> list[str]:
    """The lines that differ, as a diff has them."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("mesh", "ca", "next"), "created", ["+    ca:", "+      next: created"]),
        (("mesh", "profile"), "eni", ['-    profile: "overlay"', "+    profile: eni"]),
        (
            ("mesh", "cilium"),
            "1.19.7",
            ["-    cilium: '1.19.6'   # not 1.20 yet", "+    cilium: 1.19.7   # not 1.20 yet"],
        ),
        (
            ("clusters", "aws-1", "meshed"),
            False,
            [
                "-    aws-1: {site: aws, id: 1}     # the first",
                "+    aws-1: {site: aws, id: 1, meshed: false}     # the first",
            ],
        ),
        (("clusters", "aws-2", "meshed"), False, ["+        meshed: false"]),
        (("clusters", "aws-2", "id"), None, ["-        id: 2"]),
        (("clusters", "aws-3", "meshed"), True, ["+        meshed: true"]),
        (("clusters", "aws-3", "site"), None, ["-        site: >-", "-            aws"]),
        (
            ("sites", "aws", "region"),
            None,
            [
                "-    aws:   {cloud: aws,region: us-east-1, cidr: 10.16.0.0/16}",
                "+    aws:   {cloud: aws, cidr: 10.16.0.0/16}",
            ],
        ),
        (
            ("sites", "aws", "cloud"),
            None,
            [
                "-    aws:   {cloud: aws,region: us-east-1, cidr: 10.16.0.0/16}",
                "+    aws:   {region: us-east-1, cidr: 10.16.0.0/16}",
            ],
        ),
        (("tags", "owner"), "team", ["+tags:", "+  owner: team"]),
    ],
)
def test_a_field_is_all_that_changes(path: Any, value: object, expected: list[str]) -> None:
    assert lines(LAID_OUT, edited(LAID_OUT, lambda file: file.with_field(path, value))) == expected


def test_a_new_field_stands_before_the_comments_that_follow() -> None:
    after = edited(DEV, lambda file: file.with_field(("clusters", "azure-1", "meshed"), False))  # noqa: FBT003
    assert '    kubernetes: "1.35"\n    meshed: false\n\n# HMS-SYS is Cilium' in after
    assert lines(DEV, after) == ["+    meshed: false"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("links:\n  - sites: [a, b]\n\n# end\n", "links:\n  - sites: [a, b]\n  - sites: [a, c]\n\n# end\n"),
        ("links:\n- sites: [a, b]\n", "links:\n- sites: [a, b]\n- sites: [a, c]\n"),
        ("links:\n  -   sites: [a, b]\n", "links:\n  -   sites: [a, b]\n  - sites: [a, c]\n"),
        ("links: [{sites: [a, b]}]\n", "links: [{sites: [a, b]}, {sites: [a, c]}]\n"),
        ("links: []  # none\n", "links: [{sites: [a, c]}]  # none\n"),
        ("links:  # none\nname: x\n", "links: [{sites: [a, c]}]  # none\nname: x\n"),
        ("name: x\n", "name: x\nlinks:\n  - sites: [a, c]\n"),
        ("name: x", "name: x\nlinks:\n  - sites: [a, c]\n"),
        ("links: &l\n  - sites: [a, b]\n", "links: &l\n  - sites: [a, b]\n  - sites: [a, c]\n"),
    ],
)
def test_an_item_is_put_at_the_end_of_a_list(text: str, expected: str) -> None:
    assert edited(text, lambda file: file.with_item(("links",), {"sites": ["a", "c"]})) == expected


def test_fields_that_lead_there_are_made() -> None:
    after = edited("name: x\nmesh:\n", lambda file: file.with_field(("mesh", "ca", "generation"), 2))
    assert after == "name: x\nmesh: {ca: {generation: 2}}\n"


def test_a_rotation_and_back_leaves_the_file_as_it_was() -> None:
    first = edited(DEV, lambda file: file.with_field(("mesh", "ca", "generation"), 1))
    text = first
    for value in ("created", "trusted", "promoted", None):
        text = edited(text, lambda file, value=value: file.with_field(("mesh", "ca", "next"), value))
        assert yaml.safe_load(text)["mesh"]["ca"].get("next") == value
    assert text == first


def test_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_bytes(DEV.replace("\n", "\r\n").encode())
    FleetFile.load(path).with_field(("mesh", "ca", "next"), "created").write()
    written = path.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") == DEV.count("\n") + 2
    assert b"  profile: overlay\r\n  ca:\r\n    next: created\r\n\r\nsites:" in written


ANCHORED = """\
clusters:
  one: &base
    site: aws
    id: 1
  two:
    <<: *base
    id: 2
  three: *base
"""


def test_a_field_beside_a_merged_one_is_added() -> None:
    after = edited(ANCHORED, lambda file: file.with_field(("clusters", "two", "site"), "azure"))
    assert lines(ANCHORED, after) == ["+    site: azure"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("clusters", "one", "site"), r"clusters\.one\.site cannot be changed by itself"),
        (("clusters", "one", "meshed"), r"clusters\.one\.meshed cannot be changed by itself"),
        (("clusters", "three", "site"), r"clusters\.three is an alias"),
    ],
)
def test_what_others_share_by_an_anchor_is_refused(path: Any, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        edited(ANCHORED, lambda file: file.with_field(path, "azure"))


def test_taking_away_an_anchored_value_that_is_used_is_refused() -> None:
    text = "a: &x 1\nb: *x\n"
    with pytest.raises(RefusedError, match="a cannot be changed by itself"):
        edited(text, lambda file: file.with_field(("a",), 2))


def test_a_file_that_somebody_else_changed_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(DEV, encoding="utf-8")
    changed = FleetFile.load(path).with_field(("mesh", "ca", "next"), "created")
    path.write_text(DEV + "# mine\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="was changed in the meantime"):
        changed.write()
    assert path.read_text(encoding="utf-8") == DEV + "# mine\n"


def test_writing_keeps_the_mode_and_follows_a_link(tmp_path: Path) -> None:
    target = tmp_path / "real.yaml"
    target.write_text(DEV, encoding="utf-8")
    target.chmod(0o640)
    link = tmp_path / "fleet.yaml"
    link.symlink_to(target)
    FleetFile.load(link).with_field(("mesh", "mtu"), 1350).write()
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert lines(DEV, target.read_text(encoding="utf-8")) == ["+  mtu: 1350"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be read"):
        FleetFile.load(tmp_path / "none.yaml")
