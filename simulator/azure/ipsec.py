"""IPsec policies and pre-shared keys of a connection.

That a policy has all its eight fields, and that each has a value of its enumeration, is the schema's part already.

Source: learn.microsoft.com/azure/vpn-gateway/ipsec-ike-policy-howto and vpn-gateway-about-compliance-crypto.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from simulator.kind import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEAST: Final = {"saLifeTimeSeconds": 300, "saDataSizeKilobytes": 1024}


def policy_is_fit(policy: Mapping[str, Any], name: str) -> None:
    """Refuse a policy that combines what cannot be combined, or renews its keys too often."""
    if str(policy["ikeIntegrity"]).startswith("GCM"):
        # The enumeration has it, but the service takes none (Azure/azure-rest-api-specs#27628).
        message = f"ikeIntegrity '{policy['ikeIntegrity']}' of connection {name} is not supported."
        raise Refused("InvalidIpsecPolicyParameter", message)  # own code
    for field, least in _LEAST.items():
        if policy[field] < least:
            message = f"{field} {policy[field]} of connection {name} is not valid. It must be at least {least}."
            raise Refused("InvalidIpsecPolicyParameter", message)  # own code
    encryption, integrity = str(policy["ipsecEncryption"]), str(policy["ipsecIntegrity"])
    if (encryption.startswith("GCM") or integrity.startswith("GCM")) and encryption != integrity:
        message = f"GCMAES must be used for both IPsec encryption and integrity: {encryption}, {integrity} of {name}."
        raise Refused("InvalidIpsecPolicyCombination", message)  # own code


def shared_key_is_fit(key: object, name: str) -> None:
    """Refuse a key that is no printable ASCII, or has a space, a hyphen or a tilde; the key is not in the message."""
    if not re.fullmatch(r"[!-,./0-9:-@A-Z\[-`a-z{-}]{1,128}", str(key)):
        raise Refused(
            "InvalidSharedKey",  # own code
            f"The shared key of connection {name} must be 1 to 128 printable ASCII characters other than space, hyphen"
            " and tilde.",
        )
