"""A simulated Azure in the test's own process: calls go through schema, checks and operations as the engine's do."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from simulator import schema
from simulator.diff import compare
from simulator.kind import Kind
from simulator.operations import Operations
from simulator.registry import load
from simulator.world import Record, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = {"location": "westeurope"}
REGION = "westeurope"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"


class CheckFailed(Exception):  # noqa: N818 - it says what happened, as the engine does
    """The provider refused the inputs before Azure saw them."""

    def __init__(self, failures: list[Any]) -> None:
        super().__init__("; ".join(f"{failure.path}: {failure.reason}" for failure in failures))
        self.failures = failures


class AzureWorld:
    """One subscription; resources are named ``service:Type`` and have the logical name that the test gives."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "world.sqlite")
        self.operations = Operations(self.world)
        self.package = load("azure-native")

    def _urn(self, kind: str, name: str) -> str:
        return f"urn:pulumi:test::test::azure-native:{kind}::{name}"

    def check(self, kind: str, inputs: Mapping[str, Any]) -> None:
        found = self.package.kind(f"azure-native:{kind}")
        failures = list(schema.check(found.token, inputs))
        failures += [] if failures else [failure for check in found.checks for failure in check(inputs)]
        if failures:
            raise CheckFailed(failures)

    def create(self, kind: str, name: str, /, **inputs: object) -> Record:
        found = self.package.kind(f"azure-native:{kind}")
        if found.autoname is not None:
            inputs.setdefault(found.autoname.property, name)
        self.check(kind, inputs)
        context = self.operations.context(self.package, found, CONFIG, urn=self._urn(kind, name), inputs=inputs)
        outcome = self.operations.create(self.package, found, context, deepcopy(inputs))
        record = self.world.one(found.token, outcome.id)
        assert record is not None
        return record

    def update(self, record: Record, **changes: object) -> Record:
        """Change a resource in place, as the engine does where nothing replaces."""
        found = self.package.kind(record.token)
        inputs = {**record.inputs, **changes}
        self.check(record.token.removeprefix("azure-native:"), inputs)
        context = self.operations.context(self.package, found, CONFIG, urn=record.urn, inputs=inputs, id_=record.id)
        self.operations.update(
            self.package, found, context, inputs, old_inputs=record.inputs, old_outputs=dict(record.outputs)
        )
        return self.again(record)

    def delete(self, record: Record) -> None:
        found = self.package.kind(record.token)
        inputs = dict(record.inputs)
        context = self.operations.context(self.package, found, CONFIG, urn=record.urn, inputs=inputs, id_=record.id)
        self.operations.delete(found, context, inputs)

    def replaces(self, record: Record, **changes: object) -> set[str]:
        """Paths whose change makes the engine replace the resource."""
        found = self.package.kind(record.token)
        return set(compare(found, record.inputs, {**record.inputs, **changes}).replaces)

    def again(self, record: Record) -> Record:
        found = self.world.one(record.token, record.id)
        assert found is not None
        return found

    def gone(self, record: Record) -> bool:
        return self.world.one(record.token, record.id) is None

    def invoke(self, token: str, **arguments: object) -> dict[str, Any]:
        invoke = self.package.invoke(f"azure-native:{token}")
        failures = list(schema.check_invoke(f"azure-native:{token}", arguments))
        if failures:
            raise CheckFailed(failures)
        kind = Kind(token=f"azure-native:{token}")
        context = self.operations.context(self.package, kind, CONFIG, urn="", inputs=arguments)
        return invoke.answer(context, arguments)

    # --- what most tests need

    def group(self, name: str = "rg", location: str = REGION) -> Record:
        return self.create("resources:ResourceGroup", name, location=location)

    def network(self, name: str = "vnet", cidr: str = "10.1.0.0/16", **more: object) -> Record:
        given = {"resourceGroupName": "rg", "addressSpace": {"addressPrefixes": [cidr]}, **more}
        return self.create("network:VirtualNetwork", name, **given)

    def subnet(self, name: str, prefix: str, network: str = "vnet", **more: object) -> Record:
        given = {"resourceGroupName": "rg", "virtualNetworkName": network, "addressPrefix": prefix, **more}
        return self.create("network:Subnet", name, **given)

    def address(self, name: str, **more: object) -> Record:
        given = {
            "resourceGroupName": "rg",
            "sku": {"name": "Standard"},
            "publicIPAllocationMethod": "Static",
            "zones": ["1", "2", "3"],
            **more,
        }
        return self.create("network:PublicIPAddress", name, **given)

    def nat(self, name: str = "nat", **more: object) -> Record:
        given = {"resourceGroupName": "rg", "sku": {"name": "Standard"}, **more}
        return self.create("network:NatGateway", name, **given)

    def security_group(self, name: str = "nsg", **more: object) -> Record:
        return self.create("network:NetworkSecurityGroup", name, resourceGroupName="rg", **more)

    def identity(self, name: str = "identity") -> Record:
        return self.create("managedidentity:UserAssignedIdentity", name, resourceGroupName="rg")

    def grant(self, name: str, identity: Record, role: str, scope: str, **more: object) -> Record:
        subscription = "/".join(scope.split("/")[:3])
        given = {
            "principalId": identity.outputs["principalId"],
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "scope": scope,
            **more,
        }
        return self.create("authorization:RoleAssignment", name, **given)

    def vault(self, name: str = "vault-one", **more: object) -> Record:
        properties = {
            "sku": {"family": "A", "name": "premium"},
            "tenantId": "99999999-8888-4777-8666-555555555555",
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
            "softDeleteRetentionInDays": 90,
            **more,
        }
        properties = {key: value for key, value in properties.items() if value is not None}
        return self.create("keyvault:Vault", name, resourceGroupName="rg", properties=properties)

    def key(self, name: str = "key", vault: str = "vault-one", **more: object) -> Record:
        properties = {"kty": "RSA", "keySize": 4096, **more}
        return self.create("keyvault:Key", name, resourceGroupName="rg", vaultName=vault, properties=properties)
