"""The frame of all rules: what a rule is, what it sees, and what it can answer.

A rule is a plain function over one resource, or over the whole stack, with its metadata in front::

    @Metadata(over=Resource, id="kms-key-rotates", family="at-rest", ..., types=("aws:kms/key:Key",))
    def kms_key_rotates(resource: Resource) -> Results:
        yield from is_true(resource["enableKeyRotation"], "the key would stay the same for ever")

It answers with :class:`Violation` for what is wrong and :class:`Undecided` for what only the update will tell; whoever
yields neither passes. A value of the wrong type is a violation and not a matter for the provider's schema: a rule
cannot vouch for what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from policies.values import Plain, View, view_of

EKS_COMPONENT = "eks:index:Cluster"
"""The remote component of pulumi_eks. Where its provider registers it without inputs, as it does with a real engine,
the ``aws:eks/cluster:Cluster`` below it is judged; without a provider, under mocks, it is all there is."""

Severity = Literal["critical", "high", "medium", "low"]
Level = Literal["mandatory", "advisory", "disabled"]
Family = Literal["at-rest", "in-transit", "exposure", "identity", "workloads", "mesh", "tags", "audit"]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """Something is wrong.

    Parameters
    ----------
    path
        Property that is to blame.
    message
        What is wrong there, in half a sentence. Never a secret.
    urn
        The resource that is to blame, where a rule looks at several.
    """

    path: str
    message: str
    urn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """It cannot be decided yet: the value at ``path`` is not known before the update."""

    path: str
    urn: str | None = None


Results: TypeAlias = Iterator[Violation | Undecided]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as it is asked for: planned or deployed, its inputs.

    Parameters
    ----------
    type
        Token, such as ``aws:kms/key:Key``.
    inputs
        As the provider gets them (camelCase), with :data:`policies.values.UNKNOWN` and
        :class:`policies.values.Secret` inside.
    provider
        URN of its provider, which tells the objects of one cluster from those of another.
    dependencies
        URNs by the property that refers to them.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Plain]
    provider: str = ""
    dependencies: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __getitem__(self, path: str) -> View:
        """Look at a property."""
        return self.root[path]

    @property
    def root(self) -> View:
        """All properties."""
        return view_of("", self.inputs)


@dataclass(frozen=True)
class Stack:
    """All resources of a stack."""

    resources: tuple[Resource, ...]

    @cached_property
    def _by_type(self) -> Mapping[str, tuple[Resource, ...]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return {type_: tuple(resources) for type_, resources in found.items()}

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """List the resources of some types, type by type; ``*`` means all."""
        if "*" in types:
            return self.resources
        return tuple(resource for type_ in types for resource in self._by_type.get(type_, ()))

    def referring(self, target: Resource, path: str, *types: str) -> tuple[Resource, ...]:
        """List the resources of some types whose property at a path means another resource.

        They refer by dependency (known in a preview already), or by a literal that is the other's name.
        """
        names = {view.text() for view in map(target.__getitem__, ("name", "bucket", "resourceName", "vaultName"))}
        return tuple(
            resource
            for resource in self.of_type(*types)
            if not resource[path].missing
            and (
                target.urn in resource.dependencies.get(path.partition(".")[0], ())
                or (resource[path].text() is not None and resource[path].text() in names)
            )
        )


Target = TypeVar("Target", Resource, Stack)


@dataclass(frozen=True, kw_only=True)
class Metadata(Generic[Target]):
    """All that is to be said of a rule. It stands in front of the function that checks, and makes a rule of it.

    Parameters
    ----------
    over
        What the function looks at: one :class:`Resource`, or the whole :class:`Stack`.
    id
        Name in reports and in configuration: kebab-case, for ever.
    title
        What holds, as a sentence.
    level
        What a violation does where nothing is configured: ``mandatory`` stops the update.
    frameworks
        Controls that say the same: (framework, control).
    types
        Types of resources that it looks at; of a rule over the stack, those it needs.
    remediation
        What to write instead.
    link
        Where it is documented.
    """

    over: type[Target]
    id: str
    family: Family
    title: str
    severity: Severity
    types: tuple[str, ...]
    remediation: str
    link: str
    frameworks: tuple[tuple[str, str], ...] = ()
    level: Level = "mandatory"

    def __post_init__(self) -> None:
        """Refuse a rule that cannot be listed or configured."""
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(f"{self.id!r} is not kebab-case")

    def __call__(self, check: Callable[[Target], Results]) -> Rule:
        """Make a rule of a function."""
        return Rule(**vars(self), check=check)


@dataclass(frozen=True, kw_only=True)
class Rule(Metadata[Any]):
    """A rule: its metadata and the function that checks."""

    check: Callable[[Any], Results] = field(repr=False)

    @property
    def over_stack(self) -> bool:
        """Whether it looks at the whole stack."""
        return self.over is Stack

    def applies_to(self, type_: str) -> bool:
        """Say whether it looks at resources of a type."""
        return type_ in self.types or "*" in self.types

    def run(self, target: Resource | Stack) -> tuple[Violation | Undecided, ...]:
        """Judge a resource, or a stack. What the rule does not look at passes. Everything is said once, in order."""
        if not isinstance(target, self.over):
            return ()
        if isinstance(target, Resource) and not self._looks_at(target):
            return ()
        return tuple(dict.fromkeys(self.check(target)))

    def _looks_at(self, resource: Resource) -> bool:
        return self.applies_to(resource.type) and not (resource.type == EKS_COMPONENT and not resource.inputs)
