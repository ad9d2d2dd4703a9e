"""The schema of every resource and function, as the installed SDKs have it."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from simulator.sdk_source import NotInSdk, Source, find_class, option_names, outputs_of, properties, root, snake, text
from simulator.sdk_types import Property, Scalar, Type, object_failures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from simulator.kind import Failure

__all__ = ["NotInSdk", "ResourceSchema", "check", "check_config", "check_invoke", "decode_config", "resource"]

_ENGINE_CONFIG = frozenset({"version", "pluginDownloadURL", "__internal"})
"""Keys that the engine adds to a provider's configuration."""


@dataclass(frozen=True)
class ResourceSchema:
    """What the SDK knows of one resource type.

    Attributes
    ----------
    inputs
        Input properties by their Pulumi names.
    outputs
        Types of all output properties by name, inputs that are echoed included.
    secrets
        Outputs that the SDK itself marks secret.
    immutable
        Input patterns whose change replaces, where the SDK says so (azure-native does, aws does not).
    """

    inputs: Mapping[str, Property]
    outputs: Mapping[str, Type]
    secrets: frozenset[str]
    immutable: tuple[str, ...]


@lru_cache(maxsize=4096)
def resource(token: str) -> ResourceSchema:
    """Return schema of a resource type.

    Raises
    ------
    NotInSdk
        The SDK has no such resource.
    """
    package = token.partition(":")[0]
    path = _resource_file(package, token)
    source = text(path)
    exported = re.search(r"__all__ = \['(\w+)', '(\w+)'\]", source)
    if exported is None:
        raise NotInSdk(f"{path} has no resource")
    found = find_class(path, exported[2]) or ""
    return ResourceSchema(
        inputs=properties(Source(package, path), exported[1]),
        outputs=outputs_of(Source(package, path), found),
        secrets=frozenset(option_names(found, "additional_secret_outputs")),
        immutable=tuple(pattern.replace("[*]", "[]") for pattern in option_names(found, "replace_on_changes")),
    )


def _resource_file(package: str, token: str) -> Path:
    """File that declares a resource, from the token table that the SDK registers with the runtime."""
    table = text(root(package) / "__init__.py")
    entry = table.find(f'"{token}": "')
    if entry < 0:
        raise NotInSdk(f"the SDK of {package} has no resource {token}")
    name = table[entry:].split('"', 4)[3]
    module = table[table.rfind('"fqn": "', 0, entry) :].split('"', 4)[3]
    folder = root(package).joinpath(*module.split(".")[1:])
    mark = f'@pulumi.type_token("{token}")'
    for path in (folder / f"{snake(name)}.py", folder / f"{name}.py", *sorted(folder.glob("*.py"))):
        if path.exists() and mark in text(path):
            return path
    raise NotInSdk(f"no file of {folder} declares {token}")


def check(token: str, inputs: Mapping[str, Any]) -> list[Failure]:
    """Return what is wrong with the inputs of a resource: unknown, missing or wrongly typed, nested ones too.

    Raises
    ------
    NotInSdk
        The SDK has no such resource.
    """
    return list(object_failures(resource(token).inputs, inputs))


@lru_cache(maxsize=64)
def _provider(package: str) -> Mapping[str, Property]:
    return properties(Source(package, root(package) / "provider.py"), "ProviderArgs")


def decode_config(package: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a provider's configuration with the values that the engine passes as JSON texts read back."""
    known = _provider(package)
    decoded = {}
    for name, value in config.items():
        if name in _ENGINE_CONFIG:
            continue
        decoded[name] = value
        if isinstance(value, str) and name in known and known[name].type != Scalar("str"):
            try:
                decoded[name] = json.loads(value)
            except ValueError:
                continue  # an enum, which is a plain string; or wrong, which check_config reports
    return decoded


def check_config(package: str, config: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield what is wrong with a provider's (decoded) configuration."""
    yield from object_failures(_provider(package), config)


@lru_cache(maxsize=256)
def _function(token: str) -> Mapping[str, Property]:
    package, module, name = token.split(":")
    folder = module.partition("/")[0]
    base = root(package)
    path = (base if folder == "index" else base / folder) / f"{snake(name)}.py"
    if not path.exists():
        raise NotInSdk(f"the SDK of {package} has no function {token}")
    source = text(path)
    start = source.find(f"\ndef {snake(name)}(")
    header = source[start + 1 : source.find(") -> ", start)]
    function = ast.parse(f"{header}): pass").body[0]
    if not isinstance(function, ast.FunctionDef):
        raise NotInSdk(f"{path} does not define {name}")
    camel = {python: pulumi for pulumi, python in re.findall(r"__args__\['(\w+)'\] = (\w+)", source)}
    arguments = function.args.args
    first_default = len(arguments) - len(function.args.defaults)
    result = {}
    for index, argument in enumerate(arguments):
        if argument.annotation is not None and argument.arg in camel:
            type_, optional = Source(package, path).parse(ast.unparse(argument.annotation))
            result[camel[argument.arg]] = Property(type_, required=index < first_default and not optional)
    return result


def check_invoke(token: str, arguments: Mapping[str, Any]) -> list[Failure]:
    """Return what is wrong with the arguments of a function.

    Raises
    ------
    NotInSdk
        The SDK has no such function.
    """
    return list(object_failures(_function(token), arguments))
