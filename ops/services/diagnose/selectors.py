"""Cilium's endpoint selectors, judged as an agent does: labels with or without their source, and expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.network_policies import CLUSTER_KEY, NAME_LABEL, NAMESPACE_KEY
from infra.workloads import namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = NAMESPACE_KEY.partition(":")[2]


def labels_of(component: str, cluster: str) -> dict[str, str]:
    """Give the labels by which policies know the pods of a component in a cluster."""
    return {
        NAME_LABEL: component,
        "app.kubernetes.io/part-of": "hms",
        NAMESPACE: namespace_of(component),
        CLUSTER_KEY: cluster,
    }


def names_cluster(selector: Mapping[str, Any]) -> bool:
    """Say whether a selector says anything of clusters."""
    return CLUSTER_KEY in {
        *map(_bare, selector.get("matchLabels") or {}),
        *(_bare(each["key"]) for each in selector.get("matchExpressions") or ()),
    }


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Say whether a selector selects pods with these labels."""
    return all(labels.get(_bare(key)) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        _holds(each, labels) for each in selector.get("matchExpressions") or ()
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(_bare(expression["key"])), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def _bare(key: str) -> str:
    """Take the source of a label off: ``k8s:app`` is ``app``."""
    return key.partition(":")[2] if key.startswith(("k8s:", "any:")) else key
