"""An AWS role for exactly one service account of one cluster (IAM roles for service accounts)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.naming import ROLE_NAME, bounded, named
from components.contracts import Identity
from infra.predicates import statement_wildcards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AUDIENCE = "sts.amazonaws.com"
"""Audience of the tokens that EKS gives to pods for AWS."""

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""Annotation of a service account by which EKS gives its pods a token for the role."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """The cluster's token issuer, as IAM knows it.

    Parameters
    ----------
    arn
        The OIDC provider's ARN.
    url
        The issuer's URL.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class ServiceAccountRoleArgs:
    """Arguments of :class:`ServiceAccountRole`.

    Parameters
    ----------
    issuer
        Whose tokens the role trusts.
    namespace, service_account
        The one service account that may take the role.
    policies
        ARNs of managed policies.
    statements
        Statements of the role's own policy, if any; their values may be outputs.
    """

    issuer: Issuer
    namespace: str
    service_account: str
    tags: Mapping[str, str]
    provider: aws.Provider
    policies: Sequence[str] = ()
    statements: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        """Refuse what would trust more than one service account, or allow it more than it names.

        Raises
        ------
        ValueError
            If there is a wildcard in any of them.
        """
        for name in ("namespace", "service_account"):
            value = getattr(self, name)
            if not value or any(sign in value for sign in "*?:"):
                raise ValueError(f"{name} is {value!r}: name one service account, without wildcards")
        for index, statement in enumerate(self.statements):
            if wildcards := statement_wildcards(statement):
                raise ValueError(
                    f"statements[{index}] of {self.namespace}/{self.service_account} allows too much "
                    f"({', '.join(wildcards)}); name actions and resources, or bound the resource by a condition"
                )


def trust_policy(issuer_arn: str, issuer_url: str, namespace: str, service_account: str) -> dict[str, Any]:
    """Write the trust policy: the cluster's issuer, the audience of AWS, one service account; no patterns."""
    host = issuer_url.removeprefix("https://")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": issuer_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{host}:aud": AUDIENCE,
                        f"{host}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    }
                },
            }
        ],
    }


class ServiceAccountRole(pulumi.ComponentResource):
    """A role that the pods of one service account have.

    Attributes
    ----------
    arn
        ARN of the role, ready once its policies are attached.
    """

    def __init__(self, name: str, args: ServiceAccountRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hms:aws:ServiceAccountRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        role = aws.iam.Role(
            f"{name}-role",
            # Names of clusters and components may be long, and roles are one list for the whole account.
            name=bounded(f"{args.tags['fleet']}-{name}", ROLE_NAME),
            description=f"Service account {args.namespace}/{args.service_account} of cluster {args.tags['cluster']}",
            assume_role_policy=pulumi.Output.json_dumps(
                pulumi.Output.all(args.issuer.arn, args.issuer.url).apply(
                    lambda issuer: trust_policy(issuer[0], issuer[1], args.namespace, args.service_account)
                )
            ),
            tags=named(args.tags, name),
            opts=child,
        )
        granted: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy.rpartition('/')[2]}", role=role.name, policy_arn=policy, opts=child
            )
            for policy in args.policies
        ]
        if args.statements:
            granted.append(
                aws.iam.RolePolicy(
                    f"{name}-policy",
                    role=role.name,
                    policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(args.statements)}),
                    opts=child,
                )
            )
        self._resources = (role, *granted)
        self.arn: pulumi.Output[str] = pulumi.Output.all(role.arn, *(grant.urn for grant in granted)).apply(
            lambda values: str(values[0])
        )
        self.register_outputs({"arn": self.arn})

    def identity(self) -> Identity:
        """Give the identity as workloads use it."""
        return Identity(annotations={ROLE_ANNOTATION: self.arn}, pod_labels={}, resources=self._resources)
