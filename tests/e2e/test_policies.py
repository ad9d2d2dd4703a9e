"""Policies around the real engine: a pack that finds nothing, one that stops what is weak, and secrets unseen.

The tests of this file follow each other on one deployed fleet.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command import Answer, Hms

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e

SHORT = "marked+short&key"
"""A pre-shared key that is too short, marked as the secret that it is."""

# The command line with a program that is weaker in one property, as a change to a component would make it.
WEAKER = f"""
import sys
import pulumi
from components import fleet

strong, type_, name = fleet.run, sys.argv.pop(1), sys.argv.pop(1)
values = {{"enableKeyRotation": lambda: False, "sharedKey": lambda: pulumi.Output.secret({SHORT!r})}}

def weaken(args):
    if args.type_ == type_:
        return pulumi.ResourceTransformResult(props={{**args.props, name: values[name]()}}, opts=args.opts)

def weak(plan, scope):
    pulumi.runtime.register_resource_transform(weaken)
    return strong(plan, scope)

fleet.run = weak
from ops.cli import main
main()
"""
KEY = ("aws:kms/key:Key", "enableKeyRotation")
CONNECTION = ("azure-native:network:VirtualNetworkGatewayConnection", "sharedKey")


@pytest.fixture(scope="module")
def hms(tmp_path_factory: pytest.TempPathFactory) -> Hms:
    return Hms(tmp_path_factory.mktemp("policies"))


def weaker(hms: Hms, change: tuple[str, str], *arguments: str) -> Answer:
    """Run a verb with the weakened program."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", WEAKER, *change, *arguments, "--simulate", "--state", str(hms.state)]
    done = subprocess.run(
        [*command, "--fleet", str(hms.fleet)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=280,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    hms.printed += [done.stdout, done.stderr]
    return Answer(done.returncode, done.stdout, done.stderr)


def test_what_is_weak_is_stopped_before_anything_is_created(hms: Hms) -> None:
    answer = weaker(hms, KEY, "up", "--all", "--yes", "-o", "json")
    assert answer.code == 1, answer.err
    (found,) = [event for event in answer.events if event["event"] == "policy"]
    assert (found["rule"], found["level"]) == ("kms-key-rotates", "mandatory")
    assert found["urn"].endswith("::aws-key-key")
    assert "enableKeyRotation is false" in found["message"]
    assert "enable_key_rotation=True" in found["remediation"]
    summary = answer.summaries["aws-dev"]
    assert summary["result"] == "failed"
    assert summary["policies"]["mandatory"] == 1
    assert summary["policies"]["undecided"] > 0, "a preview of nothing leaves much to the update"
    assert "exception" in summary["next"]
    assert hms.world() == []


def test_the_fleet_breaks_no_policy(hms: Hms) -> None:
    answer = hms("up", "--all")
    assert list(answer.summaries) == ["aws-dev", "azure-dev"]
    for summary in answer.summaries.values():
        assert summary["verb"] == "up"
        assert summary["policies"] == {"mandatory": 0, "advisory": 0, "undecided": 0}
    assert not [event for event in answer.events if event["event"] in {"policy", "message"}]


def test_what_stands_breaks_no_policy(hms: Hms) -> None:
    answer = hms("policy", "check", "--all")
    (found,) = (json.loads(line) for line in answer.out.splitlines())
    assert found["good"] is True
    assert [stack["stack"] for stack in found["stacks"]] == ["aws-dev", "azure-dev"]
    for stack in found["stacks"]:
        assert (stack["mandatory"], stack["undecided"]) == (0, 0)
        assert stack["passes"] > 200
        assert stack["decrypted"] > 0


def test_an_exception_that_is_over_is_no_exception(hms: Hms, tmp_path: Path) -> None:
    exception = {"resource": "aws-key-*", "reason": "moves with HMS-123", "expires": "2020-12-31"}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"kms-key-rotates": {"exceptions": [exception]}}), encoding="utf-8")
    before = hms.world()
    for verb in ("preview", "up"):
        answer = hms(verb, "--all", "--policy-config", str(config), code=2)
        assert "have expired" in answer.out
        assert "moves with HMS-123" in answer.out
    assert hms.world() == before
    checked = hms("policy", "check", "--stack", "aws-dev", "--policy-config", str(config), code=1)
    assert json.loads(checked.out)["expired"][0]["rule"] == "kms-key-rotates"


def test_the_comment_tells_what_a_weak_change_breaks(hms: Hms) -> None:
    answer = weaker(hms, CONNECTION, "preview", "--all", "-o", "markdown")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[0] == "<!-- hms-preview -->"
    assert "| `aws-dev` | 0 | 0 | 0 | 0 | 0 | 0 |  |" in lines
    (row,) = [line for line in lines if line.startswith("| `azure-dev` |")]
    assert "mandatory**" in row
    assert "**failed**" in row
    assert "sharedKey" in answer.out
    assert "instead: " in answer.out
    assert SHORT not in answer.out + answer.err


def forms(secret: str) -> set[str]:
    """Give what of a secret could stand somewhere: itself, as JSON escapes it, and in base64 at any offset."""
    found = {secret, json.dumps(secret)[1:-1]}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        # The characters at the ends depend on what stands beside it.
        found.add(encoded[4 if offset else 0 : len(encoded.rstrip("=")) // 4 * 4 - 4])
    return found


def secrets_of(hms: Hms) -> set[str]:
    """Collect what the simulated clouds know in plain text, and the state's own passphrase."""
    secrets = {SHORT, (hms.state / "passphrase").read_text(encoding="utf-8").strip()}
    for record in hms.world():
        for name in ("sharedKey", "tunnel1PresharedKey", "tunnel2PresharedKey"):
            if value := record.outputs.get(name):
                secrets.add(value)
        if record.token == "kubernetes:helm.sh/v3:Release":
            key = base64.b64decode(record.inputs["values"]["tls"]["ca"]["key"]).decode()
            # A line by itself: files break lines in ways of their own. The last ones are the public key's as well.
            secrets.add(key.splitlines()[1])
    return secrets


def test_no_secret_is_in_the_state_or_in_anything_printed(hms: Hms) -> None:
    hms("outputs")
    hms("status")
    secrets = secrets_of(hms)
    assert len(secrets) == 2 + 4 + 1, "four pre-shared keys, and one key of the mesh's CA"
    hidden = [hms.state / "passphrase", *hms.state.glob("world.db*")]
    files = [path for path in hms.state.rglob("*") if path.is_file() and path not in hidden]
    written = {str(path): path.read_text(encoding="utf-8", errors="ignore") for path in files}
    assert any("ciphertext" in text for text in written.values())
    assert any("sharedKey" in text for text in hms.printed)
    for place, text in (*written.items(), *(("printed", text) for text in hms.printed)):
        for secret in secrets:
            leaked = [form for form in forms(secret) if form in text]
            assert not leaked, f"{place} holds a secret of {len(secret)} characters"


def test_the_search_would_find_them() -> None:
    secret = "a-pre-shared-key-of-some-length"
    for text in (secret, *(base64.b64encode(b"x" * count + secret.encode() + b"yz").decode() for count in range(4))):
        assert any(form in text for form in forms(secret))
    assert not any(form in "nothing of the kind" for form in forms(secret))
