"""The provider under the real engine, on a small cloud of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
import pytest

from simulator.operations import Operations
from tests.simulator.engine import Run, needs_engine, serving
from tests.simulator.toy_cloud import AWS, KUBERNETES, SUBNET_TOKEN, VPC_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simulator.server import Server

    Start = Callable[[Callable[[], None]], Run]

pytestmark = [needs_engine, pytest.mark.e2e]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    yield from serving(tmp_path, [AWS, KUBERNETES])


@pytest.fixture
def start(server: Server, tmp_path: Path) -> Callable[[Callable[[], None]], Run]:
    return lambda program: Run(server, tmp_path, program)


def network(cidr: str = "10.0.0.0/16", subnet: str = "10.0.1.0/24", **tags: str) -> None:
    vpc = aws.ec2.Vpc("vpc", cidr_block=cidr, tags=tags)
    aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=subnet)


def in_region(program: Callable[[], None]) -> Callable[[], None]:
    """The program with a default provider that has a region, as a stack's configuration would give it."""

    def run() -> None:
        provider = aws.Provider("region", region="eu-west-1")
        pulumi.runtime.register_resource_transform(
            lambda args: (
                pulumi.ResourceTransformResult(
                    args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(provider=provider))
                )
                if args.type_.startswith("aws:")
                else None
            )
        )
        program()

    return run


def test_up_again_changes_nothing_and_destroy_leaves_nothing(server: Server, start: Start) -> None:
    run = start(in_region(network))
    assert run.preview() == {"create": 4}
    assert server.world.count() == 0
    assert run.up() == {"create": 4}
    assert server.world.count() == 3, "vpc, its main route table, subnet"
    assert run.up() == {"same": 4}
    assert dict(run.stack.refresh().summary.resource_changes or {}) == {"same": 4}
    assert run.up() == {"same": 4}
    run.stack.destroy()
    assert server.world.count() == 0


def test_change_in_place_and_by_replacement(server: Server, start: Start) -> None:
    run = start(in_region(network))
    run.up()
    first = server.world.find(VPC_TOKEN)[0]
    run.program = in_region(lambda: network(owner="me"))
    assert run.up() == {"same": 3, "update": 1}
    assert server.world.find(VPC_TOKEN)[0].id == first.id
    run.program = in_region(lambda: network(cidr="10.0.0.0/20", owner="me"))
    assert run.up()["replace"] == 2, "the VPC, and the subnet whose VPC is another one"
    second = server.world.find(VPC_TOKEN)[0]
    assert second.id != first.id
    assert second.incarnation == 1
    assert server.world.count() == 3


def test_two_providers_keep_their_configurations_apart(server: Server, start: Start) -> None:
    def program() -> None:
        for region in ("eu-west-1", "us-east-1"):
            provider = aws.Provider(region, region=region)
            vpc = aws.ec2.Vpc(f"vpc-{region}", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(provider=provider))
            pulumi.export(region, vpc.arn)

    run = start(program)
    outputs = run.stack.up().outputs
    for region in ("eu-west-1", "us-east-1"):
        assert outputs[region].value.startswith(f"arn:aws:ec2:{region}:123456789012:vpc/vpc-0")
        assert len(server.world.find(VPC_TOKEN, region)) == 1


WRONG: dict[str, Callable[[], object]] = {
    "cidrBlock: 10.0.0.1/16 has host bits set": lambda: aws.ec2.Vpc("vpc", cidr_block="10.0.0.1/16"),
    "ingress[0].fromPrt: unknown property; did you mean 'fromPort'?": lambda: aws.ec2.SecurityGroup(
        "group",
        vpc_id="vpc-1",
        ingress=[{"fromPrt": 1, "from_port": 1, "to_port": 1, "protocol": "tcp"}],  # type: ignore[typeddict-unknown-key]
    ),
    "the simulator does not know aws:ec2/eip:Eip": lambda: aws.ec2.Eip("eip"),
}


@pytest.mark.parametrize("problem", WRONG)
def test_wrong_inputs_stop_the_preview_with_their_path(start: Start, problem: str) -> None:
    said = start(in_region(lambda: WRONG[problem]() and None)).refused("preview")
    assert problem in said


def test_the_cloud_refuses_what_it_cannot_know_before(server: Server, start: Start) -> None:
    run = start(in_region(lambda: network(subnet="10.9.0.0/24")))
    run.preview()
    said = run.refused()
    assert "api error InvalidSubnet.Range: The CIDR '10.9.0.0/24' is invalid." in said
    assert server.world.find(SUBNET_TOKEN) == []
    run.program = in_region(network)
    assert run.up()["create"] == 1, "what went well is kept"


def test_what_is_in_use_is_not_deleted(server: Server, start: Start) -> None:
    run = start(in_region(network))
    run.up()
    vpc = server.world.find(VPC_TOKEN)[0]
    # Someone else's subnet, which the engine knows nothing of.
    with server.world.transaction():
        subnet = server.world.find(SUBNET_TOKEN)[0]
        server.world.put(type(subnet)(subnet.token, subnet.scope, "subnet-0other", edges=subnet.edges))
    said = run.refused("destroy")
    assert f"api error DependencyViolation: resource {vpc.id} has a dependent object" in said
    assert [one.id for one in server.world.find(VPC_TOKEN)] == [vpc.id]


