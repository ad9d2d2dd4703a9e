"""The gRPC service that the Pulumi engine takes for a provider of real clouds."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from simulator import schema
from simulator.codec import Decoded, encode
from simulator.diff import compare, given_by_hand, made_up
from simulator.errors import sentence
from simulator.kind import Failure, Inputs, Kind, Outputs, Refused
from simulator.operations import Cancelled, Operations, Outcome
from simulator.outputs import kept, preview_outputs
from simulator.registry import NotSimulated, Package
from simulator.sdk_source import version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.context import Context

_DIFF = provider_pb2.DiffResponse
_PROPERTY = provider_pb2.PropertyDiff
_KINDS = {
    ("add", False): _PROPERTY.ADD,
    ("add", True): _PROPERTY.ADD_REPLACE,
    ("delete", False): _PROPERTY.DELETE,
    ("delete", True): _PROPERTY.DELETE_REPLACE,
    ("update", False): _PROPERTY.UPDATE,
    ("update", True): _PROPERTY.UPDATE_REPLACE,
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One provider package.

    The engine makes one connection for every provider resource of the program (AWS per region, Kubernetes per
    cluster), all to the same port, and no call says which of them it is from: the configuration is kept by connection.

    Parameters
    ----------
    package
        Its kinds and functions.
    operations
        The clouds.
    """

    def __init__(self, package: Package, operations: Operations) -> None:
        self._package = package
        self._operations = operations
        self._connections: dict[str, _Connection] = {}
        self._lock = threading.Lock()

    # --- the provider itself

    def Handshake(  # noqa: N802
        self, _request: provider_pb2.ProviderHandshakeRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider can do."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, _request: plugin_pb2.PluginAttach, _context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Accept the engine's address; nothing here talks back to it."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Give the version: that of the SDK whose types are checked."""
        return plugin_pb2.PluginInfo(version=version(self._package.name))

    def GetSchema(  # noqa: N802
        self, _request: provider_pb2.GetSchemaRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Name the package: programs are checked against the SDKs' types, which need no schema."""
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "{self._package.name}", "version": "0.0.0"}}')

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Check a provider's own configuration."""
        values = Decoded(request.news).values
        config = schema.decode_config(self._package.name, values)
        failures = [*schema.check_config(self._package.name, config), *self._package.check_config(config)]
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare a provider's configurations; the package's kind ``pulumi:providers:NAME`` says what replaces."""
        token = f"pulumi:providers:{self._package.name}"
        kind = self._package.kinds.get(token) or Kind(token=token, schema="open")
        old = Decoded(request.old_inputs if request.HasField("old_inputs") else request.olds).values
        new = Decoded(request.news).values
        for values in (old, new):
            values.pop("version", None)
        return _diff_response(kind, old, new, delete_first=False)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Keep the configuration of this connection."""
        values = Decoded(request.args).values
        with self._lock:
            config = schema.decode_config(self._package.name, values)
            self._connections[context.peer()] = _Connection(config)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Cancel(self, _request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Stop what is under way on this connection; the engine also says so to a provider it has done with."""
        with self._lock:
            connection = self._connections.pop(context.peer(), None)
        if connection is not None:
            connection.stop.set()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """Stop what is under way on every connection."""
        with self._lock:
            for connection in self._connections.values():
                connection.stop.set()

    # --- resources

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse wrong inputs and fill in what the provider fills in."""
        token = _token(request.urn)
        news = Decoded(request.news)
        try:
            kind = self._package.kind(token)
            failures = schema.check(token, news.values) if kind.schema == "sdk" else []
        except (NotSimulated, schema.NotInSdk) as error:
            return provider_pb2.CheckResponse(inputs=request.news, failures=_failures([Failure("", str(error))]))
        inputs = self._named(kind, request, news.values)
        if not failures:  # a rule may rely on the types
            failures = [failure for check in kind.checks for failure in check(inputs)]
        if not failures and kind.normalize is not None:
            inputs = dict(kind.normalize(inputs))
        return provider_pb2.CheckResponse(inputs=news.encode(inputs), failures=_failures(failures))

    def _named(self, kind: Kind, request: provider_pb2.CheckRequest, news: Outputs) -> Outputs:
        """Return the inputs with a name, made up if the program gives none; a resource that has one keeps it."""
        auto = kind.autoname
        if auto is None or auto.property in news:
            return news
        logical = request.urn.rpartition("::")[2]
        old = Decoded(request.olds).values.get(auto.property)
        if made_up(kind, logical, old):
            return {**news, auto.property: old}
        seed = f"{self._operations.world.seed}\0{request.urn}\0{self._operations.world.incarnations(request.urn)}"
        digits = hashlib.sha256(seed.encode()).hexdigest()[: auto.digits]
        longest = auto.max_length - auto.digits - len(auto.separator)
        return {**news, auto.property: f"{logical[:longest]}{auto.separator}{digits}"}

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare inputs."""
        kind = self._kind(_token(request.urn), context)
        old = Decoded(request.old_inputs).values
        new = Decoded(request.news).values
        delete_first = kind.delete_before_replace
        if delete_first is None:
            delete_first = given_by_hand(kind, request.urn.rpartition("::")[2], new)
        return _diff_response(kind, old, new, delete_first=delete_first)

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or in a preview say what it would look like."""
        kind = self._kind(_token(request.urn), context)
        inputs = Decoded(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=inputs.encode(preview_outputs(kind, inputs.values)))
        work = self._context(kind, context, request.urn, inputs.values)
        work.timeout = request.timeout
        with self._reporting("create", work, context):
            outcome = self._operations.create(self._package, kind, work, inputs.values)
        properties = inputs.encode(outcome.outputs, _secrets(kind))
        self._unfinished(outcome, inputs, kind, context)
        return provider_pb2.CreateResponse(id=outcome.id, properties=properties)

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource, or in a preview say what it would look like."""
        kind = self._kind(_token(request.urn), context)
        inputs = Decoded(request.news)
        olds = Decoded(request.olds)
        old_inputs = Decoded(request.old_inputs).values
        if request.preview:
            before = kept(kind, olds.values, old_inputs)
            outputs = preview_outputs(kind, inputs.values, before)
            return provider_pb2.UpdateResponse(properties=inputs.encode(outputs, _secrets(kind) | olds.secrets))
        work = self._context(kind, context, request.urn, inputs.values, request.id)
        work.timeout = request.timeout
        with self._reporting("update", work, context):
            outcome = self._operations.update(
                self._package, kind, work, inputs.values, old_inputs=old_inputs, old_outputs=olds.values
            )
        self._unfinished(outcome, inputs, kind, context)
        return provider_pb2.UpdateResponse(properties=inputs.encode(outcome.outputs, _secrets(kind)))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Remove a resource."""
        kind = self._kind(_token(request.urn), context)
        inputs = Decoded(request.old_inputs if request.HasField("old_inputs") else request.properties).values
        work = self._context(kind, context, request.urn, inputs, request.id)
        work.timeout = request.timeout
        with self._reporting("delete", work, context):
            self._operations.delete(kind, work, inputs)
        return empty_pb2.Empty()

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Return the resource as it is, for refresh and import; an empty id if there is none."""
        kind = self._kind(_token(request.urn), context)
        state = Decoded(request.properties)
        inputs = Decoded(request.inputs)
        if kind.virtual:
            return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        work = self._context(kind, context, request.urn, inputs.values or state.values, request.id)
        with self._reporting("read", work, context):
            record = self._operations.read(kind, work)
        if record is None:
            return provider_pb2.ReadResponse()
        outputs = {name: value for name, value in record.outputs.items() if name != "id"}
        secrets = _secrets(kind)
        return provider_pb2.ReadResponse(
            id=record.id,
            properties=state.encode(outputs, secrets | inputs.secrets),
            inputs=inputs.encode(record.inputs, secrets & record.inputs.keys()),
        )

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer a data source."""
        arguments = Decoded(request.args).values
        try:
            invoke = self._package.invoke(request.tok)
            failures = schema.check_invoke(request.tok, arguments)
        except (NotSimulated, schema.NotInSdk) as error:
            return provider_pb2.InvokeResponse(failures=_failures([Failure("", str(error))]))
        if failures:
            return provider_pb2.InvokeResponse(failures=_failures(failures))
        work = self._context(Kind(token=request.tok), context, "", arguments)
        with self._reporting("reading", work, context), self._operations.world.transaction():
            return provider_pb2.InvokeResponse(**{"return": encode(invoke.answer(work, arguments))})

    # --- helpers

    def _kind(self, token: str, context: grpc.ServicerContext) -> Kind:
        try:
            return self._package.kind(token)
        except NotSimulated as error:
            _abort(context, grpc.StatusCode.UNIMPLEMENTED, str(error))

    def _context(self, kind: Kind, context: grpc.ServicerContext, urn: str, inputs: Inputs, id_: str = "") -> Context:
        connection = self._connections.get(context.peer())
        if connection is None:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, "this connection was never configured, or has ended")
        work = self._operations.context(self._package, kind, connection.config, urn=urn, inputs=inputs, id_=id_)
        work.stop = connection.stop
        return work

    def _reporting(self, operation: str, work: Context, context: grpc.ServicerContext) -> _Reporting:
        return _Reporting(self._package.name, operation, work, context)

    def _unfinished(self, outcome: Outcome, inputs: Decoded, kind: Kind, context: grpc.ServicerContext) -> None:
        """Report a resource that exists but is not healthy: the engine keeps it and notes why."""
        if not outcome.reasons:
            return
        detail = provider_pb2.ErrorResourceInitFailed(
            id=outcome.id,
            properties=inputs.encode(outcome.outputs, _secrets(kind)),
            reasons=outcome.reasons,
            inputs=inputs.wire,
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message="; ".join(outcome.reasons))
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        _abort(context, grpc.StatusCode.UNKNOWN, status.message)


