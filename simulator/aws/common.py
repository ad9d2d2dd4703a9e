"""What all AWS kinds share: ARNs, tags, regions, and the forms in which the provider checks plain values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final, Literal

from simulator.aws import regions, tokens
from simulator.kind import UNKNOWN, Failure, Kind, Reference, Unfinished, known, walk

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Inputs, Outputs
    from simulator.world import Record

Check = Callable[["Inputs"], Iterable[Failure]]
Compute = Callable[["Context", "Inputs"], "Outputs"]

CREATED: Final = "2026-01-01T00:00:00Z"
"""Every resource of the simulated world is of this time: outputs must not depend on the clock."""

_TAG_KEY_LENGTH, _TAG_VALUE_LENGTH, _TAG_COUNT = 128, 256, 50


def arn(context: Context, service: str, resource: str) -> str:
    """ARN in the region of this resource; IAM's have none."""
    region = "" if service in {"iam", "s3"} else context.scope
    account = "" if service == "s3" else context.account
    partition = regions.partition(context.region)
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def all_tags(context: Context, inputs: Inputs) -> dict[str, str]:
    """Tags of the resource laid over the provider's default tags."""
    defaults = context.config.get("defaultTags") or {}
    tags = defaults.get("tags") if isinstance(defaults, Mapping) else None
    return {**(tags or {}), **(inputs.get("tags") or {})}


def tags_valid(inputs: Inputs) -> Iterable[Failure]:
    """Limits of the tagging API."""
    tags = inputs.get("tags")
    if tags is None or tags is UNKNOWN:
        return
    if len(tags) > _TAG_COUNT:
        yield Failure("tags", f"a resource takes at most {_TAG_COUNT} tags, got {len(tags)}")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            yield Failure(f"tags.{key}", "tag keys starting with 'aws:' are reserved for system use")
        if not 1 <= len(key) <= _TAG_KEY_LENGTH:
            yield Failure(f"tags.{key}", f"tag keys have 1 to {_TAG_KEY_LENGTH} characters")
        if known(value) and len(str(value)) > _TAG_VALUE_LENGTH:
            yield Failure(f"tags.{key}", f"tag values have at most {_TAG_VALUE_LENGTH} characters")


def make(  # noqa: PLR0913 - a kind is described by many optional facts
    token: str,
    *,
    arn_as: tuple[str, str] | None = None,
    tagged: bool = True,
    compute: Compute | None = None,
    checks: tuple[Check, ...] = (),
    computed: tuple[str, ...] = (),
    scope: Literal["regional", "global"] = "regional",
    **fields: Any,  # noqa: ANN401 - handed on to Kind
) -> Kind:
    """Make a kind whose outputs ``region``, ``arn`` and ``tagsAll`` are filled in as for every AWS resource.

    Parameters
    ----------
    token
        Type token.
    arn_as
        Service and resource part of the ARN; ``{id}`` and inputs in braces are filled in.
    tagged
        Whether the kind carries tags.
    compute
        Its own outputs.
    checks, computed, scope, fields
        As in `simulator.kind.Kind`.
    """
    regional = scope == "regional"

    def outputs(context: Context, inputs: Inputs) -> Outputs:
        base: Outputs = {"region": context.scope} if regional else {}
        if arn_as is not None:
            service, resource = arn_as
            base["arn"] = arn(context, service, resource.format(**{**inputs, "id": context.id}))
        if tagged:
            base["tagsAll"] = all_tags(context, inputs)
        if compute is None:
            return base
        try:
            return {**base, **compute(context, inputs)}
        except Unfinished as unfinished:
            raise Unfinished({**base, **unfinished.outputs}, *unfinished.reasons) from unfinished

    return Kind(
        token=token,
        compute=outputs,
        checks=(*checks, tags_valid) if tagged else checks,
        computed=(*computed, "region") if regional else computed,
        scope=scope,
        # The provider cannot move a resource to another region.
        immutable=(*fields.pop("immutable", ()), *(("region",) if regional else ())),
        **fields,
    )


def given(value: object) -> bool:
    """Whether a value is there, known or not; an empty list or text is as good as none."""
    return value is UNKNOWN or (value is not None and value not in ("", [], {}))


def names(pattern: str, values: Iterable[object]) -> Check:
    """Values must be of a list."""
    allowed = tuple(values)

    def check(inputs: Inputs) -> Iterable[Failure]:
        for path, value in walk(inputs, pattern):
            if known(value) and value not in allowed:
                listed = " ".join(f'"{item}"' for item in allowed)
                yield Failure(path, f"expected {path} to be one of [{listed}], got {value}")

    return check


