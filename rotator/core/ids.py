"""Identifiers and instants: what may stand in journals, logs and audit records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType
from uuid import UUID, uuid5

CredentialId = NewType("CredentialId", str)
"""UUID text, derived from provider, account and principal: equal in every journal."""

RotationId = NewType("RotationId", str)
"""UUID text, random; also the namespace of the version tokens of its rotation."""

KeyId = NewType("KeyId", str)
"""The provider's public id of a key, such as ``AKIA...``; not a secret."""

VersionId = NewType("VersionId", str)
"""A destination's id of one stored version; ours are `version_token` values."""

AccountId = NewType("AccountId", str)
"""The provider's container: an AWS account's 12 digits, a workspace."""

DestinationId = NewType("DestinationId", str)
"""UUID text, derived from what kind of object where; equal in every journal."""

LeaseToken = NewType("LeaseToken", str)
"""Random fence, made at each acquisition; a counter could rewind with a backup."""

Instant = NewType("Instant", datetime)
"""An aware datetime in UTC; made by a clock or by `instant`."""

_NAMESPACE = UUID("7f0f2d3a-52f2-5c11-9a66-3f3c6f1f6a10")


def instant(value: datetime) -> Instant:
    """Convert an aware datetime to UTC.

    Raises:
        ValueError: The datetime is naive, so its zone would be a guess; or in UTC it
            is before the first year, or after the last.
    """
    if value.tzinfo is None:
        msg = "a naive datetime cannot become an instant"
        raise ValueError(msg)
    try:
        return Instant(value.astimezone(UTC))
    except OverflowError as error:
        msg = "there is no such time in UTC"
        raise ValueError(msg) from error


def credential_id(provider: str, account: AccountId, principal: str) -> CredentialId:
    """Name the credential of one principal, the same way in every journal and replica."""
    return CredentialId(str(uuid5(_NAMESPACE, f"credential\n{provider}\n{account}\n{principal}")))


def destination_id(kind: str, account: AccountId, region: str, name: str) -> DestinationId:
    """Name one destination object, the same way in every journal and replica."""
    return DestinationId(
        str(uuid5(_NAMESPACE, f"destination\n{kind}\n{account}\n{region}\n{name}"))
    )


def version_token(rotation: RotationId, key: KeyId, attempt: int) -> VersionId:
    """Derive the version id under which a rotation stores a key.

    A stray key whose token is among a destination's versions was stored, so its
    secret is not lost; the journal need never hold a secret to know that.

    Args:
        rotation: The rotation that minted the key.
        key: The key that is stored.
        attempt: 1 or more; a merge that is made again has other content and
            needs another token, for a token names its content for ever.
    """
    return VersionId(str(uuid5(UUID(rotation), f"{key}:{attempt}")))


def follower_token(
    owner: RotationId | CredentialId, key: KeyId, place: DestinationId, base: VersionId | None
) -> VersionId:
    """Derive the version id under which a follower is given a key.

    A repeat over the same base has the same content and the same token, so it is stored
    once; over another one a merge may have other content, and has another token.

    Args:
        owner: The rotation that the key came of, or the credential where that is over.
        key: The key that is stored.
        place: The follower's object.
        base: The version that is current there; None where there is none.
    """
    return VersionId(str(uuid5(UUID(owner), f"follow\n{key}\n{place}\n{base}")))
