"""How a resource type of a cloud is described: the interface for whoever writes rules.

A package folder (``simulator/aws``, ``simulator/azure``, ``simulator/kubernetes``) exposes in its ``__init__``::

    KINDS: tuple[Kind, ...]         # every resource type it knows
    INVOKES: tuple[Invoke, ...]     # every data source it knows
    # and, if needed:
    def scope(config, inputs) -> str          # where a resource lives, e.g. the region; see below
    def fallback(token) -> Kind | None        # kinds made on demand (custom resources of Kubernetes)
    def check_config(config) -> Iterable[Failure]   # what the provider itself refuses in its configuration
    def complete(context, kind, outputs) -> dict    # outputs that all resources of the package have, e.g. tagsAll

A token without a kind is refused in Check: the simulator is never kinder than the cloud.

Example::

    SUBNET = Kind(
        token="aws:ec2/subnet:Subnet",
        id_prefix="subnet",
        immutable=("vpcId", "cidrBlock", "availabilityZone"),
        references=(Reference("vpcId", "aws:ec2/vpc:Vpc", code="InvalidVpcID.NotFound", blocks_delete=True),),
        checks=(cidr_is_network,),          # def cidr_is_network(inputs) -> Iterable[Failure]
        admits=(inside_vpc, no_overlap),    # def inside_vpc(context, inputs) -> None, raises Refused
        defaults={"mapPublicIpOnLaunch": False},
        compute=subnet_outputs,             # def subnet_outputs(context, inputs) -> dict of computed outputs
    )

What happens, in this order
---------------------------
Check (also in previews)
    schema of the SDK, then ``autoname``, then ``checks``. ``checks`` see `UNKNOWN` where a preview can't know.
Diff
    every changed input path; those at, below or above an ``immutable`` pattern replace. ``replaces`` may add more.
Create in a preview
    nothing of the kind runs but ``checks``. Known are inputs and ``defaults``; unknown are outputs that are no inputs,
    read-only properties inside of inputs (the SDK's output types name them), and what ``computed`` lists.
Create
    ``exclusive`` keys are taken (409 when another operation holds one), ``references`` are looked up, ``admits`` run,
    time passes, ``real`` makes it where something real runs, then in ONE transaction: id, ``compute``,
    `Context.implicit` children, the record itself.
Update
    the same with ``context.old`` set; ``compute`` runs again and its result is laid over the old outputs.
Delete
    refused while another resource refers to it with ``blocks_delete``; then ``on_delete`` runs, then it is gone,
    with the implicit children it owns.
Read
    ``on_read`` gives the outputs as the cloud would now; default: as stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from simulator.values import UNKNOWN, Inputs, Outputs, get, has_unknown, known, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simulator.context import Context
    from simulator.world import Record

__all__ = [
    "UNKNOWN",
    "Autoname",
    "Duration",
    "Failure",
    "Inputs",
    "Invoke",
    "Kind",
    "Outputs",
    "Real",
    "Reference",
    "Refused",
    "Unfinished",
    "get",
    "has_unknown",
    "known",
    "walk",
]


@dataclass(frozen=True)
class Failure:
    """One thing wrong with the inputs, found without looking at the world.

    Parameters
    ----------
    path
        Property path as in ``ipConfigurations[0].subnet.id``; empty if it is about the whole resource.
    reason
        One sentence, worded like the provider's own.
    """

    path: str
    reason: str


class Refused(Exception):  # noqa: N818  (the cloud refuses; it is not our error)
    """The cloud says no, and nothing has changed.

    Parameters
    ----------
    code
        The cloud's error code, e.g. ``InvalidSubnet.Range``, ``AnotherOperationInProgress``.
    message
        The cloud's sentence.
    status
        HTTP status, shown for Azure.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Unfinished(Exception):  # noqa: N818  (the cloud refuses; it is not our error)
    """Raised by ``compute``: the resource exists now but did not become healthy (a node group without a CNI).

    The record is kept, the engine notes the failure in its state and repairs it with an update on the next run.

    Parameters
    ----------
    outputs
        Outputs of the half-made resource.
    reasons
        Why it did not finish, as the cloud says it.
    """

    def __init__(self, outputs: Outputs, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.outputs = outputs
        self.reasons = reasons


@dataclass(frozen=True)
class Reference:
    """An input that must name something existing.

    Parameters
    ----------
    path
        Pattern of the input: ``vpcId``, ``vpcConfig.subnetIds[]``, ``ipConfigurations[].subnet.id``.
    kind
        Token of the target, or several of which any will do.
    by
        What of the target the value equals: ``"id"``, the name of an output (``"arn"``, ``"name"``), or a function
        giving all values that name the target. Ids of Azure compare without case.
    code, message
        How the cloud refuses; ``{value}``, ``{path}`` and ``{kind}`` are filled in.
    blocks_delete
        Deleting the target while this resource refers to it is refused with ``blocks_code``.
    blocks_code, blocks_message
        ``{target}`` and ``{source}`` (ids) are filled in.
    anywhere
        Also look in other scopes (a peering into another region).
    when
        Only look where this says so, e.g. a value may be an AWS managed policy that nobody created.
    status
        HTTP status of the refusal.
    """

    path: str
    kind: str | tuple[str, ...]
    by: str | Callable[[Record], Iterable[str]] = "id"
    code: str = "ResourceNotFound"
    message: str = "The {kind} '{value}' does not exist"
    blocks_delete: bool = False
    blocks_code: str = "DependencyViolation"
    blocks_message: str = "resource {target} has a dependent object {source}"
    anywhere: bool = False
    when: Callable[[Any], bool] | None = None
    status: int = 404

    @property
    def kinds(self) -> tuple[str, ...]:
        """Tokens of the kinds that the value may name."""
        return (self.kind,) if isinstance(self.kind, str) else self.kind


@dataclass(frozen=True)
class Duration:
    """Seconds a real cloud takes; multiplied by the simulator's scale (0 in tests)."""

    create: float = 1.0
    update: float = 1.0
    delete: float = 1.0


@dataclass(frozen=True)
class Autoname:
    """The name a provider makes up where the program gives none: logical name, separator, random hex digits.

    AWS: ``Autoname("name")``; azure-native: ``Autoname("virtualNetworkName", separator="", digits=8)``.
    """

    property: str
    separator: str = "-"
    digits: int = 7
    max_length: int = 255


class Real(Protocol):
    """Where a resource is made for real, beside its record. Calls may take minutes; the world is not held meanwhile."""

    def put(self, context: Context, inputs: Inputs) -> Outputs:
        """Create or change it and return outputs, laid over the simulated ones; may raise `Refused`, `Unfinished`."""
        ...

    def read(self, context: Context, record: Record) -> Record | None:
        """Return the record as it really is; ``None`` if it is gone."""
        ...

    def delete(self, context: Context, inputs: Inputs) -> None:
        """Remove it and wait until it is gone; may raise `Refused`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type of a cloud: what it refuses, what it computes and how long it takes.

    Parameters
    ----------
    token
        Type token, e.g. ``aws:ec2/vpc:Vpc``.
    immutable
        Patterns of input paths whose change replaces the resource. Those that the SDK itself names
        (``replace_on_changes`` of azure-native) are added.
    secrets
        Top-level outputs that the provider marks secret, beside those that the SDK marks.
    references
        Inputs that must name something that exists.
    checks
        Pure rules of the inputs: ``(inputs) -> Iterable[Failure]``. Inputs may hold `UNKNOWN`; a rule that meets one
        says nothing.
    admits
        Rules of the world: ``(context, inputs) -> None``; raise `Refused`. Run before a create or an update takes
        effect; on update ``context.old`` is the record. Inputs are wholly known here.
    make_id
        ``(context, inputs) -> str``; default: ``context.token(id_prefix)`` (``vpc-0`` and 16 hex digits).
    id_prefix
        For the default ``make_id``.
    defaults
        Outputs that have a fixed value where the input leaves them out; known in previews.
    compute
        ``(context, inputs) -> dict`` of computed outputs; ``context.id`` is set. Outputs are ``defaults``, then
        inputs, then this. May raise `Refused` or `Unfinished`.
    computed
        Patterns of outputs that ``compute`` gives though they are, or lie in, inputs: ``availabilityZone``,
        ``vpcConfig.clusterSecurityGroupId``, ``ipConfigurations[].id``. Where the input leaves them out, a preview
        shows them as unknown, and an update keeps them. Outputs that are no inputs are taken from the SDK and need not
        be listed (but a kind with ``schema="open"`` lists its own).
    volatile
        Outputs that an update may change: unknown in the preview of an update.
    on_delete
        ``(context) -> None``, may raise `Refused`; ``context.old`` is the record.
    on_read
        ``(context) -> dict`` of outputs; ``context.old`` is the record.
    replaces
        ``(old_inputs, new_inputs, changed_paths) -> paths`` that replace, beside ``immutable``. For rules that depend
        on the values.
    ignores
        ``(old_inputs, new_inputs, path) -> bool``: a change that the provider does not see as one (case, order).
    exclusive
        ``(inputs) -> keys`` of things that only one operation at a time may write to, e.g. the id of a gateway.
    exclusive_code
        Error code where the key is taken.
    autoname
        The property that gets a made-up name.
    delete_before_replace
        ``None``: as the real providers do, that is when the name was given and not made up.
    duration
        Seconds of the real operations.
    scope
        ``"regional"`` (the package's ``scope`` function says where) or ``"global"`` (IAM).
    exists
        ``(code, message)`` where a resource with this id exists already; ``{id}`` is filled in.
    virtual
        Lives in the engine's state only, not in the world (tls, random).
    schema
        ``"sdk"``: inputs are checked against the SDK; ``"open"``: ``checks`` do it alone (custom resources).
    normalize
        ``(inputs) -> inputs`` at the end of Check: defaults that the provider writes into the inputs.
    echo
        ``(inputs) -> outputs``: the inputs as the cloud gives them back, where their form differs (Azure takes a list
        of identities and gives a mapping).
    real
        ``(context) -> Real | None``: where the resource is made for real as well; ``None`` where nothing real runs.
    """

    token: str
    immutable: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    checks: tuple[Callable[[Inputs], Iterable[Failure]], ...] = ()
    admits: tuple[Callable[[Context, Inputs], None], ...] = ()
    make_id: Callable[[Context, Inputs], str] | None = None
    id_prefix: str = "res"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    compute: Callable[[Context, Inputs], Outputs] | None = None
    computed: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    on_delete: Callable[[Context], None] | None = None
    on_read: Callable[[Context], Outputs] | None = None
    replaces: Callable[[Inputs, Inputs, tuple[str, ...]], Iterable[str]] | None = None
    ignores: Callable[[Inputs, Inputs, str], bool] | None = None
    exclusive: Callable[[Inputs], Iterable[str]] | None = None
    exclusive_code: str = "AnotherOperationInProgress"
    autoname: Autoname | None = None
    delete_before_replace: bool | None = None
    duration: Duration = Duration()
    scope: Literal["regional", "global"] = "regional"
    exists: tuple[str, str] = ("AlreadyExists", "{id} already exists")
    virtual: bool = False
    schema: Literal["sdk", "open"] = "sdk"
    normalize: Callable[[Inputs], Inputs] | None = None
    echo: Callable[[Inputs], Inputs] | None = None
    real: Callable[[Context], Real | None] | None = None

    @property
    def package(self) -> str:
        """The provider package, e.g. ``aws``."""
        return self.token.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """A data source: ``answer(context, arguments) -> dict``; may raise `Refused`.

    Parameters
    ----------
    token
        e.g. ``aws:index/getAvailabilityZones:getAvailabilityZones``.
    answer
        Gets a `Context` without resource (``urn`` is empty).
    """

    token: str
    answer: Callable[[Context, Inputs], Outputs]