def between(pattern: str, low: int, high: int) -> Check:
    """Numbers, or numbers written as text, must lie in a range."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        for path, value in walk(inputs, pattern):
            if not known(value):
                continue
            try:
                fits = low <= int(value) <= high
            except (TypeError, ValueError):
                fits = False
            if not fits:
                yield Failure(path, f"expected {path} to be in the range ({low} - {high}), got {value}")

    return check


def matching(pattern: str, expression: str, reason: str) -> Check:
    """Text must match an expression from end to end."""
    compiled = re.compile(expression)

    def check(inputs: Inputs) -> Iterable[Failure]:
        for path, value in walk(inputs, pattern):
            if known(value) and not compiled.fullmatch(str(value)):
                yield Failure(path, f"invalid value for {path} ({reason}): {value}")

    return check


def network(value: object) -> IPv4Network | None:
    """Read an IPv4 network; ``None`` where it is none, or has host bits that are not zero."""
    try:
        return IPv4Network(str(value), strict=True) if "/" in str(value) else None
    except ValueError:
        return None


def cidr(pattern: str, low: int = 0, high: int = 32) -> Check:
    """Text must be an IPv4 CIDR block with its host bits zero and a prefix in a range."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        for path, value in walk(inputs, pattern):
            if not known(value):
                continue
            found = network(value)
            if found is None:
                yield Failure(path, f'"{value}" is not a valid IPv4 CIDR block{_meant(value)}')
            elif not low <= found.prefixlen <= high:
                yield Failure(
                    path,
                    f'expected "{path}" to contain a network Value with between {low} and {high} significant bits, '
                    f"got: {found.prefixlen}",
                )

    return check


def _meant(value: object) -> str:
    try:
        return f'; did you mean "{IPv4Network(str(value), strict=False)}"?'
    except ValueError:
        return ""


def exactly_one(*properties: str) -> Check:
    """Exactly one of these top-level properties must be given."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        given = [name for name in properties if inputs.get(name) is not None]
        if len(given) != 1:
            listed = ",".join(properties)
            found = f"`{'`, `'.join(given)}` were specified" if given else "none was specified"
            yield Failure("", f"only one of `{listed}` can be specified, and one must be: {found}")

    return check


def conflicting(one: str, *others: str) -> Check:
    """Two top-level properties that exclude each other."""

    def check(inputs: Inputs) -> Iterable[Failure]:
        for other in others:
            if inputs.get(one) is not None and inputs.get(other) is not None:
                yield Failure(one, f'"{one}": conflicts with {other}')

    return check


def ec2_reference(path: str, kind: str | tuple[str, ...], noun: str, **fields: Any) -> Reference:  # noqa: ANN401 - handed on
    """Refer to something of EC2, with EC2's own codes.

    Parameters
    ----------
    path, kind
        As in `simulator.kind.Reference`.
    noun
        EC2's name for the kind: ``subnet`` gives ``InvalidSubnetID.NotFound``.
    fields
        Anything else of a reference.
    """
    fields.setdefault("code", f"Invalid{noun[0].upper()}{noun[1:]}ID.NotFound")
    fields.setdefault("message", f"The {noun} ID '{{value}}' does not exist")
    fields.setdefault("blocks_message", f"The {noun} '{{target}}' has dependencies and cannot be deleted.")
    return Reference(path, kind, **fields)


def vpc_reference(path: str = "vpcId", *, blocks_delete: bool = True) -> Reference:
    """Refer to the VPC that something stands in, which can't go while that stands."""
    return ec2_reference(path, tokens.VPC, "vpc", code="InvalidVpcID.NotFound", blocks_delete=blocks_delete)


def subnet_reference(path: str, **fields: Any) -> Reference:  # noqa: ANN401 - handed on
    """Refer to a subnet that something has a network interface in, so that it can't go."""
    return ec2_reference(path, tokens.SUBNET, "subnet", blocks_delete=True, **fields)


def group_reference(path: str, **fields: Any) -> Reference:  # noqa: ANN401 - handed on
    """Refer to a security group that something is a member of or that a rule names, so that it can't go."""
    return Reference(
        path,
        tokens.SECURITY_GROUP,
        **{
            "code": "InvalidGroup.NotFound",
            "message": "The security group '{value}' does not exist",
            "blocks_delete": True,
            "blocks_message": "resource {target} has a dependent object",
            **fields,
        },
    )


def key_names(record: Record) -> Iterable[str]:
    """Give what an input may call a KMS key: its id or its ARN."""
    return record.id, str(record.outputs.get("arn", ""))


def key_reference(path: str, code: str, message: str) -> Reference:
    """Refer to a KMS key by id or ARN. Deleting a key in use is not refused: KMS only schedules it."""
    return Reference(path, tokens.KMS_KEY, by=key_names, code=code, message=message)


def vpc_of(context: Context, subnet_id: str) -> str:
    """VPC of a subnet, empty if the subnet is unknown."""
    record = context.one(tokens.SUBNET, subnet_id)
    return str(record.outputs["vpcId"]) if record else ""


def zones_of(context: Context, subnet_ids: Iterable[str]) -> list[str]:
    """Availability zones of these subnets, in their order."""
    records = (context.one(tokens.SUBNET, subnet_id) for subnet_id in subnet_ids)
    return [str(record.outputs["availabilityZone"]) for record in records if record]
