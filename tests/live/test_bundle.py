"""``hms gather`` of a lab in which secrets were planted wherever they may get to by mistake: none is in the bundle."""

from __future__ import annotations

import base64
import json
import secrets
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from ops.adapters.kubernetes_forward import pod_port
from tests.live.guests import NAMESPACE
from tests.live.lab import host_of, until
from tests.live.watch import HERE, PEER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.guests import Guests
    from tests.live.lab import LiveLab

pytestmark = pytest.mark.lab

CALLER, CALLED = "ops", "nfo"


def forms(value: str) -> tuple[str, ...]:
    """Give a value as it may stand in a file: as it is, and within base64, wherever in it it begins."""
    shifted = (base64.b64encode(b" " * shift + value.encode()).decode() for shift in range(3))
    return (value, *(text[4:-4] for text in shifted))


def say(lab: LiveLab, word: str) -> None:
    """Let a component ask another for something; that one writes into its log what it was asked for."""
    query = {"host": host_of(CALLED), "port": lab.plan.fleet.components[CALLED].port, "protocol": "http", "tries": 1}
    with (
        lab.caller(PEER, CALLER) as caller,
        pod_port(caller.api, caller.pod.namespace, caller.pod.name, caller.port) as way,
    ):
        way.get(f"/dial?{urlencode({**query, 'request': f'echo?msg={word}'})}", 5.0)


def logs(lab: LiveLab) -> str:
    core = lab.core(PEER)
    return "\n".join(core.read_namespaced_pod_log(pod.name, pod.namespace) for pod in lab.pods(PEER, CALLED))


def contents(bundle: Path) -> str:
    with tarfile.open(bundle) as archive:
        files = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
        return "\n".join(file.read().decode() for file in files if file is not None)


def test_no_secret_is_in_a_bundle(lab: LiveLab, guests: Guests, tmp_path: Path) -> None:
    core, password = lab.core(PEER), f"none-guesses-{secrets.token_hex(8)}"
    core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "planted"}, "stringData": {"word": password}})
    say(lab, password)
    core.create_namespaced_event(
        NAMESPACE,
        {
            "metadata": {"name": "planted"},
            "involvedObject": {"kind": "Pod", "name": guests.pods(PEER)[0].name, "namespace": NAMESPACE},
            "reason": "Planted",
            "message": f"login with {password} failed",
            "type": "Warning",
        },
    )
    until("a program has written the secret into its log", lambda: password in logs(lab), 20)
    bundle = tmp_path / "bundle.tar.gz"
    lab.hms("gather", "--lab", "-o", str(bundle))
    text = contents(bundle)
    assert "login with [secret] failed" in text
    keys = [
        value
        for name in (HERE, PEER)
        for secret in lab.core(name).list_secret_for_all_namespaces().items
        for entry, value in (secret.data or {}).items()
        if entry.endswith("key")
    ]
    assert keys
    for value in (password, *(base64.b64decode(key).decode() for key in keys)):
        line = value.splitlines()[1] if value.startswith("-----") else value
        assert [form for form in forms(line) if form in text] == []
    about = json.loads(text[text.index('{\n "v": 1') : text.index("}\n", text.index('"missing"')) + 1])
    assert about["missing"] == []
