"""A world with clusters in it, and the kubernetes package driven as the provider drives it, without the engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator import schema
from simulator.diff import Difference, compare
from simulator.operations import Operations, Outcome
from simulator.registry import load
from simulator.world import Record, World
from tests.simulator.kubernetes_manifests import cilium
from tests.simulator.kubernetes_names import (
    ACCOUNT,
    AKS_HOST,
    AKS_ID,
    API,
    CA,
    EKS_HOST,
    GROUP,
    NAMESPACE,
    NETWORK_CONTRIBUTOR,
    RELEASE,
    VNET,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simulator.context import Context
    from simulator.kind import Failure


def kubeconfig(
    host: str = EKS_HOST, *, cluster: str = "aws-1", user: Mapping[str, Any] | None = None, ca: str = CA
) -> str:
    """A kubeconfig as `aws eks update-kubeconfig` writes it."""
    login = {"exec": {"command": "aws", "args": ["eks", "get-token", "--cluster-name", cluster]}}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"https://{host}", "certificate-authority-data": ca}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
            "users": [{"name": "u", "user": login if user is None else user}],
        }
    )


AKS_CONFIG: Final = {"kubeconfig": kubeconfig(AKS_HOST, user={"exec": {"command": "kubelogin", "args": []}})}


class CheckFailedError(Exception):
    """Check refused the inputs."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("; ".join(f"{failure.path}: {failure.reason}" for failure in failures))
        self.failures = failures


@dataclass
class Made:
    """A resource of the cluster."""

    urn: str
    token: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    reasons: tuple[str, ...]


