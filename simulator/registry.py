"""Which kinds and functions a package has: gathered from its folder, and the one place that refuses unknown ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from simulator.context import SUBSCRIPTION, Context
from simulator.world import GLOBAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simulator.kind import Failure, Inputs, Invoke, Kind, Outputs

PACKAGES: Final[Mapping[str, str]] = {
    "aws": "simulator.aws",
    "azure-native": "simulator.azure",
    "kubernetes": "simulator.kubernetes",
    "tls": "simulator.tls",
    "random": "simulator.random",
}
"""Module that describes each provider package whose resources are single ones; eks is a component provider."""


class NotSimulated(LookupError):  # noqa: N818
    """A resource or function that no kind describes."""


def _default_scope(config: Mapping[str, Any], inputs: Inputs) -> str:
    region = inputs.get("region") or config.get("region")
    return str(region or config.get("subscriptionId") or SUBSCRIPTION)


@dataclass(frozen=True)
class Package:
    """A provider package of the simulator.

    Attributes
    ----------
    name
        e.g. ``azure-native``.
    kinds, invokes
        By token.
    scope
        ``(config, inputs) -> str``: where a resource lives.
    fallback
        Kinds made on demand.
    check_config
        What is wrong with a provider's configuration beyond its types.
    complete
        ``(context, kind, outputs) -> dict`` of outputs that every resource of the package has, such as ``tagsAll``.
    """

    name: str
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    invokes: Mapping[str, Invoke] = field(default_factory=dict)
    scope: Callable[[Mapping[str, Any], Inputs], str] = _default_scope
    fallback: Callable[[str], Kind | None] = lambda _: None
    check_config: Callable[[Mapping[str, Any]], Iterable[Failure]] = lambda _: ()
    complete: Callable[[Context, Kind, Outputs], Outputs] = lambda _context, _kind, _outputs: {}

    def kind(self, token: str) -> Kind:
        """Return the kind of a token.

        Raises
        ------
        NotSimulated
            Nobody described it. What is not described could not be refused either, and a simulator kinder than the
            cloud proves nothing.
        """
        found = self.kinds.get(token) or self.fallback(token)
        if found is None:
            raise NotSimulated(f"the simulator does not know {token}; add a Kind to {PACKAGES[self.name]}")
        return found

    def invoke(self, token: str) -> Invoke:
        """Return the function of a token.

        Raises
        ------
        NotSimulated
            Nobody described it.
        """
        found = self.invokes.get(token)
        if found is None:
            raise NotSimulated(f"the simulator does not know {token}; add an Invoke to {PACKAGES[self.name]}")
        return found

    def scope_of(self, kind: Kind, config: Mapping[str, Any], inputs: Inputs) -> str:
        """Where a resource of this kind lives."""
        return GLOBAL if kind.scope == "global" else self.scope(config, inputs)


@lru_cache(maxsize=16)
def load(name: str) -> Package:
    """Return a package, from its module; see `simulator.kind` for what the module exposes."""
    module = import_module(PACKAGES[name])
    hooks = {hook: getattr(module, hook) for hook in ("scope", "fallback", "check_config", "complete")
             if hasattr(module, hook)}  # fmt: skip
    kinds: dict[str, Kind] = {}
    for kind in module.KINDS:
        if kind.token in kinds:
            raise ValueError(f"two kinds for {kind.token}")
        kinds[kind.token] = kind
    return Package(name, kinds, {invoke.token: invoke for invoke in module.INVOKES}, **hooks)
