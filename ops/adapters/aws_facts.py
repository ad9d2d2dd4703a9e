"""An AWS account, asked through the ``aws`` command line, with the credentials that Pulumi would take.

Shapes are those of the public API models (botocore): ``DescribeVpcs``, ``SimulatePrincipalPolicy``,
``ListServiceQuotas``, ``DescribeClusterVersions``, ...
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ops.adapters.cloud_cli import CloudCli, understood
from ops.adapters.doctor_ports import Denied, Identity, InstanceType, Kind, Running, Thing
from ops.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")

_INSTALL = "install AWS's command line: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
_ACTIONS_AT_ONCE = 100
_FLEET_TAG = "fleet"


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """How things of a kind are listed, and which states count on the quota."""

    operation: str
    key: str
    states: tuple[str, ...] = ()


_LISTINGS = {
    Kind.VPC: _Listing(operation="describe-vpcs", key="Vpcs"),
    Kind.ADDRESS: _Listing(operation="describe-addresses", key="Addresses"),
    Kind.NAT_GATEWAY: _Listing(
        operation="describe-nat-gateways", key="NatGateways", states=("pending", "available", "deleting")
    ),
    Kind.INTERNET_GATEWAY: _Listing(operation="describe-internet-gateways", key="InternetGateways"),
    Kind.PRIVATE_GATEWAY: _Listing(
        operation="describe-vpn-gateways", key="VpnGateways", states=("pending", "available", "deleting")
    ),
    Kind.TRANSIT_GATEWAY: _Listing(
        operation="describe-transit-gateways",
        key="TransitGateways",
        states=("pending", "available", "modifying", "deleting"),
    ),
    Kind.CUSTOMER_GATEWAY: _Listing(
        operation="describe-customer-gateways", key="CustomerGateways", states=("pending", "available", "deleting")
    ),
    Kind.CONNECTION: _Listing(
        operation="describe-vpn-connections", key="VpnConnections", states=("pending", "available", "deleting")
    ),
}


def aws_cli(seconds: float) -> CloudCli:
    """Give the command line, each call answered within some seconds."""
    return CloudCli(
        program="aws",
        install=_INSTALL,
        advice=_advice,
        seconds=seconds,
        environment={"AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off", "AWS_MAX_ATTEMPTS": "3"},
    )


@dataclass(frozen=True, kw_only=True)
class AwsCliFacts:
    """The account.

    Parameters
    ----------
    ask
        Takes the arguments of ``aws`` and gives its JSON.
    home
        Region that is asked about the account itself: one of the fleet's, since partitions know only their own.
    """

    ask: Callable[..., Any]
    home: str

    def identity(self) -> Identity:
        """Say who the caller is."""
        return self._read(
            ("sts", "get-caller-identity"),
            lambda answer: Identity(account=answer["Account"], arn=answer["Arn"]),
        )

    def principal(self) -> str:
        """Give the ARN of the user or role that policies are attached to.

        The session of a role does not name the role's path, which single sign-on roles have.
        """
        arn = self.identity().arn
        kind, _, rest = arn.rpartition(":")[2].partition("/")
        if kind == "assumed-role":
            role = rest.partition("/")[0]
            return self._read(("iam", "get-role", "--role-name", role), lambda answer: str(answer["Role"]["Arn"]))
        if kind == "federated-user":
            raise MissingError(
                f"{arn} has no policies of its own that could be simulated", "sign in as a role: aws configure sso"
            )
        return arn

    def denied(self, actions: Sequence[str]) -> tuple[Denied, ...]:
        """List those of some actions that the caller may not do, on any resource."""
        simulate = ("iam", "simulate-principal-policy", "--policy-source-arn", self.principal(), "--action-names")
        denied: list[Denied] = []
        for first in range(0, len(actions), _ACTIONS_AT_ONCE):
            denied += self._read(
                (*simulate, *actions[first : first + _ACTIONS_AT_ONCE]),
                lambda answer: [
                    Denied(action=each["EvalActionName"], by=_stands_against(each))
                    for each in answer["EvaluationResults"]
                    if each["EvalDecision"] != "allowed"
                ],
            )
        return tuple(denied)

    def quotas(self, region: str, service: str) -> Mapping[str, float]:
        """Give the quotas of a service by their codes: those granted, and AWS's own where none was."""

        def read(answer: Any) -> dict[str, float]:  # noqa: ANN401 - JSON
            return {each["QuotaCode"]: float(each["Value"]) for each in answer["Quotas"] if "Value" in each}

        defaults = ("service-quotas", "list-aws-default-service-quotas", "--service-code", service)
        granted = ("service-quotas", "list-service-quotas", "--service-code", service)
        return {**self._read(defaults, read, region), **self._read(granted, read, region)}

    def things(self, region: str, kind: Kind) -> tuple[Thing, ...]:
        """List what is there of a kind."""
        listing = _LISTINGS[kind]
        zones = self._zone_of_subnet(region) if kind is Kind.NAT_GATEWAY else {}
        return self._read(
            ("ec2", listing.operation),
            lambda answer: tuple(
                Thing(fleet=_fleet(each), zone=zones.get(each.get("SubnetId", ""), ""))
                for each in answer[listing.key]
                if not listing.states or each["State"] in listing.states
            ),
            region,
        )

    def running(self, region: str) -> tuple[Running, ...]:
        """List the on-demand instances that run or start."""
        return self._read(
            ("ec2", "describe-instances", "--filters", "Name=instance-state-name,Values=pending,running"),
            lambda answer: tuple(
                Running(
                    size=each["InstanceType"],
                    cpus=each["CpuOptions"]["CoreCount"] * each["CpuOptions"]["ThreadsPerCore"],
                    fleet=_fleet(each),
                )
                for reservation in answer["Reservations"]
                for each in reservation["Instances"]
                if each.get("InstanceLifecycle") != "spot"
            ),
            region,
        )

    def zones(self, region: str) -> frozenset[str]:
        """Name the availability zones that the account may use."""
        return self._read(
            ("ec2", "describe-availability-zones"),
            lambda answer: frozenset(
                each["ZoneName"] for each in answer["AvailabilityZones"] if each["State"] == "available"
            ),
            region,
        )

    def instance_types(self, region: str, sizes: Iterable[str]) -> Mapping[str, InstanceType]:
        """Look instance types up; one that the region does not have is left out."""
        by_name = ("--filters", "Name=instance-type,Values=" + ",".join(sizes))
        cpus: dict[str, int] = self._read(
            ("ec2", "describe-instance-types", *by_name),
            lambda answer: {each["InstanceType"]: each["VCpuInfo"]["DefaultVCpus"] for each in answer["InstanceTypes"]},
            region,
        )
        zones: defaultdict[str, set[str]] = defaultdict(set)
        offerings = ("ec2", "describe-instance-type-offerings", "--location-type", "availability-zone", *by_name)
        pairs: list[tuple[str, str]] = self._read(
            offerings,
            lambda answer: [(each["InstanceType"], each["Location"]) for each in answer["InstanceTypeOfferings"]],
            region,
        )
        for size, zone in pairs:
            zones[size].add(zone)
        return {size: InstanceType(cpus=number, zones=frozenset(zones[size])) for size, number in cpus.items()}

    def kubernetes(self, region: str) -> Mapping[str, str]:
        """Give the versions that EKS runs: minor to ``STANDARD_SUPPORT`` or ``EXTENDED_SUPPORT``."""
        return self._read(
            ("eks", "describe-cluster-versions"),
            lambda answer: {
                each["clusterVersion"]: each["versionStatus"]
                for each in answer["clusterVersions"]
                if each["versionStatus"] != "UNSUPPORTED"
            },
            region,
        )

    def _zone_of_subnet(self, region: str) -> dict[str, str]:
        return self._read(
            ("ec2", "describe-subnets"),
            lambda answer: {each["SubnetId"]: each["AvailabilityZone"] for each in answer["Subnets"]},
            region,
        )

    def _read(self, command: tuple[str, ...], read: Callable[[Any], T], region: str = "") -> T:
        answer = self.ask(*command, "--region", region or self.home, "--output", "json")
        return understood(" ".join(("aws", *command[:2])), answer, read)


