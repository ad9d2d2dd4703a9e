"""What a run against real clouds needs on this machine, looked for before anything starts.

Only whether it is there is checked, not whether a cloud takes it: the first call of the engine tells that.
"""

from __future__ import annotations

import configparser
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.adapters.settings import read_stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SERVICE = "https://api.pulumi.com"
_PAIRS = (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"))
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that is not there, and how to set it."""

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what}: {self.fix}"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where to look.

    Parameters
    ----------
    env
        Environment variables.
    home
        The user's home folder.
    root
        The repository: its stack settings count.
    backend
        The backend that a state folder gives; None where the user's own is meant.
    """

    env: Mapping[str, str]
    home: Path
    root: Path
    backend: str | None = None

    def missing(self, *, clouds: Iterable[str], stacks: Iterable[str], allow_passphrase: bool) -> tuple[Missing, ...]:
        """List all that is missing to deploy stacks on some clouds."""
        found: list[Missing] = []
        wanted, stacks = set(clouds), tuple(stacks)
        if "aws" in wanted:
            found += self._aws()
        if "azure" in wanted:
            found += self._azure(stacks)
        backend = self.backend_url()
        if backend is None:
            found.append(
                Missing(
                    what="Pulumi backend",
                    fix="pulumi login, or set PULUMI_BACKEND_URL (s3://..., azblob://..., https://...)",
                )
            )
        found += self._secrets(stacks, backend, allow_passphrase=allow_passphrase)
        return tuple(found)

    def backend_url(self) -> str | None:
        """Give the backend that the engine would use; None where it would ask."""
        if self.backend or self.env.get("PULUMI_BACKEND_URL"):
            return self.backend or self.env["PULUMI_BACKEND_URL"]
        project = self.root / "Pulumi.yaml"
        if project.exists():
            import yaml

            url = ((yaml.safe_load(project.read_text(encoding="utf-8")) or {}).get("backend") or {}).get("url")
            if url:
                return str(url)
        if self.env.get("PULUMI_ACCESS_TOKEN"):
            return _SERVICE
        home = self.env.get("PULUMI_HOME")
        folder = self.home / ".pulumi" if not home else Path(home)
        current = _json(folder / "credentials.json").get("current")
        return str(current) if current else None

    def subscription(self, stacks: Iterable[str]) -> str | None:
        """Give the Azure subscription that is set; None where the default of ``az`` is meant."""
        configured = ((read_stack(self.root, stack).get("config") or {}) for stack in stacks)
        named = (config.get("azure-native:subscriptionId") for config in configured)
        return self.env.get("ARM_SUBSCRIPTION_ID") or next((str(each) for each in named if each), None)

    def _aws(self) -> list[Missing]:
        """Look where the AWS SDK looks, in its order."""
        env = self.env
        for first, second in _PAIRS:
            if env.get(first):
                missing = Missing(what=f"the other half of {first}", fix=f"set {second}")
                return [] if env.get(second) else [missing]
        if any(env.get(name) for name in _CONTAINER):
            return []
        profiles = self._aws_profiles()
        profile = env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE")
        if (profile or "default") in profiles:
            return []
        known = ", ".join(sorted(profiles))
        if profile:
            there = f" (there are {known})" if known else ""
            fix = f"AWS_PROFILE names it, ~/.aws/config does not{there}; aws configure sso --profile {profile}"
            return [Missing(what=f"AWS profile {profile}", fix=fix)]
        others = f"export AWS_PROFILE, one of {known}; or " if known else ""
        fix = f"{others}aws configure sso and export AWS_PROFILE; or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        return [Missing(what="AWS credentials", fix=fix)]

    def _aws_profiles(self) -> set[str]:
        profiles: set[str] = set()
        for name, variable in (("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")):
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read(self.env.get(variable) or self.home / ".aws" / name, encoding="utf-8")
            except (configparser.Error, UnicodeDecodeError):
                continue
            sections = (section for section in parser.sections() if not section.startswith("sso-session"))
            profiles |= {section.removeprefix("profile ") for section in sections}
        return profiles

    def _azure(self, stacks: tuple[str, ...]) -> list[Missing]:
        env = self.env
        profile = _json(Path(env.get("AZURE_CONFIG_DIR") or self.home / ".azure") / "azureProfile.json")
        logged_in: list[dict[str, Any]] = profile.get("subscriptions") or []
        found: list[Missing] = []
        if env.get("ARM_CLIENT_ID"):
            if not env.get("ARM_TENANT_ID"):
                found.append(Missing(what="Azure tenant", fix="ARM_CLIENT_ID is set, ARM_TENANT_ID is not"))
            proofs = ("ARM_CLIENT_SECRET", "ARM_CLIENT_CERTIFICATE_PATH", "ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH")
            ways = ("ARM_USE_OIDC", "ARM_USE_MSI")
            if not any(env.get(name) for name in (*proofs, *ways)):
                found.append(
                    Missing(
                        what="Azure proof of identity",
                        fix="ARM_CLIENT_ID is set; set ARM_USE_OIDC=true, or one of " + ", ".join(proofs),
                    )
                )
        elif not logged_in and env.get("ARM_USE_MSI", "").lower() != "true":
            found.append(
                Missing(
                    what="Azure credentials",
                    fix="az login; or ARM_CLIENT_ID and ARM_TENANT_ID with ARM_USE_OIDC or ARM_CLIENT_SECRET",
                )
            )
        if not (self.subscription(stacks) or any(each.get("isDefault") for each in logged_in)):
            found.append(
                Missing(what="Azure subscription", fix="set ARM_SUBSCRIPTION_ID, or az account set --subscription ID")
            )
        return found

    def _secrets(self, stacks: tuple[str, ...], backend: str | None, *, allow_passphrase: bool) -> list[Missing]:
        """Look for the key that a self-managed backend needs; a passphrase is one only if it was asked for."""
        found: list[Missing] = []
        service = backend is not None and backend.startswith("https://")
        for stack in stacks:
            settings = read_stack(self.root, stack)
            provider = str(settings.get("secretsprovider") or "")
            if provider and provider != "passphrase":
                continue
            if not provider and service and "encryptionsalt" not in settings:
                continue
            if not allow_passphrase:
                found.append(
                    Missing(
                        what=f"key for the secrets of {stack}",
                        fix=f'pulumi stack init {stack} --secrets-provider "awskms://alias/KEY?region=REGION" (or '
                        f'"azurekeyvault://VAULT.vault.azure.net/keys/KEY"); for a stack that is there already: '
                        f"pulumi stack change-secrets-provider; or --allow-passphrase",
                    )
                )
            elif not (self.env.get("PULUMI_CONFIG_PASSPHRASE") or self.env.get("PULUMI_CONFIG_PASSPHRASE_FILE")):
                found.append(
                    Missing(what=f"passphrase for the secrets of {stack}", fix="set PULUMI_CONFIG_PASSPHRASE_FILE")
                )
        return found


def _json(path: Path) -> dict[str, Any]:
    try:
        # The Azure CLI writes a byte order mark.
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
