"""Which connection is meant for which tunnel, though one of them may be wrong about the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.link.ends import AwsEnd, AzureEnd, Ends


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """Two ends that are meant for each other; one of them alone where nobody is meant for it.

    Parameters
    ----------
    number
        From 1, in the order of the AWS ends.
    """

    number: int
    aws: AwsEnd | None
    azure: AzureEnd | None

    @property
    def name(self) -> str:
        """Both names."""
        return " = ".join(end.name for end in (self.aws, self.azure) if end)

    @property
    def instance(self) -> int:
        """Azure's instance where this tunnel ends: the one that AWS calls; else the one that has the inside address."""
        if self.azure is None:
            return 0
        if self.aws and self.aws.peer in self.azure.gateway.addresses:
            return self.azure.gateway.addresses.index(self.aws.peer)
        return self.meant

    @property
    def meant(self) -> int:
        """Azure's instance where it should end: the one that has the address that AWS expects to talk to."""
        if self.azure is None or self.aws is None:
            return 0
        expected = str(self.aws.inside[2])
        for addresses in ((each,) for each in self.azure.custom), self.azure.gateway.custom:
            for instance, listed in enumerate(addresses):
                if expected in listed:
                    return instance
        return 0


def pair(ends: Ends) -> tuple[Tunnel, ...]:
    """Match ends by all that they say of each other: most agreement first, and each end once."""
    scores = sorted(
        (
            (_agreement(aws, azure), a, z)
            for (a, aws), (z, azure) in product(enumerate(ends.aws), enumerate(ends.azure))
        ),
        key=lambda one: (-one[0], one[1], one[2]),
    )
    matched: dict[int, int] = {}
    for score, a, z in scores:
        if score and a not in matched and z not in matched.values():
            matched[a] = z
    pairs: list[tuple[AwsEnd | None, AzureEnd | None]] = [
        (aws, ends.azure[matched[a]] if a in matched else None) for a, aws in enumerate(ends.aws)
    ]
    pairs += [(None, azure) for z, azure in enumerate(ends.azure) if z not in matched.values()]
    return tuple(Tunnel(number=number, aws=aws, azure=azure) for number, (aws, azure) in enumerate(pairs, start=1))


def _agreement(aws: AwsEnd, azure: AzureEnd) -> int:
    """Weigh what is the same: an address that a cloud gave cannot be a slip of the pen as one that was typed can."""
    inside = [str(host) for host in aws.inside]
    return (
        3 * (aws.outside == azure.peer)
        + 2 * (aws.key == azure.key)
        + (azure.peer_bgp in inside)
        + any(address in inside for address in azure.custom)
    )
