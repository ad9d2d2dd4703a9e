"""Whether API servers can call what they have to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.services.diagnose.case import Case


def look(case: Case) -> Iterator[Finding]:
    """Find webhooks and API services behind pods of the overlay, where the API server has no way into it."""
    if case.plan.mesh.profile != "overlay":
        return
    for name, (_, view) in case.clusters.items():
        if case.plan.sites[case.site(name)].cloud != "aws":
            # AKS has a tunnel of its own from its API server to pods.
            continue
        for hook in view.hooks.get(()):
            inside = [pod for pod, host_network in hook.pods.items() if not host_network]
            if not inside:
                continue
            yield Finding(
                about=(name, hook.name),
                saw=f"{hook.kind} {hook.name} of {name} is served by {hook.service}, whose pods have addresses of the "
                f"overlay: {', '.join(sorted(inside))}",
                why="an EKS API server reaches nodes, not pods of an overlay: its calls there time out; "
                + ("what they are for fails" if hook.required else "what they are to check is let through")
                + ". Give the pods hostNetwork: true",
                run=case.commands.kubectl(name, f"get {hook.kind.lower()}s"),
                needs=frozenset({things.api(name)}),
            )


CHECK = Check(
    id="webhooks",
    title="API servers reach their webhooks",
    covers="webhooks and API services on the overlay of EKS",
    look=look,
)
