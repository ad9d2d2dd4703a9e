"""What a rule can ask: the world, the provider's configuration, and where to get ids."""

# ruff: noqa: ANN401 - property values are any JSON
from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from simulator.kind import Inputs, Outputs
    from simulator.world import Record, World

ACCOUNT: Final = "123456789012"
"""The AWS account of the simulated world."""

SUBSCRIPTION: Final = "11111111-2222-4333-8444-555555555555"
"""The Azure subscription of the simulated world, unless the provider's configuration names one."""

TENANT: Final = "99999999-8888-4777-8666-555555555555"
"""The Entra tenant of the simulated world, unless the provider's configuration names one."""


@dataclass
class Context:
    """One operation on one resource, as its rules see it.

    Attributes
    ----------
    world
        All resources; see `simulator.world.World` (`find`, `one`, `get`).
    token
        Use `make` for ids; this is the method, see below.
    urn, name
        URN and logical name of the resource.
    kind_token
        Its type token.
    scope
        Region, subscription or cluster it lives in; the key that `find` uses unless told otherwise.
    config
        Configuration of the provider of this call: ``{"region": "eu-west-1", ...}``, decoded from JSON.
    id
        Id of the resource, once it has one.
    old
        The record as it is: in update, delete and read.
    incarnation
        How many resources with this URN there were before.
    scale
        Factor on durations: 0 in tests.
    stop
        Set when the engine will not wait any longer.
    timeout
        Seconds that the program gives the operation (``customTimeouts``); 0 where it leaves that to the provider.
    """

    world: World
    package: str
    urn: str
    name: str
    kind_token: str
    scope: str
    config: Mapping[str, Any]
    incarnation: int = 0
    id: str = ""
    old: Record | None = None
    scale: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    timeout: float = 0.0
    children: list[Record] = field(default_factory=list)
    patches: list[Record] = field(default_factory=list)

    @property
    def region(self) -> str:
        """AWS region or Azure location of the provider's configuration; empty if it names none."""
        return str(self.config.get("region") or self.config.get("location") or "")

    @property
    def account(self) -> str:
        """AWS account id."""
        return ACCOUNT

    @property
    def subscription(self) -> str:
        """Azure subscription id."""
        return str(self.config.get("subscriptionId") or SUBSCRIPTION)

    @property
    def tenant(self) -> str:
        """Entra tenant id."""
        return str(self.config.get("tenantId") or TENANT)

    def digest(self, salt: str = "") -> bytes:
        """32 bytes that depend on the world's seed, the URN, the incarnation and ``salt``, and on nothing else."""
        text = "\0".join((self.world.seed, self.package, self.scope, self.urn, str(self.incarnation), salt))
        return hashlib.sha256(text.encode()).digest()

    def hex(self, digits: int, salt: str = "") -> str:
        """Return that many deterministic hex digits (at most 64)."""
        return self.digest(salt).hex()[:digits]

    def token(self, prefix: str, salt: str = "") -> str:
        """Return an id as EC2 makes them: ``token("vpc")`` gives ``vpc-0`` and 16 hex digits."""
        return f"{prefix}-0{self.hex(16, salt or prefix)}"

    def uuid(self, salt: str = "uuid") -> str:
        """Return a deterministic UUID (version 4 in form)."""
        text = self.hex(32, salt)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def number(self, low: int, high: int, salt: str = "number") -> int:
        """Return a deterministic number, ``low`` and ``high`` included."""
        return low + int.from_bytes(self.digest(salt)[:8], "big") % (high - low + 1)

    def find(
        self, token: str, where: Callable[[Record], bool] | None = None, *, anywhere: bool = False, **equal: Any
    ) -> Iterator[Record]:
        """Yield records of a kind in this scope whose outputs have these values, this resource itself left out.

        Parameters
        ----------
        token
            Type token.
        where
            A further condition.
        anywhere
            In every scope, not only this one.
        equal
            Outputs by their Pulumi name: ``find("aws:ec2/subnet:Subnet", vpcId=vpc)``.
        """
        scope = None if anywhere else self.scope
        for record in self.world.find(token, scope=scope, **equal):
            if record.urn == self.urn and self.urn and record.id == self.id:
                continue
            if where is None or where(record):
                yield record

    def one(self, token: str, id_: str, *, anywhere: bool = False) -> Record | None:
        """Return the record with this id, or ``None``. Global resources (IAM) are found from every scope."""
        return self.world.one(token, id_, scope=None if anywhere else self.scope)

    def implicit(self, token: str, id_: str, outputs: Outputs, inputs: Inputs | None = None) -> Record:
        """Record something that the cloud makes by itself along with this resource, and removes with it.

        Call it from ``compute``. Examples: the security group of an EKS cluster, the auto scaling group of a node
        group, the node resource group of AKS.
        """
        record = self.world.new_record(
            token=token, scope=self.scope, id=id_, outputs={**outputs, "id": id_}, inputs=dict(inputs or {})
        )
        self.children.append(record)
        return record

    def patch(self, record: Record, **outputs: Any) -> None:
        """Change outputs of another resource as a side effect, in the same transaction."""
        self.patches.append(record.with_outputs(outputs))
