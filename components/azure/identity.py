"""The Azure identity of one Kubernetes service account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import managedidentity

from components.contracts import Identity

if TYPE_CHECKING:
    from components.azure.site import AzureSite
    from components.contracts import Cluster

_AUDIENCE = "api://AzureADTokenExchange"


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentityArgs:
    """What a workload identity is built from.

    Parameters
    ----------
    cluster
        The cluster whose tokens are trusted.
    site
        The site that it stands on.
    provider
        Provider of the site's subscription.
    namespace, service_account
        Whose tokens they are, exactly.
    """

    cluster: Cluster
    site: AzureSite
    provider: azure_native.Provider
    namespace: str
    service_account: str


class WorkloadIdentity(pulumi.ComponentResource):
    """A managed identity without any role, which one service account of one cluster can take.

    Attributes
    ----------
    identity
        What the service account and its pods carry.
    """

    def __init__(self, name: str, args: WorkloadIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:azure:WorkloadIdentity", name, None, opts)
        plan, group = args.cluster.plan, args.site.resource_group.name
        managed = managedidentity.UserAssignedIdentity(
            f"{name}-managed",
            # Roles that others give it hang on this name.
            resource_name_=name,
            resource_group_name=group,
            location=args.site.plan.region,
            tags=plan.tags,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        credential = managedidentity.FederatedIdentityCredential(
            f"{name}-credential",
            federated_identity_credential_resource_name=f"{name}-credential",
            resource_name_=managed.name,
            resource_group_name=group,
            issuer=args.cluster.oidc_issuer,
            subject=f"system:serviceaccount:{args.namespace}:{args.service_account}",
            audiences=[_AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        self.identity = Identity(
            annotations={"azure.workload.identity/client-id": managed.client_id},
            pod_labels={"azure.workload.identity/use": "true"},
            resources=(credential,),
        )
        self.register_outputs({"clientId": managed.client_id})
