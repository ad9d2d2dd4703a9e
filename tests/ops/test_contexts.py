"""``hms contexts``: ours beside all others, which stay as they are."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from ops import cli_deploy, cli_lab
from ops.adapters import kubeconfig
from ops.adapters.kubeconfig import default_file, editing
from ops.cli import app
from ops.errors import RefusedError
from ops.factory import Factory
from ops.services.contexts import Change, Source, merge, use
from tests.ops.fakes import FakeEngine, standing
from tests.ops.schemas import schema_of
from tests.ops.test_lab import FakeLab

if TYPE_CHECKING:
    from click.testing import Result

    from infra.plan import FleetPlan
    from ops.services.contexts import Place

ROOT = Path(__file__).parents[2]

OTHERS = """\
apiVersion: v1
kind: Config
clusters:
- name: theirs
  cluster:
    server: https://theirs
    extensions:
    - name: minikube.sigs.k8s.io
      extension: {last-update: 2026-11-24T08:00:00Z, enabled: true, mode: 'on'}
users:
- name: theirs
  user: {token: t, auth-provider: {config: {expiry: 2026-11-24 08:00:00}}}
contexts:
- name: theirs
  context: {cluster: theirs, user: theirs, namespace: n}
current-context: theirs
preferences: {}
"""


def of_cluster(name: str, key: str = "marked-fake-token") -> dict[str, Any]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": f"https://{name}"}}, {"name": "d", "cluster": {}}],
        "users": [{"name": "u", "user": {"token": key}}],
        "contexts": [
            {"name": "other", "context": {"cluster": "d", "user": "u"}},
            {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "hms"}},
        ],
        "current-context": "x",
    }


def source(*clusters: str, place: Place = "stacks", complete: bool = True, key: str = "t") -> Source:
    found = {name: of_cluster(name, key) for name in clusters}
    return Source(fleet="dev", place=place, kubeconfigs=found, complete=complete)


def names(config: dict[str, Any], kind: str = "contexts") -> list[str]:
    return [each["name"] for each in config[kind]]


def others() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(OTHERS)
    return found


def test_contexts_are_put_beside_others() -> None:
    config = others()
    changes = merge(config, source("aws-1", "azure-1"), "")
    assert changes == (
        Change(context="dev-aws-1", cluster="aws-1", server="https://aws-1", done="added"),
        Change(context="dev-azure-1", cluster="azure-1", server="https://azure-1", done="added"),
    )
    for kind in ("clusters", "users", "contexts"):
        assert names(config, kind) == ["theirs", "dev-aws-1", "dev-azure-1"]
        assert config[kind][0] == others()[kind][0]
    ours = config["contexts"][1]["context"]
    assert (ours["cluster"], ours["user"], ours["namespace"]) == ("dev-aws-1", "dev-aws-1", "hms")
    assert config["clusters"][1]["cluster"]["server"] == "https://aws-1"
    assert config["current-context"] == "theirs"


def test_a_second_time_nothing_changes() -> None:
    config = others()
    merge(config, source("aws-1"), "")
    before = copy.deepcopy(config)
    (change,) = merge(config, source("aws-1"), "")
    assert (change.done, config) == ("unchanged", before)


def test_new_credentials_take_the_place_of_old_ones() -> None:
    config = others()
    merge(config, source("aws-1"), "")
    (change,) = merge(config, source("aws-1", key="new"), "")
    assert change.done == "changed"
    assert config["users"][1]["user"]["token"] == "new"
    assert len(config["users"]) == 2


def test_contexts_of_clusters_that_are_gone_are_taken_out() -> None:
    config = others()
    merge(config, source("aws-1", "azure-1"), "")
    use(config, "azure-1")
    changes = merge(config, source("aws-1"), "")
    assert [(each.context, each.done) for each in changes] == [("dev-aws-1", "unchanged"), ("dev-azure-1", "removed")]
    assert names(config) == names(config, "users") == names(config, "clusters") == ["theirs", "dev-aws-1"]
    assert config["current-context"] == ""


def test_one_stack_takes_out_nothing() -> None:
    config = others()
    merge(config, source("aws-1", "azure-1"), "")
    merge(config, source("aws-1", complete=False), "")
    assert names(config) == ["theirs", "dev-aws-1", "dev-azure-1"]


def test_a_lab_and_a_deployment_of_one_fleet_have_contexts_of_their_own() -> None:
    config = others()
    merge(config, source("aws-1"), "")
    merge(config, source("aws-1", place="lab"), "")
    merge(config, source(place="lab"), "")
    assert names(config) == ["theirs", "dev-aws-1"]


@pytest.mark.parametrize("kind", ["clusters", "users", "contexts"])
def test_nobody_elses_entry_is_overwritten(kind: str) -> None:
    config = others()
    config[kind].append({"name": "dev-aws-1", kind.removesuffix("s"): {"server": "https://mine"}})
    before = copy.deepcopy(config)
    with pytest.raises(RefusedError, match=f"{kind} has an entry dev-aws-1 that hms did not make"):
        merge(config, source("azure-1", "aws-1"), "")
    assert config == before
    merge(config, source("aws-1"), "hms-")
    assert "hms-dev-aws-1" in names(config)


def test_using_a_context_or_a_cluster() -> None:
    config = others()
    merge(config, source("aws-1"), "")
    assert use(config, "aws-1") == "dev-aws-1"
    assert use(config, "theirs") == config["current-context"] == "theirs"
    with pytest.raises(RefusedError, match="no context azure-9") as refused:
        use(config, "azure-9")
    assert refused.value.fix == "one of dev-aws-1"
    merge(config, source("aws-1", place="lab"), "")
    with pytest.raises(RefusedError, match="has several contexts: dev-aws-1, lab-dev-aws-1"):
        use(config, "aws-1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(OTHERS, encoding="utf-8")
    path.chmod(0o644)
    return path


def test_what_others_wrote_comes_back_the_same(file: Path) -> None:
    with editing(file) as config:
        merge(config, source("aws-1", "azure-1"), "")
    written = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - to see how it is written
    before = yaml.load(OTHERS, Loader=yaml.BaseLoader)  # noqa: S506 - the same
    for kind in ("clusters", "contexts"):
        assert written[kind][0] == before[kind][0]
    assert written["users"][0]["user"]["auth-provider"] == before["users"][0]["user"]["auth-provider"]
    assert "&" not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["config"]


def test_what_does_not_change_is_not_written(file: Path) -> None:
    with editing(file):
        pass
    assert file.read_text(encoding="utf-8") == OTHERS
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("where", ["merge", "write"])
def test_a_failure_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    if where == "write":
        monkeypatch.setattr(kubeconfig.os, "fsync", interrupt)

    def edit() -> None:
        with editing(file) as config:
            config["current-context"] = "x"
            if where == "merge":
                interrupt()

    with pytest.raises(KeyboardInterrupt):
        edit()
    assert file.read_text(encoding="utf-8") == OTHERS
    assert [each.name for each in file.parent.iterdir()] == ["config"]


def test_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    with editing(link) as config:
        config["current-context"] = ""
    assert link.is_symlink()
    assert "current-context: ''" in file.read_text(encoding="utf-8")


def test_another_program_is_writing(file: Path) -> None:
    lock = file.with_name("config.lock")
    lock.touch()
    with pytest.raises(RefusedError, match="another program is writing"), editing(file):
        pass
    assert lock.exists()


@pytest.mark.parametrize("text", ["- a list", "kind: Pod", "{", "\x00"])
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError), editing(path):
        pass
    assert path.read_text(encoding="utf-8") == text


def test_which_file_it_is(tmp_path: Path) -> None:
    assert default_file({}, tmp_path) == tmp_path / ".kube" / "config"
    assert default_file({"KUBECONFIG": f"{os.pathsep}/a{os.pathsep}/b"}, tmp_path) == Path("/a")


class Desk:
    """A user with a deployment, a lab and a kubeconfig."""

    def __init__(self, tmp_path: Path) -> None:
        self.engine = FakeEngine()
        self.file = tmp_path / "kube" / "config"
        text = yaml.safe_dump(of_cluster("aws-1"))
        self.engine.states = {"aws-dev": standing("aws-dev")}
        self.engine.secrets = {("aws-dev", "kubeconfigs"): {"aws-1": text}}
        self.lab = FakeLab(tmp_path / "lab")

    def factory(self) -> Factory:
        return Factory(
            root=ROOT,
            env={"PULUMI_BACKEND_URL": "file:///nowhere"},
            home=Path("/nowhere"),
            engine=lambda *_: self.engine,
        )

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["contexts", *arguments], env={"KUBECONFIG": str(self.file)})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path)
    monkeypatch.setattr(cli_deploy, "factory", made.factory)
    monkeypatch.setattr(cli_lab, "lab_in", lambda _: made.lab)
    return made


def test_clusters_of_the_stacks(desk: Desk) -> None:
    result = desk("-o", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    Draft202012Validator(schema_of("contexts")).validate(found)
    assert found["contexts"] == [
        {"context": "dev-aws-1", "cluster": "aws-1", "server": "https://aws-1", "done": "added"}
    ]
    assert "marked-fake-token" in desk.file.read_text(encoding="utf-8")
    assert desk.file.stat().st_mode & 0o777 == 0o600
    again = desk()
    assert "unchanged" in again.stdout
    assert "marked-fake-token" not in result.stdout + again.stdout + again.stderr


def test_clusters_of_the_lab(desk: Desk, dev_plan: FleetPlan, tmp_path: Path) -> None:
    desk.lab.up(ROOT / "fleets" / "dev.yaml", clusters=tuple(dev_plan.clusters))
    record = json.loads((desk.lab.folder / "lab.json").read_text(encoding="utf-8"))
    for name, cluster in record["clusters"].items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(of_cluster(name)), encoding="utf-8")
        cluster["kubeconfig"] = str(path)
    (desk.lab.folder / "lab.json").write_text(json.dumps(record), encoding="utf-8")
    assert desk("--lab").exit_code == 0
    assert desk("use", "azure-1").stdout == "lab-dev-azure-1\n"
    assert yaml.safe_load(desk.file.read_text(encoding="utf-8"))["current-context"] == "lab-dev-azure-1"


@pytest.mark.parametrize(
    "arguments", [("use",), ("use", "nowhere"), ("--context", "aws-1=x"), ("--lab",), ("--stack", "dev")]
)
def test_commands_that_cannot_be_meant(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk(*arguments).exit_code == 2
    assert not desk.file.exists()
