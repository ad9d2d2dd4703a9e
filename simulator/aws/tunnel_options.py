"""Options of one VPN tunnel: what AWS takes for its addresses, key, ciphers and timers.

Sources: the tunnel options page of the Site-to-Site VPN guide, and the provider's validation of ``aws_vpn_connection``.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

from simulator.aws.common import between, names, network
from simulator.kind import Failure, known, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from simulator.aws.common import Check
    from simulator.kind import Inputs

APIPA: Final = IPv4Network("169.254.0.0/16")
RESERVED: Final = tuple(
    map(
        IPv4Network,
        (
            "169.254.0.0/30",
            "169.254.1.0/30",
            "169.254.2.0/30",
            "169.254.3.0/30",
            "169.254.4.0/30",
            "169.254.5.0/30",
            "169.254.169.252/30",
        ),
    )
)
"""Taken by AWS itself."""

_ENCRYPTION = ("AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16")
_INTEGRITY = ("SHA1", "SHA2-256", "SHA2-384", "SHA2-512")
_GROUPS_1 = (2, *range(14, 25))
_GROUPS_2 = (2, 5, *range(14, 25))
_PRESHARED_KEY = re.compile(r"[A-Za-z0-9._]{8,64}")

PHASE_1_DEFAULT, PHASE_2_DEFAULT, MARGIN_DEFAULT, FUZZ_DEFAULT = 28_800, 3_600, 270, 100
"""Seconds, seconds, seconds and per cent."""

NUMBERS: Final = (1, 2)


def _inside_form(inputs: Inputs) -> Iterable[Failure]:
    for number in NUMBERS:
        path = f"tunnel{number}InsideCidr"
        value = inputs.get(path)
        if not known(value):
            continue
        block = network(value)
        if block is None or block.prefixlen != 30 or not block.subnet_of(APIPA):
            yield Failure(path, f'"{value}" must be a /30 CIDR block within {APIPA}')
        elif block in RESERVED:
            yield Failure(path, f'"{value}" is reserved by AWS and can\'t be used as tunnel inside CIDR')
    one, two = (inputs.get(f"tunnel{number}InsideCidr") for number in NUMBERS)
    if known(one, two) and one == two:
        yield Failure("tunnel2InsideCidr", f'"{two}" is the inside CIDR of tunnel 1, too')


def _key_form(inputs: Inputs) -> Iterable[Failure]:
    """Say what is wrong with a key, never the key."""
    for number in NUMBERS:
        path = f"tunnel{number}PresharedKey"
        value = inputs.get(path)
        if not known(value):
            continue
        if not _PRESHARED_KEY.fullmatch(str(value)):
            yield Failure(
                path,
                "a pre-shared key must have 8 to 64 characters and can contain only alphanumeric, period and "
                "underscore characters",
            )
        elif str(value).startswith("0"):
            yield Failure(path, "a pre-shared key cannot start with zero (0)")


def _timers(inputs: Inputs) -> Iterable[Failure]:
    for number in NUMBERS:
        first = inputs.get(f"tunnel{number}Phase1LifetimeSeconds", PHASE_1_DEFAULT)
        second = inputs.get(f"tunnel{number}Phase2LifetimeSeconds", PHASE_2_DEFAULT)
        margin = inputs.get(f"tunnel{number}RekeyMarginTimeSeconds")
        if known(first, second) and int(second) >= int(first):
            yield Failure(
                f"tunnel{number}Phase2LifetimeSeconds",
                f"the phase 2 lifetime ({second}) must be less than the phase 1 lifetime ({first})",
            )
        if margin is not None and known(margin, second) and int(margin) > int(second) // 2:
            yield Failure(
                f"tunnel{number}RekeyMarginTimeSeconds",
                f"the rekey margin time ({margin}) must be at most half of the phase 2 lifetime ({second})",
            )


def _startup(inputs: Inputs) -> Iterable[Failure]:
    """AWS starts a tunnel by itself only where IKEv2 is all there is."""
    for number in NUMBERS:
        versions = inputs.get(f"tunnel{number}IkeVersions")
        if inputs.get(f"tunnel{number}StartupAction") != "start":
            continue
        if versions is None or (known(versions) and list(versions) != ["ikev2"]):
            yield Failure(
                f"tunnel{number}StartupAction",
                "startup action 'start' is supported for IKEv2 only: ike_versions must be [ikev2]",
            )


def _log_options(inputs: Inputs) -> Iterable[Failure]:
    for number in NUMBERS:
        path = f"tunnel{number}LogOptions.cloudwatchLogOptions"
        for at, options in walk(inputs, path):
            if not isinstance(options, dict):
                continue
            for switch, group in (("logEnabled", "logGroupArn"), ("bgpLogEnabled", "bgpLogGroupArn")):
                if options.get(switch) is True and options.get(group) is None:
                    yield Failure(f"{at}.{group}", f"a log group ARN is required where {switch} is true")


def _each(rule: str, make: Callable[..., Check], *arguments: object) -> Iterator[Check]:
    for number in NUMBERS:
        yield make(f"tunnel{number}{rule}", *arguments)


CHECKS: Final[tuple[Check, ...]] = (
    _inside_form,
    _key_form,
    _timers,
    _startup,
    _log_options,
    *_each("IkeVersions[]", names, ("ikev1", "ikev2")),
    *_each("StartupAction", names, ("add", "start")),
    *_each("DpdTimeoutAction", names, ("clear", "none", "restart")),
    *_each("DpdTimeoutSeconds", between, 30, 3_600),
    *_each("Phase1EncryptionAlgorithms[]", names, _ENCRYPTION),
    *_each("Phase2EncryptionAlgorithms[]", names, _ENCRYPTION),
    *_each("Phase1IntegrityAlgorithms[]", names, _INTEGRITY),
    *_each("Phase2IntegrityAlgorithms[]", names, _INTEGRITY),
    *_each("Phase1DhGroupNumbers[]", names, _GROUPS_1),
    *_each("Phase2DhGroupNumbers[]", names, _GROUPS_2),
    *_each("Phase1LifetimeSeconds", between, 900, 28_800),
    *_each("Phase2LifetimeSeconds", between, 900, 3_600),
    *_each("RekeyMarginTimeSeconds", between, 60, 1_800),
    *_each("RekeyFuzzPercentage", between, 0, 100),
    *_each("ReplayWindowSize", between, 64, 2_048),
    *_each("LogOptions.cloudwatchLogOptions.logOutputFormat", names, ("json", "text")),
    *_each("LogOptions.cloudwatchLogOptions.bgpLogOutputFormat", names, ("json", "text")),
)
"""All rules of both tunnels' options that need no look at the world."""
