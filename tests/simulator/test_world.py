from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from simulator.world import GLOBAL, Edge, Key, Record, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world.db")


def record(id_: str, **fields: object) -> Record:
    return Record("cloud:x:X", str(fields.pop("scope", "here")), id_, urn=f"urn:{id_}", **fields)  # type: ignore[arg-type]


def test_what_is_written_is_there_for_the_next_process(world: World, tmp_path: Path) -> None:
    with world.transaction():
        world.put(record("one", outputs={"a": [1, {"b": True}]}, inputs={"a": None}))
    again = World(tmp_path / "world.db").one("cloud:x:X", "one", "here")
    assert again == world.one("cloud:x:X", "one", "here")
    assert again is not None
    assert again.outputs == {"a": [1, {"b": True}]}


def test_another_process_on_the_same_file_is_noticed(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "world.db")
    with other.transaction():
        other.put(record("one"))
    assert world.count() == 1
    with world.transaction():
        world.remove(record("one"))
    assert other.count() == 0


def test_an_operation_that_fails_leaves_nothing(world: World) -> None:
    def fail() -> None:
        with world.transaction():
            world.put(record("one"))
            assert world.count() == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert world.count() == 0


def test_ids_are_unique_within_a_scope_only(world: World) -> None:
    with world.transaction():
        world.put(record("one", scope="here"))
        world.put(record("one", scope="there"))
        world.put(record("two", scope=GLOBAL))
    assert world.count() == 3
    assert [found.id for found in world.find("cloud:x:X", "here")] == ["one", "two"]
    assert [found.id for found in world.find("cloud:x:X", GLOBAL)] == ["one", "one", "two"]
    assert world.one("cloud:x:X", "two", "here") is not None
    assert world.one("cloud:x:X", "one", "elsewhere") is None


def test_azure_ids_compare_without_case(world: World) -> None:
    with world.transaction():
        world.put(record("/subscriptions/s/resourceGroups/RG"))
    found = world.one("cloud:x:X", "/SUBSCRIPTIONS/s/resourcegroups/rg", "here")
    assert found is not None
    assert found.id == "/subscriptions/s/resourceGroups/RG"


def test_who_refers_to_a_record(world: World) -> None:
    target = Key("cloud:x:X", "here", "one")
    with world.transaction():
        world.put(record("one"))
        world.put(record("two", edges=(Edge(target, "InUse", "two uses one"),)))
    blockers = world.blockers(record("one"))
    assert [(key.id, edge.code) for key, edge in blockers] == [("two", "InUse")]
    with world.transaction():
        world.put(record("two"))
    assert world.blockers(record("one")) == []


def test_incarnations_count_up_for_ever(world: World) -> None:
    with world.transaction():
        assert [world.next_incarnation("urn") for _ in range(3)] == [0, 1, 2]
    assert world.incarnations("urn") == 3
    assert world.incarnations("other") == 0


def test_many_threads(world: World) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 25):
            with world.transaction():
                world.put(record(str(number)))

    threads = [threading.Thread(target=write, args=(start,)) for start in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.count() == 200


def test_a_world_keeps_its_seed(tmp_path: Path) -> None:
    World(tmp_path / "w.db", seed="first").close()
    assert World(tmp_path / "w.db", seed="second").seed == "first"
