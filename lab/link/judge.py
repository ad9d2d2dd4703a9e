"""What is wrong with a link: what its twin shows, with what explains it in the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lab.link.causes import Cause, causes_between, causes_of

if TYPE_CHECKING:
    from lab.link.pairs import Tunnel
    from lab.link.seen import Seen, SitesSeen, TunnelSeen

Shown = Literal["", "ike", "esp", "rekey", "bgp", "routes", "ping"]
"""The first thing that a tunnel lacks; nothing where it is up."""

PACKET = 1400
"""Octets that have to pass: the clouds' recommended MTU, and the twin's largest."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A tunnel.

    Parameters
    ----------
    shown, told
        What it lacks, and in what words.
    causes
        What is wrong in the plan; there may be something though the tunnel is up.
    """

    tunnel: Tunnel
    seen: TunnelSeen
    shown: Shown
    told: str
    causes: tuple[Cause, ...]

    @property
    def good(self) -> bool:
        """Whether it is up, and nothing in the plan is loose."""
        return not self.shown and not self.causes

    @property
    def explained(self) -> bool:
        """Whether something in the plan says why it is not up."""
        return not self.shown or any(cause.stage not in {"plan", "outage"} for cause in self.causes)


@dataclass(frozen=True, kw_only=True)
class Between:
    """Two networks.

    Parameters
    ----------
    wrong
        What is missing between them.
    """

    seen: SitesSeen
    wrong: tuple[str, ...]
    causes: tuple[Cause, ...]

    @property
    def good(self) -> bool:
        """Whether packets pass as planned."""
        return not self.wrong and not self.causes


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A whole link, or several."""

    verdicts: tuple[Verdict, ...]
    between: tuple[Between, ...]
    clear: int

    @property
    def good(self) -> bool:
        """Whether all of it is as it should be."""
        return all(one.good for one in self.verdicts) and all(one.good for one in self.between) and not self.clear


def judge(tunnels: tuple[Tunnel, ...], seen: Seen) -> Judgement:
    """Judge what a twin shows."""
    by_number = {one.number: one for one in seen.tunnels}
    verdicts = tuple(_verdict(tunnel, by_number[tunnel.number]) for tunnel in tunnels)
    return Judgement(verdicts=verdicts, between=tuple(_between(tunnels, one) for one in seen.sites), clear=seen.clear)


def _verdict(tunnel: Tunnel, seen: TunnelSeen) -> Verdict:
    shown, told = _lacks(tunnel, seen)
    return Verdict(tunnel=tunnel, seen=seen, shown=shown, told=told, causes=causes_of(tunnel))


def _lacks(tunnel: Tunnel, seen: TunnelSeen) -> tuple[Shown, str]:  # noqa: PLR0911 - one a rung of the ladder
    said = "; ".join(seen.said)
    silent = "nobody calls, or nobody answers"
    if not seen.ike:
        return "ike", f"no IKE SA: {said or silent}"
    if not seen.esp:
        return "esp", f"IKE is up, no child SA: {said}"
    if not seen.rekeyed:
        return "rekey", "up, but its keys cannot be exchanged: it dies within the hour"
    if tunnel.aws and tunnel.aws.esp.groups and "/" not in seen.rekeyed.replace("/HMAC", ""):
        return "rekey", f"keys are exchanged without PFS: {seen.rekeyed}"
    if set(seen.bgp) != {"Established"}:
        wrong = "; ".join(text for text in seen.wrong if text) or "neither end says why"
        return "bgp", f"no BGP session ({' at AWS, '.join(seen.bgp)} at Azure): {wrong}"
    if not (seen.aws_learned and seen.azure_learned):
        return "routes", f"AWS learns {len(seen.aws_learned)} ranges, Azure {len(seen.azure_learned)}"
    if not seen.ping:
        return "ping", "the session is up, but the far end does not answer"
    return "", ""


def _between(tunnels: tuple[Tunnel, ...], seen: SitesSeen) -> Between:
    meant = [
        (tunnel.aws, tunnel.azure)
        for tunnel in tunnels
        if tunnel.aws
        and tunnel.azure
        and (tunnel.aws.gateway.name, tunnel.azure.gateway.planned.name) == (seen.aws, seen.azure)
    ]
    aws, azure = meant[0][0].gateway, meant[0][1].gateway
    paths = len(meant) if aws.transit else 1
    wrong: list[str] = []
    causes = list(causes_between(aws, azure))
    if not all(seen.ping):
        wrong.append("no packet passes")
    elif seen.largest < PACKET:
        wrong.append(f"packets of more than {seen.largest} octets do not pass")
    if all(seen.ping) and seen.paths[0] != paths:
        wrong.append(f"AWS has {seen.paths[0]} of {paths} paths")
        if aws.transit and not aws.ecmp:
            causes.append(
                Cause(
                    stage="routes",
                    resource=aws.name,
                    property="vpnEcmpSupport",
                    told="is disable: one path is taken, the others wait",
                    change="set it to enable",
                )
            )
    return Between(seen=seen, wrong=tuple(wrong), causes=tuple(causes))
