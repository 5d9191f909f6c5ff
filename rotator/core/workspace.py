"""A CipherStash workspace as its operators see it: access keys, clients, keysets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import AccountId, Instant, KeyId


class AccessRole(StrEnum):
    """What an access key may do, from least to most."""

    MEMBER = "member"
    CONTROL = "control"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """One access key as the service lists it; never with its secret.

    Attributes:
        key_id: Its id without the prefix ``CSAK``.
        name: Unique in its workspace.
        last_used_at: When it was last exchanged for a token; None if never.
        role: What it may do; None where the listing does not tell.
    """

    key_id: KeyId
    name: str
    created_at: Instant
    last_used_at: Instant | None = None
    role: AccessRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What the service says of an access key that was tried.

    Attributes:
        workspace: The workspace that the key opens; perhaps another than was asked.
        key_id: Its id without the prefix ``CSAK``.
        role: What it may do; None where the service does not tell.
    """

    workspace: AccountId
    key_id: KeyId
    role: AccessRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyset:
    """One keyset; data of one cannot be read with the keys of another."""

    id: str
    name: str
    description: str = ""
    is_disabled: bool = False
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client key as the service lists it; never with its key.

    Attributes:
        client_id: A UUID.
        bound: The keyset that it opens when none is named; None without one.
        grants: Every keyset that it is granted; None where they cannot all be read.
        is_device: Whether it is backed by a developer's device, and so a person's.
    """

    client_id: KeyId
    name: str
    description: str = ""
    bound: str | None = None
    grants: frozenset[str] | None = None
    is_device: bool = False
