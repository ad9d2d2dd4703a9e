"""How one gets at an EKS cluster."""

from __future__ import annotations

from simulator.monitor import Component, Given, Registered, together
from simulator.values import UNKNOWN


def kubeconfig(component: Component, cluster: Registered, *, with_profile: bool = False) -> Given:
    """Return a kubeconfig that gets its tokens from the ``aws`` command; unknown while any part is."""
    name, endpoint = cluster.get("name"), cluster.get("endpoint")
    authority, arn = cluster.get("certificateAuthority.data"), cluster.get("arn")
    given = (name, endpoint, authority, arn, component.input("providerCredentialOpts"))
    if not all(one.known for one in given):
        return together(*given, value=UNKNOWN)
    region = str(arn.value).split(":")[3]
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name.value, "--output", "json"]
    options = component.input("providerCredentialOpts").value or {}
    if options.get("roleArn"):
        arguments += ["--role", options["roleArn"]]
    if with_profile and options.get("profileName"):
        arguments += ["--profile", options["profileName"]]
    info = {"name": "KUBERNETES_EXEC_INFO", "value": '{"apiVersion": "client.authentication.k8s.io/v1beta1"}'}
    execute = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": arguments,
        "env": [info],
    }
    server = {"server": endpoint.value, "certificate-authority-data": authority.value}
    value = {
        "apiVersion": "v1",
        "clusters": [{"cluster": server, "name": "kubernetes"}],
        "contexts": [{"context": {"cluster": "kubernetes", "user": "aws"}, "name": "aws"}],
        "current-context": "aws",
        "kind": "Config",
        "users": [{"name": "aws", "user": {"exec": execute}}],
    }
    return together(*given, value=value)
