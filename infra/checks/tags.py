"""Tags that one of the clouds would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.problems import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model import Fleet

_OWN = ("fleet", "owner", "cost-center", "managed-by", "site", "cluster", "link", "component", "name")
_FORBIDDEN_ON_AZURE = set("<>%&\\?/")
_MOST = 40  # both clouds take 50 on a resource; ours and Kubernetes' own need room


def check(fleet: Fleet) -> Iterator[Finding]:
    """Yield tags that clash with the fleet's own or that AWS or Azure refuses."""
    extra = fleet.tags.extra
    if len(extra) > _MOST:
        yield Finding(path=("tags", "extra"), message=f"{len(extra)} tags are too many", fix=f"at most {_MOST}")
    for key, value in extra.items():
        path = ("tags", "extra", key)
        if key.lower() in _OWN:
            yield Finding(path=path, message=f"the tag {key!r} is set by the fleet itself", fix="another name")
        if bad := sorted(_FORBIDDEN_ON_AZURE & set(key)):
            yield Finding(
                path=path, message=f"Azure refuses {''.join(bad)!r} in a tag's name", fix="letters, digits, '-' and '_'"
            )
        if key.lower().startswith(("aws:", "azure", "microsoft", "windows")):
            yield Finding(path=path, message=f"the clouds keep tags that begin like {key!r}", fix="another name")
        if not 0 < len(key) <= 128 or len(value) > 256:
            yield Finding(
                path=path,
                message="the tag is too long",
                fix="a name of at most 128 and a value of at most 256 characters",
            )
