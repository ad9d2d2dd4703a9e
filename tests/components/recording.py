"""Run a program under Pulumi's mocks and look at every resource that it registered, options included.

Pulumi's own mocks hand over inputs only. A recording keeps what the engine would have been told: parent,
dependencies, provider, protection, secrets, time limits. Use it so::

    recording = record(lambda: AwsSite("aws", AwsSiteArgs(plan=plan, provider=provider())))
    subnets = recording.of_type("aws:ec2/subnet:Subnet")
    assert recording.named("aws-network-nodes-0", "Subnet").inputs["cidrBlock"] == "10.16.0.0/19"

A failure inside the program, or inside an ``apply``, fails ``record``. Pulumi's runtime is global to the process:
with pytest-xdist use ``--dist loadfile``.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"  # str() of an Output raises, before pulumi reads this at import

from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.stack import run_in_stack

from components.settle import settled
from tests.components.mock_outputs import EKS_CLUSTER, answer_of, eks_cluster, eks_component, outputs_of, secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pulumi.runtime.proto import resource_pb2

STACK = "pulumi:pulumi:Stack"
STACK_REFERENCE = "pulumi:pulumi:StackReference"
EKS_COMPONENT = "eks:index:Cluster"

_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_RESOURCE = rpc._special_resource_sig


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One registered resource.

    Parameters
    ----------
    parent
        URN, that of the stack for a resource without one of its own.
    inputs
        As they go to the provider (camelCase), secrets unwrapped: ask :meth:`is_secret` for those.
    secrets
        Paths of secret inputs, such as ``kubeconfig`` or ``ipsecPolicies[0].key``.
    dependencies
        URNs of all that it waits for: ``depends_on`` and the resources whose outputs it uses.
    property_dependencies
        The same by top-level input.
    provider
        ``urn::id`` of its explicit provider, empty for the default one.
    providers
        What a component hands to its children: package to ``urn::id``.
    timeouts
        ``create``, `update`` and ``delete``, only those set, as Pulumi writes them (``2h``).
    """

    urn: str
    type: str
    name: str
    custom: bool
    remote: bool
    parent: str
    inputs: Mapping[str, Any]
    secrets: frozenset[str]
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    provider: str
    providers: Mapping[str, str]
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    deleted_with: str
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    additional_secret_outputs: tuple[str, ...]
    aliases: int
    transforms: int
    hooks: Mapping[str, tuple[str, ...]]
    timeouts: Mapping[str, str]

    def is_secret(self, path: str) -> bool:
        """Say whether an input, or something that holds it, is secret."""
        return any(path == secret or path.startswith((f"{secret}.", f"{secret}[")) for secret in self.secrets)

    @property
    def is_component(self) -> bool:
        return not self.custom

    @property
    def is_provider(self) -> bool:
        return self.type.startswith("pulumi:providers:")


