"""The provider of the eks package, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from simulator import schema
from simulator.codec import Decoded
from simulator.eks.cluster import construct
from simulator.monitor import Component, ConstructionRefused
from simulator.sdk_source import version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_SIMULATED: Final = ("autoMode", "fargate", "storageClasses", "instanceRole", "instanceRoles", "nodeGroupOptions")
_DEFAULT_NODES: Final = "the default node group"


class EksProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of the eks package. It keeps no state: several clusters are constructed at the same time."""

    def Handshake(  # noqa: N802
        self, _request: provider_pb2.ProviderHandshakeRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider can do."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, _request: plugin_pb2.PluginAttach, _context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Accept the engine's address; components come with the address of their own monitor."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Give the version: that of the SDK whose types are checked."""
        return plugin_pb2.PluginInfo(version=version("eks"))

    def GetSchema(  # noqa: N802
        self, _request: provider_pb2.GetSchemaRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Name the package."""
        return provider_pb2.GetSchemaResponse(schema='{"name": "eks", "version": "0.0.0"}')

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Check the provider's configuration."""
        config = schema.decode_config("eks", Decoded(request.news).values)
        failures = [
            provider_pb2.CheckFailure(property=failure.path, reason=failure.reason)
            for failure in schema.check_config("eks", config)
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(  # noqa: N802
        self, _request: provider_pb2.DiffRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Nothing of its configuration changes what is there."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802
        self, _request: provider_pb2.ConfigureRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Accept everything."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Nothing to stop: what takes time is with the aws provider."""
        return empty_pb2.Empty()

    def Construct(  # noqa: N802
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """Register a component and its children."""
        try:
            _refuse_wrong(request)
            with Component(request) as component:
                return construct(component)
        except ConstructionRefused as refused:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{request.type} ({request.name}): {refused}")
        except grpc.RpcError as error:
            # A child failed, and the engine has printed why; or the engine is shutting down.
            reason = error.details() if isinstance(error, grpc.Call) else str(error)
            context.abort(grpc.StatusCode.ABORTED, f"{request.type} ({request.name}): {reason}")
        raise AssertionError("abort returned")


def _refuse_wrong(request: provider_pb2.ConstructRequest) -> None:
    if request.type != "eks:index:Cluster":
        raise ConstructionRefused(f"the simulator does not know {request.type}; add it to simulator.eks")
    if problems := list(_problems(Decoded(request.inputs).values)):
        raise ConstructionRefused("; ".join(problems))


def _problems(inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the component refuses, and what the simulator cannot make."""
    for failure in schema.check("eks:index:Cluster", inputs):
        yield f"{failure.path}: {failure.reason}"
    if "subnetIds" in inputs and ("publicSubnetIds" in inputs or "privateSubnetIds" in inputs):
        yield "subnetIds excludes publicSubnetIds and privateSubnetIds: give the one or the others"
    mode = inputs.get("authenticationMode")
    if mode not in {"API", "API_AND_CONFIG_MAP"} and inputs.get("accessEntries"):
        yield f"accessEntries needs the authenticationMode API or API_AND_CONFIG_MAP, not {mode or 'the default'}"
    if mode == "API" and any(inputs.get(name, []) != [] for name in ("roleMappings", "userMappings")):
        yield "roleMappings and userMappings do not go with the authenticationMode API"
    if "publicAccessCidrs" in inputs and inputs.get("endpointPublicAccess") is False:
        yield "publicAccessCidrs can only be set when endpointPublicAccess is true"
    for name in _NOT_SIMULATED:
        if name in inputs:
            yield f"the simulator's eks.Cluster does not know {name}"
    if inputs.get("skipDefaultNodeGroup") is not True:
        yield f"the simulator's eks.Cluster does not make {_DEFAULT_NODES}: set skipDefaultNodeGroup"
    if "vpcId" not in inputs:
        yield "the simulator's eks.Cluster does not look for the default VPC: set vpcId"