class Kube:
    """One provider on one world."""

    def __init__(self, path: Path) -> None:
        self.world = World(path / "world.db")
        self.operations = Operations(self.world)
        self.package = load("kubernetes")
        self.config: dict[str, Any] = {"kubeconfig": kubeconfig()}

    def put(self, token: str, scope: str, id_: str, /, **outputs: object) -> Record:
        """Put something of a cloud into the world."""
        record = Record(token, scope, id_, f"urn:{id_}", outputs, {**outputs, "id": id_})
        with self.world.transaction():
            self.world.put(record)
        return record

    def remove(self, record: Record) -> None:
        """Take it out again."""
        with self.world.transaction():
            self.world.remove(record)

    def check(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Check inputs as the provider does; raises `CheckFailedError`."""
        kind = self.package.kind(token)
        failures = schema.check(token, inputs) if kind.schema == "sdk" else []
        failures = failures or [failure for check in kind.checks for failure in check(inputs)]
        if failures:
            raise CheckFailedError(failures)
        return dict(kind.normalize(inputs)) if kind.normalize else dict(inputs)

    def refusals(self, token: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        """Failures of Check by path; empty if there is none."""
        try:
            self.check(token, self.whole(token, inputs))
        except CheckFailedError as failed:
            return {failure.path: failure.reason for failure in failed.failures}
        return {}

    def whole(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs as the SDK sends them: with ``apiVersion`` and ``kind``."""
        version, kind = API.get(token, ("", ""))
        return {**({"apiVersion": version, "kind": kind} if version else {}), **inputs}

    def context(self, token: str, name: str, inputs: Mapping[str, Any], id_: str = "") -> Context:
        """The context of an operation."""
        kind = self.package.kind(token)
        urn = f"urn:pulumi:dev::hms::{token}::{name}"
        return self.operations.context(self.package, kind, self.config, urn=urn, inputs=inputs, id_=id_)

    def create(self, token: str, inputs: Mapping[str, Any], name: str = "") -> Made:
        """Check and create."""
        checked = self.check(token, self.whole(token, inputs))
        logical = name or json.dumps(inputs.get("metadata") or inputs.get("name"), sort_keys=True)
        context = self.context(token, logical, checked)
        outcome = self.operations.create(self.package, self.package.kind(token), context, checked)
        return self._made(context.urn, token, checked, outcome)

    def update(self, made: Made, inputs: Mapping[str, Any]) -> Made:
        """Check and update in place."""
        checked = self.check(made.token, self.whole(made.token, inputs))
        kind, context = (
            self.package.kind(made.token),
            self.context(made.token, made.urn.rpartition("::")[2], checked, made.id),
        )
        outcome = self.operations.update(
            self.package, kind, context, checked, old_inputs=made.inputs, old_outputs=made.outputs
        )
        return self._made(context.urn, made.token, checked, outcome)

    def delete(self, made: Made) -> None:
        """Delete."""
        context = self.context(made.token, made.urn.rpartition("::")[2], made.inputs, made.id)
        self.operations.delete(self.package.kind(made.token), context, made.inputs)

    def read(self, made: Made) -> Record | None:
        """Read."""
        context = self.context(made.token, made.urn.rpartition("::")[2], made.inputs, made.id)
        return self.operations.read(self.package.kind(made.token), context)

    def diff(self, made: Made, inputs: Mapping[str, Any]) -> Difference:
        """Compare."""
        return compare(self.package.kind(made.token), made.inputs, self.whole(made.token, inputs))

    @staticmethod
    def _made(urn: str, token: str, inputs: dict[str, Any], outcome: Outcome) -> Made:
        return Made(urn, token, outcome.id, inputs, outcome.outputs, outcome.reasons)

    # --- what clusters are made of

    def eks(self) -> Record:
        """A control plane on EKS without CNI, kube-proxy and nodes."""
        return self.put(
            "aws:eks/cluster:Cluster",
            "us-east-1",
            "aws-1",
            name="aws-1",
            endpoint=f"https://{EKS_HOST}",
            version="1.35",
            certificateAuthority={"data": CA},
            bootstrapSelfManagedAddons=False,
            kubernetesNetworkConfig={"serviceIpv4Cidr": "172.16.0.0/20"},
        )

    def nodes(self, count: int = 3, **outputs: object) -> Record:
        """Nodes for it."""
        return self.put(
            "aws:eks/nodeGroup:NodeGroup",
            "us-east-1",
            "aws-1:main",
            clusterName="aws-1",
            scalingConfig={"desiredSize": count, "minSize": 1, "maxSize": 9},
            status="ACTIVE",
            **outputs,
        )

    def aks(self, count: int = 3) -> Record:
        """A cluster on AKS with its nodes, and the network it is in; the provider is its."""
        for name, prefix in (("nodes", "10.17.0.0/20"), ("mesh", "10.17.32.0/24")):
            self.put("azure-native:network:Subnet", "hms", f"{VNET}/subnets/{name}", addressPrefix=prefix, name=name)
            self.grant(f"{VNET}/subnets/{name}")
        identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/azure-1"
        self.put("azure-native:managedidentity:UserAssignedIdentity", "hms", identity, principalId="principal")
        self.config = dict(AKS_CONFIG)
        return self.put(
            "azure-native:containerservice:ManagedCluster",
            "hms",
            AKS_ID,
            fqdn=AKS_HOST,
            kubernetesVersion="1.35",
            currentKubernetesVersion="1.35.2",
            disableLocalAccounts=True,
            identity={"type": "UserAssigned", "userAssignedIdentities": [identity]},
            networkProfile={"networkPlugin": "none", "serviceCidr": "172.16.16.0/20"},
            agentPoolProfiles=[{"name": "system", "count": count, "vnetSubnetID": f"{VNET}/subnets/nodes"}],
        )

    def grant(self, scope: str, role: str = NETWORK_CONTRIBUTOR) -> Record:
        """A role of the cluster's identity."""
        return self.put(
            "azure-native:authorization:RoleAssignment",
            "hms",
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/1",
            principalId="principal",
            scope=scope,
            roleDefinitionId=f"/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{role}",
        )

    def ready_eks(self) -> None:
        """A cluster on EKS with Cilium and nodes, and the namespace ``hms-api``."""
        self.eks()
        self.create(RELEASE, cilium())
        self.nodes()
        self.namespace("hms-api")

    def namespace(self, name: str, level: str = "restricted") -> Made:
        """A namespace with pod security."""
        labels = {"pod-security.kubernetes.io/enforce": level}
        made = self.create(NAMESPACE, {"metadata": {"name": name, "labels": labels}})
        self.create(ACCOUNT, {"metadata": {"name": "api", "namespace": name}})
        return made