@dataclass(frozen=True)
class _Connection:
    """What is known of one connection: the provider's configuration, and whether the engine has ended it."""

    config: Mapping[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)


class _Reporting:
    """Turns what an operation raises into the error that the engine prints."""

    def __init__(self, package: str, operation: str, work: Context, context: grpc.ServicerContext) -> None:
        self._package, self._operation, self._work, self._context = package, operation, work, context

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Refused):
            text = sentence(self._package, self._operation, self._work, error)
            _abort(self._context, grpc.StatusCode.FAILED_PRECONDITION, text)
        if isinstance(error, Cancelled):
            _abort(self._context, grpc.StatusCode.CANCELLED, f"{self._operation} of {self._work.name} was cancelled")


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError("abort returned")


def _token(urn: str) -> str:
    """Return the type token out of a URN, parents' types left out."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def _secrets(kind: Kind) -> set[str]:
    declared = set() if kind.schema == "open" else set(schema.resource(kind.token).secrets)
    return declared | set(kind.secrets)


def _failures(failures: list[Failure]) -> list[provider_pb2.CheckFailure]:
    # With the path in its own field the engine would print the value too, and look for it at the top level only.
    texts = [f"{failure.path}: {failure.reason}" if failure.path else failure.reason for failure in failures]
    return [provider_pb2.CheckFailure(reason=text) for text in texts]


def _diff_response(kind: Kind, old: Inputs, new: Inputs, *, delete_first: bool) -> provider_pb2.DiffResponse:
    difference = compare(kind, old, new)
    return _DIFF(
        changes=_DIFF.DIFF_SOME if difference.changes else _DIFF.DIFF_NONE,
        replaces=sorted(difference.replaces),
        diffs=sorted({path.split(".")[0].split("[")[0] for path in difference.changes}),
        detailedDiff={
            path: _PROPERTY(kind=_KINDS[change, path in difference.replaces], inputDiff=True)
            for path, change in difference.changes.items()
        },
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first and bool(difference.replaces),
    )
