"""The pods of one HMS component: everything that the restricted pod security standard asks for, and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_kubernetes as k8s

from components.workloads.namespace import LABELS
from components.workloads.service import PORT_NAME
from infra.network_policies import NAME_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.plan import ClusterPlan
    from infra.workloads import ComponentPlan

USER = 10001
"""User and group of the components: above the range of system users, the same on every node."""

VOLUME = "data"
"""Name of the volume of a stateful component: renaming it leaves every replica without its data."""

_ZONE = "topology.kubernetes.io/zone"
_HOST = "kubernetes.io/hostname"


def environment(plan: ComponentPlan, cluster: ClusterPlan) -> dict[str, str]:
    """Give a component its place in the fleet and the addresses that it may call; the fleet file has the last word."""
    return {
        "HMS_COMPONENT": plan.name,
        "HMS_CLUSTER": cluster.name,
        "HMS_SITE": cluster.site,
        "HMS_PORT": str(plan.spec.port),
        **{f"HMS_{peer.replace('-', '_').upper()}_ADDRESS": address for peer, address in plan.calls.items()},
        **plan.spec.env,
    }


def _probe(plan: ComponentPlan, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    # The kubelet asks from the pod's own node, which Cilium always admits: no policy is needed.
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path=plan.spec.health, port=PORT_NAME),
        period_seconds=period,
        timeout_seconds=2,
        failure_threshold=failures,
    )


def _container(plan: ComponentPlan, cluster: ClusterPlan) -> k8s.core.v1.ContainerArgs:
    # Requests equal limits: the guaranteed class, which is the last to be evicted.
    amount = {"cpu": plan.spec.cpu, "memory": plan.spec.memory}
    mounts = [k8s.core.v1.VolumeMountArgs(name="tmp", mount_path="/tmp")]  # noqa: S108 - the pod's own, see _volumes
    if plan.spec.state is not None:
        mounts.append(k8s.core.v1.VolumeMountArgs(name=VOLUME, mount_path=plan.spec.state.path))
    return k8s.core.v1.ContainerArgs(
        name=plan.name,
        image=plan.spec.image,
        image_pull_policy="IfNotPresent",
        ports=[k8s.core.v1.ContainerPortArgs(name=PORT_NAME, container_port=plan.spec.port, protocol="TCP")],
        env=[k8s.core.v1.EnvVarArgs(name=key, value=value) for key, value in environment(plan, cluster).items()],
        resources=k8s.core.v1.ResourceRequirementsArgs(requests=amount, limits=amount),
        # A minute to start, then 30 s of silence until a restart, 10 s until no more calls.
        startup_probe=_probe(plan, period=2, failures=30),
        liveness_probe=_probe(plan, period=10, failures=3),
        readiness_probe=_probe(plan, period=5, failures=2),
        security_context=k8s.core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=mounts,
    )


def _spread(plan: ComponentPlan, key: str) -> k8s.core.v1.TopologySpreadConstraintArgs:
    return k8s.core.v1.TopologySpreadConstraintArgs(
        topology_key=key,
        max_skew=1,
        # A preference: in a zone's outage replicas crowd together rather than stay away.
        when_unsatisfiable="ScheduleAnyway",
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: plan.name}),
    )


def pod_template(
    plan: ComponentPlan, cluster: ClusterPlan, identity_labels: Mapping[str, str]
) -> k8s.core.v1.PodTemplateSpecArgs:
    """Write the pod template that deployment and stateful set share."""
    stateful = plan.spec.state is not None
    return k8s.core.v1.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(labels={**LABELS, NAME_LABEL: plan.name, **identity_labels}),
        spec=k8s.core.v1.PodSpecArgs(
            service_account_name=plan.name,
            # No component talks to the API server. The clouds project their own tokens beside it.
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=k8s.core.v1.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=USER,
                run_as_group=USER,
                fs_group=USER if stateful else None,
                # A large volume is not walked through at every start.
                fs_group_change_policy="OnRootMismatch" if stateful else None,
                seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
            ),
            topology_spread_constraints=[_spread(plan, _ZONE), _spread(plan, _HOST)],
            containers=[_container(plan, cluster)],
            volumes=[
                k8s.core.v1.VolumeArgs(name="tmp", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="64Mi"))
            ],
        ),
    )