def _fleet(thing: Mapping[str, Any]) -> str:
    """Give the fleet that a thing belongs to: every resource of the program has the tag."""
    return next((str(tag["Value"]) for tag in thing.get("Tags") or () if tag["Key"] == _FLEET_TAG), "")


def _stands_against(result: Mapping[str, Any]) -> str:
    if result["EvalDecision"] == "explicitDeny":
        return "an explicit deny"
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "a policy of the organization"
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return "the permissions boundary"
    conditions = result.get("MissingContextValues") or ()
    return (
        f"no policy allows it but under conditions on {', '.join(conditions)}" if conditions else "no policy allows it"
    )


_ADVICE = (
    (
        ("Unable to locate credentials", "config profile"),
        "aws configure sso and export AWS_PROFILE; or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        ("ExpiredToken", "expired", "SSO", "InvalidClientTokenId", "RequestExpired"),
        "sign in again: aws sso login; or new keys",
    ),
    (("SignatureDoesNotMatch",), "look at this machine's clock, and at AWS_SECRET_ACCESS_KEY"),
    (
        ("AccessDenied", "UnauthorizedOperation", "not authorized"),
        "have an administrator allow that action to you (it only reads), or ask somebody who may",
    ),
    (
        ("Could not connect", "Connect timeout", "Read timeout"),
        "look at the network and its proxy, and at the region's name",
    ),
    (("nvalid choice",), f"this command line is too old to know it; {_INSTALL}"),
)
"""Words in an error of ``aws``, and what to do about it."""


def _advice(said: str) -> str:
    return next(
        (advice for words, advice in _ADVICE if any(word in said for word in words)),
        "aws sts get-caller-identity shows whether you are signed in",
    )
