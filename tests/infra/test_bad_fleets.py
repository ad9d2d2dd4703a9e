"""Every mistake that a fleet file can hold: its own message, at its own line. A row that passes is a hole."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.load import load_fleet, parse_fleet
from infra.problems import FleetRefusedError, Problem

DEV = Path("fleets/dev.yaml").read_text(encoding="utf-8")

SMALL = """\
name: small
tags: {owner: me, costCenter: none}
sites:
  east:
    cloud: aws
    region: us-east-1
    cidr: 10.16.0.0/16
  west:
    cloud: aws
    region: us-west-2
    cidr: 10.18.0.0/16
links:
  - sites: [east, west]
clusters:
  east-1:
    site: east
    id: 1
  west-1:
    site: west
    id: 2
components:
  api:
    image: example.org/api:1
    clusters: [east-1]
    port: 8080
"""
"""Two sites of one cloud, joined by peering."""


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(FleetRefusedError) as caught:
        parse_fleet(text, "fleet.yaml")
    return caught.value.problems


def line_of(text: str, marker: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if marker in line)


# (name, base, what is replaced, by what, text that stands in the line to be named, part of the message, part of the fix)
MISTAKES = [
    ("no yaml", DEV, "sites:\n", "sites: [\n", "cloud: aws", "is no YAML", "valid YAML"),
    ("a field twice", DEV, "  azure-1:\n    site", "  aws-1:\n    site", "  aws-1:\n", "stands twice", "one entry"),
    ("a name that is a number", DEV, "  dev:\n    image", "  7:\n    image", "components:", "is not text", "quotes"),
    ("unknown field", DEV, "costCenter", "cost_center", "cost_center", "no field 'cost_center'", "costCenter"),
    ("missing field", DEV, "    id: 2\n", "", "azure-1:", "'id' is missing", "id:"),
    ("missing name", DEV, "name: dev\n", "", "tags:", "'name' is missing", "name: dev"),
    ("unknown cloud", DEV, "cloud: azure", "cloud: gcp", "  azure:", "'gcp' is not known", "'aws', 'azure'"),
    ("number for text", DEV, '"1.35"', "1.35", "kubernetes: 1.35", "1.35 is a number", 'kubernetes: "1.35"'),
    ("text for a number", DEV, "id: 2", "id: two", "id: two", "'two' is not a whole number", "a whole number"),
    ("no list", DEV, "clusters: [aws-1]", "clusters: aws-1", "clusters: aws-1", "is not a list", "a list"),
    ("bad cluster name", DEV, "  azure-1:\n    site", "  Azure_1:\n    site", "  Azure_1:", "badly formed", "lower-case"),
    ("long cluster name", DEV, "  azure-1:\n    site", f"  {'a' * 33}:\n    site", "a" * 33, "33 characters", "shorter"),
    ("default", DEV, "  azure-1:\n    site", "  default:\n    site", "  default:", "refuses the name", "another name"),
    ("bad fleet name", DEV, "name: dev", "name: Dev!", "name: Dev!", "badly formed", "lower-case"),
    ("no range", DEV, "cidr: 10.17.0.0/16", "cidr: ten", "cidr: ten", "not an IPv4 range", "10.16.0.0/16"),
    ("host bits", DEV, "cidr: 10.17.0.0/16", "cidr: 10.17.1.0/16", "10.17.1.0/16", "bits set", "10.17.0.0/16"),
    ("sites overlap", DEV, "cidr: 10.17.0.0/16", "cidr: 10.16.128.0/17", "10.16.128.0/17", "overlaps site 'aws'", "free"),
    ("site in the pods", DEV, "cidr: 10.17.0.0/16", "cidr: 10.129.0.0/16", "cidr: 10.129", "overlaps pods of", "free"),
    ("site in the services", DEV, "cidr: 10.17.0.0/16", "cidr: 10.64.0.0/16", "cidr: 10.64", "services of", "free"),
    ("site too wide", DEV, "cidr: 10.17.0.0/16", "cidr: 10.32.0.0/12", "10.32.0.0/12", "too wide", "/16 to /20"),
    ("site too narrow", DEV, "cidr: 10.17.0.0/16", "cidr: 10.17.0.0/24", "10.17.0.0/24", "too narrow", "/16 to /20"),
    ("public site", DEV, "cidr: 10.17.0.0/16", "cidr: 11.17.0.0/16", "11.17.0.0/16", "no private range", "10.16.0.0/16"),
    ("reserved by aks", DEV, "cidr: 10.17.0.0/16", "cidr: 172.30.0.0/16", "172.30", "reserved by AKS", "10.0.0.0/8"),
    ("docker bridge", DEV, "cidr: 10.17.0.0/16", "cidr: 172.17.0.0/16", "172.17", "container engines", "10.0.0.0/8"),
    ("tunnels", DEV, "    id: 2\n", "    id: 2\n    podCidr: 169.254.0.0/17\n", "podCidr", "tunnels' own", "planned"),
    ("pods overlap", DEV, "    id: 2\n", "    id: 2\n    podCidr: 10.128.128.0/17\n", "podCidr", "pods of 'aws-1'", "free"),
    ("pods in a site", DEV, "    id: 2\n", "    id: 2\n    podCidr: 10.16.0.0/17\n", "podCidr", "site 'aws'", "planned"),
    ("services public", DEV, "    id: 2\n", "    id: 2\n    serviceCidr: 11.0.0.0/20\n", "serviceCidr", "EKS", "planned"),
    ("services wide", DEV, "    id: 2\n", "    id: 2\n    serviceCidr: 10.32.0.0/12\n", "serviceCidr", "/12 is ref", "/13"),
    ("few pods", DEV, "    id: 2\n", "    id: 2\n    podCidr: 10.120.0.0/23\n", "podCidr", "for 2 nodes", "/22"),
    ("id twice", DEV, "id: 2", "id: 1", "id: 1\n", "id 1 is that of cluster 'aws-1' too", "id: 2"),
    ("id 0", DEV, "id: 2", "id: 0", "id: 0", "out of range", "from 1 to 255, such as 2"),
    ("id 256", DEV, "id: 2", "id: 256", "id: 256", "out of range", "from 1 to 255"),
    ("id without address", DEV.replace("10.17.0.0/16", "10.17.0.0/20"), "id: 2", "id: 59", "id: 59", "ids up to 58", "wider"),
    ("no such site", DEV, "site: azure\n", "site: azur\n", "site: azur\n", "there is no site 'azur'", "azure"),
    ("old kubernetes", DEV, '"1.35"', '"1.24"', '"1.24"', "'1.24' is not offered", "1.35"),
    ("kubernetes patch", DEV, '"1.35"', '"1.35.2"', '"1.35.2"', "is not offered", '"1.35"'),
    ("asn of azure", DEV, "    cidr: 10.17.0.0/16", "    asn: 65515\n    cidr: 10.17.0.0/16", "asn", "by Azure", "planned"),
    ("asn of iana", DEV, "    cidr: 10.17.0.0/16", "    asn: 64500\n    cidr: 10.17.0.0/16", "asn", "by IANA", "planned"),
    ("public asn", DEV, "    cidr: 10.16.0.0/16", "    asn: 3320\n    cidr: 10.16.0.0/16", "asn", "private ASNs", "64512"),
    ("asn twice", DEV, "    cidr: 10.17.0.0/16", "    asn: 64528\n    cidr: 10.17.0.0/16", "asn", "site 'aws' too", "65056"),
    ("old gateway", DEV, "VpnGw2AZ", "VpnGw2", "size: VpnGw2", "can no longer be created", "VpnGw2AZ"),
    ("basic gateway", DEV, "VpnGw2AZ", "Basic", "size: Basic", "no BGP", "VpnGw1AZ"),
    ("no gateway", DEV, "VpnGw2AZ", "VpnGw9AZ", "size: VpnGw9AZ", "is no gateway size", "VpnGw1AZ"),
    ("gateway of the other cloud", DEV, "size: VpnGw2AZ", "kind: transit-gateway", "kind:", "is not known", "vpn-gateway"),
    ("bad region", DEV, "region: us-east-1", "region: Virginia", "region: Virginia", "badly formed", "text that"),
    ("zone elsewhere", DEV, "region: us-east-1", "region: us-east-1\n    zones: [us-east-1a, us-east-1b, eu-west-1a]",
     "zones", "is no zone of us-east-1", "us-east-1a"),
    ("zone twice", DEV, "region: us-east-1", "region: us-east-1\n    zones: [us-east-1a, us-east-1a, us-east-1b]",
     "zones", "a zone stands twice", "three different"),
    ("no link", DEV, "links:\n  - sites: [aws, azure]", "links: []", "links:", "no link joins their sites", "[aws, azure]"),
    ("link to nowhere", DEV, "sites: [aws, azure]", "sites: [aws, azur]", "sites: [aws", "no site 'azur'", "azure"),
    ("link to itself", SMALL, "sites: [east, west]", "sites: [east, east]", "sites: [east", "with itself", "different"),
    ("link twice", DEV, "  - sites: [aws, azure]", "  - sites: [aws, azure]\n  - sites: [azure, aws]", "[azure, aws]",
     "a second time", "one link"),
    ("slot 32", DEV, "sites: [aws, azure]", "sites: [aws, azure]\n    slot: 32", "slot", "out of range", "31 or less"),
    ("slot of a peering", SMALL, "sites: [east, west]", "sites: [east, west]\n    slot: 1", "slot", "no tunnels", "leave"),
    ("eni on azure", DEV, "profile: overlay", "profile: eni", "profile: eni", "on Azure are azure-1", "overlay"),
    ("azure ipam", DEV, "profile: overlay", "profile: azure", "profile: azure", "is not known", "'overlay' or 'eni'"),
    ("eni id", SMALL.replace("sites:\n  east", "mesh: {profile: eni}\nsites:\n  east"), "id: 2", "id: 200", "id: 200",
     "issue 21330", "1 to 127"),
    ("eni in the clear", SMALL, "sites:\n  east", "mesh: {profile: eni, encryption: {type: none, reason: because we can}}"
     "\nsites:\n  east", "mesh:", "every pod port", "wireguard"),
    ("old cilium", DEV, "cilium: 1.19.6", "cilium: 1.18.9", "cilium: 1.18.9", "not supported", "1.19.6"),
    ("cilium mtu bug", DEV, "cilium: 1.19.6", "cilium: 1.19.3", "cilium: 1.19.3", "MTU wrongly", "1.19.5"),
    ("no cilium", DEV, "cilium: 1.19.6", "cilium: latest", "cilium: latest", "no release", "1.19.6"),
    ("mtu", DEV, "profile: overlay", "profile: overlay\n  mtu: 1500", "mtu: 1500", "IPsec tunnel", "1400"),
    ("mtu small", DEV, "profile: overlay", "profile: overlay\n  mtu: 900", "mtu: 900", "too few", "1280 to 1400"),
    ("max clusters", DEV, "profile: overlay", "profile: overlay\n  maxClusters: 300", "maxClusters", "not offered", "511"),
    ("in the clear", DEV, "profile: overlay", "profile: overlay\n  encryption: {type: none}", "encryption",
     "'reason' is missing", "reason:"),
    ("pool min", DEV, "    id: 2\n", "    id: 2\n    nodePools: {system: {min: 5, max: 2}}\n", "nodePools", "more than max",
     "min: 2"),
    ("pool name", DEV, "    id: 2\n", "    id: 2\n    nodePools: {my-pool: {}}\n", "nodePools", "badly formed", "digits"),
    ("pool size", DEV, "    id: 2\n", "    id: 2\n    nodePools: {system: {size: m6i.large}}\n", "nodePools", "other cloud",
     "Standard_D4s_v5"),
    ("many nodes", DEV, "    id: 2\n", "    id: 2\n    nodePools: {system: {max: 500}}\n", "nodePools", "grow to 500", "/15"),
    ("latest image", DEV, "etl:1.0.0", "etl:latest", "etl:latest", "does not name one version", "/etl:1.0.0"),
    ("image without tag", DEV, "hms-project/etl:1.0.0", "hms-project/etl", "hms-project/etl", "'ghcr.io/hms-project/etl' does",
     "hms-project/etl:1.0.0"),
    ("image of a port", DEV, "ghcr.io/hms-project/etl:1.0.0", "hub:5000/etl", "hub:5000/etl", "not name one", "hub:5000/etl:1.0.0"),
    ("short digest", DEV, "etl:1.0.0", "etl@sha256:0123", "etl@sha256:0123", "not name one version", "/etl:1.0.0"),
    ("image without name", DEV, "ghcr.io/hms-project/etl:1.0.0", '":1.0.0"', '":1.0.0"', "':1.0.0' does not", "registry/name:1.0.0"),
    ("low port", DEV, "port: 8087", "port: 80", "port: 80\n", "out of range", "1024 or more"),
    ("no such cluster", DEV, "clusters: [azure-1]\n    port: 8087", "clusters: [azur-1]\n    port: 8087", "azur-1",
     "no cluster 'azur-1'", "azure-1"),
    ("cluster twice", DEV, "clusters: [aws-1, azure-1]", "clusters: [aws-1, azure-1, aws-1]", "azure-1, aws-1", "stands twice",
     "each cluster once"),
    ("critical alone", DEV, "clusters: [aws-1, azure-1]", "clusters: [aws-1]", "critical", "on two sites", "[aws-1, azure-1]"),
    ("sys", DEV, "  etl:\n    image", "  sys:\n    image", "  sys:", "is Cilium itself", "leave it out"),
    ("flow to nobody", DEV, "{from: etl, to: doc}", "{from: etl, to: dox}", "dox", "no component 'dox'", "doc"),
    ("flow from nobody", DEV, "{from: etl, to: doc}", "{from: eti, to: doc}", "eti", "no component 'eti'", "etl"),
    ("flow to itself", DEV, "{from: etl, to: doc}", "{from: etl, to: etl}", "to: etl}", "calls itself", "two components"),
    ("flow twice", DEV, "{from: etl, to: doc}", "{from: dev, to: api}", "{from: dev", "stands twice", "once"),
    ("flow without way", DEV, "    id: 2\n", "    id: 2\n    meshed: false\n", "{from: cdf, to: nfo}", "no mesh", "meshed: true"),
    ("world admin", DEV, "[203.0.113.0/24]", "[0.0.0.0/0]", "0.0.0.0/0", "to the world", "offices"),
    ("half a world", DEV, "[203.0.113.0/24]", "[128.0.0.0/1]", "128.0.0.0/1", "to the world", "offices"),
    ("private admin", DEV, "[203.0.113.0/24]", "[10.0.0.0/8]", "10.0.0.0/8]", "is private", "come from"),
    ("tag of azure", DEV, "  costCenter: hms-dev", "  costCenter: hms-dev\n  extra: {a/b: c}", "extra", "Azure refuses", "digits"),
    ("own tag", DEV, "  costCenter: hms-dev", "  costCenter: hms-dev\n  extra: {fleet: c}", "extra", "fleet itself", "another"),
    ("aws tag", DEV, "  costCenter: hms-dev", "  costCenter: hms-dev\n  extra: {'aws:x': c}", "extra", "clouds keep", "another"),
    ("eips", SMALL, "region: us-west-2", "region: us-east-1", "region: us-east-1", "elastic addresses", "addressesPerRegion: 6"),
    ("two zones", SMALL, "region: us-west-2", "region: us-west-1", "region: us-west-1", "offers two zones", "us-west-2"),
    ("one customer gateway", DEV.replace("  azure:\n", "  aws2: {cloud: aws, region: us-east-1, cidr: 10.30.0.0/16}\n  azure:\n", 1),
     "  - sites: [aws, azure]", "  - sites: [aws, azure]\n  - sites: [azure, aws2]", "[azure, aws2]", "share one customer gateway",
     "another region"),
    ("state size", DEV, "size: 20Gi", "size: big", "size: big", "badly formed", "20Gi"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "old", "new", "marker", "message", "fix"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_mistake_is_told_at_its_line(base: str, old: str, new: str, marker: str, message: str, fix: str) -> None:
    assert old in base
    # The last place, so that the entry of azure-1 (the later one) is the one with the mistake.
    head, _, tail = base.rpartition(old)
    text = head + new + tail
    problems = refused(text)
    matching = [problem for problem in problems if message in problem.message and fix in problem.fix]
    assert matching, "\n".join(map(str, problems))
    lines = {number for number, line in enumerate(text.splitlines(keepends=True), 1) if marker in line}
    assert {problem.line for problem in matching} & lines, (lines, *map(str, problems))


def test_every_mistake_has_its_own_message() -> None:
    assert len({(row[4], row[5], row[6]) for row in MISTAKES}) == len(MISTAKES) >= 40


def test_bases_are_good() -> None:
    parse_fleet(DEV, "dev")
    parse_fleet(SMALL, "small")


@pytest.mark.parametrize(
    "image", ["hub:5000/etl:1", f"etl@sha256:{'0' * 64}", f"hub:5000/a/etl:latest@sha256:{'a' * 64}"]
)
def test_a_tag_or_a_digest_is_a_version(image: str) -> None:
    parse_fleet(DEV.replace("ghcr.io/hms-project/etl:1.0.0", image), "dev")


def test_all_mistakes_of_a_file_at_once_in_its_order() -> None:
    text = (
        DEV.replace("cidr: 10.17.0.0/16", "cidr: 10.16.0.0/17")
        .replace("id: 2", "id: two")
        .replace("to: doc}", "to: x}")
    )
    problems = refused(text)
    assert [problem.field for problem in problems] == [
        "sites.azure.cidr",
        "clusters.azure-1.id",
        "flows[8].to",
        "flows[10].to",
    ]


def test_an_entry_with_a_mistake_still_counts_as_declared() -> None:
    assert {problem.field for problem in refused(DEV.replace("port: 8080", "port: 80"))} == {"components.api.port"}


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(FleetRefusedError, match="cannot be read"):
        load_fleet(tmp_path / "none.yaml")


@pytest.mark.parametrize("text", ["", "[]", "just text", "a: &a [*a]", "\x00", "- - -", "{"])
def test_no_fleet_at_all(text: str) -> None:
    assert refused(text)
