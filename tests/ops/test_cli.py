"""The command line as typed: exit codes, what goes where, and that nothing heavy is loaded for light work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from infra.model import Quotas
from infra.record import fixed_fields
from infra.scopes import scope_of
from infra.summary import clusters_summary, components_summary, links_summary
from ops import cli_deploy, terminal
from ops.adapters.engine import SECRET
from ops.cli import app
from ops.factory import Factory
from tests.ops.fakes import FakeEngine, failed, no_clouds, standing

if TYPE_CHECKING:
    from click.testing import Result

    from infra.plan import FleetPlan

ROOT = Path(__file__).parents[2]
DEV = ROOT / "fleets" / "dev.yaml"


class Shell:
    """A user with a home, a terminal that answers nothing, and a fake engine."""

    def __init__(self, tmp_path: Path) -> None:
        self.engine = FakeEngine()
        self.made: list[tuple[Path, dict[str, str], str | None]] = []
        self.clouds: list[dict[str, object]] = []
        self.state = tmp_path / "state"
        self.home = tmp_path / "home"
        self.env: dict[str, str] = {}

    def factory(self) -> Factory:
        def engine(workspace: Path, environment: Any, secrets_provider: str | None) -> FakeEngine:
            self.made.append((workspace, dict(environment), secrets_provider))
            return self.engine

        return Factory(root=ROOT, env=self.env, home=self.home, engine=engine, clouds=no_clouds(self.clouds))

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    def simulated(self, *arguments: str) -> Result:
        return self(*arguments, "--simulate", "--state", str(self.state))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path)
    monkeypatch.setattr(cli_deploy, "factory", made.factory)
    monkeypatch.setattr(sys, "argv", ["hms", "as", "typed"])
    return made


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(DEV.read_text(encoding="utf-8").replace("id: 2\n", "id: 1\n"), encoding="utf-8")
    return path


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_good_fleet(shell: Shell) -> None:
    result = shell("fleet", "check", str(DEV))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("good: fleet dev, 2 sites, 2 clusters, 1 link, 8 components, 11 flows\n")


def test_a_bad_fleet_is_told_by_line(shell: Shell, bad: Path) -> None:
    result = shell("fleet", "check", str(bad))
    assert (result.exit_code, result.stdout) == (2, "")
    for line in result.stderr.splitlines():
        file, number, field, *_ = line.split(":")
        assert file == str(bad)
        assert int(number) > 0
        assert field.strip().startswith("clusters.")
        assert "Write instead:" in line


def test_every_file_is_checked(shell: Shell, bad: Path) -> None:
    result = shell("fleet", "check", str(bad), str(DEV), "-o", "json")
    assert result.exit_code == 2
    first, second = lines(result)
    assert (first["good"], second["good"]) == (False, True)
    assert first["problems"][0].keys() == {"file", "line", "field", "message", "fix"}
    assert second["clusters"] == 2


def test_a_file_that_is_not_there(shell: Shell, tmp_path: Path) -> None:
    result = shell("fleet", "check", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_an_earlier_version_holds_fields_fast(shell: Shell, tmp_path: Path) -> None:
    moved = tmp_path / "moved.yaml"
    moved.write_text(DEV.read_text(encoding="utf-8").replace("id: 2\n", "id: 3\n"), encoding="utf-8")
    result = shell("fleet", "check", str(moved), "--against", str(DEV))
    assert result.exit_code == 2
    assert "clusters.azure-1.id: cannot change from 2 to 3" in result.stderr
    assert shell("fleet", "check", str(DEV), "--against", str(DEV)).exit_code == 0


def test_the_plan_is_shown(shell: Shell) -> None:
    result = shell("fleet", "show", str(DEV))
    assert result.exit_code == 0
    for word in ("10.16.0.0/16", "169.254.21.0/30", "10.128.128.0/17", "azure-dev", "etl"):
        assert word in result.stdout


def test_the_plan_as_json(shell: Shell) -> None:
    plan = json.loads(shell("fleet", "show", str(DEV), "-o", "json").stdout)
    assert plan["v"] == 1
    assert plan["clusters"]["aws-1"]["pod_cidr"] == "10.128.128.0/17"


def test_the_schema_is_the_committed_one(shell: Shell, tmp_path: Path) -> None:
    result = shell("fleet", "schema")
    assert json.loads(result.stdout)["title"] == "Fleet"
    shell("fleet", "schema", str(tmp_path / "s.json"))
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == result.stdout


def test_values_leave_secrets_out_and_name_them(shell: Shell) -> None:
    result = shell("fleet", "values", "aws-1", "--fleet", str(DEV))
    assert result.exit_code == 0
    assert "#   tls.ca.key" in result.stdout
    assert yaml.safe_load(result.stdout)["cluster"] == {"name": "aws-1", "id": 1}
    assert "PRIVATE KEY" not in result.stdout


def test_values_of_no_cluster(shell: Shell) -> None:
    result = shell("fleet", "values", "mars", "--fleet", str(DEV))
    assert result.exit_code == 2
    assert "one of aws-1, azure-1" in result.stderr


def test_up_all_on_simulated_clouds(shell: Shell) -> None:
    result = shell.simulated("up", "--all", "--yes", "--pace", "0.5")
    assert (result.exit_code, result.stderr) == (0, "")
    assert shell.engine.runs == [(verb, stack) for stack in ("aws-dev", "azure-dev") for verb in ("preview", "up")]
    assert [pack.folder for pack in shell.engine.packs if pack] == [ROOT / "policies"] * 4
    assert shell.clouds == [
        {"world": shell.state / "world.db", "quotas": Quotas(), "scale": 0.5, "faults": None, "lab": None}
    ]
    workspace, environment, secrets_provider = shell.made[0]
    assert workspace == shell.state / "workspace"
    assert secrets_provider == "passphrase"
    assert environment["PULUMI_BACKEND_URL"] == f"file://{shell.state}/backend"
    assert environment["PULUMI_DEBUG_PROVIDERS"] == "aws:1"
    assert f"hms status --simulate --state {shell.state}" in result.stdout


def test_json_lines_and_nothing_else(shell: Shell) -> None:
    result = shell.simulated("up", "--all", "--yes", "-o", "json")
    found = lines(result)
    assert [(line["stack"], line["create"]) for line in found if line["event"] == "summary"] == [
        ("aws-dev", 2),
        ("azure-dev", 2),
    ]
    assert result.stderr == ""


def test_a_bad_fleet_starts_nothing(shell: Shell, bad: Path) -> None:
    result = shell.simulated("up", "--all", "--yes", "--fleet", str(bad))
    assert result.exit_code == 2
    assert f"{bad}:" in result.stderr
    assert "Traceback" not in result.stderr
    assert not shell.state.exists()


def test_a_bad_fleet_in_json(shell: Shell, bad: Path) -> None:
    (line,) = lines(shell.simulated("up", "--all", "--yes", "-o", "json", "--fleet", str(bad)))
    assert (line["event"], line["code"]) == ("error", 2)
    assert all(str(bad) in detail for detail in line["details"])


def test_a_failure_is_exit_code_1(shell: Shell) -> None:
    shell.engine.results["up", "azure-dev"] = failed("no")
    result = shell.simulated("up", "--all", "--yes")
    assert result.exit_code == 1
    assert "creating aws-vpc (aws:ec2/vpc:Vpc): no" in result.stdout
    assert "next: mend the cause, then go on where it stopped: hms as typed" in result.stdout


def test_nobody_to_ask(shell: Shell) -> None:
    for arguments in (("up", "--all"), ("destroy", "--all"), ("up", "--all", "-o", "json")):
        result = shell.simulated(*arguments)
        assert result.exit_code == 2
        assert "--yes" in result.stderr + result.stdout
    assert not shell.state.exists()


def test_saying_no(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal.Terminal, "__init__", lambda _: None)
    monkeypatch.setattr(terminal.Terminal, "_ask", lambda _, __: "n")
    result = shell.simulated("up", "--all")
    assert result.exit_code == 2
    assert shell.engine.runs == [("preview", "aws-dev")]


def test_ctrl_c_at_a_question(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(terminal.Terminal, "__init__", lambda _: None)
    monkeypatch.setattr(terminal.Terminal, "_ask", interrupted)
    result = shell.simulated("up", "--all")
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def test_real_clouds_need_credentials(shell: Shell) -> None:
    result = shell("up", "--all", "--yes", "--fleet", str(DEV))
    assert result.exit_code == 3
    for word in (
        "AWS credentials",
        "Azure credentials",
        "Azure subscription",
        "Pulumi backend",
        "secrets of azure-dev",
    ):
        assert word in result.stderr
    assert shell.engine.calls == []
    assert shell.clouds == []


def test_real_clouds_with_credentials(shell: Shell) -> None:
    shell.env = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "fake",
        "ARM_CLIENT_ID": "c",
        "ARM_TENANT_ID": "t",
        "ARM_USE_OIDC": "true",
        "ARM_SUBSCRIPTION_ID": "s",
        "PULUMI_BACKEND_URL": "https://api.pulumi.com",
    }
    result = shell("up", "--all", "--yes", "--fleet", str(DEV))
    assert result.exit_code == 0, result.stderr
    assert shell.made == [(ROOT, {}, None)]
    assert shell.clouds == []


def test_simulated_and_real_do_not_mix(shell: Shell) -> None:
    shell.simulated("up", "--all", "--yes")
    result = shell("up", "--all", "--yes", "--state", str(shell.state))
    assert result.exit_code == 2
    assert "--simulate" in result.stderr
    real = shell.state.parent / "real"
    (real / "backend").mkdir(parents=True)
    assert shell("up", "--all", "--yes", "--simulate", "--state", str(real)).exit_code == 2


def test_pace_is_for_simulated_clouds(shell: Shell) -> None:
    assert shell("up", "--all", "--yes", "--pace", "1").exit_code == 2


def _deployed(shell: Shell, plan: FleetPlan) -> None:
    shell.simulated("up", "--all", "--yes")
    for site in plan.sites:
        scope = scope_of(plan, (site,))
        shell.engine.states[f"{site}-dev"] = standing(
            f"{site}-dev",
            fixed=fixed_fields(plan, scope),
            clusters=clusters_summary(plan, scope),
            links=links_summary(plan, scope),
            components=components_summary(plan, scope),
            kubeconfigs={"x": SECRET},
        )


def test_status(shell: Shell, dev_plan: FleetPlan) -> None:
    _deployed(shell, dev_plan)
    result = shell("status", "--state", str(shell.state))
    assert result.exit_code == 0
    for word in ("aws-dev", "azure-dev", "2026-11-24 08:00:00", "aws-1, azure-1", "IPsec, 4 tunnels", "etl"):
        assert word in result.stdout


def test_status_in_json(shell: Shell, dev_plan: FleetPlan) -> None:
    _deployed(shell, dev_plan)
    shell.engine.states.pop("azure-dev")
    found = json.loads(shell.simulated("status", "-o", "json").stdout)
    assert (found["v"], found["fleet"]) == (1, "dev")
    assert [(stack["stack"], stack["state"]) for stack in found["stacks"]] == [
        ("aws-dev", "deployed"),
        ("azure-dev", "not deployed"),
    ]
    assert list(found["stacks"][0]["clusters"]) == ["aws-1"]


def test_status_of_no_folder(shell: Shell) -> None:
    result = shell.simulated("status")
    assert result.exit_code == 2
    assert "holds no fleet" in result.stderr
    assert not shell.state.exists()


def test_outputs_say_how_to_see_a_secret(shell: Shell, dev_plan: FleetPlan) -> None:
    _deployed(shell, dev_plan)
    result = shell.simulated("outputs", "--stack", "aws-dev")
    assert "10.16.0.0/16" in result.stdout
    assert "x: '[secret]'" in result.stdout
    assert f"PULUMI_BACKEND_URL=file://{shell.state}/backend" in result.stdout
    assert "pulumi stack output NAME --show-secrets" in result.stdout
    found = json.loads(shell.simulated("outputs", "-o", "json").stdout)
    assert list(found["stacks"]) == ["aws-dev", "azure-dev"]


def test_outputs_of_what_is_not_deployed(shell: Shell) -> None:
    shell.simulated("up", "--all", "--yes")
    assert shell.simulated("outputs", "--stack", "dev").exit_code == 2


def test_reading_needs_a_backend(shell: Shell) -> None:
    result = shell("status")
    assert result.exit_code == 3
    assert "PULUMI_BACKEND_URL" in result.stderr


def test_usage_errors_are_exit_code_2(shell: Shell) -> None:
    assert shell("up", "--no-such-thing").exit_code == 2
    assert shell("fly").exit_code == 2


def _loaded(*arguments: str) -> str:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from ops.cli import app\n"
        f"assert CliRunner().invoke(app, {list(arguments)!r}).exit_code == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout


def test_checking_a_fleet_loads_no_sdk() -> None:
    names = _loaded("fleet", "check", str(DEV)).split()
    assert not [name for name in names if name.startswith(("pulumi", "grpc"))]


def test_help_loads_next_to_nothing() -> None:
    names = _loaded("--help").split()
    assert not {"pulumi", "pydantic", "yaml", "infra"}.intersection(names)
