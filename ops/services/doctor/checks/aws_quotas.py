"""Quotas of AWS, region by region, against what the fleet takes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ops.adapters.doctor_ports import Kind
from ops.errors import MissingError
from ops.services.doctor.finding import Check, Finding, Probe
from ops.services.doctor.needs import Nodes
from ops.services.doctor.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.adapters.doctor_ports import Thing
    from ops.services.doctor.case import Case
    from ops.services.doctor.needs import AwsNeeds


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """A quota that counts things of a kind. Codes are those of Service Quotas, the same in every account."""

    kind: Kind
    name: str
    service: str
    code: str
    need: Callable[[AwsNeeds], int]
    why: str


_COUNTED = (
    _Counted(
        kind=Kind.VPC, name="VPCs", service="vpc", code="L-F678F1CE", need=lambda it: it.vpcs, why="one for each site"
    ),
    _Counted(
        kind=Kind.INTERNET_GATEWAY,
        name="internet gateways",
        service="vpc",
        code="L-A4707A72",
        need=lambda it: it.vpcs,
        why="one for each site",
    ),
    _Counted(
        kind=Kind.ADDRESS,
        name="elastic IP addresses",
        service="ec2",
        code="L-0263D0A3",
        need=lambda it: it.addresses,
        why="one for the NAT gateway of each zone of a site",
    ),
    _Counted(
        kind=Kind.PRIVATE_GATEWAY,
        name="virtual private gateways",
        service="ec2",
        code="L-7029FAB6",
        need=lambda it: it.private_gateways,
        why="one for each site with links to the other cloud",
    ),
    _Counted(
        kind=Kind.TRANSIT_GATEWAY,
        name="transit gateways",
        service="ec2",
        code="L-A2478D36",
        need=lambda it: it.transit_gateways,
        why="one for each site that asks for it",
    ),
    _Counted(
        kind=Kind.CUSTOMER_GATEWAY,
        name="customer gateways",
        service="ec2",
        code="L-4FB7FF5D",
        need=lambda it: it.customer_gateways,
        why="one for each of the two addresses of an Azure gateway",
    ),
    _Counted(
        kind=Kind.CONNECTION,
        name="VPN connections",
        service="ec2",
        code="L-3E6EC3A3",
        need=lambda it: it.connections,
        why="two for each link",
    ),
)

_NAT_GATEWAYS = "L-FE5A380F"
_STANDARD = "L-1216C47A"
_CPUS = {
    "dl": "L-6E869C2A",
    "f": "L-74FC7D96",
    "g": "L-DB2E81BA",
    "gr": "L-DB2E81BA",
    "hpc": "L-F7808C92",
    "inf": "L-1945791B",
    "p": "L-417A185B",
    "trn": "L-2C3B7624",
    "u-": "L-43DA4232",
    "vt": "L-DB2E81BA",
    "x": "L-7295265B",
}
"""Quota of the vCPUs of on-demand instances by the beginning of a type; all others are standard ones."""


def cpu_quota(size: str) -> str:
    """Give the code of the quota that the vCPUs of an instance type count on: ``m6i.xlarge`` is a standard one."""
    family = re.match(r"u-|[a-z]+", size)
    return _CPUS.get(family[0] if family else "", _STANDARD)


def _probes(case: Case) -> Iterator[Probe]:
    for needs in case.aws_needs:
        region = needs.region
        for counted in _COUNTED:
            if counted.need(needs):
                yield Probe(
                    subject=f"{region}: {counted.name}",
                    look=partial(_things, case, needs, counted),
                )
        if needs.zones:
            yield Probe(subject=f"{region}: NAT gateways", look=partial(_nat_gateways, case, needs))
        if needs.nodes:
            yield Probe(subject=f"{region}: vCPUs", look=partial(_cpus, case, needs))


def _things(case: Case, needs: AwsNeeds, counted: _Counted) -> Finding:
    need = counted.need(needs)
    return Quota(
        subject=f"{needs.region}: {counted.name}",
        limit=_limit(case, needs.region, counted.service, counted.code),
        used=len(_others(case, case.aws.things(needs.region, counted.kind))),
        start=need,
        most=need,
        raised=_raise(needs.region, counted.service, counted.code),
        why=counted.why,
    ).judged()


def _nat_gateways(case: Case, needs: AwsNeeds) -> list[Finding]:
    limit = _limit(case, needs.region, "vpc", _NAT_GATEWAYS)
    used = Counter(thing.zone for thing in _others(case, case.aws.things(needs.region, Kind.NAT_GATEWAY)))
    return [
        Quota(
            subject=f"{needs.region}: NAT gateways in {zone}",
            limit=limit,
            used=used[zone],
            start=need,
            most=need,
            raised=_raise(needs.region, "vpc", _NAT_GATEWAYS),
            why="one for each site in the zone",
        ).judged()
        for zone, need in needs.zones.items()
    ]


def _cpus(case: Case, needs: AwsNeeds) -> list[Finding]:
    types = case.aws.instance_types(needs.region, needs.nodes)
    used: Counter[str] = Counter()
    for instance in case.aws.running(needs.region):
        if instance.fleet != case.plan.name:
            used[cpu_quota(instance.size)] += instance.cpus
    wanted: dict[str, Nodes] = {}
    for size, nodes in needs.nodes.items():
        if size in types:  # one that the region does not have is told by the check of sizes
            cpus = types[size].cpus
            more = Nodes(start=nodes.start * cpus, most=nodes.most * cpus)
            wanted[cpu_quota(size)] = wanted.get(cpu_quota(size), Nodes(start=0, most=0)) + more
    return [
        Quota(
            subject=f"{needs.region}: vCPUs of {', '.join(size for size in needs.nodes if cpu_quota(size) == code)}",
            limit=_limit(case, needs.region, "ec2", code),
            used=used[code],
            start=nodes.start,
            most=nodes.most,
            raised=_raise(needs.region, "ec2", code),
            why="nodes: as many as the pools begin with, later as many as they may grow to, and an upgrade's",
        ).judged()
        for code, nodes in wanted.items()
    ]


def _limit(case: Case, region: str, service: str, code: str) -> int:
    quotas = case.aws.quotas(region, service)
    if code not in quotas:
        raise MissingError(
            f"Service Quotas of {region} has no quota {code}",
            f"aws service-quotas get-service-quota --region {region} --service-code {service} --quota-code {code}",
        )
    return int(quotas[code])


def _others(case: Case, things: tuple[Thing, ...]) -> list[Thing]:
    """Leave out what the fleet has already, after a deployment that stopped half way."""
    return [thing for thing in things if thing.fleet != case.plan.name]


def _raise(region: str, service: str, code: str) -> Callable[[int], str]:
    return lambda limit: (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code {service} "
        f"--quota-code {code} --desired-value {limit}"
    )


CHECK = Check(
    name="aws-quotas",
    why="AWS refuses what is over a quota in the middle of a deployment, and raises it in hours to days",
    probes=_probes,
)
