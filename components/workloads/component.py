"""One HMS component on one cluster: all its Kubernetes objects, or only namespace and service where it is a stub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.workloads.namespace import LABELS, component_namespace
from components.workloads.pods import VOLUME, pod_template
from components.workloads.policies import component_policies
from components.workloads.service import component_service, peer_service
from infra.network_policies import NAME_LABEL
from infra.predicates import image_is_pinned
from infra.workloads import STORAGE_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.contracts import Cluster, Identity
    from infra.workloads import ComponentPlan


@dataclass(frozen=True, kw_only=True)
class HmsComponentArgs:
    """What a component is made from.

    Parameters
    ----------
    identity
        Cloud identity of its service account; None for a stub, which has no pods.
    ready
        Resources that exist only once ordinary pods run on the cluster.
    storage_class
        Needed where the component keeps state.
    """

    plan: ComponentPlan
    cluster: Cluster
    identity: Identity | None
    ready: Sequence[pulumi.Resource]
    storage_class: pulumi.Resource | None

    def __post_init__(self) -> None:
        """Refuse a component that would not start, or of which nobody could say what runs.

        Raises
        ------
        ValueError
            If a running component has no identity, or an image without a version, or a stateful one no storage class.
        """
        if not self.plan.runs:
            return
        if self.identity is None:
            raise ValueError(f"identity: component {self.plan.name!r} runs on {self.plan.cluster!r} and needs one")
        if not image_is_pinned(self.plan.spec.image):
            raise ValueError(
                f"plan: the image {self.plan.spec.image!r} of {self.plan.name!r} does not name one version; "
                "give it a tag other than latest, or a digest"
            )
        if self.plan.spec.state is not None and self.storage_class is None:
            raise ValueError(
                f"storage_class: component {self.plan.name!r} keeps state on {self.plan.cluster!r} and needs one"
            )


class HmsComponent(pulumi.ComponentResource):
    """A component's namespace, policies, service account, service, pods and disruption budget."""

    def __init__(self, name: str, args: HmsComponentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:workloads:Component", name, {}, opts)
        self._name = name
        self._args = args
        plan = args.plan
        namespace = component_namespace(name, plan, args.cluster.plan, self._options(args.ready))
        # Before the pods, so that no pod ever runs unwatched.
        policies = component_policies(name, plan, self._options([namespace]))
        self.workload: k8s.apps.v1.Deployment | k8s.apps.v1.StatefulSet | None = None
        if args.identity is not None:
            account = self._account(args.identity, namespace)
            before = [account, *policies, *args.identity.resources]
            self.workload = self._deployment(before) if plan.spec.state is None else self._stateful_set(before)
            self._budget(namespace)
        # After its pods: Pulumi waits until a service has endpoints, and as many waiting services as the engine works
        # on at once (four a core) would keep it from ever making the pods that they wait for.
        self.service = component_service(name, plan, self._options([self.workload or namespace]))
        self.register_outputs({"namespace": plan.namespace, "service": plan.service.name})

    def _options(self, depends_on: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._args.cluster.provider,
            depends_on=list(depends_on),
            deleted_with=self._args.cluster.resource,
        )

    def _metadata(self, annotations: dict[str, pulumi.Input[str]] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
        plan = self._args.plan
        return k8s.meta.v1.ObjectMetaArgs(
            name=plan.name,
            namespace=plan.namespace,
            labels={**LABELS, NAME_LABEL: plan.name},
            annotations=annotations,
        )

    def _selector(self) -> k8s.meta.v1.LabelSelectorArgs:
        return k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: self._args.plan.name})

    def _template(self) -> k8s.core.v1.PodTemplateSpecArgs:
        identity = self._args.identity
        return pod_template(self._args.plan, self._args.cluster.plan, identity.pod_labels if identity else {})

    def _account(self, identity: Identity, namespace: pulumi.Resource) -> k8s.core.v1.ServiceAccount:
        return k8s.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata=self._metadata(dict(identity.annotations)),
            automount_service_account_token=False,
            opts=self._options([namespace]),
        )

    def _deployment(self, before: Sequence[pulumi.Resource]) -> k8s.apps.v1.Deployment:
        return k8s.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=self._args.plan.spec.replicas,
                revision_history_limit=3,
                selector=self._selector(),
                # A new pod is ready before an old one goes.
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=self._template(),
            ),
            opts=self._options(before),
        )

    def _stateful_set(self, before: Sequence[pulumi.Resource]) -> k8s.apps.v1.StatefulSet:
        plan = self._args.plan
        peers = peer_service(self._name, plan, self._options(before[:1]))
        storage = [] if self._args.storage_class is None else [self._args.storage_class]
        # Renaming the set, or its volume, makes new empty volumes: data stays behind in claims that nobody mounts.
        return k8s.apps.v1.StatefulSet(
            f"{self._name}-statefulset",
            metadata=self._metadata(),
            spec=k8s.apps.v1.StatefulSetSpecArgs(
                replicas=plan.spec.replicas,
                revision_history_limit=3,
                service_name=f"{plan.name}-peers",
                pod_management_policy="Parallel",
                selector=self._selector(),
                template=self._template(),
                persistent_volume_claim_retention_policy=(
                    k8s.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                        # A fleet that may be destroyed leaves no volumes behind; any other keeps its data.
                        when_deleted="Retain" if self._args.cluster.plan.protect else "Delete",
                        when_scaled="Retain",
                    )
                ),
                volume_claim_templates=[
                    k8s.core.v1.PersistentVolumeClaimArgs(
                        metadata=k8s.meta.v1.ObjectMetaArgs(name=VOLUME),
                        spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
                            access_modes=["ReadWriteOnce"],
                            storage_class_name=STORAGE_CLASS,
                            resources=k8s.core.v1.VolumeResourceRequirementsArgs(
                                requests={"storage": plan.spec.state.size if plan.spec.state else ""}
                            ),
                        ),
                    )
                ],
            ),
            opts=self._options([*before, peers, *storage]),
        )

    def _budget(self, namespace: pulumi.Resource) -> k8s.policy.v1.PodDisruptionBudget:
        return k8s.policy.v1.PodDisruptionBudget(
            f"{self._name}-budget",
            metadata=self._metadata(),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                # One at a time, and not a fixed number that stays: a single replica must not block a drain for ever.
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
                selector=self._selector(),
            ),
            opts=self._options([namespace]),
        )
