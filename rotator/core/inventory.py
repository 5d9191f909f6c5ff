"""What a listing does to the records of a credential's keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.rotation import KeyRecord, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.facts import KeyListing
    from rotator.core.ids import CredentialId, Instant, KeyId, RotationId


def seen(
    credential: CredentialId, records: Iterable[KeyRecord], listing: KeyListing, now: Instant
) -> tuple[KeyRecord, ...]:
    """Bring the records up to date with a listing.

    A key that we do not know is a stranger's until something proves otherwise.
    A key that is missing is not declared gone here: a listing may be stale, and
    only a decision that waits for that may say so.
    """
    by_id = {record.key_id: record for record in records}
    updated: list[KeyRecord] = []
    for key in listing.keys:
        known = by_id.get(key.key_id)
        if known is None:
            updated.append(
                KeyRecord(
                    credential_id=credential,
                    key_id=key.key_id,
                    role=Role.FOREIGN,
                    enabled=key.enabled,
                    created_at=key.created_at,
                    seen_at=now,
                )
            )
        else:
            updated.append(
                replace(known, enabled=key.enabled, created_at=key.created_at, seen_at=now)
            )
    return tuple(updated)


def missing(
    records: Iterable[KeyRecord], listing: KeyListing, now: Instant
) -> tuple[KeyRecord, ...]:
    """Mark strangers' keys gone that a listing no longer shows; ours are judged elsewhere."""
    return tuple(
        replace(record, role=Role.GONE, gone_at=now)
        for record in records
        if record.role is Role.FOREIGN and listing.find(record.key_id) is None
    )


def minted(
    credential: CredentialId, key: KeyId, rotation: RotationId, created_at: Instant, now: Instant
) -> KeyRecord:
    """Record a key that a rotation of ours made."""
    return KeyRecord(
        credential_id=credential,
        key_id=key,
        role=Role.PENDING,
        enabled=True,
        created_at=created_at,
        seen_at=now,
        rotation_id=rotation,
    )
