"""Kubernetes: who comes into an API server, and what roles allow there."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import demand, each, one_of
from policies.frameworks import CIS_AKS, CIS_EKS
from policies.rule import EKS_COMPONENT, Metadata, Resource, Results, Violation
from policies.values import Kind, View

EKS_CLUSTER = "aws:eks/cluster:Cluster"
ROLES = ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role")
BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
)
_NOBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated")


@Metadata(
    over=Resource,
    id="eks-access-by-api",
    family="identity",
    title="EKS keeps who may come in as access entries, and not in a ConfigMap",
    severity="high",
    frameworks=((CIS_EKS, "5.5.1"),),
    types=(EKS_CLUSTER, EKS_COMPONENT),
    remediation="Set authentication_mode to API.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
)
def eks_access_by_api(resource: Resource) -> Results:
    mode = (
        resource["authenticationMode"]
        if resource.type == EKS_COMPONENT
        else resource["accessConfig.authenticationMode"]
    )
    yield from one_of(mode, ("API",), "whoever may write one ConfigMap could let anybody in")


@Metadata(
    over=Resource,
    id="kubernetes-role-named",
    family="identity",
    title="Kubernetes roles name verbs, resources and API groups",
    severity="high",
    frameworks=((CIS_EKS, "4.1.3"), (CIS_AKS, "4.1.3")),
    types=ROLES,
    remediation="List them.",
    link="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
)
def kubernetes_role_named(resource: Resource) -> Results:
    def named(rule: View) -> Results:
        for name in ("verbs", "resources", "apiGroups"):
            yield from each(
                rule[name],
                lambda one: demand(one, Kind.TEXT, lambda text: text != "*", "it allows what is yet to come"),
            )

    yield from each(resource["rules"], named)


@Metadata(
    over=Resource,
    id="kubernetes-binding-named",
    family="identity",
    title="Kubernetes bindings give nobody cluster-admin, and nothing to everybody",
    severity="critical",
    frameworks=((CIS_EKS, "4.1.1"), (CIS_AKS, "4.1.1")),
    types=BINDINGS,
    remediation="Bind a role for the one task to a named subject.",
    link="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
)
def kubernetes_binding_named(resource: Resource) -> Results:
    def named(subject: View) -> Results:
        name = subject["name"]
        yield from demand(name, Kind.TEXT, lambda text: text not in _NOBODY, "it means everybody")
        if subject["kind"].text() == "ServiceAccount" and name.text() == "default":
            yield Violation(path=name.path, message="is 'default': every pod without an account of its own has it")

    yield from demand(resource["roleRef.name"], Kind.TEXT, lambda text: text != "cluster-admin", "it can do everything")
    yield from each(resource["subjects"], named)
