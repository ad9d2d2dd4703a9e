"""Keeps secrets out of texts that others wrote: engine diagnostics and cloud errors may quote what they refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SECRET = "[secret]"  # noqa: S105 - what stands in the place of one

_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_GOES_ON = re.compile(r"[\w+/=:, -]*")
"""A line inside of a private key: base64, or a head such as ``Proc-Type: 4,ENCRYPTED``."""

_PATTERNS = (
    # PEM blocks of private keys, whole or cut off.
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    # What follows a scheme in a header.
    re.compile(r"(?P<keep>\b(?:Bearer|Basic)\s+)[\w+/=.~-]{8,}"),
    # Credentials in kubeconfigs, headers and settings: the name stays, the value goes.
    re.compile(
        r"(?P<keep>(?:client-key-data|client-certificate-data|token|password|passphrase|secret|shared[-_]?key"
        r"|pre[-_]?shared[-_]?key|psk|access[-_]?key|api[-_]?key)[\"']?\s*[:=]\s*[\"']?)(?!\[secret\])[^\s\"',;}]{6,}",
        re.IGNORECASE,
    ),
    # JSON web tokens.
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    # What strongSwan's secrets file has.
    re.compile(r"(?P<keep>\bPSK\s+[\"']?)[^\s\"']{6,}"),
    # Tokens of GitHub, whose packages components are pulled from.
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    # AWS secret access keys stand beside their id.
    re.compile(r"(?P<keep>\b(?:AKIA|ASIA)[A-Z0-9]{16}\W+)[A-Za-z0-9/+=]{40}"),
)


def redact(text: str) -> str:
    """Replace what looks like a secret by ``[secret]``."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: f"{match.groupdict().get('keep') or ''}{_SECRET}", text)
    return text


def redact_lines(lines: Iterable[str]) -> Iterator[str]:
    """Redact line by line, as they come: a private key that goes over several is one secret."""
    inside = False
    for line in lines:
        if inside and _KEY_GOES_ON.fullmatch(line):
            inside = "-----END " not in line
            yield _SECRET
        else:
            inside = bool(_KEY_BEGINS.search(line)) and "-----END " not in line
            yield redact(line)
