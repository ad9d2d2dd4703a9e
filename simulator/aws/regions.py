"""Regions and their availability zones.

The letters of zones differ from account to account where a region has a zone that it offers to old accounts only
(ap-northeast-1b, ca-central-1c, us-west-1): these are the ones that a new account sees. Written from memory of the
regions and zones pages of the AWS documentation; a deployment names its own zones in the fleet file.
"""

from __future__ import annotations

from typing import Final

_THREE = "abc"
ZONE_LETTERS: Final[dict[str, str]] = {
    "af-south-1": _THREE,
    "ap-east-1": _THREE,
    "ap-east-2": _THREE,
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ap-northeast-3": _THREE,
    "ap-south-1": _THREE,
    "ap-south-2": _THREE,
    "ap-southeast-1": _THREE,
    "ap-southeast-2": _THREE,
    "ap-southeast-3": _THREE,
    "ap-southeast-4": _THREE,
    "ap-southeast-5": _THREE,
    "ap-southeast-6": _THREE,
    "ap-southeast-7": _THREE,
    "ca-central-1": "abd",
    "ca-west-1": _THREE,
    "eu-central-1": _THREE,
    "eu-central-2": _THREE,
    "eu-north-1": _THREE,
    "eu-south-1": _THREE,
    "eu-south-2": _THREE,
    "eu-west-1": _THREE,
    "eu-west-2": _THREE,
    "eu-west-3": _THREE,
    "il-central-1": _THREE,
    "me-central-1": _THREE,
    "me-south-1": _THREE,
    "mx-central-1": _THREE,
    "sa-east-1": _THREE,
    "us-east-1": "abcdef",
    "us-east-2": _THREE,
    "us-west-1": "ac",
    "us-west-2": "abcd",
}

_DIRECTIONS = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "central": "c"}
_DIRECTIONS |= {"north": "n", "south": "s", "east": "e", "west": "w"}

NLB_ZONE_IDS: Final = {
    "us-east-1": "Z26RNL4JYFTOTI",
    "us-east-2": "ZLMOA37VPKANP",
    "us-west-2": "Z18D5FSROUN65G",
    "eu-west-1": "Z2IFOLAFXWLO4F",
    "eu-central-1": "Z3F0SRJ5LGBH90",
}
"""Route 53 hosted zones of network load balancers, where known; a simulated one elsewhere."""


def zones(region: str) -> tuple[str, ...]:
    """Availability zones of a region by name; none if it does not exist."""
    return tuple(f"{region}{letter}" for letter in ZONE_LETTERS.get(region, ""))


def zone_id(zone: str) -> str:
    """Id of a zone, the same in all accounts: ``eu-west-1a`` gives ``euw1-az1``."""
    area, direction, number = zone[:-1].split("-")
    position = ZONE_LETTERS[zone[:-1]].index(zone[-1]) + 1
    return f"{area}{_DIRECTIONS[direction]}{number}-az{position}"


def partition(region: str) -> str:
    """Partition of a region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")
