"""Planned resources, as far as the link's twin reads them: what a preview or an exported stack says, nothing else."""

# ruff: noqa: ANN401 - inputs of resources are any JSON
from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

UNKNOWN = "<unknown>"
"""Stands for a value that only the update knows, and for a secret that is not read."""

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A planned resource.

    Parameters
    ----------
    id
        What the cloud calls it; empty before it exists.
    inputs, outputs
        As the provider gets and gives them (camelCase), with :data:`UNKNOWN` inside.
    dependencies
        URNs by the property that refers to them.
    """

    urn: str
    type: str
    name: str
    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """Last part of its type, such as ``VpnConnection``."""
        return self.type.rpartition(":")[2]

    def get(self, path: str) -> Any:
        """Give an input along a path such as ``bgpSettings.asn``; None where there is none, or it is not known."""
        value = self.raw(path)
        return None if value == UNKNOWN else value

    def raw(self, path: str) -> Any:
        """Give an input along a path as it stands, :data:`UNKNOWN` included."""
        value: Any = self.inputs
        for index, name in _STEP.findall(path):
            if value == UNKNOWN:
                return UNKNOWN
            if index:
                value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
            else:
                value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def output(self, name: str) -> str:
        """Give an output that is a text; empty where it is not known."""
        value = self.outputs.get(name)
        return value if isinstance(value, str) and value != UNKNOWN else ""

    def fingerprint(self, name: str) -> str:
        """Say which secret a property is, without the secret: two properties with the same one give the same text.

        A secret that cannot be read is the one of the resources that it was made from.
        """
        value = self.raw(name)
        if isinstance(value, str) and value != UNKNOWN:
            made_from = value
        elif value == UNKNOWN and self.dependencies.get(name):
            made_from = "\n".join(sorted(self.dependencies[name]))
        else:
            # Missing: the cloud would make one of its own, which nobody else has.
            made_from = f"{self.urn} {name}"
        return hashlib.sha256(made_from.encode()).hexdigest()


class Plan:
    """Planned resources and how they refer to each other."""

    def __init__(self, resources: tuple[Planned, ...]) -> None:
        self.resources = tuple(sorted(resources, key=lambda one: one.urn))

    @cached_property
    def _by_urn(self) -> dict[str, Planned]:
        return {one.urn: one for one in self.resources}

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Planned]:
        # Azure's ids do not mind upper and lower case. A route propagation has its gateway's id in its own.
        return {(one.noun, one.id.lower()): one for one in self.resources if one.id}

    def of(self, noun: str) -> tuple[Planned, ...]:
        """List the resources of a type, by the last part of its token."""
        return tuple(one for one in self.resources if one.noun == noun)

    def target(self, resource: Planned, path: str, *nouns: str) -> Planned | None:
        """Give the resource of one of some types that a property means.

        By its id where that is one, else by what the property depends on, through attachments if need be. None where
        it means no resource that is planned.
        """
        value = resource.raw(path)
        known = [self._by_id.get((noun, str(value).lower())) for noun in nouns]
        return next((one for one in (*known, *self.referred(resource, path, *nouns)) if one), None)

    def referred(self, resource: Planned, path: str, *nouns: str) -> tuple[Planned, ...]:
        """List the resources of some types that a property depends on, through attachments if need be."""
        top = _STEP.findall(path)[0][1]
        found: dict[str, Planned] = {}
        for urn in sorted(resource.dependencies.get(top, ())):
            one = self._by_urn.get(urn)
            if one is None:
                continue
            if one.noun in nouns:
                found[one.urn] = one
            elif one.noun.endswith("Attachment"):
                found |= {far.urn: far for name in one.dependencies for far in self.referred(one, name, *nouns)}
        return tuple(found.values())


def stand_in(*identity: str) -> str:
    """Give an address for something whose own is not known yet: the same in every run."""
    digest = hashlib.sha256("\n".join(identity).encode()).digest()
    return f"20.{digest[0]}.{digest[1]}.{digest[2] % 254 + 1}"
