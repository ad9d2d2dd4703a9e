"""Network security groups and their rules, standalone or written inside the group."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from simulator.azure.arm import arm_kind, children, drop, group_id
from simulator.azure.naming import last_name, parent_id, same_id
from simulator.azure.subnet import not_while_associated
from simulator.kind import Duration, Inputs, Outputs, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.context import Context

GROUP: Final = "azure-native:network:NetworkSecurityGroup"
RULE: Final = "azure-native:network:SecurityRule"
NAME: Final = r"[a-zA-Z0-9]|[a-zA-Z0-9][\w.-]{0,78}\w"

_TAGS: Final = frozenset(
    [
        "internet",
        "virtualnetwork",
        "azureloadbalancer",
        "azurecloud",
        "azureactivedirectory",
        "azuremonitor",
        "azurekeyvault",
        "storage",
        "sql",
        "eventhub",
        "servicebus",
        "azurecontainerregistry",
        "gatewaymanager",
        "azuretrafficmanager",
        "azureresourcemanager",
    ]
)
_NEVER_IN_LISTS: Final = {"*", "internet", "virtualnetwork", "azureloadbalancer"}
_ADDRESSES: Final = (
    ("sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups"),
    ("destinationAddressPrefix", "destinationAddressPrefixes", "destinationApplicationSecurityGroups"),
)
_PORTS: Final = (("sourcePortRange", "sourcePortRanges"), ("destinationPortRange", "destinationPortRanges"))

_DEFAULTS: Final = (
    ("AllowVnetInBound", "Inbound", "Allow", 65000, "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", "Allow", 65001, "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Inbound", "Deny", 65500, "*", "*"),
    ("AllowVnetOutBound", "Outbound", "Allow", 65000, "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", "Allow", 65001, "*", "Internet"),
    ("DenyAllOutBound", "Outbound", "Deny", 65500, "*", "*"),
)


def rule_is_fit(rule: Mapping[str, Any], id_: str) -> None:
    """Refuse a rule that is wrong by itself."""
    if not re.fullmatch(NAME, last_name(id_)):
        raise Refused(
            "InvalidResourceName",
            f"Resource name {last_name(id_)} is invalid. The name can be up to 80 characters long. It must begin with a"
            " word character, and it must end with a word character or with '_'. The name may contain word"
            " characters or"
            " '.', '-', '_'.",
        )
    priority = rule.get("priority")
    if not isinstance(priority, int | float) or not 100 <= priority <= 4096:
        message = f"Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096."
        raise Refused("SecurityRuleInvalidPriority", message)
    if len(str(rule.get("description") or "")) > 140:
        raise Refused("SecurityRuleInvalidDescription", f"Description of rule {id_} is longer than 140 characters.")
    for single, several in _PORTS:
        _ports_are_fit(rule, single, several, id_)
    for single, several, groups in _ADDRESSES:
        _addresses_are_fit(rule, (single, several, groups), id_)


def _exactly_one(rule: Mapping[str, Any], names: Iterable[str], id_: str) -> None:
    given = [name for name in names if rule.get(name)]
    if not given:
        message = (
            f"Required security rule parameters are missing for security rule with Id: {id_}: {' or '.join(names)}."
        )
        raise Refused("SecurityRuleParametersMissing", message)  # own code
    if len(given) > 1:
        message = f"Security rule {id_} cannot have both {given[0]} and {given[1]}."
        raise Refused("SecurityRuleConflictingParameters", message)  # own code


def _ports_are_fit(rule: Mapping[str, Any], single: str, several: str, id_: str) -> None:
    _exactly_one(rule, (single, several), id_)
    listed = rule.get(several) or []
    for value in [rule[single]] if rule.get(single) else listed:
        if value == "*" and not listed:
            continue
        bounds = [int(part) for part in str(value).split("-") if re.fullmatch(r"\d{1,5}", part)]
        if (
            len(bounds) != len(str(value).split("-"))
            or len(bounds) > 2
            or bounds != sorted(bounds)
            or bounds[-1] > 65535
        ):
            raise Refused(
                "SecurityRuleInvalidPortRange",
                f"Security rule has invalid Port range. Value provided: {value}. Value should be an integer OR integer"
                " range with '-' delimiter. Valid range 0-65535.",
            )


def _addresses_are_fit(rule: Mapping[str, Any], names: tuple[str, str, str], id_: str) -> None:
    _exactly_one(rule, names, id_)
    single, several, _ = names
    listed = [str(value) for value in rule.get(several) or []]
    for value in listed:
        if value.casefold() in _NEVER_IN_LISTS:
            raise Refused(
                "SecurityRuleParameterContainsUnsupportedValue",
                f"Security rule parameter {several} for rule with Id {id_} cannot specify existing VIRTUALNETWORK,"
                f" INTERNET, AZURELOADBALANCER, '*' or system tags. Unsupported value used: {value}.",
            )
    for value in [str(rule[single])] if rule.get(single) else listed:
        if value == "*" or value.partition(".")[0].casefold() in _TAGS:
            continue
        try:
            ip_network(value, strict=True)
        except ValueError:
            message = f"Security rule {id_} has invalid Address prefix. Value provided: {value}"
            raise Refused("SecurityRuleInvalidAddressPrefix", message) from None


def _no_conflict(name: str, rule: Mapping[str, Any], others: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    for other, there in others:
        if there.get("priority") == rule.get("priority") and there.get("direction") == rule.get("direction"):
            raise Refused(
                "SecurityRuleConflict",
                f"Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and Direction."
                " To learn more, see aka.ms/nsgrules.",
            )


def _rule_fits(context: Context, inputs: Inputs) -> None:
    assert _RULE.make_id is not None  # noqa: S101 - every ARM kind has one
    id_ = _RULE.make_id(context, inputs)
    rule_is_fit(inputs, id_)
    neighbours = [record for record in children(context, RULE, parent_id(id_)) if not same_id(record.id, id_)]
    _no_conflict(last_name(id_), inputs, [(last_name(record.id), record.outputs) for record in neighbours])
    if len(neighbours) >= 1000:
        raise Refused("SecurityRulesLimitExceeded", f"{parent_id(id_)} cannot have more than 1000 rules.")  # own code


def _inline_rules_are_fit(context: Context, inputs: Inputs) -> None:
    group = group_id(context, str(inputs["resourceGroupName"]))
    own = f"{group}/providers/Microsoft.Network/networkSecurityGroups/{inputs['networkSecurityGroupName']}"
    rules = list(inputs.get("securityRules") or [])
    for index, rule in enumerate(rules):
        rule_is_fit(rule, f"{own}/securityRules/{rule.get('name', '')}")
        _no_conflict(str(rule["name"]), rule, [(str(other["name"]), other) for other in rules[:index]])


def _group_outputs(context: Context, inputs: Inputs) -> Outputs:
    rules = []
    for rule in inputs.get("securityRules") or []:
        id_ = f"{context.id}/securityRules/{rule['name']}"
        context.implicit(RULE, id_, {**rule, "type": "Microsoft.Network/networkSecurityGroups/securityRules"})
        rules.append({**rule, "id": id_, "provisioningState": "Succeeded"})
    if context.old is not None and inputs.get("securityRules") is not None:
        # ARM takes the list as the whole truth: a rule that it does not name is deleted.
        kept = [str(rule["id"]) for rule in rules]
        drop(
            context,
            [one for one in children(context, RULE, context.id) if not any(same_id(one.id, id_) for id_ in kept)],
        )
    defaults = [
        {
            "name": name,
            "id": f"{context.id}/defaultSecurityRules/{name}",
            "direction": direction,
            "access": access,
            "priority": priority,
            "protocol": "*",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": destination,
            "destinationPortRange": "*",
            "provisioningState": "Succeeded",
        }
        for name, direction, access, priority, source, destination in _DEFAULTS
    ]
    return {"defaultSecurityRules": defaults, **({"securityRules": rules} if rules else {})}


def _on_group_delete(context: Context) -> None:
    not_while_associated(
        "networkSecurityGroup.id", "InUseNetworkSecurityGroupCannotBeDeleted", "Network security group"
    )(context)
    assert context.old is not None  # noqa: S101 - the engine deletes what it has read
    drop(context, children(context, RULE, context.old.id))


_RULE = arm_kind(
    RULE,
    "Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}/securityRules/{securityRuleName}",
    parent=GROUP,
    location=False,
    tags=False,
    copies_name=True,
    admits=(_rule_fits,),
    duration=Duration(create=2, update=2, delete=11),
)
KINDS = (
    _RULE,
    arm_kind(
        GROUP,
        "Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}",
        name_pattern=NAME,
        admits=(_inline_rules_are_fit,),
        compute=_group_outputs,
        computed=("securityRules",),
        on_delete=_on_group_delete,
        duration=Duration(create=3, update=3, delete=11),
    ),
)
