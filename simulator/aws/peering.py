"""VPC peering, inside one region and between two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.aws import quotas, regions, tokens
from simulator.aws.common import ec2_reference, make, matching, network, vpc_reference
from simulator.kind import Duration, Failure, Refused, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.world import Record


def _peering_form(inputs: Inputs) -> Iterable[Failure]:
    if inputs.get("autoAccept") is True and inputs.get("peerRegion") is not None:
        yield Failure(
            "autoAccept",
            "`peer_region` cannot be set whilst `auto_accept` is `true` when creating an EC2 VPC Peering Connection",
        )
    region = inputs.get("peerRegion")
    if known(region) and region not in regions.ZONE_LETTERS:
        yield Failure("peerRegion", f"invalid region: {region}")


def _peer_region(context: Context, inputs: Inputs) -> str:
    return str(inputs.get("peerRegion") or context.scope)


def _peer(context: Context, inputs: Inputs) -> Record | None:
    return context.world.one(tokens.VPC, inputs["peerVpcId"], scope=_peer_region(context, inputs))


def _failed() -> Refused:
    # The API answers first and fails the request a moment later; the provider waits for it and reports the status.
    return Refused("failed", "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range")


def _peering_admitted(context: Context, inputs: Inputs) -> None:
    if context.old is not None:
        return
    own, peer = context.one(tokens.VPC, inputs["vpcId"]), _peer(context, inputs)
    if inputs["vpcId"] == inputs["peerVpcId"]:
        raise Refused("InvalidParameterValue", "The requester VPC and the accepter VPC must be different VPCs")
    if own is None or peer is None or inputs.get("peerOwnerId", context.account) != context.account:
        raise _failed()
    one, other = network(own.outputs["cidrBlock"]), network(peer.outputs["cidrBlock"])
    if one is None or other is None or one.overlaps(other):
        raise _failed()
    pair = {inputs["vpcId"], inputs["peerVpcId"]}
    all_peerings = list(context.find(tokens.PEERING, anywhere=True))
    for found in all_peerings:
        if {found.outputs["vpcId"], found.outputs["peerVpcId"]} == pair:
            raise Refused(
                "VpcPeeringConnectionAlreadyExists",
                f"A VPC peering connection between {inputs['vpcId']} and {inputs['peerVpcId']} already exists: "
                f"{found.id}",
            )
    for vpc in sorted(pair):
        quotas.require(
            "peerings", [found for found in all_peerings if vpc in (found.outputs["vpcId"], found.outputs["peerVpcId"])]
        )


def _peering_outputs(context: Context, inputs: Inputs) -> Outputs:
    old = context.old.outputs if context.old else {}
    accepted = inputs.get("autoAccept") is True or old.get("acceptStatus") == "active"
    return {
        "acceptStatus": "active" if accepted else "pending-acceptance",
        "peerOwnerId": inputs.get("peerOwnerId") or context.account,
        "peerRegion": _peer_region(context, inputs),
    }


PEERING = make(
    tokens.PEERING,
    id_prefix="pcx",
    immutable=("peerOwnerId", "peerRegion", "peerVpcId", "vpcId"),
    references=(
        vpc_reference(),
        ec2_reference(
            "peerVpcId",
            tokens.VPC,
            "vpc",
            code="failed",
            message="Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
            anywhere=True,
            blocks_delete=True,
        ),
    ),
    checks=(_peering_form, matching("peerOwnerId", r"\d{12}", "an account id of 12 digits")),
    admits=(_peering_admitted,),
    compute=_peering_outputs,
    computed=("peerOwnerId", "peerRegion"),
    volatile=("acceptStatus",),
    duration=Duration(create=5, update=3, delete=5),
)

_PEERING = ec2_reference("vpcPeeringConnectionId", tokens.PEERING, "vpcPeeringConnection", anywhere=True)


def _accepter_admitted(context: Context, inputs: Inputs) -> None:
    found = context.one(tokens.PEERING, inputs["vpcPeeringConnectionId"], anywhere=True)
    if found is not None and context.scope not in (found.outputs["peerRegion"], found.scope):
        raise Refused(
            "InvalidVpcPeeringConnectionID.NotFound", f"The vpcPeeringConnection ID '{found.id}' does not exist"
        )
    if found is not None and inputs.get("autoAccept") is True and context.scope != found.outputs["peerRegion"]:
        raise Refused(
            "OperationNotPermitted",
            f"User {context.account} cannot accept peering {found.id}: an inter-region request is accepted in "
            f"{found.outputs['peerRegion']}, the region of the accepter VPC",
        )


def _accepter_outputs(context: Context, inputs: Inputs) -> Outputs:
    found = context.one(tokens.PEERING, inputs["vpcPeeringConnectionId"], anywhere=True)
    if found is None:
        return {}
    status = "active" if inputs.get("autoAccept") is True else str(found.outputs["acceptStatus"])
    if found.outputs["acceptStatus"] != status:
        context.patch(found, acceptStatus=status)
    # Seen from the accepter, its own VPC is `vpc` and the requester is the peer.
    return {
        "acceptStatus": status,
        "vpcId": found.outputs["peerVpcId"],
        "peerVpcId": found.outputs["vpcId"],
        "peerOwnerId": context.account,
        "peerRegion": found.scope,
    }


PEERING_ACCEPTER = make(
    tokens.PEERING_ACCEPTER,
    make_id=lambda _, inputs: str(inputs["vpcPeeringConnectionId"]),
    exists=("InvalidStateTransition", "{id} has an accepter already"),
    immutable=("vpcPeeringConnectionId",),
    references=(_PEERING,),
    admits=(_accepter_admitted,),
    compute=_accepter_outputs,
    duration=Duration(create=5, update=3, delete=0),
)


def _options_admitted(context: Context, inputs: Inputs) -> None:
    found = context.one(tokens.PEERING, inputs["vpcPeeringConnectionId"], anywhere=True)
    if found is None:
        return
    if found.outputs["acceptStatus"] != "active":
        raise Refused(
            "OperationNotPermitted",
            f"Peering {found.id} is not active. Peering options can be added only to active peerings.",
        )
    sides = {"requester": found.scope, "accepter": str(found.outputs["peerRegion"])}
    for side, region in sides.items():
        if inputs.get(side) is not None and region != context.scope:
            raise Refused("OperationNotPermitted", f"The {side} options of {found.id} can be modified in {region} only")


def _options_id(context: Context, inputs: Inputs) -> str:
    """Id of the peering, as the provider gives it.

    Inside one region the two sides may be two resources, which then have one id; a world keeps ids apart, so the
    accepter's is marked there. Nothing else ever names this id.
    """
    id_ = str(inputs["vpcPeeringConnectionId"])
    found = context.one(tokens.PEERING, id_, anywhere=True)
    second = inputs.get("requester") is None and found is not None and found.scope == context.scope
    return f"{id_}-accepter" if second else id_


PEERING_OPTIONS = make(
    tokens.PEERING_OPTIONS,
    tagged=False,
    make_id=_options_id,
    exists=("OperationNotPermitted", "{id} has options already"),
    immutable=("vpcPeeringConnectionId",),
    references=(_PEERING,),
    admits=(_options_admitted,),
    duration=Duration(create=3, update=3, delete=0),
)

KINDS = (PEERING, PEERING_ACCEPTER, PEERING_OPTIONS)
