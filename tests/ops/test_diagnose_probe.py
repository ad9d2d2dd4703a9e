"""What tries the ways over the network: a program for perl-base alone, and what is made of its answers."""

from __future__ import annotations

import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from ops.adapters import probe
from ops.adapters.cilium_ports import Container
from ops.adapters.probe import Heard, Targets, listen, read
from ops.errors import ClusterError
from ops.services.diagnose.tries import try_ways

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BASE = {"strict", "warnings", "constant", "Errno", "Fcntl", "Socket"}
"""Modules of Debian's and Ubuntu's perl-base that are used: it has no more than a few (dpkg -L perl-base)."""

PROGRAM = probe._PROGRAM.read_text(encoding="utf-8")


class FakeCilium:
    """Runs commands on this machine, as if it were every node."""

    def __init__(self, nodes: tuple[str, ...] = ("aws-1-a",)) -> None:
        self.nodes = nodes

    def agents(self) -> Mapping[str, Container]:
        return {node: Container(pod=f"cilium-{node}", node=node, name="cilium-agent") for node in self.nodes}

    def mesh_servers(self) -> tuple[Container, ...]:
        return ()

    def run(self, container: Container, *command: str, seconds: float) -> str:
        assert container.name == "cilium-agent"
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode:
            raise ClusterError(done.stderr)
        return done.stdout


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def shut() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_perl_base_is_enough() -> None:
    assert set(re.findall(r"^use (\w+)", PROGRAM, re.MULTILINE)) == BASE


def test_ports(listening: int, shut: int) -> None:
    wanted = Targets(ports=frozenset({("127.0.0.1", listening), ("127.0.0.1", shut)}))
    heard = listen(FakeCilium(), FakeCilium().agents()["aws-1-a"], wanted, seconds=5.0)
    assert heard.ports == {("127.0.0.1", listening): "open", ("127.0.0.1", shut): "refused"}
    assert heard.answers("127.0.0.1")


def test_what_is_silent_is_waited_for_no_longer_than_asked() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.create_connection(server.getsockname()):
        # Whose backlog is full drops what comes, as a firewall does.
        port = server.getsockname()[1]
        wanted = Targets(ports=frozenset({("127.0.0.1", port)}))
        heard = listen(FakeCilium(), FakeCilium().agents()["aws-1-a"], wanted, seconds=0.3)
    assert heard == Heard()
    assert not heard.answers("127.0.0.1")


def test_answers_are_read() -> None:
    text = """\
echo 10.17.0.17 64
tcp 10.17.128.6 2379 open
tcp 10.16.0.9 4240 refused
tcp 10.99.0.1 80 lost
echo 10.17.0.17 1300
large 10.17.0.17 1400 10.16.0.1 1300
lost 10.18.0.1 64 10.16.0.1
"""
    assert read(text) == Heard(
        echoes={"10.17.0.17": frozenset({64, 1300})},
        too_large={"10.17.0.17": ("10.16.0.1", 1300)},
        no_way={"10.18.0.1": "10.16.0.1"},
        ports={("10.17.128.6", 2379): "open", ("10.16.0.9", 4240): "refused"},
    )


def test_a_node_from_which_nothing_can_be_tried_hides_no_other(shut: int) -> None:
    wanted = Targets(ports=frozenset({("127.0.0.1", shut)}))
    tried = try_ways(
        {"aws-1": {"aws-1-a": wanted, "aws-1-b": wanted}, "azure-1": {"x": wanted}}, {"aws-1": FakeCilium()}
    )
    assert tried.keys() == {"aws-1"}
    assert tried["aws-1"]["aws-1-a"].known
    assert tried["aws-1"]["aws-1-b"].error == "no agent of Cilium on aws-1-b"


def test_a_program_that_fails_is_told() -> None:
    wanted = Targets(ports=frozenset({("no address", 1)}))
    tried = try_ways({"aws-1": {"aws-1-a": wanted}}, {"aws-1": FakeCilium()})
    assert "no address is no address" in tried["aws-1"]["aws-1-a"].error
