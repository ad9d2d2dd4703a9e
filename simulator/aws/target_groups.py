"""Target groups, listeners, and the groups of machines behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.aws import tokens
from simulator.aws.common import between, make, matching, names
from simulator.aws.load_balancers import NAME, NAME_REASON, balancing_arn
from simulator.kind import Autoname, Duration, Failure, Reference, Refused, known, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.context import Context
    from simulator.kind import Inputs
    from simulator.world import Record

_NETWORK_PROTOCOLS = ("TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC")


def _target_group_form(inputs: Inputs) -> Iterable[Failure]:
    target, protocol = inputs.get("targetType", "instance"), inputs.get("protocol")
    if target == "lambda" or not known(target):
        return
    for name in ("port", "protocol", "vpcId"):
        if inputs.get(name) is None:
            yield Failure(name, f'{name} should be set when target_type is "{target}"')
    health = inputs.get("healthCheck")
    if not isinstance(health, dict) or not known(protocol):
        return
    network = protocol in _NETWORK_PROTOCOLS
    checked = health.get("protocol", "TCP" if network else "HTTP")
    for name in ("path", "matcher"):
        if checked == "TCP" and health.get(name) is not None:
            yield Failure(f"healthCheck.{name}", f"Attribute {name} cannot be specified when protocol is TCP")
    if checked == "TCP" and not network:
        yield Failure("healthCheck.protocol", "health check protocol TCP is for network load balancers only")
    interval, timeout = health.get("interval", 30), health.get("timeout", 6)
    if known(interval, timeout) and int(timeout) >= int(interval) and health.get("timeout") is not None:
        yield Failure(
            "healthCheck.timeout", f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'"
        )


def _target_group_admitted(context: Context, inputs: Inputs) -> None:
    if any(context.find(tokens.TARGET_GROUP, name=inputs["name"])):
        raise Refused(
            "DuplicateTargetGroupName",
            f"A target group with the same name '{inputs['name']}' exists, but with different settings",
        )


TARGET_GROUP = make(
    tokens.TARGET_GROUP,
    make_id=lambda context, inputs: balancing_arn(
        context, f"targetgroup/{inputs['name']}/{context.hex(16, 'targets')}"
    ),
    autoname=Autoname("name", max_length=32),
    immutable=(
        "ipAddressType",
        "name",
        "namePrefix",
        "port",
        "protocol",
        "protocolVersion",
        "targetType",
        "vpcId",
    ),
    references=(Reference("vpcId", tokens.VPC, code="ValidationError", message="The VPC ID '{value}' is not found"),),
    checks=(
        matching("name", NAME, NAME_REASON),
        between("port", 1, 65_535),
        names("protocol", (*_NETWORK_PROTOCOLS, "HTTP", "HTTPS", "GENEVE")),
        names("targetType", ("instance", "ip", "lambda", "alb")),
        names("preserveClientIp", ("true", "false")),
        between("deregistrationDelay", 0, 3_600),
        names("healthCheck.protocol", ("TCP", "HTTP", "HTTPS")),
        between("healthCheck.interval", 5, 300),
        between("healthCheck.timeout", 2, 120),
        between("healthCheck.healthyThreshold", 2, 10),
        between("healthCheck.unhealthyThreshold", 2, 10),
        matching(
            "healthCheck.port",
            r"traffic-port|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]",
            "1 to 65535 or traffic-port",
        ),
        _target_group_form,
    ),
    admits=(_target_group_admitted,),
    defaults={"targetType": "instance", "deregistrationDelay": 300},
    compute=lambda context, _: {
        "arn": context.id,
        "arnSuffix": context.id.rpartition(":")[2],
        "loadBalancerArns": _balancers_of(context, context.id),
    },
    on_read=lambda context: {"loadBalancerArns": _balancers_of(context, context.id)},
    duration=Duration(create=2, update=1, delete=1),
)


def _targets(listener: Inputs) -> set[str]:
    single = {str(value) for _, value in walk(listener, "defaultActions[].targetGroupArn")}
    return single | {str(value) for _, value in walk(listener, "defaultActions[].forward.targetGroups[].arn")}


def _balancers_of(context: Context, target_group: str) -> list[str]:
    listeners = context.find(tokens.LISTENER, where=lambda record: target_group in _targets(record.outputs))
    return sorted({str(record.outputs["loadBalancerArn"]) for record in listeners})


def _listener_protocols(context: Context, balancer: Record, inputs: Inputs) -> None:
    protocol = inputs.get("protocol")
    allowed: tuple[Any, ...] = (
        ("HTTP", "HTTPS")
        if balancer.outputs["loadBalancerType"] == "application"
        else (_NETWORK_PROTOCOLS if balancer.outputs["loadBalancerType"] == "network" else (None,))
    )
    if protocol not in allowed:
        raise Refused("ValidationError", f"Protocol '{protocol}' is not one of {list(allowed)} for this load balancer")
    if protocol in {"TLS", "HTTPS"} and inputs.get("certificateArn") is None:
        raise Refused("CertificateNotFound", f"A certificate must be specified for {protocol} listeners")
    for arn in sorted(_targets(inputs)):
        group = context.one(tokens.TARGET_GROUP, arn)
        if group is None:
            continue
        fits = {"TCP": ("TCP", "TCP_UDP"), "TLS": ("TLS", "TCP"), "UDP": ("UDP", "TCP_UDP")}.get(
            str(protocol), ("HTTP", "HTTPS") if protocol in {"HTTP", "HTTPS"} else (protocol,)
        )
        if group.outputs.get("protocol") not in fits:
            raise Refused(
                "IncompatibleProtocols",
                f"Protocol {protocol} of the listener and protocol "
                f"{group.outputs.get('protocol')} of target group '{arn}' do not go together",
            )
        if group.outputs.get("vpcId") != balancer.outputs["vpcId"]:
            raise Refused(
                "InvalidConfigurationRequest", f"Target group '{arn}' is in another VPC than the load balancer"
            )
        others = set(_balancers_of(context, arn)) - {balancer.id}
        if others:
            raise Refused(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )


def _listener_admitted(context: Context, inputs: Inputs) -> None:
    same = {"loadBalancerArn": inputs["loadBalancerArn"], "port": inputs.get("port")}
    if any(context.find(tokens.LISTENER, **same)):
        raise Refused("DuplicateListener", "A listener already exists on this port for this load balancer")
    balancer = context.one(tokens.LOAD_BALANCER, inputs["loadBalancerArn"])
    if balancer is not None:
        _listener_protocols(context, balancer, inputs)


_IN_USE = "Target group '{target}' is currently in use by a listener or a rule"
_NO_TARGETS = "One or more target groups not found: {value}"

LISTENER = make(
    tokens.LISTENER,
    make_id=lambda context, inputs: (
        inputs["loadBalancerArn"].replace(":loadbalancer/", ":listener/") + f"/{context.hex(16, 'listener')}"
    ),
    immutable=("loadBalancerArn",),
    references=(
        Reference(
            "loadBalancerArn",
            tokens.LOAD_BALANCER,
            code="LoadBalancerNotFound",
            message="One or more load balancers not found: {value}",
        ),
        *(
            Reference(
                path,
                tokens.TARGET_GROUP,
                code="TargetGroupNotFound",
                message=_NO_TARGETS,
                blocks_delete=True,
                blocks_code="ResourceInUse",
                blocks_message=_IN_USE,
            )
            for path in ("defaultActions[].targetGroupArn", "defaultActions[].forward.targetGroups[].arn")
        ),
    ),
    checks=(
        between("port", 1, 65_535),
        names(
            "defaultActions[].type",
            ("forward", "redirect", "fixed-response", "authenticate-oidc", "authenticate-cognito", "jwt-validation"),
        ),
    ),
    admits=(_listener_admitted,),
    compute=lambda context, _: {"arn": context.id},
    duration=Duration(create=2, update=2, delete=1),
)


def _attachment_admitted(context: Context, inputs: Inputs) -> None:
    group = context.one(tokens.TARGET_GROUP, str(inputs.get("lbTargetGroupArn")))
    if group is not None and group.outputs["targetType"] != "instance":
        raise Refused(
            "ValidationError",
            f"Provided Target Groups may not be valid: {group.id} has target type "
            f"{group.outputs['targetType']}, an Auto Scaling group registers instances",
        )


ATTACHMENT = make(
    tokens.AUTO_SCALING_ATTACHMENT,
    tagged=False,
    make_id=lambda context, inputs: f"{inputs['autoscalingGroupName']}-{context.hex(26, 'attachment')}",
    immutable=("autoscalingGroupName", "elb", "lbTargetGroupArn"),
    references=(
        Reference(
            "autoscalingGroupName",
            tokens.AUTO_SCALING_GROUP,
            code="ValidationError",
            message="AutoScalingGroup name not found - AutoScalingGroup with name: {value}",
        ),
        Reference(
            "lbTargetGroupArn",
            tokens.TARGET_GROUP,
            code="ValidationError",
            message="Provided Target Groups may not be valid. Please ensure they exist and try again: {value}",
        ),
    ),
    admits=(_attachment_admitted,),
    duration=Duration(create=5, delete=10),
)

KINDS = (TARGET_GROUP, LISTENER, ATTACHMENT)
