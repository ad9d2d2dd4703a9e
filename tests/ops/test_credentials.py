"""Every missing thing is named, with how to set it, and nothing that is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ops.adapters.credentials import Machine

if TYPE_CHECKING:
    from pathlib import Path

AWS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake"}
AZURE = {"ARM_CLIENT_ID": "c", "ARM_TENANT_ID": "t", "ARM_USE_OIDC": "true", "ARM_SUBSCRIPTION_ID": "s"}
BACKEND = {"PULUMI_BACKEND_URL": "s3://state"}


def missing(
    tmp_path: Path, env: dict[str, str], *, allow_passphrase: bool = False, clouds: str = "aws azure"
) -> list[str]:
    machine = Machine(env=env, home=tmp_path / "home", root=tmp_path)
    found = machine.missing(clouds=clouds.split(), stacks=["aws-dev"], allow_passphrase=allow_passphrase)
    assert all(each.fix for each in found)
    return [each.what for each in found]


def keyed(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.aws-dev.yaml").write_text("secretsprovider: awskms://alias/hms?region=us-east-1\n")


def aws_file(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "home" / ".aws"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def azure_login(tmp_path: Path, *subscriptions: dict[str, object]) -> None:
    folder = tmp_path / "home" / ".azure"
    folder.mkdir(parents=True)
    text = json.dumps({"subscriptions": list(subscriptions)})
    (folder / "azureProfile.json").write_text(text, encoding="utf-8-sig")


def test_a_bare_machine_lacks_everything(tmp_path: Path) -> None:
    assert missing(tmp_path, {}) == [
        "AWS credentials",
        "Azure credentials",
        "Azure subscription",
        "Pulumi backend",
        "key for the secrets of aws-dev",
    ]


def test_a_ready_machine_lacks_nothing(tmp_path: Path) -> None:
    keyed(tmp_path)
    assert missing(tmp_path, {**AWS, **AZURE, **BACKEND}) == []


def test_only_the_clouds_of_the_stacks_count(tmp_path: Path) -> None:
    keyed(tmp_path)
    assert missing(tmp_path, {**AWS, **BACKEND}, clouds="aws") == []
    assert missing(tmp_path, {**AZURE, **BACKEND}, clouds="azure") == []


@pytest.mark.parametrize(
    "env",
    [
        AWS,
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1"},
    ],
)
def test_ways_into_aws(tmp_path: Path, env: dict[str, str]) -> None:
    keyed(tmp_path)
    assert missing(tmp_path, {**env, **BACKEND}, clouds="aws") == []


@pytest.mark.parametrize(
    ("env", "what"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "the other half of AWS_ACCESS_KEY_ID"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "the other half of AWS_WEB_IDENTITY_TOKEN_FILE"),
        ({"AWS_PROFILE": "work"}, "AWS profile work"),
    ],
)
def test_half_a_way_into_aws(tmp_path: Path, env: dict[str, str], what: str) -> None:
    keyed(tmp_path)
    assert missing(tmp_path, {**env, **BACKEND}, clouds="aws") == [what]


def test_profiles_are_looked_up(tmp_path: Path) -> None:
    keyed(tmp_path)
    aws_file(tmp_path, "config", "[profile work]\nregion = us-east-1\n[sso-session hms]\nsso_region = us-east-1\n")
    assert missing(tmp_path, {"AWS_PROFILE": "work", **BACKEND}, clouds="aws") == []
    assert missing(tmp_path, {"AWS_PROFILE": "hms", **BACKEND}, clouds="aws") == ["AWS profile hms"]
    assert missing(tmp_path, BACKEND, clouds="aws") == ["AWS credentials"]
    aws_file(tmp_path, "credentials", "[default]\naws_access_key_id = AKIA\n")
    assert missing(tmp_path, BACKEND, clouds="aws") == []


def test_a_broken_profile_file_is_no_crash(tmp_path: Path) -> None:
    keyed(tmp_path)
    aws_file(tmp_path, "config", "no section at all")
    assert missing(tmp_path, BACKEND, clouds="aws") == ["AWS credentials"]


def test_az_login_is_enough(tmp_path: Path) -> None:
    keyed(tmp_path)
    azure_login(tmp_path, {"id": "s", "isDefault": True})
    assert missing(tmp_path, BACKEND, clouds="azure") == []


def test_az_login_without_a_default_subscription(tmp_path: Path) -> None:
    keyed(tmp_path)
    azure_login(tmp_path, {"id": "s", "isDefault": False})
    assert missing(tmp_path, BACKEND, clouds="azure") == ["Azure subscription"]


def test_half_a_service_principal(tmp_path: Path) -> None:
    keyed(tmp_path)
    env = {"ARM_CLIENT_ID": "c", "ARM_SUBSCRIPTION_ID": "s", **BACKEND}
    assert missing(tmp_path, env, clouds="azure") == ["Azure tenant", "Azure proof of identity"]


def test_the_subscription_may_stand_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.aws-dev.yaml").write_text(
        "secretsprovider: awskms://alias/hms\nconfig:\n  azure-native:subscriptionId: s\n"
    )
    env = {key: value for key, value in AZURE.items() if key != "ARM_SUBSCRIPTION_ID"}
    assert missing(tmp_path, {**env, **BACKEND}, clouds="azure") == []


def test_ways_to_a_backend(tmp_path: Path) -> None:
    machine = Machine(env={}, home=tmp_path, root=tmp_path)
    assert machine.backend_url() is None
    assert Machine(env={"PULUMI_ACCESS_TOKEN": "pul-1"}, home=tmp_path, root=tmp_path).backend_url() is not None
    (tmp_path / ".pulumi").mkdir()
    (tmp_path / ".pulumi" / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    assert machine.backend_url() == "https://api.pulumi.com"
    (tmp_path / "Pulumi.yaml").write_text("name: hms\nbackend:\n  url: azblob://state\n")
    assert machine.backend_url() == "azblob://state"


def test_pulumi_cloud_keeps_secrets_itself(tmp_path: Path) -> None:
    assert missing(tmp_path, {**AWS, "PULUMI_BACKEND_URL": "https://api.pulumi.com"}, clouds="aws") == []


def test_a_passphrase_must_be_asked_for_and_set(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.aws-dev.yaml").write_text("encryptionsalt: v1:abc\n")
    env = {**AWS, **BACKEND}
    assert missing(tmp_path, env, clouds="aws") == ["key for the secrets of aws-dev"]
    asked = {"allow_passphrase": True}
    assert missing(tmp_path, env, clouds="aws", **asked) == ["passphrase for the secrets of aws-dev"]
    assert missing(tmp_path, {**env, "PULUMI_CONFIG_PASSPHRASE_FILE": "/p"}, clouds="aws", **asked) == []