def test_what_was_deleted_behind_the_engines_back_comes_again(server: Server, start: Start) -> None:
    run = start(in_region(network))
    run.up()
    with server.world.transaction():
        server.world.remove(server.world.find(SUBNET_TOKEN)[0])
    assert dict(run.stack.refresh().summary.resource_changes or {})["delete"] == 1
    assert run.up()["create"] == 1


def test_import(server: Server, start: Start) -> None:
    run = start(in_region(network))
    run.up()
    vpc = server.world.find(VPC_TOKEN)[0]
    state = run.stack.export_stack()
    resources = state.deployment["resources"]
    state.deployment["resources"] = [one for one in resources if not one["type"].startswith("aws:")]
    run.stack.import_stack(state)

    def program() -> None:
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={}, opts=pulumi.ResourceOptions(import_=vpc.id))

    run.program = in_region(program)
    assert run.up()["import"] == 1
    assert run.state()["vpc"]["outputs"]["arn"] == vpc.outputs["arn"]


def test_a_half_made_resource_is_kept_and_mended(server: Server, start: Start) -> None:
    def program(nodes: int) -> None:
        scaling = aws.eks.NodeGroupScalingConfigArgs(desired_size=nodes, min_size=0, max_size=3)
        aws.eks.NodeGroup(
            "nodes",
            cluster_name="c",
            node_group_name="n",
            node_role_arn="arn:aws:iam::123456789012:role/r",
            subnet_ids=["s"],
            scaling_config=scaling,
        )

    run = start(in_region(lambda: program(0)))
    assert "NodeCreationFailure: no node joined" in run.refused()
    assert run.state()["nodes"]["id"] == "c:n"
    assert server.world.count() == 1
    run.program = in_region(lambda: program(2))
    assert run.up()["update"] == 1


def test_names_are_made_up_kept_and_renewed(server: Server, start: Start) -> None:
    def program(path: str = "/", name: str | None = None) -> None:
        aws.iam.Role("role", name=name, assume_role_policy="{}", path=path)

    run = start(in_region(program))
    run.up()
    made_up = run.state()["role"]["id"]
    assert made_up.startswith("role-")
    assert len(made_up) == len("role-") + 7
    run.program = in_region(lambda: program("/other/"))
    run.up()
    assert run.state()["role"]["id"] == made_up
    run.program = in_region(lambda: program(name="given"))
    run.up()
    assert run.state()["role"]["id"] == "given"
    assert server.world.count() == 1


def test_one_writer_at_a_time(start: Start) -> None:
    def program(chained: bool) -> None:  # noqa: FBT001
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        before: list[pulumi.Resource] = []
        for number in range(3):
            options = pulumi.ResourceOptions(depends_on=before if chained else [])
            before = [aws.ec2.SecurityGroup(f"group{number}", vpc_id=vpc.id, opts=options)]

    run = start(in_region(lambda: program(chained=False)))
    assert "AnotherOperationInProgress" in run.refused()
    run.program = in_region(lambda: program(chained=True))
    run.up()
    run.stack.destroy()


def test_a_fault_strikes_as_planned(tmp_path: Path) -> None:
    plan = tmp_path / "faults.json"
    plan.write_text(json.dumps([{"kind": VPC_TOKEN, "operation": "create", "when": "after", "message": "lost"}]))
    for server in serving(tmp_path, [AWS, KUBERNETES], faults=plan):
        run = Run(server, tmp_path, in_region(network))
        assert "InternalError: lost" in run.refused()
        assert len(server.world.find(VPC_TOKEN)) == 1, "the cloud has it, the engine does not know"
        assert "vpc" not in run.state()


def test_durations_are_scaled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Operations, "sleep", lambda _self, _context, seconds: slept.append(seconds))
    for server in serving(tmp_path, [AWS, KUBERNETES], scale=10.0):
        Run(server, tmp_path, in_region(network)).up()
    assert sorted(slept) == [0.5, 10.0], "0.05 s of the VPC and 1 s of the subnet, ten times"


def test_a_provider_that_is_done_does_not_stop_the_others(server: Server, start: Start) -> None:
    def program() -> None:
        for number in range(2):
            provider = aws.Provider(f"provider{number}", region="eu-west-1")
            options = pulumi.ResourceOptions(provider=provider)
            vpc = aws.ec2.Vpc(f"vpc{number}", cidr_block="10.0.0.0/16", opts=options)
            # Each takes a while, because its key is exclusive; the engine cancels the provider that is done first.
            before = [aws.ec2.SecurityGroup(f"group{number}-0", vpc_id=vpc.id, opts=options)]
            for more in range(1, 1 + 3 * number):
                chained = pulumi.ResourceOptions(provider=provider, depends_on=before)
                before = [aws.ec2.SecurityGroup(f"group{number}-{more}", vpc_id=vpc.id, opts=chained)]

    run = start(program)
    run.up()
    run.stack.destroy()
    assert server.world.count() == 0
