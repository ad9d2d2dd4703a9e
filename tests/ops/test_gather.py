"""A bundle holds all that helps, no secret in any form, and is there as a whole or not at all."""

from __future__ import annotations

import base64
import json
import tarfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from ops import cli_gather
from ops.cli import app
from ops.errors import ClusterError, RefusedError
from ops.services.diagnose import look
from ops.services.diagnose.catalogue import CHECKS
from ops.services.diagnose.run import diagnose
from ops.services.gather.bundle import write
from ops.services.gather.collect import Collection, collect
from ops.services.gather.scrub import SECRET, Scrubber
from ops.services.observe.kubernetes import Warn
from tests.ops.diagnosed import NOW, Fleet, good
from tests.ops.fake_certificates import Signer
from tests.ops.test_logs import FakeLogs, source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.plan import FleetPlan

MADE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


KEY, OTHER_KEY = private_key(), private_key()
CERTIFICATE = base64.b64decode(Signer.make("A CA").data("somebody")["tls.crt"]).decode()

# None of them is anybody's.
PASSWORD = "correct-horse-battery"
PSK = "k9X2mQ7pL4vR8sT1"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"
OPAQUE = "value-that-nothing-gives-away"
ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PACKAGES = "ghp_" + "a1B2" * 9

PLANTED = (KEY, OTHER_KEY, CERTIFICATE, PASSWORD, PSK, TOKEN, OPAQUE, ACCESS_KEY, PACKAGES)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": {key.replace("_", "."): in_base64(text) for key, text in data.items()}}


class FakeObjects:
    """Secrets and events of a cluster."""

    def __init__(self, name: str, *, refused: frozenset[str] = frozenset()) -> None:
        self.name = name
        self.refused = refused
        self.secrets = [
            secret("server", tls_key=KEY, ca_crt=CERTIFICATE, tls_crt=CERTIFICATE),
            secret("database", password=PASSWORD, note=OPAQUE, namespace="kube-system", short="abc"),
        ]
        self.events: list[Any] = [{"metadata": {"name": "one", "managedFields": ["long"]}, "message": "Pulled"}]

    def get(self, path: str, **_: str) -> dict[str, Any]:
        if path in self.refused:
            raise ClusterError(f"{self.name}: GET {path}: forbidden")
        return {"items": {"/api/v1/secrets": self.secrets, "/api/v1/events": self.events}[path]}


def planted(fleet: Fleet, objects: dict[str, Any], logs: dict[str, Any]) -> dict[str, Any]:
    """Put secrets wherever something is gathered, plain and in base64; give what the stacks say."""
    forms = [form for text in PLANTED for form in (text, in_base64(text))]
    # One that is in no Secret is known by its name alone.
    labelled = [f'pre-shared-key: "{PSK}"', f"psk={PSK}", f"AKIAIOSFODNN7EXAMPLE {ACCESS_KEY}", f"Bearer {TOKEN}"]
    known = [text for text in forms if text not in {PSK, in_base64(PSK), ACCESS_KEY, in_base64(ACCESS_KEY)}]
    lines = [*known, *labelled, *(in_base64(each) for each in labelled), in_base64(in_base64(f"token: {OPAQUE}"))]
    lines += [f"wrapped {in_base64(f'before {each} after')}" for each in (KEY, PASSWORD, OPAQUE)]
    for name in fleet.views:
        logs[name] = FakeLogs(name, {source(name): [part for each in lines for part in each.splitlines()]})
        objects[name].events.append({"message": " ".join(lines), "reason": lines[0]})
        fleet.set_config(name, **{f"setting_{number}": text for number, text in enumerate(lines)})
        fleet.set_config(name, psk=PSK, some_token=OPAQUE, client_key_data=in_base64(OTHER_KEY))
        said = Warn(about="Pod x", reason="Failed", message=lines[2], count=1, last=NOW)
        fleet.change(name, warnings=good((said, *(replace(said, message=text) for text in lines))))
        fleet.each_agent(name, lambda each: replace(each, message=lines[0], raw={"told": lines, "password": PSK}))
        fleet.fail_way(name, next(other for other in fleet.views if other != name), f"refused {lines[0]}")
    return {"stacks": [{"stack": "aws-dev", "outputs": lines}]}


