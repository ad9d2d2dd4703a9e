"""``hms mesh certs``: certificates and CAs of all clusters, how long they hold, and who trusts whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from infra.cilium import NAMESPACE
from ops.services.observe.words import instant, moment, span
from ops.services.observe.wrong import Wrong, wrong_table
from ops.services.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ops.services.observe.cilium import Certificate
    from ops.services.observe.snapshot import Snapshot

PARTS = frozenset({"certificates"})
"""What has to be seen for it."""

SOON = timedelta(days=30)
"""Certgen renews certificates of a year every four months: one that has less has not been renewed."""

_SERVER = f"{NAMESPACE}/clustermesh-apiserver-server-cert"
_CLIENT = f"{NAMESPACE}/clustermesh-apiserver-remote-cert"
"""Secrets of what a mesh API server shows to peers, and of what a peer's kvstoremesh shows to it. The CAs in each are
those that its holder trusts."""

_SHOWN = 16
"""Hex digits of a fingerprint in a table; JSON has all."""


@dataclass(frozen=True, kw_only=True)
class CertsReport:
    """The certificates at a moment."""

    snapshot: Snapshot
    wrong: tuple[Wrong, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def usable(self) -> bool:
        """Whether any cluster showed its certificates."""
        return any(view.certificates.known for view in self.snapshot.clusters.values())

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, version 1: ``docs/json/mesh-certs.md``."""
        return {
            "v": 1,
            "fleet": self.snapshot.fleet,
            "where": self.snapshot.where,
            "taken": instant(self.snapshot.taken),
            "good": self.good,
            "authorities": [
                {
                    "fingerprint": each.fingerprint,
                    "keyId": each.key_id,
                    "subject": each.subject,
                    "notAfter": instant(each.not_after),
                    "clusters": clusters,
                }
                for each, clusters in self._authorities()
            ],
            "certificates": [_certificate(cluster, each) for cluster, each in self._leaves()],
            "wrong": [each.as_json() for each in self.wrong],
            "remarks": list(self.snapshot.remarks),
        }

    def tables(self) -> tuple[Table, ...]:
        """Give it as tables: what is wrong, the CAs, and the certificates, those that end first on top."""
        everywhere = [name for name, view in self.snapshot.clusters.items() if view.certificates.known]
        authorities = Table(
            title=f"CAs of {self.snapshot.fleet}, {self.snapshot.where}",
            head=("CA", "subject", "until", "left", "in"),
            rows=tuple(
                (
                    _short(each.fingerprint),
                    each.subject,
                    moment(each.not_after),
                    self._left(each),
                    "all clusters" if clusters == everywhere else ", ".join(clusters),
                )
                for each, clusters in self._authorities()
            ),
        )
        leaves = Table(
            title="Certificates",
            head=("cluster", "secret", "subject", "until", "left", "fingerprint", "signed by"),
            rows=tuple(
                (
                    cluster,
                    each.secret.partition("/")[2],
                    each.subject,
                    moment(each.not_after),
                    self._left(each),
                    _short(each.fingerprint),
                    ", ".join(map(_short, each.signed_by)) or "none of the CAs beside it",
                )
                for cluster, each in sorted(self._leaves(), key=lambda found: found[1].not_after)
            ),
        )
        return tuple(table for table in (wrong_table(self.wrong), authorities, leaves) if table.rows)

    @property
    def summary(self) -> str:
        """Say it in a line."""
        authorities = len(list(self._authorities()))
        return (
            f"{self.snapshot.fleet}: {len(list(self._leaves()))} certificates and {authorities} "
            f"CA{'s' if authorities != 1 else ''} in {len(self.snapshot.clusters)} clusters, "
            f"{len(self.wrong)} things wrong"
        )

    def _left(self, certificate: Certificate) -> str:
        left = (certificate.not_after - self.snapshot.taken).total_seconds()
        return span(left) if left > 0 else f"ended {span(-left)} ago"

    def _authorities(self) -> Iterator[tuple[Certificate, list[str]]]:
        """Give each CA once, with the clusters that have it."""
        found: dict[str, tuple[Certificate, list[str]]] = {}
        for cluster, each in _certificates(self.snapshot):
            if each.authority:
                clusters = found.setdefault(each.fingerprint, (each, []))[1]
                if cluster not in clusters:
                    clusters.append(cluster)
        yield from found.values()

    def _leaves(self) -> Iterator[tuple[str, Certificate]]:
        return ((cluster, each) for cluster, each in _certificates(self.snapshot) if not each.authority)


