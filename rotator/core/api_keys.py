"""Keys of an HTTP API as their operators see them: what is listed, made and counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import Secret


class KeyStatus(StrEnum):
    """What a vendor says of a key; `UNKNOWN` is a word of its that nobody translated."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    REVOKED = "revoked"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key as its vendor lists it; never with its secret.

    Attributes:
        name: Empty where the vendor's keys have no names.
        scopes: What it may do, in the vendor's words; None where it is not told.
        created_at: None where it is not told.
        is_use_told: Whether the vendor tells of uses at all; if so, `last_used_at` of
            None means never.
        expires_at: None where it does not expire, or it is not told.
        raw_status: The vendor's own word for its status; empty where it has none.
    """

    key_id: KeyId
    name: str = ""
    description: str = ""
    status: KeyStatus = KeyStatus.ACTIVE
    raw_status: str = ""
    scopes: tuple[str, ...] | None = None
    created_at: Instant | None = None
    is_use_told: bool = False
    last_used_at: Instant | None = None
    expires_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyWish:
    """What a key that an operator makes is to be like.

    Attributes:
        lifetime: After which it expires; None where it is not to.
        scopes: In the vendor's words; None leaves them out, or takes those of `like`.
        like: The key that it is to be able to do the same as; None for none.
    """

    name: str
    description: str = ""
    lifetime: timedelta | None = None
    scopes: tuple[str, ...] | None = None
    like: KeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeApiKey:
    """A key just made, with the secret that nobody else has."""

    key: ApiKey
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsage:
    """How much a key is used; what the vendor does not tell is None or empty."""

    count: int | None = None
    last_address: str = ""
    last_user_agent: str = ""