@pytest.fixture
def fleet(dev_plan: FleetPlan) -> Fleet:
    return Fleet.whole(dev_plan)


@pytest.fixture
def objects(fleet: Fleet) -> dict[str, Any]:
    return {name: FakeObjects(name) for name in fleet.views}


@pytest.fixture
def logs(fleet: Fleet) -> dict[str, Any]:
    return {name: FakeLogs(name, {source(name): ["GET /healthz"]}) for name in fleet.views}


def gathered(fleet: Fleet, objects: Any, logs: Any, *, text: str = "name: dev\n", stacks: Any = None) -> Collection:
    case = fleet.case()
    diagnosis = diagnose(case, CHECKS, seconds=1.0)
    return collect(case, diagnosis, objects=objects, logs=logs, fleet=text, stacks=stacks or {}, tail=500)


def contents(bundle: Path) -> dict[str, str]:
    with tarfile.open(bundle) as tar:
        return {each.name: tar.extractfile(each).read().decode() for each in tar}  # type: ignore[union-attr]


def test_what_is_in_it(fleet: Fleet, objects: Any, logs: Any) -> None:
    made = gathered(fleet, objects, logs)
    assert {name.replace("azure-1", "aws-1") for name in made.files} == {
        "about.json",
        "diagnosis.json",
        "fleet.yaml",
        "plan.json",
        "stacks.json",
        *(f"clusters/aws-1/{name}.json" for name in ("seen", "network", "cilium-config", "events")),
        "clusters/aws-1/logs/hms-api/api-0/api.log",
    }
    about = json.loads(made.files["about.json"])
    assert (about["fleet"], about["missing"], about["versions"]["cilium"]) == ("dev", [], "1.19.6")
    seen = json.loads(made.files["clusters/aws-1/seen.json"])
    assert seen["nodes"][0]["name"] == "aws-1-a"
    assert seen["certificates"][0]["not_after"].startswith("2036")
    assert json.loads(made.files["plan.json"])["clusters"]["aws-1"]["pod_cidr"] == str(
        fleet.plan.clusters["aws-1"].pod_cidr
    )
    (mesh,) = fleet.plan.clusters["azure-1"].mesh_addresses
    network = json.loads(made.files["clusters/aws-1/network.json"])
    assert network["aws-1-a"]["ports"][f"{mesh}:2379"] == "open"
    assert json.loads(made.files["clusters/aws-1/events.json"])[0] == {"metadata": {"name": "one"}, "message": "Pulled"}
    assert made.files["clusters/aws-1/logs/hms-api/api-0/api.log"] == "GET /healthz\n"


def test_no_planted_secret_is_in_it(fleet: Fleet, objects: Any, logs: Any, tmp_path: Path) -> None:
    stacks = planted(fleet, objects, logs)
    made = gathered(fleet, objects, logs, text=f"# {PASSWORD}\nname: dev\ntoken: {OPAQUE}\n", stacks=stacks)
    path = tmp_path / "bundle.tar.gz"
    write(path, made.files, made=MADE)
    text = "\n".join(f"{name}\n{each}" for name, each in contents(path).items())
    # Every line of a key is one, and JSON writes it otherwise.
    pieces = {piece for each in PLANTED for piece in (each, *each.splitlines()) if not piece.startswith("-----")}
    found = {
        piece
        for piece in pieces
        for form in (
            piece,
            in_base64(piece),
            in_base64(piece).rstrip("="),
            base64.urlsafe_b64encode(piece.encode()).decode(),
        )
        if form in text
    }
    assert found == set()
    assert "PRIVATE KEY" not in text
    assert "BEGIN CERTIFICATE" not in text
    assert SECRET in text


