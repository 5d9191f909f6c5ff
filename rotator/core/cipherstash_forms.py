"""What CipherStash's identifiers look like; a whole access key is in `rotator.core.forms`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rotator.core.ids import AccountId, KeyId

_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+")
_WORKSPACE = re.compile(r"[A-Z0-9]{16}")
_CRN_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Crn:
    """A workspace's resource name, taken apart.

    Attributes:
        region: With its cloud, such as ``ap-southeast-2.aws``.
        workspace: The workspace's id; 16 letters and digits.
    """

    region: str
    workspace: AccountId

    def __str__(self) -> str:
        """Put it together again."""
        return f"crn:{self.region}:{self.workspace}"


def parse_crn(text: str) -> Crn:
    """Take a workspace's resource name apart.

    Raises:
        ValueError: It is none; the message says which part is wrong and quotes nothing.
    """
    parts = text.split(":")
    if parts[0] != "crn":
        raise ValueError("does not begin with `crn:`")
    if len(parts) != _CRN_PARTS:
        raise ValueError("is not made of three parts: crn:REGION:WORKSPACE")
    if _REGION.fullmatch(parts[1]) is None:
        raise ValueError("has no region with its cloud in the middle, such as ap-southeast-2.aws")
    if not is_workspace_id(parts[2]):
        raise ValueError("does not end with a workspace id of 16 capital letters and digits")
    return Crn(region=parts[1], workspace=AccountId(parts[2]))


def is_workspace_id(text: str) -> bool:
    """Whether a text has the form of a workspace's id."""
    return _WORKSPACE.fullmatch(text) is not None


def bare_key_id(text: str) -> KeyId:
    """Reduce an access key's id to what all of the service's spellings share.

    Listings, tokens and older clients write it alone, after ``CSAK`` and after ``CS|CSAK``.
    """
    return KeyId(text.removeprefix("CS|").removeprefix("CSAK"))
