"""The recording itself: a test that looks at it must see what the engine would have been told."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pytest

from tests.components.recording import record


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, provider: aws.Provider) -> None:
        super().__init__("hms:test:Group", name)
        self.vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block="10.0.0.0/16",
            opts=pulumi.ResourceOptions(
                parent=self, provider=provider, protect=True, custom_timeouts=pulumi.CustomTimeouts(create="2h")
            ),
        )
        self.register_outputs({"id": self.vpc.id})


def program() -> None:
    provider = aws.Provider("cloud", region="us-east-1")
    group = Group("group", provider)
    cluster = eks.Cluster("cluster", name="dev-one", vpc_id=group.vpc.id)
    aws.ec2.Subnet(
        "subnet",
        vpc_id=group.vpc.id,
        cidr_block=pulumi.Output.secret("10.0.0.0/24"),
        tags={"group": cluster.cluster_security_group_id, "of": cluster.eks_cluster.apply(lambda one: one.name)},
        opts=pulumi.ResourceOptions(provider=provider, deleted_with=group, ignore_changes=["tags"]),
    )
    pulumi.export("owner", group.vpc.owner_id)
    pulumi.export("password", pulumi.Output.secret("hush"))


def test_options_are_recorded() -> None:
    recording = record(program)
    vpc = recording.named("group-vpc")
    assert vpc.protect
    assert vpc.timeouts == {"create": "2h"}
    assert vpc.parent == recording.named("group").urn
    assert recording.by_urn(vpc.provider).name == "cloud"
    subnet = recording.named("subnet")
    assert subnet.deleted_with == recording.named("group").urn
    assert subnet.ignore_changes == ("tags",)
    assert recording.below(recording.named("group")) == [vpc]


def test_urns_are_the_engines() -> None:
    recording = record(program, project="hms", stack="dev")
    assert recording.named("group-vpc").urn == "urn:pulumi:dev::hms::hms:test:Group$aws:ec2/vpc:Vpc::group-vpc"
    assert recording.named("subnet").urn == "urn:pulumi:dev::hms::aws:ec2/subnet:Subnet::subnet"


def test_secrets_are_seen_and_unwrapped() -> None:
    recording = record(program)
    subnet = recording.named("subnet")
    assert subnet.inputs["cidrBlock"] == "10.0.0.0/24"
    assert subnet.is_secret("cidrBlock")
    assert not subnet.is_secret("vpcId")
    assert recording.exports()["password"] == "hush"
    assert recording.secret_outputs[recording.stack] == {"password"}


def test_a_stack_reference_finds_what_another_recording_exports() -> None:
    def reads() -> None:
        other = pulumi.StackReference("hms/hms/earlier")
        pulumi.export("again", {name: other.require_output(name) for name in ("owner", "password")})

    recording = record(reads, stacks={"hms/hms/earlier": record(program)})
    assert recording.exports()["again"] == {"owner": "123456789012", "password": "hush"}
    assert recording.secret_outputs[recording.stack] == {"again.password"}


def test_order_is_known_over_several_steps() -> None:
    recording = record(program)
    subnet, vpc, cluster = recording.named("subnet"), recording.named("group-vpc"), recording.named("cluster")
    assert recording.waits_for(subnet, vpc)
    assert recording.waits_for(subnet, cluster)
    assert not recording.waits_for(vpc, subnet)


def test_an_eks_cluster_gives_what_the_real_one_gives() -> None:
    tags = record(program).named("subnet").inputs["tags"]
    assert tags["group"].startswith("sg-")
    assert tags["of"] == "dev-one"


def test_recordings_do_not_see_each_other() -> None:
    assert len(record(program).resources) == len(record(program).resources)


def test_a_failure_in_an_apply_fails_the_recording() -> None:
    def fails() -> None:
        pulumi.Output.from_input(1).apply(lambda one: one / 0)

    with pytest.raises(ZeroDivisionError):
        record(fails)


def test_an_output_in_a_string_fails_the_recording() -> None:
    with pytest.raises(Exception, match="not supported"):
        record(lambda: f"{pulumi.Output.from_input(1)}")


def test_a_name_that_is_not_there_lists_what_is_near() -> None:
    with pytest.raises(LookupError, match="group-vpc"):
        record(program).named("group-vcp")
