"""The result of ``hms link test``, as tables, JSON and JUnit.

JSON, version 1::

    {"v": 1, "good": bool, "seconds": float, "sealedPackets": int, "clearOctets": int, "assumed": [text, ...],
     "tunnels": [{"name", "good", "ike", "esp", "rekeyed", "bgp": [aws, azure], "awsLearned", "azureLearned", "ping",
                  "lacks", "told", "causes": [{"stage", "resource", "property", "other", "told", "change"}, ...]}, ...],
     "networks": [{"aws", "azure", "good", "paths": [aws, azure], "used": [there, back], "ping": [there, back],
                   "largest", "wrong", "causes"}, ...]}

Fields may be added; none changes its meaning or goes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ops.services.tables import Table

if TYPE_CHECKING:
    from lab.link.judge import Between, Judgement, Verdict

WITHOUT = (
    "not shown: the clouds' own firmware, ESP without NAT traversal, packets over 1,400 octets, throughput, "
    "what the clouds' APIs refuse"
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A tested link.

    Parameters
    ----------
    up
        Seconds until all was up, or nothing more came up.
    assumed
        What only the update will tell.
    """

    judgement: Judgement
    seconds: float
    up: float
    sealed: int
    assumed: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return self.judgement.good

    @property
    def summary(self) -> str:
        """Say it in a line."""
        verdicts = self.judgement.verdicts
        up = sum(not one.shown for one in verdicts)
        loose = sum(not one.shown and bool(one.causes) for one in verdicts)
        also = f", {loose} of them with something wrong in the plan" if loose else ""
        clear = "nothing in the clear" if not self.judgement.clear else f"{self.judgement.clear} octets IN THE CLEAR"
        outside = f"{clear} outside ({self.sealed} sealed packets)"
        return f"{up} of {len(verdicts)} tunnels up after {self.up:.1f} s{also}; {outside}"

    def tables(self) -> tuple[Table, ...]:
        """Give tunnels, networks, and what is wrong."""
        tables = (
            Table(
                title="Tunnels",
                head=("tunnel", "IKE", "ESP", "after new keys", "BGP", "AWS learns", "Azure learns", "ping"),
                rows=tuple(map(_tunnel_row, self.judgement.verdicts)),
            ),
            Table(
                title="Networks",
                head=("AWS", "Azure", "paths", "tunnels used", "ping", "largest packet"),
                rows=tuple(map(_network_row, self.judgement.between)),
            ),
            Table(title="What is wrong", head=("where", "seen", "in the plan", "change"), rows=tuple(self._wrong())),
        )
        return tuple(table for table in tables if table.rows)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "v": 1,
            "good": self.good,
            "seconds": round(self.seconds, 1),
            "sealedPackets": self.sealed,
            "clearOctets": self.judgement.clear,
            "assumed": list(self.assumed),
            "tunnels": [
                {
                    "name": one.tunnel.name,
                    "good": one.good,
                    "ike": one.seen.ike,
                    "esp": one.seen.esp,
                    "rekeyed": one.seen.rekeyed,
                    "bgp": list(one.seen.bgp),
                    "awsLearned": list(one.seen.aws_learned),
                    "azureLearned": list(one.seen.azure_learned),
                    "ping": one.seen.ping,
                    "lacks": one.shown,
                    "told": one.told,
                    "causes": [asdict(cause) for cause in one.causes],
                }
                for one in self.judgement.verdicts
            ],
            "networks": [
                {
                    **asdict(one.seen),
                    "good": one.good,
                    "wrong": list(one.wrong),
                    "causes": [asdict(cause) for cause in one.causes],
                }
                for one in self.judgement.between
            ],
        }

    def as_junit(self) -> str:
        """Write a case for each tunnel and each pair of networks."""
        suite = ET.Element("testsuite", {"name": "link", "time": f"{self.seconds:.3f}"})
        for verdict in self.judgement.verdicts:
            told = [*([verdict.told] if verdict.told else []), *map(str, verdict.causes)]
            _case(suite, "link.tunnel", verdict.tunnel.name, told)
        for one in self.judgement.between:
            _case(suite, "link.network", f"{one.seen.aws} to {one.seen.azure}", [*one.wrong, *map(str, one.causes)])
        clear = [f"{self.judgement.clear} octets in the clear"] if self.judgement.clear else []
        _case(suite, "link.outside", "nothing in the clear", clear)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        ET.indent(suite)
        return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"

    def _wrong(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for verdict in self.judgement.verdicts:
            rows += _wrong_rows(verdict.tunnel.name, verdict.told, verdict)
        for one in self.judgement.between:
            rows += _wrong_rows(f"{one.seen.aws} to {one.seen.azure}", "; ".join(one.wrong), one)
        return rows


def _wrong_rows(where: str, seen: str, one: Verdict | Between) -> list[tuple[str, ...]]:
    if one.good:
        return []
    if not one.causes:
        return [(where, seen, "nothing of its own", "mend its tunnels first; if they are up, report this")]
    return [
        (
            where if not number else "",
            (seen or "up all the same") if not number else "",
            f"{cause.resource}: {cause.property} {cause.told}" + (f" (against {cause.other})" if cause.other else ""),
            cause.change,
        )
        for number, cause in enumerate(one.causes)
    ]


def _tunnel_row(one: Verdict) -> tuple[str, ...]:
    seen = one.seen
    sessions = seen.bgp[0] if len(set(seen.bgp)) == 1 else " / ".join(seen.bgp)
    return (
        one.tunnel.name,
        seen.ike or "none",
        seen.esp or "none",
        seen.rekeyed or "none",
        sessions,
        ", ".join(seen.aws_learned) or "nothing",
        ", ".join(seen.azure_learned) or "nothing",
        "answers" if seen.ping else "none",
    )


def _network_row(one: Between) -> tuple[str, ...]:
    seen = one.seen
    return (
        seen.aws,
        seen.azure,
        f"{seen.paths[0]} from AWS, {seen.paths[1]} instances from Azure",
        f"{seen.used[0]} there, {seen.used[1]} back",
        "both ways" if all(seen.ping) else "none",
        str(seen.largest) if seen.largest else "none",
    )


def _case(suite: ET.Element, kind: str, name: str, wrong: list[str]) -> None:
    case = ET.SubElement(suite, "testcase", {"classname": kind, "name": name})
    if wrong:
        ET.SubElement(case, "failure", {"message": wrong[0], "type": "failed"}).text = "\n".join(wrong)
