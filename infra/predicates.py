"""What is safe, as plain questions about plain values.

Component constructors ask them before they build, policies ask them of everything that is about to be built, and both
mean the same by the answer. None knows of Pulumi, of unknown values or of secrets: whoever asks has the value in hand.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING

from infra.ports import GENEVE, HEALTH, HUBBLE, ICMP_ECHO, ICMP_UNREACHABLE, MESH_API, WIREGUARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MIN_PSK_LENGTH = 32
"""Characters of a pre-shared key: 32 alphanumeric ones are 190 bits, more than the AES-256 tunnel's group offers."""

_PSK = re.compile(r"[A-Za-z1-9._][A-Za-z0-9._]*")

_WIDEST_NAMED_PREFIX = {4: 8, 6: 16}
"""A source wider than this names nobody: /8 is the largest private range (10.0.0.0/8)."""

INTERNET_TAGS = frozenset({"*", "any", "internet", "all"})
"""Words with which Azure and Cilium say 'from anywhere', in lower case."""

STRONG_ENCRYPTION = {"AES256-GCM-16": "GCMAES256", "AES128-GCM-16": "GCMAES128"}
"""Authenticated ciphers of a tunnel: AWS's word to Azure's."""

STRONG_INTEGRITY = {"SHA2-256": "SHA256", "SHA2-384": "SHA384"}
"""Integrity (IKE) algorithms that both clouds have: AWS's word to Azure's."""

STRONG_DH_GROUPS = {19: "ECP256", 20: "ECP384"}
"""Elliptic-curve groups that both clouds have: number (AWS) to name (Azure). 14 is 112 bits, 2 and 24 are broken."""

WILDCARD_READS = ("Describe", "List")
"""Beginnings of actions that AWS mostly defines without a resource: they can only be allowed on all.

``Get`` is none of them: it returns what is stored (``secretsmanager:GetSecretValue``, ``s3:GetObject``).
"""

_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

_NAMED_PORTS = {(port.protocol, port.port) for port in (GENEVE, WIREGUARD, HEALTH, HUBBLE, MESH_API)}
_NAMED_ICMP = {ICMP_ECHO.port, ICMP_UNREACHABLE.port}


def psk_is_strong(key: str) -> bool:
    """Say whether a pre-shared key is long enough, and of characters that both clouds take.

    AWS takes 8 to 64 letters, digits, dots and underscores that do not begin with 0; Azure takes these too.
    """
    return MIN_PSK_LENGTH <= len(key) <= 64 and _PSK.fullmatch(key) is not None


def cidr_is_world(source: str) -> bool:
    """Say whether a source names nobody in particular: all addresses, or a range so wide that it comes to that.

    Ranges are judged one by one, so that ``0.0.0.0/1`` with ``128.0.0.0/1`` is no way around. What is no address
    (a service tag, a prefix list) is judged by :data:`INTERNET_TAGS`.
    """
    if source.strip().lower() in INTERNET_TAGS:
        return True
    try:
        network = ip_network(source.strip(), strict=False)
    except ValueError:
        return False
    return network.prefixlen < _WIDEST_NAMED_PREFIX[network.version]


def is_named_port(protocol: str, first: int, last: int) -> bool:
    """Say whether an opening is one of those that the mesh needs between sites, and that one alone.

    Parameters
    ----------
    protocol
        ``tcp``, ``udp`` or ``icmp``, in any case.
    first, last
        The port range; of ICMP the type, and the code or -1 for any.
    """
    if protocol.lower() == "icmp":
        return first in _NAMED_ICMP
    return first == last and (protocol.lower(), first) in _NAMED_PORTS


def ike_policy_pair_agrees(aws: Mapping[str, object], azure: Mapping[str, object]) -> tuple[str, ...]:
    """Name what the two ends of a tunnel say differently; empty when they agree on all that both mappings name.

    Parameters
    ----------
    aws
        ``phase1_encryption``, ``phase1_integrity``, ``phase1_dh_group``, ``phase2_encryption``, ``phase2_dh_group``
        in AWS's words.
    azure
        ``ikeEncryption``, ``ikeIntegrity``, ``dhGroup``, ``ipsecEncryption``, ``pfsGroup`` in Azure's words.
    """
    pairs = (
        ("phase1_encryption", "ikeEncryption", STRONG_ENCRYPTION),
        ("phase1_integrity", "ikeIntegrity", STRONG_INTEGRITY),
        ("phase1_dh_group", "dhGroup", STRONG_DH_GROUPS),
        ("phase2_encryption", "ipsecEncryption", STRONG_ENCRYPTION),
        ("phase2_dh_group", "pfsGroup", STRONG_DH_GROUPS),
    )
    return tuple(
        f"{theirs} {azure.get(theirs)} against {aws.get(ours)}"
        for ours, theirs, words in pairs
        if ours in aws and theirs in azure and dict(words).get(aws.get(ours)) != azure.get(theirs)  # type: ignore[call-overload] # any value may come
    )


def statement_wildcards(statement: Mapping[str, object]) -> tuple[str, ...]:
    """Say what an IAM statement leaves open; empty when it names its actions and its resources.

    A wildcard resource passes for reading actions, which AWS mostly defines without resources, and where a condition
    bounds it.
    """
    if statement.get("Effect") != "Allow":
        return ()
    problems = []
    if "NotAction" in statement:
        problems.append("NotAction allows all but what it names")
    actions = _texts(statement.get("Action"))
    problems += [f"action {action}" for action in actions if action == "*" or action.endswith(":*")]
    if "NotResource" in statement:
        problems.append("NotResource allows all but what it names")
    reads = bool(actions) and all(action.partition(":")[2].startswith(WILDCARD_READS) for action in actions)
    if "*" in _texts(statement.get("Resource")) and not reads and not statement.get("Condition"):
        problems.append("resource * without a condition")
    return tuple(problems)


def image_is_pinned(image: str) -> bool:
    """Say whether an image names one version: a digest, or a tag other than ``latest``.

    With a digest the tag is decoration, whatever it is. A colon before the last slash is that of a registry's port.
    """
    name, at, digest = image.partition("@")
    if at:
        return bool(name) and _DIGEST.fullmatch(digest) is not None
    name, _, tag = image.rpartition(":")
    return bool(name) and tag != "latest" and _TAG.fullmatch(tag) is not None


def _texts(value: object) -> list[str]:
    """IAM writes one entry without its list."""
    entries: Iterable[object] = value if isinstance(value, (list, tuple)) else [value]
    return [entry for entry in entries if isinstance(entry, str)]
