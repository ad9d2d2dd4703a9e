"""What commands of others are here: those of the plan's appendices, of cilium-cli and of subctl, each with ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """A command of another program.

    Parameters
    ----------
    ours
        The commands that do it here; none where nothing has to be done, or nothing can be.
    note
        What is different.
    """

    theirs: str
    ours: tuple[str, ...]
    note: str = ""


def _row(theirs: str, *ours: str, note: str = "") -> Row:
    return Row(theirs=theirs, ours=ours, note=note)


PLAN = (
    _row("cilium status --context aws-cluster", "hms status", note="all clusters at once"),
    _row(
        "cilium connectivity test --context aws-cluster", "hms connectivity test", note="every flow of the fleet file"
    ),
    _row("cilium clustermesh status --context aws-cluster", "hms mesh status", note="every pair of clusters"),
    _row("kubectl config use-context aws-cluster", "hms contexts", "hms contexts use dev-aws-1"),
    _row("cilium install --set cluster.id=1 --set ipam.mode=eni", "hms up --all", note="id and profile: fleet file"),
    _row("cilium clustermesh enable", "hms mesh enable aws-1", note="a new cluster is in the mesh from the start"),
    _row(
        "cilium clustermesh connect --context A --destination-context B",
        "hms mesh connect aws-1",
        note="to all others; the release belongs to the program, so never by cilium-cli",
    ),
    _row("kubectl apply -f hms-api-deployment.yaml", "hms up --all", note="components: fleet file"),
    _row("Appendix B: check ClusterMesh status", "hms mesh status", "hms diagnose"),
    _row("Appendix B: verify network routes between clusters", "hms link status", "hms diagnose"),
    _row("Appendix B: ensure correct service CIDR configuration", "hms fleet check", "hms fleet show"),
    _row("Appendix B: validate credentials, quotas, permissions", "hms doctor"),
    _row("Appendix B: check component logs", "hms logs api"),
    _row("Appendix B: validate Kubernetes resources", "hms diagnose", "hms policy check --all"),
)

CILIUM = (
    _row("cilium install", "hms up --all"),
    _row("cilium upgrade", "hms upgrade plan", note="the steps; each is an edit and an hms up"),
    _row("cilium uninstall", "hms destroy --all", note="with the clusters"),
    _row("cilium status", "hms status"),
    _row("cilium status --wait", "hms mesh status --wait"),
    _row("cilium version", "hms status"),
    _row("cilium context", "hms contexts"),
    _row("cilium config view", "hms fleet values aws-1"),
    _row("cilium config set", note="values follow from the fleet file alone"),
    _row("cilium features status", "hms fleet values aws-1"),
    _row("cilium clustermesh enable", "hms mesh enable aws-1"),
    _row("cilium clustermesh disable", "hms mesh disconnect aws-1"),
    _row("cilium clustermesh connect", "hms mesh connect aws-1"),
    _row("cilium clustermesh disconnect", "hms mesh disconnect aws-1"),
    _row("cilium clustermesh status --wait", "hms mesh status --wait"),
    _row(
        "cilium clustermesh inspect-policy-default-local-cluster", note="every policy of the program names its clusters"
    ),
    _row("cilium connectivity test --multi-cluster B", "hms connectivity test"),
    _row("cilium connectivity perf", "hms connectivity test", note="times of calls; no throughput"),
    _row("cilium encryption status", "hms status", note="WireGuard; its keys are the nodes' own"),
    _row("cilium encryption rotate-key", note="IPsec of Cilium is not used; hms link rotate is for the tunnels"),
    _row("cilium hubble enable", note="always on, with its relay"),
    _row(
        "cilium hubble port-forward, cilium hubble ui", note="kubectl port-forward; the user interface is not installed"
    ),
    _row("cilium bgp peers", "hms link status", note="BGP runs between the gateways, not in Cilium"),
    _row("cilium sysdump", "hms gather", note="redacted"),
    _row("cilium completion", "hms --show-completion"),
    _row("cilium-dbg status --all-clusters", "hms mesh status -o json"),
    _row("cilium-dbg troubleshoot clustermesh", "hms diagnose"),
    _row("clustermesh-apiserver kvstoremesh-dbg status", "hms mesh status -o json"),
    _row("cilium-health status", "hms mesh status"),
)

SUBCTL = (
    _row(
        "subctl cloud prepare aws", "hms doctor", "hms up --all", note="networks, gateways and rules are in the graph"
    ),
    _row("subctl deploy-broker", note="a mesh has no broker"),
    _row("subctl join", "hms mesh enable aws-1"),
    _row("subctl export service", "hms up --all", note="a component in several clusters is a global service"),
    _row("subctl show all", "hms status"),
    _row("subctl show connections", "hms mesh status"),
    _row("subctl show gateways", "hms link status"),
    _row("subctl show networks", "hms fleet show"),
    _row("subctl show versions", "hms status"),
    _row("subctl diagnose all", "hms diagnose"),
    _row("subctl diagnose k8s-version", "hms upgrade plan --live"),
    _row("subctl diagnose firewall", "hms diagnose", "hms connectivity test"),
    _row("subctl diagnose service-discovery", "hms diagnose"),
    _row("subctl verify", "hms connectivity test"),
    _row("subctl verify --enable-disruptive", "hms link drill", note="the tunnels, cut on this machine"),
    _row("subctl benchmark latency, subctl benchmark throughput", "hms link test", note="the tunnels, on this machine"),
    _row("subctl gather", "hms gather"),
    _row("subctl upgrade", "hms upgrade plan"),
    _row("subctl uninstall", "hms mesh disconnect aws-1"),
    _row("subctl unexport service", "hms up --all", note="fewer clusters for the component in the fleet file"),
)

SECTIONS = (
    ("The plan", "Section 4 and appendices A and B of the plan.", PLAN),
    ("cilium-cli", "What runs here is Cilium: `cilium status` and the like go on working beside `hms`.", CILIUM),
    ("subctl", "Submariner's command line, for those who come from it.", SUBCTL),
)
"""Title, remark, and rows."""