@dataclass(kw_only=True)
class Recording:
    """What a program registered, in the order of registration (dependencies first)."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Registered outputs by URN, secrets unwrapped."""
    secret_outputs: dict[str, frozenset[str]] = field(default_factory=dict)
    """Paths of secret outputs by URN."""
    invokes: list[str] = field(default_factory=list)
    """Tokens of the data sources that were asked."""
    stack: str = ""
    """URN of the stack."""

    def __iter__(self) -> Iterator[Registered]:
        return iter(self.resources)

    def of_type(self, *tokens: str) -> list[Registered]:
        """List the resources of a type: a whole token, or its last part such as ``SecurityGroup``."""
        return [one for one in self.resources if one.type in tokens or one.type.rpartition(":")[2] in tokens]

    def named(self, name: str, type_: str | None = None) -> Registered:
        """Give the one resource of that logical name (and type)."""
        found = [
            one
            for one in self.resources
            if one.name == name and (type_ is None or type_ in (one.type, one.type.rpartition(":")[2]))
        ]
        if len(found) != 1:
            near = sorted(one.name for one in self.resources if name.rpartition("-")[0] in one.name)
            raise LookupError(f"{len(found)} resources are named {name!r} (type {type_ or 'any'}); near: {near}")
        return found[0]

    def by_urn(self, urn: str) -> Registered:
        """Give the resource with that URN; of a ``urn::id`` provider reference, the provider."""
        return next(one for one in self.resources if urn == one.urn or urn.startswith(f"{one.urn}::"))

    def children(self, parent: Registered | str) -> list[Registered]:
        """List the direct children of a resource, or of the stack (``recording.stack``)."""
        urn = parent if isinstance(parent, str) else parent.urn
        return [one for one in self.resources if one.parent == urn]

    def below(self, parent: Registered) -> list[Registered]:
        """List all descendants of a resource."""
        return [one for child in self.children(parent) for one in (child, *self.below(child))]

    def waits_for(self, later: Registered, earlier: Registered) -> bool:
        """Say whether ``later`` is created after ``earlier``, over any number of steps and through components."""
        known = {one.urn: one for one in self.resources}
        children: dict[str, list[str]] = {}
        for one in self.resources:
            children.setdefault(one.parent, []).append(one.urn)
        seen: set[str] = set()
        todo = [later.urn]
        while todo:
            urn = todo.pop()
            if urn in seen:
                continue
            seen.add(urn)
            if urn == earlier.urn:
                return urn != later.urn
            if urn in known:
                todo += [*known[urn].dependencies, *filter(None, [known[urn].provider.rpartition("::")[0]])]
                # Waiting for a component means waiting for its children.
                if known[urn].is_component:
                    todo += children.get(urn, [])
        return False

    def exports(self) -> dict[str, Any]:
        """Give the stack's outputs, secrets unwrapped."""
        return self.outputs.get(self.stack, {})

    def as_referred_to(self) -> dict[str, Any]:
        """Give what the engine answers to a reference to this stack; outputs with a secret in them are secret."""
        names = {re.split(r"[.\[]", path)[0] for path in self.secret_outputs.get(self.stack, ())}
        return {
            "outputs": {name: secret(value) if name in names else value for name, value in self.exports().items()},
            "secretOutputNames": sorted(names),
        }


