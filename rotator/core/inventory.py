"""What a listing does to the records of a credential's keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import RotationId
from rotator.core.rotation import KeyRecord, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.facts import KeyInfo, KeyListing
    from rotator.core.ids import CredentialId, Instant, KeyId
    from rotator.core.terms import Limits

_UNWATCHED = frozenset({Role.FOREIGN, Role.PREVIOUS})
_ENDED = frozenset({Role.FOREIGN, Role.GONE})
_ONE_BIRTH = timedelta(minutes=1)
"""How much two sayings of one birth may differ: by the answer to a mint, and by a listing."""


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
    listed for longer than a listing may be stale is a stranger's. So is, at once,
    a younger one with the id of a key that nobody looks after; with the id of one
    that is looked after it is left out, for that one's record is still needed.

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
                    expires_at=key.expires_at,
                )
            )
            continue
        if is_another(known, key):
            if known.role not in _ENDED:
                # What is known of the key that had the id before is still needed.
                continue
            known = reborn(known, _mark(key), now)
        elif known.role is Role.GONE:
            if now < (known.gone_at or known.seen_at) + lag:
                continue
            known = _back(known)
        elif known.role is Role.FOREIGN and known.suspect_since is None:
            # A mark is written a moment after its key was made.
            known = replace(known, rotation_id=_mark(key))
        made = key.created_at if key.is_dated else known.created_at
        known = replace(known, created_at=made, expires_at=key.expires_at)
        updated.append(replace(known, enabled=key.enabled, seen_at=now))
    return tuple(updated)


def is_another(record: KeyRecord, key: KeyInfo) -> bool:
    """Whether a listed key only has the id of the one that a record speaks of.

    Some providers give ids again. A key is younger than its namesake, and not marked
    with the same rotation; where nobody tells its age, both are marked, with another.
    """
    if key.rotation is not None and key.rotation == record.rotation_id:
        return False
    if key.is_dated:
        return key.created_at > record.created_at + _ONE_BIRTH
    return None not in {key.rotation, record.rotation_id}


def namesakes(records: Iterable[KeyRecord], listing: KeyListing) -> tuple[KeyInfo, ...]:
    """Pick the listed keys that only have the id of one that we look after."""
    kept = {record.key_id: record for record in records if record.role not in _ENDED}
    return tuple(
        key for key in listing.keys if key.key_id in kept and is_another(kept[key.key_id], key)
    )


def without(listing: KeyListing, keys: Iterable[KeyInfo]) -> KeyListing:
    """Leave keys out of a listing."""
    left_out = set(keys)
    return replace(listing, keys=tuple(key for key in listing.keys if key not in left_out))


def reborn(record: KeyRecord, rotation: RotationId | None, now: Instant) -> KeyRecord:
    """Begin the life of another key with the id of one that is gone; a stranger's as yet.

    Args:
        record: The key that had the id before.
        rotation: The rotation that made the new one, or that its mark names.
        now: When it was seen first; a listing dates it more exactly.
    """
    return KeyRecord(
        credential_id=record.credential_id,
        key_id=record.key_id,
        role=Role.FOREIGN,
        enabled=True,
        created_at=now,
        seen_at=now,
        rotation_id=rotation,
    )


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


def describe(records: Iterable[KeyRecord], limits: Limits, *, can_end: bool = True) -> str:
    """Say of each key that the last listing showed what it is to us, for who must free a slot.

    Args:
        records: What is known of the principal's keys.
        limits: How long suspects are watched.
        can_end: Whether a suspect ever ends by itself: it must be watched and switched off.
    """
    kept = [record for record in records if record.role is not Role.GONE]
    last = max((record.seen_at for record in kept), default=None)
    return ", ".join(
        f"{record.key_id} ({_part(record, limits, can_end=can_end)}, "
        f"{'enabled' if record.enabled else 'disabled'}, "
        f"made {record.created_at:%Y-%m-%d})"
        for record in kept
        if record.seen_at == last
    )


def _part(record: KeyRecord, limits: Limits, *, can_end: bool) -> str:
    if record.role is Role.FOREIGN and record.rotation_id and record.suspect_since is None:
        return f"foreign, marked by rotation {record.rotation_id}"
    if record.role is not Role.SUSPECT:
        return record.role.value
    if not can_end:
        return "suspect until a person decides"
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
