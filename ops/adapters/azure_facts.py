"""An Azure subscription, asked through the ``az`` command line: the REST API of Azure Resource Manager.

Shapes are those of its published reference: Permissions, Features, Providers, Usage, Resource Skus, and
``ListKubernetesVersions`` of AKS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from ops.adapters.cloud_cli import CloudCli, understood
from ops.adapters.doctor_ports import Account, Permission, Usage, VmSize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

_INSTALL = "install Azure's command line: https://learn.microsoft.com/cli/azure/install-azure-cli"
_MOST_PAGES = 100


def az_cli(seconds: float) -> CloudCli:
    """Give the command line, each call answered within some seconds."""
    return CloudCli(
        program="az",
        install=_INSTALL,
        advice=_advice,
        seconds=seconds,
        environment={"AZURE_CORE_ONLY_SHOW_ERRORS": "true", "AZURE_CORE_COLLECT_TELEMETRY": "false"},
    )


@dataclass(frozen=True, kw_only=True)
class AzureCliFacts:
    """The subscription.

    Parameters
    ----------
    ask
        Takes the arguments of ``az`` and gives its JSON.
    subscription
        The one that Pulumi would deploy to; None for the default of ``az``.
    """

    ask: Callable[..., Any]
    subscription: str | None = None

    def account(self) -> Account:
        """Say who the caller is, and in which subscription."""
        which = ("--subscription", self.subscription) if self.subscription else ()
        answer = self.ask("account", "show", *which, "--output", "json")
        return self._understood(
            "account show",
            answer,
            lambda found: Account(
                subscription=found["id"], tenant=found["tenantId"], state=found["state"], user=found["user"]["name"]
            ),
        )

    def permissions(self) -> tuple[Permission, ...]:
        """List what the caller may do on the whole subscription; groups and management groups are counted in."""
        return tuple(
            Permission(
                actions=tuple(each.get("actions") or ()),
                not_actions=tuple(each.get("notActions") or ()),
                data_actions=tuple(each.get("dataActions") or ()),
                not_data_actions=tuple(each.get("notDataActions") or ()),
            )
            for each in self._list("providers/Microsoft.Authorization/permissions", "2022-04-01")
        )

    def feature(self, namespace: str, name: str) -> str:
        """Give the state of a feature of the subscription: ``Registered``, or something else."""
        answer = self._get(f"providers/Microsoft.Features/providers/{namespace}/features/{name}", "2021-07-01")
        return self._understood("rest (feature)", answer, lambda found: str(found["properties"]["state"]))

    def providers(self) -> Mapping[str, str]:
        """Give the registration state of each resource provider, by its name in lower case."""
        found = self._list("providers", "2021-04-01")
        return self._understood(
            "rest (providers)",
            found,
            lambda all_: {each["namespace"].lower(): each["registrationState"] for each in all_},
        )

    def usages(self, namespace: str, region: str) -> Mapping[str, Usage]:
        """Give the quotas of a provider in a region, by their names in lower case."""
        # The oldest of the two providers that both know; their shapes are one.
        version = {"Microsoft.Compute": "2024-07-01", "Microsoft.Network": "2024-05-01"}[namespace]
        found = self._list(f"providers/{namespace}/locations/{region}/usages", version)
        return self._understood(
            "rest (usages)",
            found,
            lambda all_: {
                each["name"]["value"].lower(): Usage(used=int(each["currentValue"]), limit=int(each["limit"]))
                for each in all_
            },
        )

    def sizes(self, region: str) -> Mapping[str, VmSize]:
        """Give the VM sizes of a region."""
        found = self._list("providers/Microsoft.Compute/skus", "2021-07-01", f"location eq '{region}'")
        return self._understood(
            "rest (skus)",
            found,
            lambda all_: {each["name"]: _size(each) for each in all_ if each["resourceType"] == "virtualMachines"},
        )

    def kubernetes(self, region: str) -> Mapping[str, bool]:
        """Give the versions that AKS offers under standard support: minor to whether it is a preview."""
        answer = self._get(f"providers/Microsoft.ContainerService/locations/{region}/kubernetesVersions", "2025-09-01")
        return self._understood(
            "rest (kubernetesVersions)",
            answer,
            lambda found: {
                each["version"]: bool(each.get("isPreview"))
                for each in found["values"]
                if "KubernetesOfficial" in each["capabilities"]["supportPlan"]
            },
        )

    def groups(self, fleet: str) -> tuple[str, ...]:
        """Name the resource groups that a fleet has already."""
        found = self._list("resourcegroups", "2021-04-01", f"tagName eq 'fleet' and tagValue eq '{fleet}'")
        return self._understood("rest (resourcegroups)", found, lambda all_: tuple(each["name"] for each in all_))

    def _get(self, path: str, version: str, filter_: str = "") -> Any:  # noqa: ANN401 - JSON
        query = f"?api-version={version}" + (f"&$filter={quote(filter_)}" if filter_ else "")
        return self._rest(f"/subscriptions/{self.account().subscription}/{path}{query}")

    def _list(self, path: str, version: str, filter_: str = "") -> list[Any]:
        return list(self._pages(self._get(path, version, filter_)))

    def _pages(self, answer: Any) -> Iterator[Any]:  # noqa: ANN401
        for _ in range(_MOST_PAGES):
            yield from self._understood("rest", answer, lambda page: page["value"])
            following = answer.get("nextLink")
            if not following:
                return
            answer = self._rest(following)

    def _rest(self, url: str) -> Any:  # noqa: ANN401
        return self.ask("rest", "--method", "get", "--url", url, "--output", "json")

    @staticmethod
    def _understood(what: str, answer: Any, read: Callable[[Any], T]) -> T:  # noqa: ANN401 - JSON
        return understood(f"az {what}", answer, read)


def _size(sku: Mapping[str, Any]) -> VmSize:
    capabilities = {each["name"]: each["value"] for each in sku.get("capabilities") or ()}
    zones = {zone for place in sku.get("locationInfo") or () for zone in place.get("zones") or ()}
    barred = ""
    for restriction in sku.get("restrictions") or ():
        if restriction["type"] == "Zone":
            zones -= set((restriction.get("restrictionInfo") or {}).get("zones") or ())
        else:
            barred = restriction["reasonCode"]
    return VmSize(
        family=sku["family"],
        cpus=int(capabilities["vCPUs"]),
        zones=frozenset(zones),
        barred=barred,
        encrypts=capabilities.get("EncryptionAtHostSupported", "").lower() == "true",
    )


def _advice(said: str) -> str:
    """Say what to do about an error of ``az``."""
    if "az login" in said or "AADSTS" in said:
        return "az login; then az account set --subscription ID"
    if "SubscriptionNotFound" in said or "doesn't exist in cloud" in said:
        return "az account list --output table shows those you have; then set ARM_SUBSCRIPTION_ID"
    if "AuthorizationFailed" in said or said.startswith(("Forbidden", "Unauthorized")):
        return "have an owner give you the role Reader on the subscription, or ask somebody who may"
    if "Max retries exceeded" in said or "Connection" in said:
        return "look at the network and its proxy"
    return "az account show shows whether you are signed in"
