"""A world in which tests build on the simulated AWS, without gRPC: what is refused raises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator import schema
from simulator.aws import tokens
from simulator.diff import compare
from simulator.kind import UNKNOWN, Failure, Kind, Refused
from simulator.operations import Operations, Outcome
from simulator.registry import load
from simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from simulator.world import Record

REGION = "eu-west-1"
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")


class WrongInputsError(Exception):
    """What Check found."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("; ".join(f"{failure.path}: {failure.reason}" for failure in failures))
        self.failures = failures


class UnhealthyError(Exception):
    """A resource that was made and did not become healthy."""


def trust(service: str, *actions: str) -> str:
    return policy(
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions or ("sts:AssumeRole",))}
    )


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def less_known(value: Any) -> Iterator[Any]:
    """The value with each of its parts, large and small, replaced by an unknown one."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in steps:
        for smaller in (UNKNOWN, *less_known(part)):
            copy = value.copy()
            copy[step] = smaller
            yield copy


class Aws:
    """The simulated AWS, one method for what a test does to it."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "world.sqlite")
        self.package = load("aws")
        self.operations = Operations(self.world)
        self._urns: dict[tuple[str, str, str], str] = {}
        self._count = 0

    def failures(self, token: str, inputs: Mapping[str, Any]) -> list[Failure]:
        kind = self.package.kind(token)
        return schema.check(token, inputs) or [failure for check in kind.checks for failure in check(inputs)]

    def _holds_in_previews(self, token: str, inputs: Mapping[str, Any]) -> None:
        """Whatever part of good inputs a preview does not know, nothing is wrong with them."""
        for partial in less_known(inputs):
            found = [failure for check in self.package.kind(token).checks for failure in check(partial)]
            assert not found, (partial, found)

    def create(self, token: str, name: str = "", /, at: Any = REGION, **inputs: Any) -> Outcome:
        kind = self.package.kind(token)
        self._count += 1
        name = name or f"it-{self._count}"
        if kind.autoname is not None:
            inputs.setdefault(kind.autoname.property, name)
        if failures := self.failures(token, inputs):
            raise WrongInputsError(failures)
        self._holds_in_previews(token, inputs)
        urn = f"urn:pulumi:test::hms::{token}::{name}"
        context = self.operations.context(self.package, kind, {"region": at}, urn=urn, inputs=inputs)
        outcome = self.operations.create(self.package, kind, context, inputs)
        self._urns[token, context.scope, outcome.id] = urn
        if outcome.reasons:
            raise UnhealthyError("; ".join(outcome.reasons))
        return outcome

    def id(self, token: str, name: str = "", /, at: Any = REGION, **inputs: Any) -> str:
        return self.create(token, name, at=at, **inputs).id

    def record(self, token: str, id_: str) -> Record:
        found = self.world.one(token, id_)
        assert found is not None, f"{token} {id_} is not there"
        return found

    def update(self, token: str, id_: str, **changes: Any) -> Outcome:
        kind, record = self.package.kind(token), self.record(token, id_)
        inputs = {name: value for name, value in {**record.inputs, **changes}.items() if value is not None}
        if failures := self.failures(token, inputs):
            raise WrongInputsError(failures)
        config = {"region": record.scope}
        context = self.operations.context(self.package, kind, config, urn=record.urn, inputs=inputs, id_=id_)
        outcome = self.operations.update(
            self.package, kind, context, inputs, old_inputs=record.inputs, old_outputs=dict(record.outputs)
        )
        if outcome.reasons:
            raise UnhealthyError("; ".join(outcome.reasons))
        return outcome

    def delete(self, token: str, id_: str) -> None:
        kind, record = self.package.kind(token), self.record(token, id_)
        config = {"region": record.scope}
        context = self.operations.context(self.package, kind, config, urn=record.urn, inputs=record.inputs, id_=id_)
        self.operations.delete(kind, context, record.inputs)

    def replaces(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
        return compare(self.package.kind(token), old, new).replaces

    def invoke(self, token: str, at: Any = REGION, **arguments: Any) -> dict[str, Any]:
        assert schema.check_invoke(token, arguments) == []
        work = self.operations.context(self.package, Kind(token=token), {"region": at}, urn="", inputs=arguments)
        with self.world.transaction():
            return self.package.invoke(token).answer(work, arguments)

    # --- what many tests stand on

    def vpc(self, cidr: str = "10.20.0.0/16", **inputs: Any) -> str:
        return self.id(tokens.VPC, cidrBlock=cidr, **inputs)

    def subnet(self, vpc: str, cidr: str, zone: str = ZONES[0], **inputs: Any) -> str:
        return self.id(tokens.SUBNET, vpcId=vpc, cidrBlock=cidr, availabilityZone=zone, **inputs)

    def subnets(self, vpc: str, prefix: str = "10.20", region: str = REGION) -> list[str]:
        return [
            self.id(
                tokens.SUBNET, at=region, vpcId=vpc, cidrBlock=f"{prefix}.{number}.0/24",
                availabilityZone=f"{region}{letter}",
            )
            for number, letter in enumerate("abc")
        ]  # fmt: skip

    def group(self, vpc: str, name: str = "nodes", **inputs: Any) -> str:
        return self.id(tokens.SECURITY_GROUP, name, vpcId=vpc, **inputs)

    def role(self, name: str, service: str, *managed: str, actions: tuple[str, ...] = ()) -> str:
        """ARN of a role with these AWS-managed policies."""
        outcome = self.create(tokens.ROLE, name, assumeRolePolicy=trust(service, *actions))
        for one in managed:
            self.create(tokens.ROLE_POLICY_ATTACHMENT, role=name, policyArn=f"arn:aws:iam::aws:policy/{one}")
        return str(outcome.outputs["arn"])

    def cluster(self, subnets: list[str], name: str = "one", **inputs: Any) -> str:
        """A cluster without anything of its own in it."""
        role = next((str(record.outputs["arn"]) for record in self.world.find(tokens.ROLE, name="control")), None)
        inputs = {
            "bootstrapSelfManagedAddons": False,
            "accessConfig": {"authenticationMode": "API"},
            "vpcConfig": {"subnetIds": subnets},
            "roleArn": role or self.role("control", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
            **inputs,
        }
        return self.id(tokens.EKS_CLUSTER, name, **inputs)

    def nodes(self, cluster: str, subnets: list[str], name: str = "pool", **inputs: Any) -> Outcome:
        role = next((str(record.outputs["arn"]) for record in self.world.find(tokens.ROLE, name="node")), None)
        policies = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
        inputs = {
            "clusterName": cluster,
            "subnetIds": subnets,
            "nodeRoleArn": role or self.role("node", "ec2.amazonaws.com", *policies),
            "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 3},
            **inputs,
        }
        return self.create(tokens.EKS_NODE_GROUP, name, **inputs)

    def transit_gateway(self, **inputs: Any) -> str:
        return self.id(tokens.TRANSIT_GATEWAY, **inputs)


def refused(code: str, text: str = "") -> AbstractContextManager[pytest.ExceptionInfo[Refused]]:
    """Expect that AWS says no, with this code."""
    return pytest.raises(Refused, match=rf"^{code}: .*{text}")


def wrong(text: str) -> AbstractContextManager[pytest.ExceptionInfo[WrongInputsError]]:
    """Expect that Check finds this."""
    return pytest.raises(WrongInputsError, match=text)


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    """An empty AWS account."""
    account = Aws(tmp_path)
    yield account
    account.world.close()
