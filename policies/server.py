"""The pack as the engine sees it: its analyzer protocol over the rules.

It speaks the protocol itself and does not use ``pulumi_policy.PolicyPack``, which reads a resource anew for every rule
(seconds on a fleet), takes the marks of secrets away before a rule could ask for them, and shows rules over the stack
the outputs of resources, in which a cloud leaves out what it will not repeat (pre-shared keys). Here a resource is read
once, keeps its marks, and the stack is judged by what was asked for.
"""

from __future__ import annotations

from concurrent import futures
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from policies.config import SCHEMA, PolicyConfig, PolicyConfigError, parse_config
from policies.evaluate import Judgement, judge, stack_of
from policies.registry import RULES
from policies.rule import Resource, Rule
from policies.wire import decode_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

NAME: Final = "hms"
VERSION: Final = "1.0.0"

_LARGEST_MESSAGE: Final = 400 * 1024 * 1024
_LEVELS: Final = {
    "mandatory": analyzer_pb2.MANDATORY,
    "advisory": analyzer_pb2.ADVISORY,
    "disabled": analyzer_pb2.DISABLED,
}
_SEVERITIES: Final = {
    "critical": analyzer_pb2.POLICY_SEVERITY_CRITICAL,
    "high": analyzer_pb2.POLICY_SEVERITY_HIGH,
    "medium": analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    "low": analyzer_pb2.POLICY_SEVERITY_LOW,
}


def _today() -> date:
    return datetime.now(tz=UTC).date()


