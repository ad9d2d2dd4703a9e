"""Names, labels and quantities as the Kubernetes API server judges them, in its own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from simulator.kind import Failure, get
from simulator.values import UNKNOWN, has_unknown

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PORT_NAME = re.compile(r"(?=[-a-z0-9]{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|n|u|[eE][+-]?\d+)?")
_SCALE: Final = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000**power) for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Fraction(1024**power) for power, unit in enumerate("KMGTPE", start=1)},
}
_MAX_ANNOTATIONS: Final = 256 * 1024


def label_problem(value: str) -> str | None:
    """Tell what is wrong with an RFC 1123 label (namespaces, containers, ports' volumes), or ``None``."""
    if len(value) > 63:
        return "must be no more than 63 characters"
    if not _LABEL.fullmatch(value):
        return (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
            "end with an alphanumeric character (e.g. 'my-name', or '123-abc')"
        )
    return None


def service_problem(value: str) -> str | None:
    """Tell what is wrong with the name of a Service (RFC 1035 label), or ``None``."""
    if len(value) > 63:
        return "must be no more than 63 characters"
    if not _SERVICE.fullmatch(value):
        return (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character (e.g. 'my-name', or 'abc-123')"
        )
    return None


def subdomain_problem(value: str) -> str | None:
    """Tell what is wrong with an RFC 1123 subdomain (most object names), or ``None``."""
    if len(value) > 253:
        return "must be no more than 253 characters"
    if not _SUBDOMAIN.fullmatch(value):
        return (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            "start and end with an alphanumeric character (e.g. 'example.com')"
        )
    return None


def segment_problem(value: str) -> str | None:
    """Tell what is wrong with a name that is only a path segment (RBAC objects), or ``None``."""
    if value in {".", ".."}:
        return f"may not be '{value}'"
    bad = next((sign for sign in "/%" if sign in value), None)
    return f"may not contain '{bad}'" if bad else None


def port_name_problem(value: str) -> str | None:
    """Tell what is wrong with the name of a container port (IANA service name), or ``None``."""
    if len(value) > 15:
        return "must be no more than 15 characters"
    if not _PORT_NAME.fullmatch(value):
        return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), with at least one letter"
    return None


def port_problem(value: object) -> str | None:
    """Tell what is wrong with a port number, or ``None``."""
    if isinstance(value, int | float) and not 1 <= value <= 65535:
        return "must be between 1 and 65535, inclusive"
    return None


def key_problem(value: str) -> str | None:
    """Tell what is wrong with the key of a label or an annotation, or ``None``."""
    prefix, slash, name = value.rpartition("/")
    if slash and (problem := subdomain_problem(prefix)):
        return f"prefix part {problem}"
    if not name:
        return "name part must be non-empty"
    if len(name) > 63:
        return "name part must be no more than 63 characters"
    if not _QUALIFIED.fullmatch(name):
        return (
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyName', or 'my.name', or '123-abc')"
        )
    return None


def label_value_problem(value: str) -> str | None:
    """Tell what is wrong with the value of a label, or ``None``."""
    if len(value) > 63:
        return "must be no more than 63 characters"
    if value and not _QUALIFIED.fullmatch(value):
        return (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            "start and end with an alphanumeric character (e.g. 'MyValue', or 'my_value', or '12345')"
        )
    return None


def quantity(value: object) -> Fraction | None:
    """Read a resource quantity (``500m``, ``2Gi``) as a number, or ``None`` where it is none."""
    if isinstance(value, int | float):
        return Fraction(str(value))
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, unit = match.group(1), match.group(2) or ""
    exponent = unit[:1] in {"e", "E"} and unit not in {"E", "Ei"}
    scale = Fraction(10) ** int(unit[1:]) if exponent else _SCALE[unit]
    return Fraction(number) * scale


def invalid(path: str, value: object, problem: str) -> Failure:
    """Make a failure in the API server's form: the value and what is wrong with it."""
    shown = f'"{value}"' if isinstance(value, str) else value
    return Failure(path, f"Invalid value: {shown}: {problem}")


def check_labels(labels: object, path: str) -> Iterator[Failure]:
    """Check keys and values of labels."""
    if labels is UNKNOWN or not isinstance(labels, Mapping):
        return
    for key, value in labels.items():
        if problem := key_problem(key):
            yield invalid(path, key, problem)
        if isinstance(value, str) and (problem := label_value_problem(value)):
            yield invalid(f"{path}.{key}", value, problem)


def check_selector(selector: object, path: str) -> Iterator[Failure]:
    """Check a label selector: keys, values, and that operators and values agree."""
    if selector is UNKNOWN or not isinstance(selector, Mapping):
        return
    yield from check_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    expressions = selector.get("matchExpressions")
    for index, expression in enumerate(expressions if isinstance(expressions, list) else ()):
        if not isinstance(expression, Mapping) or has_unknown(expression):
            continue
        at = f"{path}.matchExpressions[{index}]"
        operator, values = expression.get("operator"), expression.get("values") or []
        if operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
            yield invalid(f"{at}.operator", operator, "not a valid selector operator")
        elif operator in {"In", "NotIn"} and not values:
            yield Failure(f"{at}.values", "Required value: must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in {"Exists", "DoesNotExist"} and values:
            yield Failure(
                f"{at}.values", "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
        if isinstance(key := expression.get("key"), str) and (problem := key_problem(key)):
            yield invalid(f"{at}.key", key, problem)


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a label selector matches labels; an empty selector matches everything."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in selector.get("matchExpressions") or ():
        key, values = expression.get("key"), expression.get("values") or []
        holds = {
            "In": key in labels and labels[key] in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds.get(expression.get("operator"), False):
            return False
    return True


def check_metadata(
    inputs: Mapping[str, Any], *, namespaced: bool, problem: Callable[[str], str | None] = subdomain_problem
) -> Iterable[Failure]:
    """Check an object's name, namespace, labels and annotations.

    Parameters
    ----------
    inputs
        Inputs of the resource.
    namespaced
        Whether objects of this kind live in a namespace.
    problem
        What judges the name.
    """
    name, namespace = get(inputs, "metadata.name"), get(inputs, "metadata.namespace")
    if name in {None, ""}:
        yield Failure("metadata.name", "Required value: name or generateName is required")
    if isinstance(name, str) and name and (wrong := problem(name)):
        yield invalid("metadata.name", name, wrong)
    if namespace is not None and not namespaced:
        yield Failure("metadata.namespace", "Forbidden: not allowed on this type")
    elif isinstance(namespace, str) and (wrong := label_problem(namespace)):
        yield invalid("metadata.namespace", namespace, wrong)
    if get(inputs, "metadata.generateName") is not None:
        yield Failure(
            "metadata.generateName",
            "the `.metadata.generateName` field is not supported in Server-Side Apply mode",
        )
    yield from check_labels(get(inputs, "metadata.labels"), "metadata.labels")
    annotations = get(inputs, "metadata.annotations")
    if isinstance(annotations, Mapping):
        for key in annotations:
            if wrong := key_problem(key.lower()):
                yield invalid("metadata.annotations", key, wrong)
        size = sum(len(key) + len(value) for key, value in annotations.items() if isinstance(value, str))
        if size > _MAX_ANNOTATIONS:
            yield Failure("metadata.annotations", f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes")
