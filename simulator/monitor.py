"""Registers resources with the engine on behalf of a component provider.

It speaks to the resource monitor directly and not through the Pulumi SDK, whose settings are global to a process: the
components of several clusters are constructed at the same time, by threads of one process. It also spares the simulator
the import of the SDKs.
"""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from simulator.codec import UNKNOWN_TEXT, Decoded, encode
from simulator.sdk_types import SIGNATURE
from simulator.values import UNKNOWN, get, steps

_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"


@dataclass(frozen=True)
class Given:
    """A value, what it depends on, and whether it is secret."""

    value: Any
    urns: frozenset[str] = frozenset()
    secret: bool = False

    def at(self, path: str) -> Given:
        """Return the value at a path inside."""
        return Given(get(self.value, path), self.urns, self.secret)

    @property
    def known(self) -> bool:
        """Whether the value itself is known."""
        return self.value is not UNKNOWN


NOTHING: Final = Given(None)


def together(*given: Given, value: Any) -> Given:
    """Return a value made from others."""
    return Given(value, frozenset().union(*(one.urns for one in given)), any(one.secret for one in given))


def whole(properties: Mapping[str, Given]) -> Given:
    """Return an object of values, what is not there left out."""
    kept = {name: given for name, given in properties.items() if given.value is not None}
    return together(*kept.values(), value={name: given.value for name, given in kept.items()})


@dataclass(frozen=True)
class Registered:
    """A resource that the engine has registered, and made unless this is a preview."""

    urn: str
    id: str
    outputs: Mapping[str, Any]
    preview: bool
    secrets: frozenset[str] = frozenset()

    def get(self, path: str) -> Given:
        """Return an output; in a preview, what is not there is unknown."""
        value = get(self.outputs, path)
        secret = steps(path)[0] in self.secrets
        return Given(UNKNOWN if value is None and self.preview else value, frozenset({self.urn}), secret)

    @property
    def given_id(self) -> Given:
        """The id as a value."""
        return Given(self.id or UNKNOWN, frozenset({self.urn}))

    @property
    def reference(self) -> Given:
        """The whole resource as a value."""
        value = {SIGNATURE: _RESOURCE, "urn": self.urn, "id": self.id or UNKNOWN, "packageVersion": ""}
        return Given(value, frozenset({self.urn}))

    @property
    def provider_reference(self) -> str:
        """How a request names this resource as its provider."""
        return f"{self.urn}::{self.id or UNKNOWN_TEXT}"


