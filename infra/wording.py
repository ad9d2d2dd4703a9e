"""Pydantic's errors in the user's words: what is wrong, and what to write instead."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from infra.model import Fleet
from infra.problems import Finding, Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def findings_of(error: ValidationError, data: Any) -> Iterator[Finding]:  # noqa: ANN401 - the file's own data
    """Turn each error of a validation into a finding at its place in the data."""
    for details in error.errors(include_url=False):
        path = _path(details["loc"], data)
        message, fix = _words(details, path)
        yield Finding(path=path, message=message, fix=fix)


def _path(loc: tuple[int | str, ...], data: Any) -> Path:  # noqa: ANN401
    """Follow pydantic's location through the data: it holds tags of unions and '[key]' marks that a file has not."""
    path: Path = ()
    for position, part in enumerate(loc):
        here = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if here:
            path = (*path, part)
            data = data[part]
        elif part != "[key]" and position == len(loc) - 1:
            path = (*path, part)
    return path


def _model_at(path: Path) -> dict[str, str]:
    """Give the fields (name in the file to title) of the model that holds the last part of a path."""
    found: list[type[BaseModel]] = [Fleet]
    for part in path[:-1]:
        following: list[type[BaseModel]] = []
        for model in found:
            for info in model.model_fields.values():
                if info.alias == part:
                    following.extend(_models_in(info.annotation))
        found = following or found
    return {info.alias or name: info.title or "" for model in found for name, info in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _words(details: ErrorDetails, path: Path) -> tuple[str, str]:
    kind, context, found = details["type"], details.get("ctx", {}), details["input"]
    name = str(path[-1]) if path else "the file"
    if kind == "value_error":
        message, _, fix = str(context["error"]).partition(" | ")
        return message, fix
    if kind == "missing":
        title = _model_at(path).get(name, "")
        return f"{name!r} is missing", f"{name}: {_example(path, name)}" + (f" ({title})" if title else "")
    if kind == "extra_forbidden":
        known = list(_model_at(path))
        close = get_close_matches(name, known, n=1) or get_close_matches(name.replace("_", ""), known, n=1)
        return f"there is no field {name!r} here", close[0] if close else f"one of {', '.join(sorted(known))}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = str(context["discriminator"]).strip("'")
        tags = context.get("expected_tags") or ("'aws', 'azure'" if tag == "cloud" else "'wireguard', 'none'")
        seen = f"{found[tag]!r} is not known" if isinstance(found, dict) and tag in found else f"{tag!r} is missing"
        return seen, f"{tag}: one of {tags}"
    if kind == "string_type" and isinstance(found, int | float):
        return f"{found!r} is a number, text is wanted", f'the same in quotes: {name}: "{found}"'
    return _plain_words(kind, context, found, name)


def _plain_words(kind: str, context: dict[str, Any], found: object, name: str) -> tuple[str, str]:
    if kind == "literal_error":
        return f"{found!r} is not known", f"one of {context['expected']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"{context['ge']} or more" if "ge" in context else f"{context['le']} or less"
        return f"{found!r} is out of range", f"{name}: {bound}"
    if kind == "string_pattern_mismatch":
        return f"{found!r} is badly formed", f"text that matches {context['pattern']}"
    if kind in ("too_short", "string_too_short"):
        return f"{name!r} is too short", f"at least {context['min_length']}"
    if kind == "too_long":
        return f"{name!r} holds too many entries", f"at most {context['max_length']}"
    wanted = {
        "int": "a whole number",
        "bool": "true or false",
        "string": "text",
        "dict": "a mapping (name: value)",
        "model": "a mapping (field: value)",
        "tuple": "a list",
    }.get(kind.split("_", maxsplit=1)[0], kind)
    return f"{found!r} is not {wanted}", f"{name}: {wanted}"


def _example(path: Path, name: str) -> str:
    examples = {
        "name": "dev",
        "id": "a number no other cluster of the fleet has",
        "cidr": "10.16.0.0/16",
        "image": "registry/name:1.0.0",
        "clusters": "[name of a cluster]",
        "port": "8080",
        "site": "name of a site",
        "owner": "name of a team",
        "costCenter": "who pays",
        "sites": "[name of a site, name of another]" if path[0] == "links" else "see fleets/dev.yaml",
    }
    return examples.get(name, "see fleets/dev.yaml")
