"""The schema of Cilium's network policies, written from the custom resource definitions of 1.19.6."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

_ENTITIES: Final = (
    "all", "world", "cluster", "host", "init", "ingress", "unmanaged", "remote-node",
    "health", "none", "kube-apiserver",
)  # fmt: skip
_MAX_PORTS: Final = 40

Schema = dict[str, Any]
_TEXT: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}


def _object(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(item: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": item, **limits}


def _enum(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


_MAP: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}
_SELECTOR: Final = _object(
    matchLabels=_MAP,
    matchExpressions=_list(
        _object(
            ("key", "operator"),
            key=_TEXT,
            operator=_enum("In", "NotIn", "Exists", "DoesNotExist"),
            values=_list(_TEXT),
        )
    ),
)
_GROUP_NAME: Final[Schema] = {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
_CIDR_SET: Final = _object(
    cidr=_TEXT, cidrGroupRef=_GROUP_NAME, cidrGroupSelector=_SELECTOR, **{"except": _list(_TEXT)}
)
_SECRET: Final = _object(("name",), name=_TEXT, namespace=_TEXT)
_TLS: Final = _object(("secret",), secret=_SECRET, certificate=_TEXT, privateKey=_TEXT, trustedCA=_TEXT)
_PORTS: Final = _list(
    _object(
        port={
            "type": "string",
            "pattern": (
                r"^(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"
                r"|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*)$"
            ),
        },
        endPort={"type": "integer", "minimum": 0, "maximum": 65535},
        protocol=_enum("TCP", "UDP", "SCTP", "VRRP", "IGMP", "ANY"),
    ),
    maxItems=_MAX_PORTS,
)
_NAME: Final[Schema] = {"type": "string", "maxLength": 255, "pattern": r"^([-a-zA-Z0-9_]+[.]?)+$"}
_PATTERN: Final[Schema] = {"type": "string", "maxLength": 255, "pattern": r"^([-a-zA-Z0-9_*]+[.]?)+$"}
_FQDN: Final = _object(matchName=_NAME, matchPattern=_PATTERN)
_HEADER: Final = _object(
    ("name",), name=_TEXT, value=_TEXT, secret=_SECRET, mismatch=_enum("LOG", "ADD", "DELETE", "REPLACE")
)
_RULES: Final = _object(
    dns=_list(_FQDN),
    http=_list(_object(method=_TEXT, path=_TEXT, host=_TEXT, headers=_list(_TEXT), headerMatches=_list(_HEADER))),
    kafka=_list(_object(role=_enum("produce", "consume"), apiKey=_TEXT, apiVersion=_TEXT, clientID=_TEXT, topic=_TEXT)),
    l7=_list(_MAP),
    l7proto=_TEXT,
)
_TO_PORTS: Final = _list(
    _object(
        ports=_PORTS,
        rules=_RULES,
        serverNames=_list(_TEXT, minItems=1),
        originatingTLS=_TLS,
        terminatingTLS=_TLS,
        listener=_object(
            ("envoyConfig", "name"),
            envoyConfig=_object(("name",), name=_TEXT, kind=_enum("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig")),
            name=_TEXT,
            priority={"type": "integer", "minimum": 1, "maximum": 100},
        ),
    )
)
# One name has a blank in it upstream, so only that spelling is taken.
_ICMP_NAMES: Final = (
    "EchoReply", "DestinationUnreachable", "Redirect", "Echo", "RouterAdvertisement", "RouterSelection", "TimeExceeded",
    "ParameterProblem", "Timestamp", "TimestampReply", "Photuris", "ExtendedEchoRequest", "ExtendedEcho Reply",
    "PacketTooBig", "EchoRequest", "MulticastListenerQuery", "MulticastListenerReport", "MulticastListenerDone",
    "RouterSolicitation", "NeighborSolicitation", "NeighborAdvertisement", "RedirectMessage", "RouterRenumbering",
    "ICMPNodeInformationQuery", "ICMPNodeInformationResponse", "InverseNeighborDiscoverySolicitation",
    "InverseNeighborDiscoveryAdvertisement", "HomeAgentAddressDiscoveryRequest", "HomeAgentAddressDiscoveryReply",
    "MobilePrefixSolicitation", "MobilePrefixAdvertisement", "DuplicateAddressRequestCodeSuffix",
    "DuplicateAddressConfirmationCodeSuffix",
)  # fmt: skip
_ICMP_TYPE: Final[Schema] = {
    "type": ["integer", "string"],
    "pattern": rf"^(\d|[1-9]\d|1\d{{2}}|2[0-4]\d|25[0-5]|{'|'.join(_ICMP_NAMES)})$",
}
_ICMPS: Final = _list(
    _object(fields=_list(_object(("type",), family=_enum("IPv4", "IPv6"), type=_ICMP_TYPE), maxItems=_MAX_PORTS))
)
_GROUPS: Final = _list(
    _object(aws=_object(labels=_MAP, region=_TEXT, securityGroupsIds=_list(_TEXT), securityGroupsNames=_list(_TEXT)))
)
_SERVICES: Final = _list(
    _object(
        k8sService=_object(serviceName=_TEXT, namespace=_TEXT),
        k8sServiceSelector=_object(("selector",), selector=_SELECTOR, namespace=_TEXT),
    )
)


def _direction(prefix: str, entities: tuple[str, ...], *, deny: bool) -> Schema:
    properties = {
        f"{prefix}Endpoints": _list(_SELECTOR),
        f"{prefix}Entities": _list(_enum(*entities)),
        f"{prefix}CIDR": _list(_TEXT),
        f"{prefix}CIDRSet": _list(_CIDR_SET),
        f"{prefix}Nodes": _list(_SELECTOR),
        f"{prefix}Groups": _GROUPS,
        f"{prefix}Requires": _list(_SELECTOR, maxItems=0),
        "toPorts": _list(_object(ports=_PORTS)) if deny else _TO_PORTS,
        "icmps": _ICMPS,
    }
    if prefix == "to":
        properties["toServices"] = _SERVICES
    if not deny:
        properties["authentication"] = _object(("mode",), mode=_enum("disabled", "required", "test-always-fail"))
        if prefix == "to":
            properties["toFQDNs"] = _list(_FQDN)
    return _list(_object(**properties))


@lru_cache(maxsize=4)
def policy_validator(version: str) -> Any:  # noqa: ANN401 - the library has no types
    """Give the validator of a rule (``spec``) for a version of Cilium."""
    # 1.20 adds an entity for the whole mesh.
    entities = (*_ENTITIES, "cluster-mesh") if _at_least_1_20(version) else _ENTITIES
    rule = _object(
        description=_TEXT,
        enableDefaultDeny=_object(ingress=_FLAG, egress=_FLAG),
        endpointSelector=_SELECTOR,
        nodeSelector=_SELECTOR,
        labels=_list(_object(("key",), key=_TEXT, value=_TEXT, source=_TEXT)),
        log=_object(value={"type": "string", "maxLength": 32}),
        ingress=_direction("from", entities, deny=False),
        ingressDeny=_direction("from", entities, deny=True),
        egress=_direction("to", entities, deny=False),
        egressDeny=_direction("to", entities, deny=True),
    )
    return Draft202012Validator(rule)


def _at_least_1_20(version: str) -> bool:
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major, minor) >= (1, 20)
