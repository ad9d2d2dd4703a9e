"""azure-native's aliases of old API versions, which cost a preview more than all else that the program does."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGE = "azure-native:"


def without_version_aliases(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """Take away the aliases that the SDK gives every Azure resource, one for each API version there ever was.

    They lead from stacks that were made with the package's second major version, which named the API version in the
    type; ours never were. The SDK makes five outputs of each, and waits for all of them together: sixty aliases for a
    security rule made a preview of `dev` three times as long (``make bench-preview``). What a component of ours sets
    by itself stays.
    """
    aliases: Sequence[Any] = args.opts.aliases if isinstance(args.opts.aliases, list) else ()
    if not args.type_.startswith(_PACKAGE) or not aliases:
        return None
    opts = copy.copy(args.opts)
    opts.aliases = [alias for alias in aliases if not _names_a_version(alias)]
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def _names_a_version(alias: Any) -> bool:  # noqa: ANN401 - the SDK marks what is not given by an ellipsis
    """Whether an alias changes the type only, to one like ``azure-native:network/v20240501:Subnet``."""
    if not isinstance(alias, pulumi.Alias):
        return False
    given: dict[str, Any] = vars(alias)
    kind = given["type_"]
    return isinstance(kind, str) and kind.startswith(_PACKAGE) and given["name"] is given["parent"] is ...
