"""A real control plane: started once in namespaces of its own, and asked by ``cluster_inside``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

_UNSHARE = ("unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", "--")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("control-plane")
    done = subprocess.run(
        (*_UNSHARE, sys.executable, "-m", "tests.lab.cluster_inside", str(folder)),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_it_starts_within_a_minute_even_on_a_busy_machine(found: dict[str, Any]) -> None:
    assert found["start"] < 60


def test_the_kubernetes_service_leads_to_the_planned_address(found: dict[str, Any]) -> None:
    (subset,) = found["kubernetes"]
    assert [one["ip"] for one in subset["addresses"]] == ["10.16.0.16"]
    assert [one["port"] for one in subset["ports"]] == [443]


def test_a_node_sees_itself_and_services_but_no_other_node_and_no_secrets(found: dict[str, Any]) -> None:
    assert found["as node"] == {
        "/api/v1/nodes/aws-1-a": 200,
        "/api/v1/nodes/aws-1-b": 403,
        "/api/v1/services": 200,
        "/api/v1/secrets": 403,
    }


def test_the_administrator_comes_in_from_outside_the_namespace(found: dict[str, Any]) -> None:
    assert found["from outside"] == "https://127.0.0.1 HTTP/1.0 200 OK"


def test_an_unknown_field_is_refused(found: dict[str, Any]) -> None:
    assert found["unknown field"].endswith(".dota: field not declared in schema")


def test_secrets_are_not_readable_in_the_files_of_etcd_where_others_are(found: dict[str, Any]) -> None:
    assert found["secret on disk"] == ["a text that shows where to look"]


def test_the_scheduler_places_dns(found: dict[str, Any]) -> None:
    assert found["dns on"] == ["aws-1-a", "aws-1-a"]


def test_a_claim_is_bound_to_a_folder_of_its_node_and_both_go(found: dict[str, Any]) -> None:
    volume = found["volume"]
    assert volume["claim"] == "Bound"
    assert volume["made"] == [["aws-1-a", f"/var/lib/hms-volumes/{volume['path']}"]]


def test_the_api_server_reaches_a_node_and_each_proves_who_it_is(found: dict[str, Any]) -> None:
    assert "kube-apiserver-kubelet-client" in found["to node"]


def test_a_killed_api_server_comes_back_with_its_objects(found: dict[str, Any]) -> None:
    assert found["answers when dead"] is False
    assert found["restart"] < 60
    assert found["nodes after restart"] == 1


def test_stopping_leaves_no_program(found: dict[str, Any]) -> None:
    assert found["left running"] == []
