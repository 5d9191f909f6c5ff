"""What a listing does to the records of a credential's keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.ids import RotationId
from rotator.core.rotation import KeyRecord, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from rotator.core.facts import KeyInfo, KeyListing
    from rotator.core.ids import CredentialId, Instant, KeyId
    from rotator.core.terms import Limits

_UNWATCHED = frozenset({Role.FOREIGN, Role.PREVIOUS})


def seen(
    credential: CredentialId,
    records: Iterable[KeyRecord],
    listing: KeyListing,
    now: Instant,
    *,
    lag: timedelta,
) -> tuple[KeyRecord, ...]:
    """Bring the records up to date with a listing.

    A key that we do not know is a stranger's until something proves otherwise; the
    rotation that its mark names is kept with it.
    A key that is missing is not declared gone here: a listing may be stale, and
    only a decision that waits for that may say so. A key that was gone and is
    listed for longer than a listing may be stale is a stranger's.

    Args:
        credential: Whose keys they are.
        records: What is known of them.
        listing: What the provider lists now.
        now: The present.
        lag: How stale a listing may be.
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
                    rotation_id=_mark(key),
                )
            )
            continue
        if known.role is Role.GONE:
            if now < (known.gone_at or known.seen_at) + lag:
                continue
            known = _back(known)
        elif known.role is Role.FOREIGN and known.suspect_since is None:
            # A mark is written a moment after its key was made.
            known = replace(known, rotation_id=_mark(key))
        made = key.created_at if key.is_dated else known.created_at
        updated.append(replace(known, enabled=key.enabled, created_at=made, seen_at=now))
    return tuple(updated)


def dated(listing: KeyListing, records: Iterable[KeyRecord]) -> KeyListing:
    """Date the keys whose making the provider does not tell: by when we first saw them."""
    known = {record.key_id: record.created_at for record in records}
    keys = tuple(
        key if key.is_dated else replace(key, created_at=known.get(key.key_id, key.created_at))
        for key in listing.keys
    )
    return replace(listing, keys=keys)


def _mark(key: KeyInfo) -> RotationId | None:
    return RotationId(key.rotation) if key.rotation else None


def _back(record: KeyRecord) -> KeyRecord:
    return replace(
        record,
        role=Role.FOREIGN,
        rotation_id=None,
        suspect_since=None,
        disabled_at=None,
        gone_at=None,
    )


def missing(
    records: Iterable[KeyRecord], listing: KeyListing, now: Instant
) -> tuple[KeyRecord, ...]:
    """Mark keys gone that a listing no longer shows and that no rotation watches.

    These are strangers' and, while no rotation is open, a previous one that was
    left to a person; the others are judged elsewhere.
    """
    return tuple(
        replace(record, role=Role.GONE, gone_at=now)
        for record in records
        if record.role in _UNWATCHED and listing.find(record.key_id) is None
    )


def describe(records: Iterable[KeyRecord], limits: Limits) -> str:
    """Say of each key that the last listing showed what it is to us, for who must free a slot."""
    kept = [record for record in records if record.role is not Role.GONE]
    last = max((record.seen_at for record in kept), default=None)
    return ", ".join(
        f"{record.key_id} ({_part(record, limits)}, {'enabled' if record.enabled else 'disabled'}, "
        f"made {record.created_at:%Y-%m-%d})"
        for record in kept
        if record.seen_at == last
    )


def _part(record: KeyRecord, limits: Limits) -> str:
    if record.role is Role.FOREIGN and record.rotation_id and record.suspect_since is None:
        return f"foreign, marked by rotation {record.rotation_id}"
    if record.role is not Role.SUSPECT:
        return record.role.value
    disabled_at = record.disabled_at or (
        (record.suspect_since or record.seen_at) + limits.suspect_observation
    )
    return f"suspect until {disabled_at + limits.suspect_quarantine:%Y-%m-%d %H:%M} UTC"


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
