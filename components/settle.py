"""Declaring many resources at once without paying the SDK for each of them with each other one.

What each part saves is in ``docs/adr/0005-what-a-preview-costs.md``; ``make bench-preview`` measures it.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pulumi

from components.azure.aliases import without_version_aliases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


async def settled(declare: Callable[[], object]) -> None:
    """Declare resources and wait until the engine has all of them. To be awaited inside a stack.

    The SDK would wait by itself, but for every output there is, and for all of them again whenever one is done; for
    `dev` that is four thousand, a hundred times over, and a third of a preview.
    """
    declared: list[pulumi.Resource] = []
    pulumi.runtime.register_stack_transformation(lambda args: declared.append(args.resource))
    pulumi.runtime.register_stack_transformation(without_version_aliases)
    with _sdks_not_collected():
        declare()
    await pulumi.Output.all(*(resource.urn for resource in declared)).future()


@contextmanager
def _sdks_not_collected() -> Iterator[None]:
    """Keep what is loaded meanwhile out of garbage collection for good.

    The SDKs are a million objects that live as long as the process; each full collection looks at all of them, and
    they were a quarter of a preview.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
