"""Tags that every cloud resource has to carry, so that it has an owner and a payer."""

# ruff: noqa: D103 - the title of a rule is its docstring
from __future__ import annotations

from policies.checks import demand, each, mistyped
from policies.frameworks import MCSB
from policies.rule import Metadata, Resource, Results, Undecided, Violation
from policies.tags.taggable import taggable_types
from policies.values import Kind, View

REQUIRED = ("owner", "fleet", "cost-center")

AKS_CLUSTER = "azure-native:containerservice:ManagedCluster"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_MADE_BY_TEMPLATE = ("instance", "volume", "network-interface")


@Metadata(
    over=Resource,
    id="tags-complete",
    family="tags",
    title="Cloud resources carry owner, fleet and cost-center",
    severity="medium",
    frameworks=((MCSB, "AM-2"),),
    types=("*",),
    remediation="Give it the plan's tags; default tags of a provider are not seen here.",
    link="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
)
def tags_complete(resource: Resource) -> Results:
    if resource.type in taggable_types():
        yield from _complete(resource["tags"])


def _complete(tags: View) -> Results:
    if tags.unknown:
        yield Undecided(path=tags.path)
    elif tags.is_a(Kind.LIST):
        yield from _listed(tags)
    elif not tags.missing and not tags.is_a(Kind.OBJECT):
        yield mistyped(tags, Kind.OBJECT)
    else:
        for name in REQUIRED:
            yield from demand(tags.key(name), Kind.TEXT, lambda text: bool(text.strip()), "nobody would answer for it")


def _listed(tags: View) -> Results:
    """Autoscaling groups write a tag as an object with key and value."""
    values = {tag["key"].text(): tag["value"] for tag in tags.elements()}
    for name in REQUIRED:
        if name not in values:
            yield Violation(path=tags.path, message=f"lacks {name}: nobody would answer for it")
        else:
            yield from demand(values[name], Kind.TEXT, lambda text: bool(text.strip()), "nobody would answer for it")


@Metadata(
    over=Resource,
    id="tags-on-nodes",
    family="tags",
    title="Machines, disks and interfaces that a cluster makes carry the same tags",
    severity="medium",
    types=(LAUNCH_TEMPLATE, AKS_CLUSTER),
    remediation="Use tag_specifications for instance, volume and network-interface; tags on each agent pool.",
    link="https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
)
def tags_on_nodes(resource: Resource) -> Results:
    if resource.type == AKS_CLUSTER:
        yield from each(resource["agentPoolProfiles"], lambda pool: _complete(pool["tags"]))
        return
    specifications = resource["tagSpecifications"]
    yield from each(specifications, lambda one: _complete(one["tags"]), why="what EC2 makes from it would be nobody's")
    kinds = [one["resourceType"] for one in specifications.elements()]
    if kinds and not any(kind.unknown for kind in kinds):
        lacking = [kind for kind in _MADE_BY_TEMPLATE if kind not in [one.text() for one in kinds]]
        if lacking:
            yield Violation(path=specifications.path, message=f"lacks {', '.join(lacking)}")
