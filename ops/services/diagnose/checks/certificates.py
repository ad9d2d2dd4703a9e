"""Whether the mesh's certificates are in force, and signed by a CA that their readers trust."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from ops.services.diagnose import things
from ops.services.diagnose.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.services.diagnose.case import Case
    from ops.services.observe.cilium import Certificate

SOON = timedelta(days=30)
"""Certgen signs anew every four months, what holds for a year: with so little left it has not run for long."""

_MESH = "clustermesh-apiserver-"
"""What the Secrets of the mesh's certificates begin with."""


def look(case: Case) -> Iterator[Finding]:
    """Find certificates that have expired, will soon, or are signed by a CA that is not trusted."""
    for name, (_, view) in case.clusters.items():
        found = view.certificates.get(())
        yield from _untrusted(case, name, found)
        yield from _out_of_force(case, name, found)
    yield from _apart(case)


def _untrusted(case: Case, cluster: str, found: tuple[Certificate, ...]) -> Iterator[Finding]:
    strange = [each for each in found if not each.authority and not each.signed_by]
    if not strange:
        return
    trusted = {each.key_id: each for each in found if each.authority}
    signers = ", ".join(sorted({f"{each.issuer} (key {_short(each.issuer_key_id)})" for each in strange}))
    known = ", ".join(sorted(f"{each.subject} (key {_short(each.key_id)})" for each in trusted.values()))
    yield Finding(
        about=(cluster,),
        saw=f"{len(strange)} certificates of {cluster} ({_secrets(strange)}) are signed by {signers}; trusted beside "
        f"them is {known or 'nothing'}",
        why="whoever reads them refuses the connection: peers do not get into this cluster's mesh API server, nor does "
        "this cluster into theirs; connections from before hold until the next interruption",
        run=case.commands.hms("mesh certs"),
        needs=frozenset({things.api(cluster)}),
        breaks=_ways(case, cluster, strange),
    )


def _out_of_force(case: Case, cluster: str, found: tuple[Certificate, ...]) -> Iterator[Finding]:
    now = case.seen.taken
    expired = [each for each in found if each.not_after <= now]
    early = [each for each in found if each.not_before > now]
    soon = [each for each in found if now < each.not_after <= now + SOON]
    for certificates, words in ((expired, "have expired"), (early, "are not in force yet")):
        if certificates:
            ends = [each.not_after if certificates is expired else each.not_before for each in certificates]
            yield Finding(
                about=(cluster,),
                saw=f"{len(certificates)} certificates of {cluster} {words}: {_secrets(certificates)}, "
                f"{'until' if certificates is expired else 'from'} {min(ends):%Y-%m-%d %H:%M} UTC",
                why="no new connection to the mesh is accepted with them; those from before hold until the next "
                "interruption",
                run=case.commands.hms("mesh certs"),
                needs=frozenset({things.api(cluster)}),
                breaks=_ways(case, cluster, certificates),
            )
    if soon:
        yield Finding(
            severity="warning",
            about=(cluster,),
            saw=f"{len(soon)} certificates of {cluster} end soon: {_secrets(soon)}, the first on "
            f"{min(each.not_after for each in soon):%Y-%m-%d}",
            why="the CronJob that signs them anew every four months has not run, or failed",
            run=case.commands.kubectl(cluster, "--namespace kube-system get cronjobs,jobs"),
            needs=frozenset({things.api(cluster)}),
        )


def _apart(case: Case) -> Iterator[Finding]:
    """Compare, for every two clusters, what signs in one with what is trusted in the other."""
    signing, trusted = _authorities(case)
    for first, second in case.couples:
        for signer, reader in ((first, second), (second, first)):
            if signing[signer] and trusted[reader] and signing[signer].keys().isdisjoint(trusted[reader]):
                yield Finding(
                    about=(signer, reader),
                    saw=f"the certificates of {signer} are signed by {_told(signing[signer])}, and {reader} trusts "
                    f"{_told(trusted[reader])}",
                    why="clusters of a mesh need one CA: neither gets into the other's mesh API server",
                    run=case.commands.hms("mesh certs"),
                    needs=frozenset({*things.both_ways(first, second)}),
                    breaks=things.both_ways(first, second),
                )


def _authorities(
    case: Case,
) -> tuple[dict[str, dict[str, Certificate]], dict[str, dict[str, Certificate]]]:
    """Give the CAs of each cluster by fingerprint: those that sign for the mesh, and those that it trusts there."""
    signing: dict[str, dict[str, Certificate]] = defaultdict(dict)
    trusted: dict[str, dict[str, Certificate]] = defaultdict(dict)
    for name in case.meshed:
        found = [each for each in case.clusters[name][1].certificates.get(()) if _MESH in each.secret]
        trusted[name] = {each.fingerprint: each for each in found if each.authority}
        signers = {fingerprint for each in found for fingerprint in each.signed_by if not each.authority}
        signing[name] = {key: each for key, each in trusted[name].items() if key in signers}
    return signing, trusted


def _ways(case: Case, cluster: str, certificates: list[Certificate]) -> frozenset[str]:
    if not any(_MESH in each.secret for each in certificates):
        return frozenset()
    return frozenset(way for other in case.meshed for way in things.both_ways(cluster, other))


def _told(authorities: Mapping[str, Certificate]) -> str:
    return ", ".join(sorted(f"{each.subject} (key {_short(each.key_id)})" for each in authorities.values()))


def _secrets(certificates: list[Certificate]) -> str:
    return ", ".join(sorted({each.secret.partition("/")[2] for each in certificates}))


def _short(key: str) -> str:
    return key[:8] or "unknown"


CHECK = Check(
    id="certificates",
    title="The mesh's certificates are in force and trusted",
    covers="a certificate from another CA, clusters with different CAs, expired certificates, renewal that has stopped",
    look=look,
)
