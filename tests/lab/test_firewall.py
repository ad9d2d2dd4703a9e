from __future__ import annotations

from pathlib import Path

import pytest

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.network.firewall import link_rules, site_rules, together
from lab.plan import plan_lab

PLAN = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath")


@pytest.fixture(scope="module")
def rules() -> list[str]:
    return link_rules(PLAN, PLAN.links["aws-azure"], overlay_port=8472).splitlines()


def test_what_no_opening_names_is_dropped(rules: list[str]) -> None:
    assert ":FORWARD DROP [0:0]" in rules
    # 10250 is a kubelet's, 443 an API server's: no cluster needs another cloud's.
    assert not [rule for rule in rules if "10250" in rule or "dport 443" in rule]


def test_fragments_are_dropped_before_anything_is_let_through(rules: list[str]) -> None:
    first = next(rule for rule in rules if rule.startswith("-A"))
    assert first == "-A FORWARD -f -j DROP"


def test_nobody_is_told_that_a_packet_was_too_large(rules: list[str]) -> None:
    told = "-A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP"
    assert told in rules
    assert told in site_rules(internet="internet", links="link").splitlines()


def test_the_overlay_passes_on_the_port_that_it_has_in_the_lab(rules: list[str]) -> None:
    overlay = [rule for rule in rules if "8472" in rule]
    assert len(overlay) == 4, "each way there and back"
    assert not [rule for rule in rules if "6081" in rule]


def test_the_mesh_api_servers_are_reached_from_the_other_sites_nodes_alone(rules: list[str]) -> None:
    mesh = [rule for rule in rules if "--dport 2379" in rule]
    sources = {rule.split(" -s ")[1].split()[0] for rule in mesh}
    assert sources == {"10.16.0.0/17", "10.17.0.0/17"}


def test_a_site_lets_nothing_in_from_outside_and_takes_no_fragments_from_links() -> None:
    rules = site_rules(internet="internet", links="link").splitlines()
    assert "-A FORWARD -i internet -j DROP" in rules
    assert "-A FORWARD -i link+ -f -j DROP" in rules


def test_the_rules_of_several_links_make_one_table(rules: list[str]) -> None:
    text = "\n".join(rules)
    assert together([text, text]).splitlines() == [line for line in rules if line]
