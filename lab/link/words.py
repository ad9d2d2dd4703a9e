"""The clouds' words for algorithms, and what they are for strongSwan: one table, held against the documents by a test.

Sources: AWS, "Tunnel options for your Site-to-Site VPN connection" (VPNTunnels); Azure, "Configure custom IPsec/IKE
connection policies" (ipsec-ike-policy-howto); numbers of groups: IANA, Internet Key Exchange Version 2 (IKEv2)
Parameters, transform type 4; strongSwan's names: its IKEv2 cipher suites page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

_Value = TypeVar("_Value")

GROUPS = {
    2: "modp1024", 5: "modp1536", 14: "modp2048", 15: "modp3072", 16: "modp4096", 17: "modp6144", 18: "modp8192",
    19: "ecp256", 20: "ecp384", 21: "ecp521", 22: "modp1024s160", 23: "modp2048s224", 24: "modp2048s256",
}  # fmt: skip
"""Diffie-Hellman groups by IANA's number, which is AWS's word."""

AWS_ENCRYPTION = {
    "AES128": "aes128",
    "AES256": "aes256",
    "AES128-GCM-16": "aes128gcm16",
    "AES256-GCM-16": "aes256gcm16",
}
AWS_INTEGRITY = {"SHA1": "sha1", "SHA2-256": "sha256", "SHA2-384": "sha384", "SHA2-512": "sha512"}
AWS_VERSIONS = {"ikev1": 1, "ikev2": 2}

AZURE_ENCRYPTION = {
    "DES3": "3des", "AES128": "aes128", "AES192": "aes192", "AES256": "aes256",
    "GCMAES128": "aes128gcm16", "GCMAES192": "aes192gcm16", "GCMAES256": "aes256gcm16",
}  # fmt: skip
AZURE_INTEGRITY = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
AZURE_GROUPS = {"DHGroup2": 2, "DHGroup14": 14, "DHGroup2048": 14, "ECP256": 19, "ECP384": 20, "DHGroup24": 24}
AZURE_PFS = {"None": None, "PFS2": 2, "PFS14": 14, "PFS2048": 14, "ECP256": 19, "ECP384": 20, "PFS24": 24}
AZURE_VERSIONS = {"IKEv1": 1, "IKEv2": 2}

AWS_DEFAULT_PHASE1_GROUPS = (2, *range(14, 25))
AWS_DEFAULT_PHASE2_GROUPS = (2, 5, *range(14, 25))


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an end offers in one phase, in strongSwan's words.

    Parameters
    ----------
    groups
        IANA's numbers; none where there is no exchange, as without PFS.
    """

    encryption: tuple[str, ...]
    integrity: tuple[str, ...]
    groups: tuple[int, ...]

    def ike(self) -> tuple[str, ...]:
        """Write proposals for phase 1: what authenticates itself needs a pseudo-random function in its place."""
        return self._written(tuple(f"prf{word}" for word in self.integrity))

    def esp(self) -> tuple[str, ...]:
        """Write proposals for phase 2."""
        return self._written(())

    def _written(self, functions: tuple[str, ...]) -> tuple[str, ...]:
        groups = tuple(GROUPS[number] for number in self.groups)
        sealing = tuple(word for word in self.encryption if "gcm" in word)
        plain = tuple(word for word in self.encryption if "gcm" not in word)
        return tuple(
            "-".join((*words, *others, *groups))
            for words, others in ((sealing, functions), (plain, self.integrity))
            if words
        )


def aws_offer(encryption: list[str], integrity: list[str], groups: list[int], *, phase: int) -> Offer:
    """Translate a tunnel's options; an empty list is AWS's default, which is everything.

    Raises
    ------
    LabError
        If a word is none of AWS's.
    """
    default = AWS_DEFAULT_PHASE1_GROUPS if phase == 1 else AWS_DEFAULT_PHASE2_GROUPS
    return Offer(
        encryption=tuple(_word(AWS_ENCRYPTION, each, "AWS") for each in encryption or AWS_ENCRYPTION),
        integrity=tuple(_word(AWS_INTEGRITY, each, "AWS") for each in integrity or AWS_INTEGRITY),
        groups=tuple(_group(each) for each in groups or default),
    )


def azure_ike_offer(encryption: str, integrity: str, group: str) -> Offer:
    """Translate phase 1 of a connection's policy.

    Raises
    ------
    LabError
        If a word is none of Azure's.
    """
    return Offer(
        encryption=(_word(AZURE_ENCRYPTION, encryption, "Azure"),),
        integrity=(_word(AZURE_INTEGRITY, integrity, "Azure"),),
        groups=(_word(AZURE_GROUPS, group, "Azure"),),
    )


def azure_esp_offer(encryption: str, integrity: str, group: str) -> Offer:
    """Translate phase 2 of a connection's policy; with GCM the integrity is the same word again.

    Raises
    ------
    LabError
        If a word is none of Azure's, or GCM is given with another integrity, which Azure refuses.
    """
    sealing = "GCM" in encryption
    if ("GCM" in integrity or sealing) and integrity != encryption:
        raise LabError(
            f"Azure takes ipsecIntegrity {integrity} with ipsecEncryption {encryption} never", "same word twice"
        )
    found = _word(AZURE_PFS, group, "Azure")
    return Offer(
        encryption=(_word(AZURE_ENCRYPTION, encryption, "Azure"),),
        integrity=() if sealing else (_word(AZURE_INTEGRITY, integrity, "Azure"),),
        groups=() if found is None else (found,),
    )


AZURE_DEFAULT_IKE = Offer(encryption=("aes256",), integrity=("sha1", "sha256"), groups=(2,))
AZURE_DEFAULT_ESP = Offer(encryption=("aes256gcm16", "aes256"), integrity=("sha1", "sha256"), groups=())
"""The head of what a connection without a policy of its own takes (vpn-gateway-about-vpn-devices)."""


def _group(number: int) -> int:
    if number not in GROUPS:
        raise LabError(f"{number} is no Diffie-Hellman group of AWS", f"one of {', '.join(map(str, GROUPS))}")
    return number


def _word(table: Mapping[str, _Value], word: str, cloud: str) -> _Value:
    if word not in table:
        raise LabError(f"{word!r} is no word of {cloud} here", f"one of {', '.join(table)}")
    return table[word]