def certs_report(snapshot: Snapshot) -> CertsReport:
    """Judge the certificates by what was seen of them."""
    unseen = (
        Wrong(cluster=name, what="certificates", says=view.certificates.error)
        for name, view in snapshot.clusters.items()
        if view.certificates.failed
    )
    of_each = (
        Wrong(cluster=cluster, what=f"{each.secret.partition('/')[2]} {each.entry}", says=says)
        for cluster, each in _certificates(snapshot)
        for says in unsound(each, snapshot.taken)
    )
    # A CA stands in many Secrets, and is told of once.
    return CertsReport(snapshot=snapshot, wrong=(*unseen, *dict.fromkeys(of_each), *_distrust(snapshot)))


def unsound(certificate: Certificate, now: datetime) -> Iterator[str]:
    """Say what is wrong with a certificate by itself."""
    if now < certificate.not_before:
        yield f"{certificate.subject} holds only from {moment(certificate.not_before)}"
    left = certificate.not_after - now
    if left < timedelta(0):
        yield f"{certificate.subject} ended {span(-left.total_seconds())} ago"
    elif left < SOON:
        yield f"{certificate.subject} ends in {span(left.total_seconds())}"
    if not certificate.authority and not certificate.signed_by:
        yield f"{certificate.subject} is signed by none of the CAs beside it"


def _distrust(snapshot: Snapshot) -> Iterator[Wrong]:
    """Compare what each mesh API server and kvstoremesh shows with the CAs that those of the other clusters trust."""
    found = {name: view.certificates.get(()) for name, view in snapshot.clusters.items()}
    for shown, reader in ((_SERVER, _CLIENT), (_CLIENT, _SERVER)):
        for cluster, mine in found.items():
            for leaf in (each for each in mine if each.secret == shown and not each.authority):
                others = [
                    other
                    for other, theirs in found.items()
                    if other != cluster and (trusted := _authorities(theirs, reader)) and not _trusts(trusted, leaf)
                ]
                if others:
                    yield Wrong(
                        cluster=cluster,
                        what=leaf.secret.partition("/")[2],
                        says=f"{leaf.subject} is signed by a CA that {', '.join(others)} does not trust",
                    )


def _authorities(certificates: tuple[Certificate, ...], secret: str) -> list[Certificate]:
    return [each for each in certificates if each.authority and each.secret == secret]


def _trusts(authorities: list[Certificate], leaf: Certificate) -> bool:
    """Whether one of them signed it; one that was made anew with the same key counts as the same."""
    return any(
        each.fingerprint in leaf.signed_by or (each.key_id and each.key_id == leaf.issuer_key_id)
        for each in authorities
    )


def _certificates(snapshot: Snapshot) -> Iterator[tuple[str, Certificate]]:
    return ((name, each) for name, view in snapshot.clusters.items() for each in view.certificates.get(()))


def _certificate(cluster: str, found: Certificate) -> dict[str, Any]:
    return {
        "cluster": cluster,
        "secret": found.secret,
        "entry": found.entry,
        "subject": found.subject,
        "names": list(found.names),
        "issuer": found.issuer,
        "issuerKeyId": found.issuer_key_id,
        "fingerprint": found.fingerprint,
        "serial": found.serial,
        "notBefore": instant(found.not_before),
        "notAfter": instant(found.not_after),
        "signedBy": list(found.signed_by),
    }


def _short(fingerprint: str) -> str:
    return fingerprint[:_SHOWN]
