"""What AKS makes of a cluster: names, versions, hosts, and the resources that it makes along with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.azure.aks_versions import resolved
from simulator.azure.arm import GROUP, group_id, location_of
from simulator.azure.identity import IDENTITY
from simulator.kind import get

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs

CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
POOL: Final = "azure-native:containerservice:AgentPool"


def node_group(context: Context, inputs: Inputs) -> str:
    """Name of the group that the nodes lie in."""
    made_up = f"MC_{inputs['resourceGroupName']}_{inputs['resourceName']}_{location_of(context, inputs)}"
    return str(inputs.get("nodeResourceGroup") or made_up)


def current_version(context: Context) -> str | None:
    """Version of the cluster as it is; ``None`` before it exists."""
    return str(context.old.outputs["currentKubernetesVersion"]) if context.old else None


def _pool_outputs(pool: Mapping[str, Any], version: str) -> Outputs:
    own = resolved(pool["orchestratorVersion"]) if pool.get("orchestratorVersion") else version
    return {
        "osType": "Linux",
        "type": "VirtualMachineScaleSets",
        "count": pool.get("minCount") or 1,
        "maxPods": 250,
        **pool,
        "currentOrchestratorVersion": own,
        "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202611.05.0",
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
    }


def cluster_outputs(context: Context, inputs: Inputs) -> Outputs:
    """Compute a cluster's outputs, and record its node group, kubelet identity and first pools."""
    version = resolved(inputs.get("kubernetesVersion"), current_version(context) or "1.35")
    location, nodes = location_of(context, inputs), node_group(context, inputs)
    access = inputs.get("apiServerAccessProfile") or {}
    private = bool(access.get("enablePrivateCluster"))
    prefix = str(inputs.get("dnsPrefix") or inputs.get("fqdnSubdomain"))
    host = f"{prefix}-{_letters(context)}"
    public = not private or access.get("enablePrivateClusterPublicFQDN") is not False
    group = group_id(context, nodes)
    context.implicit(GROUP, group, {"name": nodes, "location": location, "managedBy": context.id})
    identities = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    kubelet = {
        "resourceId": f"{identities}/{inputs['resourceName']}-agentpool",
        "clientId": context.uuid("kubelet client"),
        "objectId": context.uuid("kubelet principal"),
    }
    context.implicit(
        IDENTITY,
        kubelet["resourceId"],
        {"clientId": kubelet["clientId"], "principalId": kubelet["objectId"], "location": location},
    )
    pools = []
    for pool in inputs["agentPoolProfiles"]:
        outputs = _pool_outputs(pool, version)
        context.implicit(POOL, f"{context.id}/agentPools/{pool['name']}", outputs)
        pools.append(outputs)
    return {
        "agentPoolProfiles": pools,
        "azurePortalFQDN": f"{host}.portal.hcp.{location}.azmk8s.io",
        "currentKubernetesVersion": version,
        "kubernetesVersion": inputs.get("kubernetesVersion") or version,
        "fqdn": f"{host}.hcp.{location}.azmk8s.io" if public else "",
        "privateFQDN": f"{host}.{context.uuid('private zone')}.privatelink.{location}.azmk8s.io" if private else "",
        "identityProfile": {"kubeletidentity": kubelet},
        "maxAgentPools": 100,
        "networkProfile": {
            "serviceCidr": "10.0.0.0/16",
            "dnsServiceIP": "10.0.0.10",
            "outboundType": "loadBalancer",
            "loadBalancerSku": "standard",
            **(inputs.get("networkProfile") or {}),
        },
        "nodeResourceGroup": nodes,
        "oidcIssuerProfile": {
            **(inputs.get("oidcIssuerProfile") or {"enabled": False}),
            **(
                {"issuerURL": f"https://{location}.oic.prod-aks.azure.com/{context.tenant}/{context.uuid('issuer')}/"}
                if get(inputs, "oidcIssuerProfile.enabled")
                else {}
            ),
        },
        "powerState": {"code": "Running"},
        "provisioningState": "Succeeded",
        "resourceUID": context.hex(24, "resource uid"),
    }


def _letters(context: Context) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(alphabet[byte % 36] for byte in context.digest("fqdn")[:8])
