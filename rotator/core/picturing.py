"""Taking a picture: from the journal's rows and what else was known at that instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.accounts import find_account
from rotator.core.ids import AccountId
from rotator.core.pictures import (
    FailedScan,
    Picture,
    PicturedAccount,
    PicturedCredential,
    PicturedKey,
    PicturedRotation,
    to_milliseconds,
)
from rotator.core.rotation import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta

    from rotator.core.accounts import Account, Place
    from rotator.core.ids import CredentialId, Instant
    from rotator.core.rotation import Credential, KeyRecord, Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the journal holds.

    Attributes:
        rotations: The open ones; ended ones are not looked at.
        accounts: What people said about accounts.
    """

    credentials: Sequence[Credential]
    keys: Iterable[KeyRecord]
    rotations: Iterable[Rotation]
    accounts: Sequence[Account]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the journal does not hold.

    Attributes:
        max_age: How old policy lets the keys of a credential get.
        places: The configured accounts.
        failed: Our code for each provider and account whose last scan failed; None
            where nobody has scanned.
        root_keys: How many keys each account's root has, as far as that was read.
    """

    log: str
    owner: str
    mode: str
    policy: str
    inspect_interval: timedelta
    max_age: Callable[[Credential], timedelta]
    places: Sequence[Place]
    failed: Mapping[tuple[str, str], str] | None = None
    root_keys: Mapping[AccountId, int] = field(default_factory=dict)


def picture_of(rows: Rows, around: Surroundings, *, at: Instant) -> Picture:
    """Take a picture of everything that is known at an instant."""
    keys = _by_credential(rows.keys)
    rotations = {item.credential_id: item for item in rows.rotations if item.is_open}
    scans = around.failed
    return Picture(
        taken_at=to_milliseconds(at),
        log=around.log,
        owner=around.owner,
        mode=around.mode,
        policy=around.policy,
        inspected_every=int(around.inspect_interval.total_seconds()),
        accounts=tuple(_account(place, rows.accounts, around) for place in around.places),
        credentials=tuple(
            _credential(item, keys.get(item.id, []), rotations.get(item.id), around)
            for item in rows.credentials
        ),
        unread=None if scans is None else tuple(_failed_scans(scans)),
    )


def _failed_scans(scans: Mapping[tuple[str, str], str]) -> Iterable[FailedScan]:
    for (provider, account), code in sorted(scans.items()):
        yield FailedScan(provider=provider, account=AccountId(account), code=code)


def _by_credential(keys: Iterable[KeyRecord]) -> dict[CredentialId, list[KeyRecord]]:
    found: dict[CredentialId, list[KeyRecord]] = {}
    for key in keys:
        if key.role is not Role.GONE and key.gone_at is None:
            found.setdefault(key.credential_id, []).append(key)
    return found


def _account(place: Place, said: Sequence[Account], around: Surroundings) -> PicturedAccount:
    word = find_account(said, place.provider, place.account)
    return PicturedAccount(
        provider=place.provider,
        id=place.account,
        name=place.name,
        is_confirmed=word is not None and word.is_confirmed,
        root_keys=around.root_keys.get(place.account),
    )


def _credential(
    row: Credential, keys: Sequence[KeyRecord], rotation: Rotation | None, around: Surroundings
) -> PicturedCredential:
    waits_for, since = _wait(row, rotation)
    return PicturedCredential(
        provider=row.principal.provider,
        account=row.principal.account,
        principal=row.principal.name,
        action=row.action.value,
        rule=row.rule,
        max_age=int(around.max_age(row).total_seconds()),
        note=row.note,
        contact=row.contact,
        destination=row.destination.name if row.destination else None,
        current_key=row.current_key_id,
        inspected_at=row.inspected_at,
        waits_for=waits_for,
        waits_since=since,
        rotation=_rotation(rotation) if rotation else None,
        keys=tuple(map(_key, keys)),
    )


def _wait(row: Credential, rotation: Rotation | None) -> tuple[str | None, Instant | None]:
    if rotation is not None and rotation.halt_reason is not None:
        return rotation.halt_reason.value, rotation.phase_since
    return (row.hold.reason.value, row.hold.since) if row.hold else (None, None)


def _rotation(row: Rotation) -> PicturedRotation:
    return PicturedRotation(
        id=row.id,
        trigger=row.trigger.value,
        phase=row.phase.value,
        since=row.phase_since,
        created_at=row.created_at,
        old_key=row.old_key_id,
        new_key=row.new_key_id,
        promoted_at=row.promoted_at,
    )


def _key(row: KeyRecord) -> PicturedKey:
    return PicturedKey(
        id=row.key_id,
        role=row.role.value,
        enabled=row.enabled,
        created_at=row.created_at,
        seen_at=row.seen_at,
        rotation=row.rotation_id,
        last_used_at=row.last_used_at,
        use_read_at=row.use_read_at,
        suspect_since=row.suspect_since,
        disabled_at=row.disabled_at,
        expires_at=row.expires_at,
    )
