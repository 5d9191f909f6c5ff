"""What an account holds beyond one principal's keys: its overview, and its secrets.

These are facts for people and for pre-filters. Nothing is minted, disabled or
deleted because of them: the truth about keys is a fresh listing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import AccountId, Instant, KeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One principal in a provider's overview, which may be hours old.

    Attributes:
        has_password: Whether it can sign in to a console, and so is a person's.
        keys: How many of its slots hold a key, enabled or not.
        oldest_at: When its oldest key was made or last changed; None without a key.
    """

    has_password: bool
    keys: int
    oldest_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A provider's own overview of an account.

    Attributes:
        taken_at: The provider's time of the overview.
        principals: By name; one that was made since is missing.
        root_keys: How many keys the account's root has; they are reported, never touched.
    """

    taken_at: Instant
    principals: Mapping[str, Surveyed]
    root_keys: int = 0


class Shape(StrEnum):
    """What the current version of an object is, as far as keys can be found in it."""

    FIELDS = "fields"
    TEXT = "text"
    BINARY = "binary"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key id that stands in an object.

    Attributes:
        key_id_field: The field that holds it; empty where the secret begins with it.
        secret_field: The field beside it that holds its secret; empty if none was recognised.
        is_addressable: Whether a rule can name the field: it stands at the top of the
            object and holds nothing else.
    """

    key_id: KeyId
    key_id_field: str
    secret_field: str = ""
    is_addressable: bool = True

    @property
    def field(self) -> str:
        """Where it stands, for people; empty if nothing names that."""
        return self.key_id_field or self.secret_field


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """An object in which consumers may read keys; holds no secret text.

    Attributes:
        kind: The destination's type, such as ``aws-secrets-manager``.
        owner: The installation in its owner tag; None if it has no such tag.
        keys: Every key id that was recognised; more than one in a bundle.
        fields: How many fields it has at the top; 0 unless it is made of fields.
        is_rotated_natively: Whether it has a rotation of its own.
        code: Why it could not be read, in our word; empty if it could.
    """

    kind: str
    account: AccountId
    region: str
    name: str
    shape: Shape
    owner: str | None = None
    keys: tuple[FoundKey, ...] = ()
    fields: int = 0
    is_rotated_natively: bool = False
    code: str = ""
