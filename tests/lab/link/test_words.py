"""The clouds' words against the documents: written down a second time here, from them and not from the table."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.link import words

# IANA, IKEv2 parameters, transform type 4, by the names of strongSwan's cipher suites page.
IANA = {
    2: "modp1024",
    5: "modp1536",
    14: "modp2048",
    15: "modp3072",
    16: "modp4096",
    17: "modp6144",
    18: "modp8192",
    19: "ecp256",
    20: "ecp384",
    21: "ecp521",
    22: "modp1024s160",
    23: "modp2048s224",
    24: "modp2048s256",
}

# Azure, "About cryptographic requirements and Azure VPN gateways": DHGroup and PFSGroup with their numbers.
AZURE_DH = {"DHGroup2": 2, "DHGroup14": 14, "DHGroup2048": 14, "ECP256": 19, "ECP384": 20, "DHGroup24": 24}
AZURE_PFS = {"PFS2": 2, "PFS14": 14, "PFS2048": 14, "ECP256": 19, "ECP384": 20, "PFS24": 24}


def test_groups_have_their_numbers() -> None:
    assert words.GROUPS == IANA


@pytest.mark.parametrize(("word", "number"), AZURE_DH.items())
def test_azures_groups(word: str, number: int) -> None:
    assert words.azure_ike_offer("GCMAES256", "SHA384", word).groups == (number,)


@pytest.mark.parametrize(("word", "number"), AZURE_PFS.items())
def test_azures_pfs_groups(word: str, number: int) -> None:
    assert words.azure_esp_offer("GCMAES256", "GCMAES256", word).groups == (number,)


def test_without_pfs_there_is_no_group() -> None:
    assert words.azure_esp_offer("GCMAES256", "GCMAES256", "None").esp() == ("aes256gcm16",)


# The policy of the plan, and of Microsoft's examples (ipsec-ike-policy-howto), as RFC 4106, 5282 and 6379 name them.
@pytest.mark.parametrize(
    ("aws", "azure", "proposal"),
    [
        (("AES256-GCM-16", "SHA2-384", 20), ("GCMAES256", "SHA384", "ECP384"), "aes256gcm16-prfsha384-ecp384"),
        (("AES128-GCM-16", "SHA2-256", 19), ("GCMAES128", "SHA256", "ECP256"), "aes128gcm16-prfsha256-ecp256"),
        (("AES256", "SHA2-384", 24), ("AES256", "SHA384", "DHGroup24"), "aes256-sha384-modp2048s256"),
        (("AES128", "SHA1", 2), ("AES128", "SHA1", "DHGroup2"), "aes128-sha1-modp1024"),
    ],
)
def test_phase_1_of_both_clouds_is_one_proposal(
    aws: tuple[str, str, int], azure: tuple[str, str, str], proposal: str
) -> None:
    encryption, integrity, group = aws
    assert words.aws_offer([encryption], [integrity], [group], phase=1).ike() == (proposal,)
    assert words.azure_ike_offer(*azure).ike() == (proposal,)


@pytest.mark.parametrize(
    ("aws", "azure", "proposal"),
    [
        (("AES256-GCM-16", "SHA2-256", 20), ("GCMAES256", "GCMAES256", "ECP384"), "aes256gcm16-ecp384"),
        (("AES256", "SHA2-256", 14), ("AES256", "SHA256", "PFS2048"), "aes256-sha256-modp2048"),
    ],
)
def test_phase_2_of_both_clouds_is_one_proposal(
    aws: tuple[str, str, int], azure: tuple[str, str, str], proposal: str
) -> None:
    encryption, integrity, group = aws
    assert words.aws_offer([encryption], [integrity], [group], phase=2).esp() == (proposal,)
    assert words.azure_esp_offer(*azure).esp() == (proposal,)


def test_an_aws_tunnel_without_options_offers_everything() -> None:
    # AWS, VPNTunnels: defaults of phase 1 and 2.
    first = words.aws_offer([], [], [], phase=1)
    assert first.encryption == ("aes128", "aes256", "aes128gcm16", "aes256gcm16")
    assert first.integrity == ("sha1", "sha256", "sha384", "sha512")
    assert first.groups == (2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24)
    assert words.aws_offer([], [], [], phase=2).groups == (2, 5, *range(14, 25))
    assert [text.split("-")[0] for text in first.ike()] == ["aes128gcm16", "aes128"]


@pytest.mark.parametrize(
    ("words_", "message"),
    [
        (("AES256", "SHA384", "DHGroup31"), "'DHGroup31' is no word of Azure"),
        (("AES512", "SHA384", "ECP384"), "'AES512' is no word of Azure"),
    ],
)
def test_a_word_that_azure_does_not_have_is_refused(words_: tuple[str, str, str], message: str) -> None:
    with pytest.raises(LabError, match=message):
        words.azure_ike_offer(*words_)


def test_a_group_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(LabError, match="31 is no Diffie-Hellman group"):
        words.aws_offer([], [], [31], phase=1)


@pytest.mark.parametrize(("encryption", "integrity"), [("GCMAES256", "SHA256"), ("AES256", "GCMAES256")])
def test_gcm_with_another_integrity_is_refused_as_azure_does(encryption: str, integrity: str) -> None:
    with pytest.raises(LabError, match="ipsecIntegrity"):
        words.azure_esp_offer(encryption, integrity, "ECP384")
