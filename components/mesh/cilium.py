"""Cilium on one cluster, joined to the mesh from its first installation."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from infra.cilium import CHART, NAMESPACE, REPOSITORY, CaLeaves, helm_values, public_values

if TYPE_CHECKING:
    from components.contracts import Cluster
    from components.exports import TrustExports
    from infra.plan import FleetPlan

TIMEOUT = 900
"""Seconds that Helm waits for the pods of a cluster that has nodes: images come from quay.io, node by node."""


@dataclass(frozen=True, kw_only=True)
class CiliumArgs:
    """What a cluster's Cilium is made from.

    Parameters
    ----------
    cluster
        The control plane; on EKS it has no nodes yet.
    trust
        The mesh's CA, or the own one of a cluster outside.
    """

    plan: FleetPlan
    cluster: Cluster
    trust: TrustExports

    def __post_init__(self) -> None:
        """Refuse a cluster that lacks what its Cilium needs.

        Raises
        ------
        ValueError
            If one in the eni profile has no role for the operator.
        """
        if self.plan.mesh.profile == "eni" and self.cluster.operator_role_arn is None:
            name = self.cluster.plan.name
            raise ValueError(f"cluster: Cilium's operator on {name!r} needs a role (profile eni)")


def _encoded(pem: pulumi.Output[str]) -> pulumi.Output[str]:
    return pem.apply(lambda text: base64.b64encode(text.encode()).decode())


class Cilium(pulumi.ComponentResource):
    """The Helm release of Cilium.

    A real release, not a rendered chart: rendering would sign new certificates each time, and ``helm`` itself must
    be able to look at it and roll it back.

    Attributes
    ----------
    release
        What node pools and workloads wait for.
    summary
        The values without secrets and without what only a deployment knows. The release's own values are secret as a
        whole, because a key is among them, so previews show its changes here.
    """

    def __init__(self, name: str, args: CiliumArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:mesh:Cilium", name, {}, opts)
        cluster = args.cluster
        # On nodes that do not exist nothing gets ready; the node pools wait for the release and not the other way.
        has_nodes = cluster.platform == "aks"
        ca: CaLeaves[pulumi.Input[str]] = CaLeaves(
            certificate=_encoded(args.trust.ca_certificate),
            key=pulumi.Output.secret(_encoded(args.trust.ca_private_key)),
            bundle=args.trust.ca_bundle,
        )
        self.summary, _ = public_values(args.plan, cluster.plan.name)
        # Renaming it, or the release in it, uninstalls Cilium: every pod of the cluster loses its network.
        self.release = k8s.helm.v3.Release(
            f"{name}-release",
            name="cilium",
            namespace=NAMESPACE,
            chart=CHART,
            version=args.plan.mesh.cilium,
            repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=REPOSITORY),
            values=helm_values(
                args.plan,
                cluster.plan.name,
                platform=cluster.platform,
                api_host=cluster.api_host,
                ca=ca,
                operator_role_arn=cluster.operator_role_arn,
            ),
            skip_await=not has_nodes,
            # A failed upgrade is mended forward: rolling a CNI back on its own would cut the nodes off twice.
            atomic=False,
            timeout=TIMEOUT,
            max_history=10,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=cluster.provider,
                # Helm would otherwise uninstall from a cluster that is on its way out.
                deleted_with=cluster.resource,
                # The rendered objects have the CA's key in them too.
                additional_secret_outputs=["values", "manifest"],
            ),
        )
        self.register_outputs({"version": args.plan.mesh.cilium, "summary": self.summary})
