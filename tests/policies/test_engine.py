"""The pack in the real engine, as a user has it: ``pulumi up --policy-pack policies``, on simulated clouds."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator.launch import launch
from simulator.world import World
from toolchain.places import BIN

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
MARK = "marked-token-that-nobody-may-see"
KUBECONFIG = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "one", "cluster": {"server": "https://one.example.org"}}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
        "users": [{"name": "one", "user": {"token": MARK}}],
        "current-context": "one",
    }
)

OVER = {"resource": "key", "reason": "was right once", "expires": "2020-01-01"}

PROGRAM = f"""
import os
import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

weak = os.environ["WEAK"] == "yes"
provider = aws.Provider("aws", region="us-east-1")
tags = {{"owner": "a", "fleet": "b", "cost-center": "c"}}
opts = pulumi.ResourceOptions(provider=provider)
key = aws.kms.Key("key", enable_key_rotation=not weak, deletion_window_in_days=30, tags=tags, opts=opts)
aws.ec2.LaunchTemplate(
    "nodes",
    block_device_mappings=[
        {{"device_name": "/dev/xvda", "ebs": {{"encrypted": "true", "kms_key_id": key.arn, "volume_size": 20}}}}
    ],
    metadata_options={{"http_tokens": "required", "http_put_response_hop_limit": 1}},
    tag_specifications=[
        {{"resource_type": kind, "tags": tags}} for kind in ("instance", "volume", "network-interface")
    ],
    tags=tags,
    opts=opts,
)
kubeconfig = '{KUBECONFIG}'
kubernetes.Provider("cluster", kubeconfig=kubeconfig if weak else pulumi.Output.secret(kubeconfig))
"""


@dataclass
class Pulumi:
    """A small project in a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, weak: bool = False) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "pulumi"), *arguments, "--non-interactive", "--color", "never"]
        environment = {**self.environment, "WEAK": "yes" if weak else "no"}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def up(self, *arguments: str, weak: bool = False) -> subprocess.CompletedProcess[str]:
        return self("up", "--yes", "--stack", "dev", "--policy-pack", str(ROOT / "policies"), *arguments, weak=weak)

    def config(self, document: Any) -> str:
        path = self.folder / "policies.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return str(path)

    def world(self) -> list[str]:
        world = World(self.folder / "world.db")
        try:
            return [record.token for record in world.records()]
        finally:
            world.close()


@pytest.fixture
def pulumi(tmp_path: Path) -> Iterator[Pulumi]:
    (tmp_path / "backend").mkdir()
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "small", "runtime": runtime}), encoding="utf-8")
    with launch(tmp_path / "world.db") as variables:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            **variables,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
        }
        project = Pulumi(tmp_path, environment)
        made = project("stack", "init", "dev")
        assert made.returncode == 0, made.stderr
        yield project


def test_a_mandatory_rule_stops_an_update_before_anything_is_made(pulumi: Pulumi) -> None:
    done = pulumi.up(weak=True)
    assert done.returncode != 0
    assert "[mandatory] [severity: high]  kms-key-rotates" in done.stdout
    assert "enableKeyRotation is false: the key would stay the same for ever" in done.stdout
    # The engine hands over the mark of a secret, and its absence.
    assert "secrets-marked" in done.stdout
    assert MARK not in done.stdout + done.stderr
    assert pulumi.world() == []


def test_what_keeps_the_rules_is_made_and_found_good_afterwards(pulumi: Pulumi) -> None:
    done = pulumi.up()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[mandatory]" not in done.stdout
    assert len(pulumi.world()) >= 2
    # What a preview could not decide (the key's ARN), the deployed state does.
    analyzed = pulumi("policy", "analyze", "--stack", "dev", "--policy-pack", str(ROOT / "policies"))
    assert analyzed.returncode == 0, analyzed.stdout + analyzed.stderr


def test_the_engine_takes_levels_and_exceptions(pulumi: Pulumi) -> None:
    exception = {"resource": "key", "reason": "because of this test", "expires": "2999-12-31"}
    config = {"kms-key-rotates": {"exceptions": [exception]}, "secrets-marked": "advisory"}
    done = pulumi.up("--policy-pack-config", pulumi.config(config), weak=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kms-key-rotates" not in done.stdout
    assert "[advisory] [severity: critical]  secrets-marked" in done.stdout


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"kms-key-rotates": {"exceptions": [{"resource": "key", "expires": "2999-12-31"}]}}, "reason"),
        ({"kms-key-rotates": {"exceptions": [OVER]}}, "have expired"),
        ({"no-such-rule": "advisory"}, "there is no such rule"),
    ],
)
def test_a_configuration_that_says_nothing_sensible_stops_everything(pulumi: Pulumi, config: Any, said: str) -> None:
    done = pulumi.up("--policy-pack-config", pulumi.config(config))
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert pulumi.world() == []
