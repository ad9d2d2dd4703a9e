"""Errors worded as each cloud's provider words them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.context import Context
    from simulator.kind import Refused


def sentence(package: str, operation: str, context: Context, refused: Refused) -> str:
    """Word the message the user reads.

    Examples
    --------
    AWS: ``creating aws:ec2/subnet:Subnet (public-a): api error InvalidSubnet.Range: The CIDR ... is invalid.``
    Azure: ``creating azure-native:...:Subnet (nodes): Status=400 Code="NetcfgInvalidSubnet" Message="..."``
    """
    verb = {"create": "creating", "update": "updating", "delete": "deleting", "read": "reading"}.get(
        operation, operation
    )
    subject = f"{verb} {context.kind_token} ({context.name})" if context.urn else f"{verb} {context.kind_token}"
    if context.id and operation != "create":
        subject = f"{verb} {context.kind_token} ({context.id})"
    if package == "aws":
        return f"{subject}: api error {refused.code}: {refused.message}"
    if package == "azure-native":
        return f'{subject}: Status={refused.status} Code="{refused.code}" Message="{refused.message}"'
    return f"{subject}: {refused.code}: {refused.message}"
