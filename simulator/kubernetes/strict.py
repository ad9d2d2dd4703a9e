"""The API server's own schema check, from the schemas that the library kubernetes-validate carries.

The library reads a file of 1.5 MB at every call; here each version is read once, and an object costs about a
millisecond.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource

from simulator.kind import Failure
from simulator.values import UNKNOWN, has_unknown

_ROOT: Final = resources.files("kubernetes_validate").joinpath("kubernetes-json-schema")
_FOLDER: Final = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")
_EXTRA: Final = re.compile(r"'([^']*)'")


@lru_cache(maxsize=1)
def _folders() -> dict[tuple[int, int], str]:
    found = ((_FOLDER.fullmatch(entry.name), entry.name) for entry in _ROOT.iterdir())
    return {(int(match[1]), int(match[2])): name for match, name in found if match}


def _number(version: str) -> tuple[int, int]:
    major, minor = version.removeprefix("v").split(".")[:2]
    return int(major), int(minor)


def newest() -> str:
    """Give the newest version of Kubernetes whose schemas are here."""
    major, minor = max(_folders())
    return f"{major}.{minor}"


def _folder(version: str) -> str:
    """Give the newest schemas that are not newer than a version."""
    wanted = _number(version)
    return _folders()[max(number for number in _folders() if number <= wanted)]


@lru_cache(maxsize=4)
def _registry(folder: str) -> Registry[Any]:
    text = _ROOT.joinpath(folder, "_definitions.json").read_text(encoding="utf-8")
    definitions: Resource[Any] = Resource.from_contents(json.loads(text))
    return definitions @ Registry()


@lru_cache(maxsize=256)
def _validator(folder: str, api_version: str, kind: str) -> Any | None:  # noqa: ANN401 - the library has no types
    group, slash, version = api_version.rpartition("/")
    name = f"{kind.lower()}-{group.partition('.')[0]}-{version}" if slash else f"{kind.lower()}-{version}"
    path = _ROOT.joinpath(folder, f"{name}.json")
    if not path.is_file():
        return None
    schema = json.loads(path.read_text(encoding="utf-8"))
    resource: Resource[Any] = Resource.from_contents(schema)
    return Draft202012Validator(schema, registry=resource @ _registry(folder))


def _joined(steps: Any) -> str:  # noqa: ANN401 - the library has no types
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def schema_failures(validator: Any, value: object) -> Iterator[Failure]:  # noqa: ANN401 - the library has no types
    """Every mistake that a JSON schema finds, with its path; what a preview does not know yet is left out."""
    for error in validator.iter_errors(value):
        path = _joined(error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.schema.get("properties"), Mapping):
            for name in error.instance:
                if name not in error.schema["properties"]:
                    yield Failure(_below(path, name), "field not declared in schema")
        elif error.validator == "required":
            missing = _EXTRA.match(error.message)
            yield Failure(_below(path, missing[1] if missing else ""), "Required value")
        elif error.validator == "enum":
            allowed = ", ".join(f'"{word}"' for word in error.validator_value)
            if error.instance is not UNKNOWN:
                yield Failure(path, f'Unsupported value: "{error.instance}": supported values: {allowed}')
        elif not has_unknown(error.instance):
            # The value itself may be a Secret's.
            yield Failure(path, f"expected {_expected(error)}, got {type(error.instance).__name__}")


def _expected(error: Any) -> str:  # noqa: ANN401 - the library has no types
    wanted = error.validator_value
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        return " or ".join(kind for kind in kinds if kind != "null")
    if error.validator == "oneOf":
        return "string or integer" if "IntOrString" in str(error.schema.get("description", "")) else "one of the forms"
    return f"{error.validator} {wanted}"


def check_object(inputs: Mapping[str, Any], version: str) -> list[Failure] | None:
    """Check an object against the schema of its kind.

    Parameters
    ----------
    inputs
        The object, with ``apiVersion`` and ``kind``.
    version
        Kubernetes version of the cluster.

    Returns
    -------
    The mistakes, or ``None`` if this version has no such kind.
    """
    validator = _validator(_folder(version), str(inputs.get("apiVersion")), str(inputs.get("kind")))
    return None if validator is None else list(schema_failures(validator, inputs))