class Answers(mocks.Mocks):
    """Plausible outputs of the resources that a program reads. Subclass it, or pass ``outputs``, for more."""

    def __init__(
        self,
        outputs: Mapping[str, Callable[[mocks.MockResourceArgs], Mapping[str, Any]]],
        stacks: Mapping[str, Recording],
    ) -> None:
        self.outputs = outputs
        self.stacks = stacks
        self.invokes: list[str] = []
        self.eks_clusters: dict[str, str] = {}
        """URN of the child aws.eks.Cluster by the name of its eks.Cluster."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Answer with the inputs, and what the cloud would add to them."""
        if args.typ == STACK_REFERENCE:
            return args.inputs["name"], {**args.inputs, **self.stacks[args.inputs["name"]].as_referred_to()}
        if not args.custom and args.typ != EKS_COMPONENT:
            return None, dict(args.inputs)
        if args.typ == EKS_COMPONENT:
            name = str(args.inputs.get("name") or args.name)
            return None, {**args.inputs, **eks_component(name, args.inputs, self.eks_clusters[args.name])}
        computed = outputs_of(args.typ, args.name, args.inputs)
        if args.typ in self.outputs:
            computed |= self.outputs[args.typ](args)
        identity = computed.pop("id", None) or f"{args.name}-id"
        return str(identity), {**args.inputs, **computed}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Note the call, and answer it without failures."""
        self.invokes.append(args.token)
        return answer_of(args.token), []


class RecordingMonitor(mocks.MockMonitor):
    """A monitor that keeps each registration as :class:`Registered`."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(answers)
        self.recording = Recording(invokes=answers.invokes)
        self.eks_clusters = answers.eks_clusters

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Form a URN as the engine does: with the types of all ancestors but the stack (the base class keeps one)."""
        ancestors = parent.split("::")[2] if parent else STACK
        qualified = type_ if ancestors == STACK else f"{ancestors}${type_}"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{qualified}::{name}"

    def RegisterResource(  # noqa: N802 - gRPC's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Keep the request and answer it."""
        if request.type == EKS_COMPONENT:
            self._register_eks_cluster(request)
        response = super().RegisterResource(request)
        if request.type == STACK:
            self.recording.stack = response.urn
        else:
            self.recording.resources.append(_registered(response.urn, request))
        return response

    def RegisterResourceOutputs(  # noqa: N802 - gRPC's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> Any:
        """Keep the outputs."""
        secrets: set[str] = set()
        self.recording.outputs[request.urn] = _plain(MessageToDict(request.outputs), "", secrets)
        self.recording.secret_outputs[request.urn] = frozenset(secrets)
        return super().RegisterResourceOutputs(request)

    def _register_eks_cluster(self, request: resource_pb2.RegisterResourceRequest) -> None:
        # The provider of pulumi_eks makes this child, and its output eksCluster refers to it.
        inputs = _plain(MessageToDict(request.object), "", set())
        component = self.make_urn(request.parent, request.type, request.name)
        urn = self.make_urn(component, EKS_CLUSTER, f"{request.name}-eksCluster")
        self.eks_clusters[request.name] = urn
        name = inputs.get("name") or request.name
        self.resources[urn] = self.ResourceRegistration(urn, name, {**eks_cluster(name, inputs), "urn": urn})


def record(
    program: Callable[[], object],
    *,
    outputs: Mapping[str, Callable[[mocks.MockResourceArgs], Mapping[str, Any]]] | None = None,
    stacks: Mapping[str, Recording] | None = None,
    preview: bool = False,
    project: str = "hms",
    stack: str = "dev",
) -> Recording:
    """Run a program under mocks and wait until every resource that it asked for is registered.

    Parameters
    ----------
    program
        Makes resources; may call ``pulumi.export``.
    outputs
        By type token, a function giving further outputs (``id`` included) of a resource.
    stacks
        What a stack reference finds, by full name such as ``hms/hms/aws-dev``.
    preview
        Whether the program believes that this is a preview.

    Raises
    ------
    Exception
        Whatever the program, or a function in an ``apply``, raised.
    """
    answers = Answers(outputs or {}, stacks or {})
    monitor = RecordingMonitor(answers)

    async def run() -> None:
        # What an earlier program left, above all one that failed: awaiting its outputs would never end.
        settings.SETTINGS.rpc_manager.clear()
        settings.SETTINGS.outputs.clear()
        settings.set_root_resource(None)  # type: ignore[arg-type]
        # As set_mocks does, without the stack that it makes itself: run_in_stack makes one that takes exports.
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
                engine=mocks.MockEngine(None),
                project=project,
                stack=stack,
                dry_run=preview,
                organization="hms",
                callbacks=None,
            )
        )

        # As the real program runs; the SDK alone takes five times as long.
        await run_in_stack(lambda: settled(program))

    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        settings.set_root_resource(None)  # type: ignore[arg-type]
    return monitor.recording


def _registered(urn: str, request: resource_pb2.RegisterResourceRequest) -> Registered:
    secrets: set[str] = set()
    inputs = _plain(MessageToDict(request.object), "", secrets)
    limits = request.customTimeouts
    timeouts = {"create": limits.create, "update": limits.update, "delete": limits.delete}
    hooks = {
        name.name: tuple(getattr(request.hooks, name.name)) for name in request.hooks.DESCRIPTOR.fields if request.hooks
    }
    return Registered(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        remote=request.remote,
        parent=request.parent,
        inputs=inputs,
        secrets=frozenset(secrets),
        dependencies=frozenset(request.dependencies),
        property_dependencies={key: frozenset(value.urns) for key, value in request.propertyDependencies.items()},
        provider=request.provider,
        providers=dict(request.providers),
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        deleted_with=request.deletedWith,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        transforms=len(request.transforms),
        aliases=len(request.aliases) + len(request.aliasURNs),
        hooks={name: bound for name, bound in hooks.items() if bound},
        timeouts={key: value for key, value in timeouts.items() if value},
    )


def _plain(value: Any, path: str, secrets: set[str]) -> Any:
    """Unwrap secrets and resource references of a wire value, noting where the secrets were."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            secrets.add(path)
            return _plain(value.get("value"), path, secrets)
        if value.get(_SIGNATURE) == _RESOURCE:
            return value["urn"]
        return {key: _plain(each, f"{path}.{key}" if path else key, secrets) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, f"{path}[{index}]", secrets) for index, each in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