def test_what_is_no_secret_stays(fleet: Fleet, objects: Any, logs: Any) -> None:
    planted(fleet, objects, logs)
    made = gathered(fleet, objects, logs)
    seen = json.loads(made.files["clusters/aws-1/seen.json"])
    assert seen["config"]["data"]["cluster-name"] == "aws-1"
    assert seen["cilium_nodes"][0]["encryption_key"] == "key of aws-1-a"
    assert seen["certificates"][0]["secret"] == "kube-system/clustermesh-apiserver-server-cert"
    assert seen["certificates"][0]["fingerprint"] == "the CA"


@pytest.mark.parametrize(
    "text",
    [
        "kube-system/clustermesh-apiserver-server-cert",
        "/var/lib/cilium/clustermesh/azure-1",
        "sha256:9d3e0f1c2b4a5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6",
        "time=2026-11-24T12:00:00Z level=info msg=done secretsNamespace",
        in_base64("nothing that anybody hides, but long"),
    ],
)
def test_scrubbing_leaves_the_rest_alone(text: str) -> None:
    assert Scrubber([OPAQUE.encode()]).text(text) == text


def test_short_values_are_not_looked_for() -> None:
    """They stand everywhere by chance, and the text would be of no use."""
    assert Scrubber([b"api", b"", b"   "]).text("api calls api") == "api calls api"


def test_what_cannot_be_had_is_listed(fleet: Fleet, objects: Any, logs: Any) -> None:
    fleet.kill_api("azure-1")
    objects["azure-1"] = ClusterError("azure-1: the API server does not answer")
    logs["azure-1"] = ClusterError("azure-1: the API server does not answer")
    objects["aws-1"] = FakeObjects("aws-1", refused=frozenset({"/api/v1/secrets"}))
    made = gathered(fleet, objects, logs)
    assert any("Secrets, so that only what looks like a secret was taken out" in each for each in made.missing)
    assert any(each.startswith("azure-1: api, nodes, pods") for each in made.missing)
    assert any(each == "azure-1: logs: azure-1: the API server does not answer" for each in made.missing)
    assert json.loads(made.files["about.json"])["missing"] == made.missing
    assert "clusters/aws-1/logs/hms-api/api-0/api.log" in made.files


def test_a_bundle_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "help.tar.gz"
    size = write(path, {"about.json": "{}", "clusters/a/b.log": "line\n"}, made=MADE)
    assert size == path.stat().st_size
    assert path.stat().st_mode & 0o777 == 0o600
    assert contents(path) == {"help/about.json": "{}", "help/clusters/a/b.log": "line\n"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_nothing_half_written_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    written = []

    def broken(*_: Any) -> None:
        written.append(list(tmp_path.iterdir()))
        raise error

    monkeypatch.setattr(tarfile.TarFile, "addfile", broken)
    with pytest.raises(error):
        write(tmp_path / "help.tar.gz", {"about.json": "{}"}, made=MADE)
    assert len(written[0]) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_older_bundle_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "help.tar.gz"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(RefusedError, match="exists already"):
        write(path, {}, made=MADE)
    assert path.read_text(encoding="utf-8") == "old"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="nothing can be written"):
        write(tmp_path / "none" / "help.tar.gz", {}, made=MADE)


def test_the_verb(fleet: Fleet, objects: Any, logs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stacks = planted(fleet, objects, logs)
    objects["azure-1"] = FakeObjects("azure-1", refused=frozenset({"/api/v1/events"}))

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Any]:
        yield SimpleNamespace(apis=objects, logs=lambda: logs)

    monkeypatch.setattr(cli_gather, "opened", opened)
    monkeypatch.setattr(cli_gather, "_stacks", lambda *_: stacks)
    monkeypatch.setattr(look, "look_closely", lambda *_, **__: fleet.case())
    path = tmp_path / "help.tar.gz"
    done = CliRunner().invoke(app, ["gather", "-o", str(path)])
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{path}: ")
    assert "azure-1: its events" in done.stderr
    found = contents(path)
    assert found["help/fleet.yaml"].startswith("#")
    assert not any(each in text for each in (KEY, PASSWORD, OPAQUE) for text in found.values())
    again = CliRunner().invoke(app, ["gather", "-o", str(path)])
    assert again.exit_code == 2
