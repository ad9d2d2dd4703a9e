from __future__ import annotations

from typing import Any

import pytest

from infra.ports import GENEVE, MESH_API, WIREGUARD
from infra.predicates import (
    cidr_is_world,
    ike_policy_pair_agrees,
    image_is_pinned,
    is_named_port,
    psk_is_strong,
    statement_wildcards,
)
from infra.tunnels import IkePolicy

POLICY = IkePolicy()
AWS = {
    "phase1_encryption": POLICY.aws_encryption,
    "phase1_integrity": POLICY.aws_phase1_integrity,
    "phase1_dh_group": POLICY.aws_dh_group,
    "phase2_encryption": POLICY.aws_encryption,
    "phase2_dh_group": POLICY.aws_dh_group,
}
AZURE = {
    "ikeEncryption": POLICY.azure_ike_encryption,
    "ikeIntegrity": POLICY.azure_ike_integrity,
    "dhGroup": POLICY.azure_dh_group,
    "ipsecEncryption": POLICY.azure_ipsec_encryption,
    "pfsGroup": POLICY.azure_pfs_group,
}


@pytest.mark.parametrize(
    ("key", "strong"),
    [
        ("k" * 32, True),
        ("k" * 64, True),
        ("k" * 31, False),
        ("k" * 65, False),
        ("0" + "k" * 40, False),
        *(("k" * 40 + bad, False) for bad in "+/-~ é"),
    ],
)
def test_pre_shared_keys(key: str, strong: bool) -> None:  # noqa: FBT001 - a table
    assert psk_is_strong(key) == strong


@pytest.mark.parametrize(
    ("source", "world"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("0.0.0.0/1", True),
        ("2000::/3", True),
        ("Internet", True),
        ("*", True),
        ("10.0.0.0/8", False),
        ("203.0.113.7", False),
        ("fd00::/16", False),
        ("VirtualNetwork", False),
        ("", False),
    ],
)
def test_sources(source: str, world: bool) -> None:  # noqa: FBT001 - a table
    assert cidr_is_world(source) == world


def test_named_ports() -> None:
    for port in (GENEVE, WIREGUARD, MESH_API):
        assert is_named_port(port.protocol.upper(), port.port, port.port)
        assert not is_named_port(port.protocol, port.port, port.port + 1)
    assert not is_named_port("tcp", WIREGUARD.port, WIREGUARD.port)
    assert is_named_port("icmp", 3, 4)
    assert not is_named_port("icmp", -1, -1)


def test_the_planned_policy_agrees_with_itself() -> None:
    assert ike_policy_pair_agrees(AWS, AZURE) == ()


@pytest.mark.parametrize("name", AZURE)
def test_one_field_of_a_policy_apart_is_named(name: str) -> None:
    for other in ("AES128", None):
        (difference,) = ike_policy_pair_agrees(AWS, {**AZURE, name: other})
        assert difference.startswith(name)
    # What one end does not name is not known, and not compared.
    assert ike_policy_pair_agrees(AWS, {key: value for key, value in AZURE.items() if key != name}) == ()


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, 0),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, 0),
        ({"Action": "*"}, 1),
        ({"Action": ["s3:GetObject", "iam:*"]}, 1),
        ({"Resource": "*"}, 1),
        ({"Resource": ["arn:1", "*"]}, 1),
        ({"Resource": "*", "Condition": {"StringEquals": {"a": "b"}}}, 0),
        ({"Resource": "*", "Action": ["ec2:DescribeVpcs", "s3:ListAllMyBuckets"]}, 0),
        ({"Resource": "*", "Action": ["ec2:DescribeVpcs", "ec2:DeleteVpc"]}, 1),
        # Reading, but what is stored.
        ({"Resource": "*", "Action": "secretsmanager:GetSecretValue"}, 1),
        ({"Action": ("s3:PutObject", "*"), "Resource": ("*",)}, 2),
        ({"NotAction": "iam:*", "NotResource": "arn:1"}, 2),
    ],
)
def test_iam_statements(changes: dict[str, Any], problems: int) -> None:
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::a/*", **changes}
    assert len(statement_wildcards(statement)) == problems


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("a:1", True),
        ("r:5000/a:1", True),
        (f"a@sha256:{'0' * 64}", True),
        (f"a:latest@sha256:{'0' * 64}", True),
        (f"a@sha256:{'0' * 64}0", False),
        (f"a@sha512:{'0' * 128}", True),
        (f"a@sha512:{'0' * 64}", False),
        ("a:1@sha256:0", False),
        (f"@sha256:{'0' * 64}", False),
        (":1", False),
        ("a:1 0", False),
        (f"a:{'1' * 129}", False),
        ("a", False),
        ("a:latest", False),
        ("r:5000/a", False),
        ("a:", False),
        ("", False),
    ],
)
def test_images(image: str, pinned: bool) -> None:  # noqa: FBT001 - a table
    assert image_is_pinned(image) == pinned
