"""Secrets are marked as such, so that state, logs and previews hold them encrypted."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from typing import TYPE_CHECKING

from policies.cilium import RELEASES
from policies.rule import Metadata, Resource, Results, Undecided, Violation

if TYPE_CHECKING:
    from policies.values import View

SECRET_PROPERTIES = {
    "aws:ec2/vpnConnection:VpnConnection": ("tunnel1PresharedKey", "tunnel2PresharedKey"),
    "azure-native:network:VirtualNetworkGatewayConnection": ("sharedKey",),
    "pulumi:providers:kubernetes": ("kubeconfig",),
    "tls:index/selfSignedCert:SelfSignedCert": ("privateKeyPem",),
    "tls:index/locallySignedCert:LocallySignedCert": ("caPrivateKeyPem",),
    "tls:index/certRequest:CertRequest": ("privateKeyPem",),
    "kubernetes:core/v1:Secret": ("data", "stringData"),
    **dict.fromkeys(RELEASES, ("values.tls.ca.key", "repositoryOpts.password")),
}
"""Properties that hold secrets, by type. The SDKs mark some of them; whoever writes a rule here need not know which."""


@Metadata(
    over=Resource,
    id="secrets-marked",
    family="identity",
    title="Keys, passwords and kubeconfigs are marked secret",
    severity="critical",
    types=tuple(SECRET_PROPERTIES),
    remediation="Wrap the value in pulumi.Output.secret, and list it in additional_secret_outputs.",
    link="https://www.pulumi.com/docs/iac/concepts/secrets/",
)
def secrets_marked(resource: Resource) -> Results:
    for path in SECRET_PROPERTIES[resource.type]:
        view = resource[path]
        if view.missing or view.secret or _all_marked(view):
            continue
        if view.unknown and _inside_unknown(resource, path):
            # What holds it is not known as a whole: whether the secret inside will be marked cannot be seen.
            yield Undecided(path=path)
        else:
            yield Violation(path=path, message="is not marked secret: the state would hold it in the clear")


def _inside_unknown(resource: Resource, path: str) -> bool:
    steps = path.split(".")
    return any(resource[".".join(steps[:count])].unknown for count in range(1, len(steps)))


def _all_marked(view: View) -> bool:
    """Whether each property of an object is marked, which is as good."""
    return bool(view.entries()) and all(inside.secret for _, inside in view.entries())