@dataclass
class Component:
    """A component under construction: registers itself first and its children then.

    Parameters
    ----------
    request
        What the engine asked for.
    """

    request: provider_pb2.ConstructRequest
    urn: str = ""
    _channel: grpc.Channel = field(init=False, repr=False)
    _monitor: resource_pb2_grpc.ResourceMonitorStub = field(init=False, repr=False)
    _inputs: dict[str, Given] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        limit = 400 * 1024 * 1024
        self._channel = grpc.insecure_channel(
            self.request.monitorEndpoint, options=[("grpc.max_receive_message_length", limit)]
        )
        self._monitor = resource_pb2_grpc.ResourceMonitorStub(self._channel)
        decoded = Decoded(self.request.inputs)
        self._inputs = {
            name: Given(value, frozenset(self.request.inputDependencies[name].urns), name in decoded.secrets)
            for name, value in decoded.values.items()
        }

    def __enter__(self) -> Self:
        """Register the component itself, with the options that the program gave it."""
        request = self.request
        registration = resource_pb2.RegisterResourceRequest(
            type=request.type,
            name=request.name,
            parent=request.parent,
            object=Struct(),
            dependencies=request.dependencies,
            providers=request.providers,
            aliases=request.aliases,
            aliasSpecs=True,
            deletedWith=request.deletedWith,
            ignoreChanges=request.ignoreChanges,
            replaceOnChanges=request.replaceOnChanges,
            acceptSecrets=True,
            acceptResources=True,
        )
        if request.HasField("protect"):
            registration.protect = request.protect
        if request.HasField("retainOnDelete"):
            registration.retainOnDelete = request.retainOnDelete
        self.urn = self._monitor.RegisterResource(registration).urn
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    @property
    def name(self) -> str:
        """Logical name of the component."""
        return str(self.request.name)

    @property
    def preview(self) -> bool:
        """Whether nothing is made."""
        return bool(self.request.dryRun)

    def input(self, name: str) -> Given:
        """Return an input of the component."""
        return self._inputs.get(name, NOTHING)

    def flag(self, name: str) -> bool | None:
        """Return an input that is a plain boolean; ``None`` where it is not given or unknown."""
        value = self.input(name).value
        return value if isinstance(value, bool) else None

    def register(  # noqa: PLR0913  (what the engine takes)
        self,
        token: str,
        name: str,
        properties: Mapping[str, Given],
        *,
        parent: str = "",
        after: Iterable[str] = (),
        provider: str | None = None,
        ignore: Iterable[str] = (),
        custom: bool = True,
    ) -> Registered:
        """Register a child and wait until the engine is done with it.

        Parameters
        ----------
        token, name, properties
            The resource. Properties whose value is ``None`` are left out.
        parent
            URN of the parent; the component itself by default.
        after
            URNs it depends on beside those its properties come from.
        provider
            Provider reference; by default the one that the program gave the component for this package.
        ignore
            Paths of the ``ignore_changes`` option.
        custom
            Whether it is a resource of a cloud, and not a component.
        """
        kept = {key: given for key, given in properties.items() if given.value is not None}
        secrets = {key for key, given in kept.items() if given.secret}
        dependencies = frozenset(after).union(*(given.urns for given in kept.values()))
        package = token.partition(":")[0]
        response = self._monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=token,
                name=name,
                parent=parent or self.urn,
                custom=custom,
                object=Decoded(Struct()).encode({key: given.value for key, given in kept.items()}, secrets),
                dependencies=sorted(dependencies),
                propertyDependencies={
                    key: resource_pb2.RegisterResourceRequest.PropertyDependencies(urns=sorted(given.urns))
                    for key, given in kept.items()
                },
                provider=self.request.providers.get(package, "") if provider is None else provider,
                providers=self.request.providers if not custom else {},
                ignoreChanges=ignore,
                acceptSecrets=True,
                acceptResources=True,
                supportsPartialValues=True,
            )
        )
        outputs = Decoded(response.object)
        return Registered(response.urn, response.id, outputs.values, self.preview, frozenset(outputs.secrets))

    def look_up(self, reference: Given) -> Registered:
        """Return a resource that the program passed as an input, with its outputs."""
        urn = str(reference.value["urn"])
        answer = self._invoke("pulumi:pulumi:getResource", {"urn": urn}, provider="")
        id_, state = answer.get("id"), answer.get("state")
        return Registered(
            urn,
            id_ if isinstance(id_, str) else "",
            state if isinstance(state, Mapping) else {},
            self.preview,
        )

    def invoke(self, token: str, arguments: Mapping[str, Given], result: str) -> Given:
        """One value of a data source's answer; unknown while an argument is."""
        if not all(given.known for given in arguments.values()):
            return together(*arguments.values(), value=UNKNOWN)
        provider = self.request.providers.get(token.partition(":")[0], "")
        answer = self._invoke(token, {key: given.value for key, given in arguments.items()}, provider=provider)
        return together(*arguments.values(), value=answer.get(result))

    def _invoke(self, token: str, arguments: Mapping[str, Any], *, provider: str) -> dict[str, Any]:
        request = resource_pb2.ResourceInvokeRequest(
            tok=token, args=encode(arguments), provider=provider, acceptResources=True
        )
        response = self._monitor.Invoke(request)
        if response.failures:
            raise ConstructionRefused("; ".join(failure.reason for failure in response.failures))
        return Decoded(getattr(response, "return")).values

    def finish(self, outputs: Mapping[str, Given]) -> provider_pb2.ConstructResponse:
        """Register the component's outputs and answer the engine."""
        kept = {key: given for key, given in outputs.items() if given.value is not None}
        secrets = {key for key, given in kept.items() if given.secret}
        state = Decoded(Struct()).encode({key: given.value for key, given in kept.items()}, secrets)
        self._monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=self.urn, outputs=state))
        return provider_pb2.ConstructResponse(
            urn=self.urn,
            state=state,
            stateDependencies={
                key: provider_pb2.ConstructResponse.PropertyDependencies(urns=sorted(given.urns))
                for key, given in kept.items()
            },
        )


class ConstructionRefused(Exception):  # noqa: N818  (the cloud refuses; it is not our error)
    """The component would not be constructed; the message is the component's own."""
