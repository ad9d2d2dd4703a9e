"""Data sources: what the program may ask AWS without making anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simulator.aws import regions, tokens
from simulator.aws.eks_addons import ADDONS
from simulator.aws.kms import CALLER
from simulator.kind import Invoke, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.context import Context
    from simulator.kind import Inputs, Outputs


def _region(context: Context, arguments: Inputs) -> str:
    found = str(arguments.get("region") or arguments.get("name") or context.region)
    if found not in regions.ZONE_LETTERS:
        raise Refused("InvalidParameterValue", f"invalid AWS Region: {found}")
    return found


def _caller(context: Context, _: Inputs) -> Outputs:
    arn = CALLER.format(account=context.account)
    return {"accountId": context.account, "arn": arn, "userId": f"AIDA{'SIMULATED':0<17}", "id": context.account}


def _get_region(context: Context, arguments: Inputs) -> Outputs:
    region = _region(context, arguments)
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _partition(context: Context, _: Inputs) -> Outputs:
    found = regions.partition(context.region)
    return {"id": found, "partition": found, "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _zones(context: Context, arguments: Inputs) -> Outputs:
    region = _region(context, arguments)
    excluded = set(arguments.get("excludeNames") or ())
    found = [zone for zone in regions.zones(region) if zone not in excluded]
    return {
        "id": region,
        "region": region,
        "names": found,
        "zoneIds": [regions.zone_id(zone) for zone in found],
        "groupNames": [region],
        "state": arguments.get("state"),
    }


_FIELDS = {
    "sid": "Sid",
    "effect": "Effect",
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def _one_or_many(values: list[Any]) -> object:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _statement(given: Inputs) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": given.get("effect") or "Allow"}
    for name, field in _FIELDS.items():
        value = given.get(name)
        if value:
            found[field] = _one_or_many(list(value)) if isinstance(value, list) else value
    for name, field in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        pairs = {str(one["type"]): _one_or_many(list(one["identifiers"])) for one in given.get(name) or ()}
        if pairs:
            found[field] = "*" if pairs == {"*": "*"} else pairs
    for condition in given.get("conditions") or ():
        tests = found.setdefault("Condition", {}).setdefault(str(condition["test"]), {})
        tests[str(condition["variable"])] = _one_or_many(list(condition["values"]))
    return found


def _policy_document(_: Context, arguments: Inputs) -> Outputs:
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = [_statement(given) for given in arguments.get("statements") or ()]
    text = json.dumps(document, indent=2)
    digest = sum(map(ord, text)) * 2_654_435_761 % 2**32
    minified = json.dumps(document, separators=(",", ":"))
    return {**arguments, "id": str(digest), "json": text, "minifiedJson": minified}


def _prefix_list(context: Context, arguments: Inputs) -> Outputs:
    region = _region(context, {"region": arguments.get("region")})
    known = (f"com.amazonaws.{region}.s3", f"com.amazonaws.{region}.dynamodb")
    name = arguments.get("name")
    if name not in known:
        raise Refused("InvalidPrefixListName.NotFound", f"no matching EC2 Managed Prefix List found: {name}")
    id_ = f"pl-{context.hex(8, str(name))}"
    arn = f"arn:aws:ec2:{region}:aws:prefix-list/{id_}"
    return {"id": id_, "arn": arn, "name": name, "ownerId": "AWS", "addressFamily": "IPv4", "entries": [],
            "maxEntries": 0, "version": 0, "region": region, "tags": {}}  # fmt: skip


def _cluster_auth(context: Context, arguments: Inputs) -> Outputs:
    token = f"k8s-aws-v1.{context.hex(48, str(arguments['name']))}"
    return {"id": arguments["name"], "name": arguments["name"], "token": token, "region": context.scope}


def _cluster(context: Context, arguments: Inputs) -> Outputs:
    found = context.one(tokens.EKS_CLUSTER, str(arguments["name"]))
    if found is None:
        raise Refused("ResourceNotFoundException", f"No cluster found for name: {arguments['name']}.", status=404)
    outputs = dict(found.outputs)
    return {
        **{name: value for name, value in outputs.items() if name in _CLUSTER_FIELDS},
        "id": found.id,
        "certificateAuthorities": [outputs["certificateAuthority"]],
        "vpcConfig": outputs["vpcConfig"],
    }


_CLUSTER_FIELDS = ("arn", "createdAt", "endpoint", "identities", "name", "platformVersion", "roleArn", "status",
                   "tags", "version", "region")  # fmt: skip


def _addon_version(context: Context, arguments: Inputs) -> Outputs:
    addon = ADDONS.get(str(arguments["addonName"]))
    if addon is None:
        raise Refused("InvalidParameterException", f"Addon {arguments['addonName']} specified is not supported")
    return {**arguments, "id": arguments["addonName"], "version": addon.version, "region": context.scope}


_ANSWERS: Mapping[str, Callable[[Context, Inputs], Outputs]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _get_region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _prefix_list,
    "aws:eks/getClusterAuth:getClusterAuth": _cluster_auth,
    "aws:eks/getCluster:getCluster": _cluster,
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
}

INVOKES: tuple[Invoke, ...] = tuple(Invoke(token=token, answer=answer) for token, answer in _ANSWERS.items())