class PolicyServer(analyzer_pb2_grpc.AnalyzerServicer):
    """The service that judges what the engine is about to do.

    Parameters
    ----------
    rules
        The policies of the pack.
    today
        Clock for the ends of exceptions.
    """

    def __init__(self, rules: Sequence[Rule] = RULES, today: Callable[[], date] = _today) -> None:
        self._rules = tuple(rules)
        self._today = today
        self._config = PolicyConfig()
        self._asked: dict[str, Resource] = {}
        """What was asked for, by URN: the stack is judged by it at the end."""

    def Handshake(  # noqa: N802 - gRPC's name
        self, _request: analyzer_pb2.AnalyzerHandshakeRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing to learn of the engine."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def ConfigureStack(  # noqa: N802 - gRPC's name
        self, _request: analyzer_pb2.AnalyzerStackConfigureRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """No rule depends on the name of the stack."""
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetPluginInfo(  # noqa: N802 - gRPC's name
        self, _request: empty_pb2.Empty, _context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """Give the version of the pack."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(  # noqa: N802 - gRPC's name
        self, _request: empty_pb2.Empty, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerInfo:
        """Describe the pack and each of its rules."""
        return analyzer_pb2.AnalyzerInfo(
            name=NAME,
            version=VERSION,
            displayName="HMS",
            description="Encryption, exposure, identities and the mesh of an HMS fleet",
            supportsConfig=True,
            policies=[_info(rule) for rule in self._rules],
        )

    def Configure(  # noqa: N802 - gRPC's name
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Take the configuration; refuse one that says nothing sensible, or whose exceptions have run out."""
        given = {name: _settings(entry) for name, entry in request.policyConfig.items()}
        try:
            self._config = parse_config(given, self._rules)
        except PolicyConfigError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        expired = self._config.expired(self._today())
        if expired:
            lines = "\n".join(f"  - {one}: remove it, or look at it again and set a new end" for one in expired)
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"exceptions of the policy configuration have expired:\n{lines}"
            )
        return empty_pb2.Empty()

    def Analyze(  # noqa: N802 - gRPC's name
        self, request: analyzer_pb2.AnalyzeRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """Judge one resource."""
        resource = _resource(request, {})
        self._asked[resource.urn] = resource
        rules = [rule for rule in self._rules if not rule.over_stack]
        enabled = self._enabled([rule for rule in rules if rule.applies_to(resource.type)])
        response = self._answer([judge(rule, resource, self._config, self._today()) for rule in enabled])
        # Otherwise the engine would say of every other rule that it passes.
        response.not_applicable.extend(
            analyzer_pb2.PolicyNotApplicable(policy_name=rule.id, reason="looks at other types of resources")
            for rule in rules
            if not rule.applies_to(resource.type)
        )
        return response

    def AnalyzeStack(  # noqa: N802 - gRPC's name
        self, request: analyzer_pb2.AnalyzeStackRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """Judge the stack by the inputs of its resources; by the outputs of those that were not asked for again."""
        stack = stack_of(_resource(one, self._asked) for one in request.resources)
        rules = [rule for rule in self._rules if rule.over_stack]
        return self._answer([judge(rule, stack, self._config, self._today()) for rule in self._enabled(rules)])

    def Remediate(  # noqa: N802 - gRPC's name
        self, _request: analyzer_pb2.AnalyzeRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        """Change nothing: what is deployed is what the program says."""
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Nothing takes long."""
        return empty_pb2.Empty()

    def _enabled(self, rules: Sequence[Rule]) -> list[Rule]:
        return [rule for rule in rules if self._config.level_of(rule) != "disabled"]

    def _answer(self, judgements: Sequence[Judgement]) -> analyzer_pb2.AnalyzeResponse:
        response = analyzer_pb2.AnalyzeResponse()
        for judgement in judgements:
            rule = judgement.rule
            for resource, violation in judgement.violations:
                response.diagnostics.append(
                    analyzer_pb2.AnalyzeDiagnostic(
                        policyName=rule.id,
                        policyPackName=NAME,
                        policyPackVersion=VERSION,
                        description=rule.title,
                        message=f"{rule.title}.\n{violation.path} {violation.message}.\n{rule.remediation}",
                        urn=resource.urn if resource else violation.urn or "",
                        enforcementLevel=_LEVELS[self._config.level_of(rule)],
                        severity=_SEVERITIES[rule.severity],
                    )
                )
            paths = dict.fromkeys(undecided.path for _, undecided in judgement.undecided)
            if paths and not judgement.violations:
                # The engine counts these apart from what passes.
                response.not_applicable.append(
                    analyzer_pb2.PolicyNotApplicable(
                        policy_name=rule.id, reason=f"not decidable yet: {', '.join(paths)} will be known by the update"
                    )
                )
        return response


def _info(rule: Rule) -> analyzer_pb2.PolicyInfo:
    framework, reference = rule.frameworks[0] if rule.frameworks else ("", "")
    info = analyzer_pb2.PolicyInfo(
        name=rule.id,
        displayName=rule.id,
        description=rule.title,
        enforcementLevel=_LEVELS[rule.level],
        severity=_SEVERITIES[rule.severity],
        policy_type=analyzer_pb2.POLICY_TYPE_STACK if rule.over_stack else analyzer_pb2.POLICY_TYPE_RESOURCE,
        tags=[rule.family, *(f"{name} {control}" for name, control in rule.frameworks)],
        remediation_steps=rule.remediation,
        url=rule.link,
        framework=analyzer_pb2.PolicyComplianceFramework(name=framework, reference=reference),
    )
    info.configSchema.properties.update(SCHEMA)
    return info


def _settings(entry: analyzer_pb2.PolicyConfig) -> dict[str, Any]:
    """Give an entry of the configuration as it was written, out of what the engine made of it."""
    names = {number: name for name, number in _LEVELS.items()}
    level = names.get(entry.enforcementLevel, "remediate")
    return {"enforcementLevel": level, **json_format.MessageToDict(entry.properties)}


def _resource(
    message: analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource, asked: dict[str, Resource]
) -> Resource:
    known = asked.get(message.urn)
    inputs = known.inputs if known else decode_properties(json_format.MessageToDict(message.properties))
    relations = message.propertyDependencies if isinstance(message, analyzer_pb2.AnalyzerResource) else {}
    return Resource(
        urn=message.urn,
        type=message.type,
        name=message.name,
        inputs=inputs,
        provider=message.provider.urn,
        dependencies={name: frozenset(relation.urns) for name, relation in relations.items()},
    )


def serve(announce: Callable[[int], None]) -> None:
    """Serve until the engine ends this process.

    Parameters
    ----------
    announce
        Told the port once it is open.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4), options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE)]
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(PolicyServer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(port)
    server.wait_for_termination()
