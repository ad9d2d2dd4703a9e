"""Clouds and a machine that answer what was recorded: right answers, and for a case the wrong ones over them.

``recorded/doctor/aws.json`` and ``azure.json`` hold right answers by command, in the shapes of the clouds' public API
models. A file of ``recorded/doctor/failing`` says what differs and what must be found, and that nothing else is.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from infra.model import Fleet
from infra.planner import plan_fleet
from ops.adapters.aws_facts import AwsCliFacts, aws_cli
from ops.adapters.azure_facts import AzureCliFacts, az_cli
from ops.adapters.credentials import Missing
from ops.errors import MissingError
from ops.services.doctor.case import Case
from ops.services.targets import all_targets

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded" / "doctor"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SECONDS = 60.0


def answers(name: str) -> dict[str, Any]:
    """Read what was recorded."""
    read: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return read


@dataclass
class Recorded:
    """Runs no process: gives what was recorded for a command, and remembers what was asked."""

    answers: dict[str, Any]
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, command: tuple[str, ...], **options: Any) -> subprocess.CompletedProcess[str]:
        self.asked.append(command)
        key = _azure_key(command[1:]) if command[0] == "az" else _aws_key(command[1:])
        answer = self.answers.get("*", self.answers.get(key))
        assert answer is not None, f"nothing is recorded for {key!r}: {' '.join(command)}"
        if answer.get("absent"):
            raise FileNotFoundError(command[0])
        if answer.get("hangs"):
            raise subprocess.TimeoutExpired(command, options["timeout"])
        if "stderr" in answer:
            return subprocess.CompletedProcess(command, answer["exit"], "", answer["stderr"])
        if key == "iam simulate-principal-policy" and isinstance(answer["EvaluationResults"], str):
            answer = {
                "EvaluationResults": [_allowed(action) for action in command[command.index("--action-names") + 1 :]]
            }
        return subprocess.CompletedProcess(command, 0, json.dumps(answer), "")


def _allowed(action: str) -> dict[str, Any]:
    return {"EvalActionName": action, "EvalResourceName": "*", "EvalDecision": "allowed", "MatchedStatements": []}


def _aws_key(arguments: tuple[str, ...]) -> str:
    options = dict(pairwise(arguments[2:]))
    named = [options[name] for name in ("--service-code", "--role-name") if name in options]
    region = [] if arguments[0] in {"sts", "iam"} else [options["--region"]]
    return " ".join((*arguments[:2], *named, *region))


def _azure_key(arguments: tuple[str, ...]) -> str:
    if arguments[:2] == ("account", "show"):
        return "account show"
    assert arguments[:4] == ("rest", "--method", "get", "--url")
    url = urlsplit(arguments[4])
    page = parse_qs(unquote(url.query)).get("$skiptoken")
    path = url.path.removeprefix(f"/subscriptions/{SUBSCRIPTION}/")
    assert "api-version=" in url.query
    return f"{path} {page[0]}" if page else path


@dataclass
class RecordedMachine:
    """A machine that has everything, but for what a case takes away."""

    facts: dict[str, Any]

    def missing(self, *, clouds: frozenset[str], stacks: tuple[str, ...]) -> tuple[Missing, ...]:
        assert clouds
        assert stacks
        return tuple(Missing(what=what, fix=fix) for what, fix in self.facts.get("missing", ()))

    def environment(self, name: str) -> str:
        return str(self.facts.get("environment", {}).get(name, ""))

    def engine(self) -> str:
        if not self.facts.get("engine", "/usr/bin/pulumi"):
            raise MissingError("there is no Pulumi engine", "run: make setup")
        return "/usr/bin/pulumi"

    def tool(self, name: str, *arguments: str) -> str:
        assert arguments
        there = {"aws": "aws-cli/2.31.9", "kubelogin": "kubelogin version\ngit hash: v0.2.10/abc", "az": '"2.91.0"'}
        return str(self.facts.get("tools", {}).get(name, there[name]))

    def plugins(self) -> tuple[str, ...]:
        return tuple(self.facts.get("plugins", ()))

    def now(self) -> datetime:
        return datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)

    def time_at(self, host: str) -> datetime:
        ahead = self.facts.get("ahead", 0)
        if ahead is None:
            raise MissingError(
                f"https://{host} tells no time (NameResolutionError)", "look at the network and its proxy"
            )
        return self.now() - timedelta(seconds=ahead)


def case_of(differs: dict[str, Any] | None = None) -> Case:
    """Make a case of the fleet ``dev`` from right answers, and what differs from them."""
    differs = differs or {}
    data = yaml.safe_load((ROOT / "fleets" / "dev.yaml").read_text(encoding="utf-8"))
    data |= {"adminCidrs": ["9.20.30.0/24"], **differs.get("fleet", {})}
    plan = plan_fleet(Fleet.model_validate(data))
    aws = Recorded({**answers("aws"), **differs.get("aws", {})})
    azure = Recorded({**answers("azure"), **differs.get("azure", {})})
    return Case(
        plan=plan,
        file="fleet.yaml",
        targets=all_targets(plan),
        machine=RecordedMachine(differs.get("machine", {})),
        aws=AwsCliFacts(ask=replace(aws_cli(SECONDS), start=aws), home="us-east-1"),
        azure=AzureCliFacts(ask=replace(az_cli(SECONDS), start=azure)),
    )
