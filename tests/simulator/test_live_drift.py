from __future__ import annotations

from typing import Any

import pytest

from simulator.kubernetes.live.drift import inputs_as_found
from simulator.world import Record

PORT = {"name": "http", "containerPort": 8080}
KEY = 'k:{"containerPort":8080,"protocol":"TCP"}'
LIVE_PORT = {**PORT, "protocol": "TCP"}


def found(
    spec: dict[str, Any], live: dict[str, Any], owned: dict[str, Any], *, metadata: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Inputs after a refresh, of an object with a ``spec``."""
    metadata = metadata or {"name": "api", "namespace": "hms-api"}
    managers = [
        {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {}}},
        {"manager": "hms", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": "hms", "operation": "Apply", "fieldsV1": {"f:spec": owned, "f:metadata": {}}},
    ]
    record = Record("t", "s", "i", inputs={"apiVersion": "v1", "metadata": metadata, "spec": spec})
    inputs = inputs_as_found(record, {"metadata": {**metadata, "managedFields": managers}, "spec": live}, "hms").inputs
    assert inputs["apiVersion"] == "v1"
    assert inputs["metadata"] == metadata
    return dict(inputs["spec"])


@pytest.mark.parametrize(
    ("spec", "live", "owned"),
    [
        ({"cpu": "1000m"}, {"cpu": "1"}, {"f:cpu": {}}),  # the server's own spelling
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, {"f:a": {"f:b": {}}}),  # defaults beside it
        ({"selector": {"app": "api"}}, {"selector": {"app": "api"}}, {"f:selector": {}}),  # owned as a whole
        ({"ports": [PORT]}, {"ports": [LIVE_PORT]}, {"f:ports": {KEY: {".": {}, "f:name": {}, "f:containerPort": {}}}}),
        ({"finalizers": ["a"]}, {"finalizers": ["a", "b"]}, {"f:finalizers": {'v:"a"': {}}}),
        ({"annotations": {}, "on": False, "n": 1}, {"n": 1}, {"f:n": {}}),  # what is empty is not kept
        ({"n": 1}, {"n": 1}, {}),  # taken over without a change
        ({"n": 1, "m": 1}, {"n": 1, "m": 1}, {"f:m": {}}),
    ],
)
def test_no_change(spec: dict[str, Any], live: dict[str, Any], owned: dict[str, Any]) -> None:
    assert found(spec, live, owned or {"f:other": {}}) == spec


@pytest.mark.parametrize(
    ("spec", "live", "owned", "now"),
    [
        ({"n": 1, "m": 1}, {"n": 2, "m": 1}, {"f:m": {}}, {"n": 2, "m": 1}),
        ({"n": 1, "m": 1}, {"m": 1}, {"f:m": {}}, {"m": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"f:a": {"f:b": {}}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": "x"}, {"f:m": {}}, {"a": "x"}),
        (
            {"ports": [PORT]},
            {"ports": [{**LIVE_PORT, "name": "other"}]},
            {"f:ports": {KEY: {".": {}, "f:containerPort": {}}}},
            {"ports": [{**PORT, "name": "other"}]},
        ),
        (
            {"ports": [PORT, {"name": "gone", "containerPort": 1}]},
            {"ports": [LIVE_PORT]},
            {"f:ports": {KEY: {"f:name": {}, "f:containerPort": {}}}},
            {"ports": [PORT]},
        ),
        ({"finalizers": ["a", "b"]}, {"finalizers": ["a"]}, {"f:finalizers": {'v:"a"': {}}}, {"finalizers": ["a"]}),
    ],
)
def test_a_change(spec: dict[str, Any], live: dict[str, Any], owned: dict[str, Any], now: dict[str, Any]) -> None:
    assert found(spec, live, owned) == now


def test_a_label_that_somebody_took_away() -> None:
    metadata = {"name": "api", "labels": {"a": "1", "b": "2"}}
    owned = {"f:metadata": {"f:labels": {"f:a": {}}}}
    live = {
        "metadata": {
            "name": "api",
            "labels": {"a": "1"},
            "managedFields": [{"manager": "hms", "operation": "Apply", "fieldsV1": owned}],
        }
    }
    record = Record("t", "s", "i", inputs={"metadata": metadata, "stringData": {"x": "y"}})
    assert inputs_as_found(record, live, "hms").inputs == {
        "metadata": {"name": "api", "labels": {"a": "1"}},
        "stringData": {"x": "y"},
    }
