"""The state folder: its own key, nobody else in it, locks of the dead taken away."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

from ops import factory
from ops.adapters.settings import copy_into, fleet_of
from ops.adapters.simulator import without_real_clouds
from ops.adapters.state import StateFolder
from ops.errors import EngineError, RefusedError


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.prepare(simulate=True)
    return made


def lock(folder: StateFolder, pid: int, host: str = "") -> Path:
    path = folder.backend / ".pulumi" / "locks" / "organization" / "hms" / "aws-dev" / "1.json"
    path.parent.mkdir(parents=True)
    content = {
        "pid": pid,
        "hostname": host or socket.gethostname(),
        "username": "u",
        "timestamp": "2026-11-24T08:00:00Z",
    }
    path.write_text(json.dumps(content))
    return path


def test_the_passphrase_is_random_private_and_stays(folder: StateFolder, tmp_path: Path) -> None:
    first = folder.passphrase.read_text()
    assert len(first) >= 40
    assert folder.passphrase.stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.prepare(simulate=True)
    assert folder.passphrase.read_text() == first
    other = StateFolder(tmp_path / "other")
    other.prepare(simulate=True)
    assert other.passphrase.read_text() != first


def test_a_real_folder_has_no_passphrase(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.prepare(simulate=False)
    assert not folder.simulated
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in folder.environment()


def test_everything_lies_inside(folder: StateFolder) -> None:
    for value in folder.environment().values():
        assert str(folder.path) in value


def test_only_one_run_at_a_time(folder: StateFolder) -> None:
    with folder.hold(), pytest.raises(EngineError, match=f"process {os.getpid()}"), folder.hold():
        pass
    with folder.hold():
        pass


def test_a_killed_run_lets_go(folder: StateFolder) -> None:
    code = (
        "import sys, time; from pathlib import Path; from ops.adapters.state import StateFolder\n"
        "with StateFolder(Path(sys.argv[1])).hold(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder.path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(EngineError), folder.hold():
            pass
        process.kill()
        process.wait()
    with folder.hold():
        pass


def _dead() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_the_lock_of_a_dead_engine_is_taken_away_and_said(folder: StateFolder) -> None:
    path = lock(folder, _dead())
    said: list[str] = []
    factory._unlock(folder, "aws-dev", said.append)
    assert not path.exists()
    assert "was killed and left its lock" in said[0]


def test_a_number_used_again_by_another_program_is_no_engine(folder: StateFolder) -> None:
    path = lock(folder, os.getpid())
    factory._unlock(folder, "aws-dev", lambda _: None)
    assert not path.exists()


def test_the_lock_of_another_machine_stays(folder: StateFolder) -> None:
    path = lock(folder, 1, host="elsewhere")
    with pytest.raises(RefusedError, match="locked by process 1 on elsewhere") as caught:
        factory._unlock(folder, "aws-dev", lambda _: None)
    assert str(path) in caught.value.fix
    assert path.exists()


def test_locks_of_other_stacks_do_not_matter(folder: StateFolder) -> None:
    path = lock(folder, 1, host="elsewhere")
    factory._unlock(folder, "azure-dev", lambda _: None)
    assert path.exists()


@pytest.fixture
def engine_process(tmp_path: Path) -> subprocess.Popen[bytes]:
    """Give a process that is called as an engine is."""
    binary = tmp_path / "pulumi"
    binary.symlink_to("/bin/sleep")
    return subprocess.Popen([binary, "60"])


def test_an_orphaned_engine_is_waited_for(folder: StateFolder, engine_process: subprocess.Popen[bytes]) -> None:
    path = lock(folder, engine_process.pid)
    said: list[str] = []
    timer = threading.Timer(0.5, engine_process.kill)
    timer.start()
    begun = time.monotonic()
    factory._unlock(folder, "aws-dev", said.append)
    assert time.monotonic() - begun >= 0.4
    assert "waiting" in said[0]
    assert not path.exists()
    engine_process.wait()


def test_an_engine_that_does_not_end_is_left_alone(
    folder: StateFolder, engine_process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "_PATIENCE", 0.3)
    path = lock(folder, engine_process.pid)
    with pytest.raises(RefusedError, match=f"locked by process {engine_process.pid}"):
        factory._unlock(folder, "aws-dev", lambda _: None)
    assert path.exists()
    assert engine_process.poll() is None
    engine_process.kill()
    engine_process.wait()


def test_settings_are_copied_without_keys(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    workspace.mkdir()
    (tmp_path / "Pulumi.aws-dev.yaml").write_text(
        "secretsprovider: awskms://x\nencryptedkey: abc\nconfig:\n  hms:fleet: fleets/dev.yaml\n  hms:sites: [other]\n"
        "  azure-native:subscriptionId: s\n"
    )
    copy_into(workspace, tmp_path, "aws-dev", fleet=tmp_path / "f.yaml", sites=("aws",), keys=False)
    assert yaml.safe_load((workspace / "Pulumi.aws-dev.yaml").read_text()) == {
        "config": {
            "hms:fleet": str(tmp_path / "f.yaml"),
            "hms:sites": ["aws"],
            "azure-native:subscriptionId": "s",
        }
    }
    assert yaml.safe_load((workspace / "Pulumi.yaml").read_text())["name"] == "hms"


def test_the_folders_own_key_is_kept(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    workspace.mkdir()
    (workspace / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:own\n")
    copy_into(workspace, tmp_path, "dev", fleet=tmp_path / "f.yaml", sites=None, keys=False)
    settings = yaml.safe_load((workspace / "Pulumi.dev.yaml").read_text())
    assert settings == {"encryptionsalt": "v1:own", "config": {"hms:fleet": str(tmp_path / "f.yaml")}}


def test_a_real_folder_takes_the_repositorys_key_at_first(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    workspace.mkdir()
    (tmp_path / "Pulumi.dev.yaml").write_text("secretsprovider: awskms://x\nencryptedkey: abc\n")
    copy_into(workspace, tmp_path, "dev", fleet=tmp_path / "f.yaml", sites=None, keys=True)
    assert yaml.safe_load((workspace / "Pulumi.dev.yaml").read_text())["encryptedkey"] == "abc"


def test_the_stacks_settings_name_the_fleet(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text("config:\n  hms:fleet: fleets/other.yaml\n")
    assert fleet_of(tmp_path, "x") == "fleets/other.yaml"
    assert fleet_of(tmp_path, "y") is None


def test_a_simulated_run_sees_no_real_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", "s")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://prod")
    with without_real_clouds():
        assert not [name for name in os.environ if name.startswith(("AWS_", "ARM_", "PULUMI_"))]
    assert os.environ["AWS_PROFILE"] == "prod"
