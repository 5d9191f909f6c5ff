"""What follows from an effect or a fact for the records of keys and of the credential."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.inventory import reborn
from rotator.core.reasons import Reason
from rotator.core.registration import stronger
from rotator.core.rotation import Effect, Phase, Role, Trigger
from rotator.core.steps import Fact
from rotator.core.transitions import RELEASED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import Instant
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.core.steps import Do, Record

_MEANT = frozenset({Reason.REPORT_ONLY, Reason.ABORTED})
"""Reasons for which a rotation is given up on purpose."""

_ORDERED = frozenset({Trigger.MANUAL, Trigger.TAINT, Trigger.BREAK_GLASS})
"""What a person ordered; drift is seen again by itself, and age comes again."""


def keys_after_effect(
    step: Do, rotation: Rotation, old: KeyRecord | None, new: KeyRecord | None, now: Instant
) -> tuple[KeyRecord, ...]:
    """Say what an effect makes of the two keys of a rotation; only changed records.

    Where both have one id, its record is the old key's until the new one is promoted.
    """
    target = old if rotation.is_old(step.key_id) else new
    match step.effect:
        case Effect.PROMOTE:
            return _promoted(rotation, old, new, now)
        case _ if rotation.has_same_id:
            return ()
        case Effect.DISABLE_KEY if target:
            return (replace(target, enabled=False, disabled_at=now),)
        case Effect.ENABLE_KEY if target:
            return (replace(target, enabled=True, disabled_at=None),)
        case Effect.DELETE_KEY if target:
            return (_gone(target, now),)
        case _:
            return ()


def keys_after_fact(
    step: Record,
    rotation: Rotation,
    old: KeyRecord | None,
    new: KeyRecord | None,
    suspects: Iterable[KeyRecord],
    now: Instant,
) -> tuple[KeyRecord, ...]:
    """Say what a fact makes of the keys; only changed records."""
    match step.fact:
        case Fact.FOUND_CURRENT | Fact.FOUND_REVERSED:
            return _promoted(rotation, old, new, now)
        case _ if rotation.has_same_id:
            return ()
        case Fact.FOUND_ENABLED if old:
            return (replace(old, enabled=True, disabled_at=None),)
        case Fact.RELEASED:
            return _released(rotation, old, new, now)
        case Fact.FOUND_GONE if old:
            return (_gone(old, now),)
        case Fact.FOUND_DISABLED if old:
            return (replace(old, enabled=False),)
        case Fact.ABANDONED if new:
            return (replace(new, role=Role.DISCARD),)
        case Fact.MINT_LOST:
            return tuple(_suspect(record, rotation, now) for record in suspects)
        case _:
            return ()


def credential_after(credential: Credential, rotation: Rotation) -> Credential:
    """Make the new key current once the rotation is promoted; else nothing changes.

    A rotation that was given up while consumers read something else than its new
    key says nothing of what is current: that is found out as for an unknown key.
    """
    if rotation.outcome == RELEASED and rotation.promoted_at is None:
        return replace(credential, current_key_id=None, current_version=None, due_at=None)
    if _is_order_open(rotation):
        # Whoever ordered it wants it done, not tried.
        return replace(credential, requested=stronger(rotation.trigger, credential.requested))
    is_news = credential.current_key_id != rotation.new_key_id or rotation.has_same_id
    is_switch = rotation.phase is Phase.PROMOTED and is_news
    if not is_switch:
        return credential
    published = credential.destination
    is_elsewhere = published is not None and published.id != rotation.destination.id
    return replace(
        credential,
        current_key_id=rotation.new_key_id,
        current_version=None if is_elsewhere else rotation.new_version,
        due_at=None,
    )


def _is_order_open(rotation: Rotation) -> bool:
    """Whether an ordered rotation was rolled back for a reason that may pass."""
    is_failed = rotation.phase is Phase.ROLLED_BACK and rotation.abandoned not in _MEANT
    return is_failed and rotation.trigger in _ORDERED


def _promoted(
    rotation: Rotation, old: KeyRecord | None, new: KeyRecord | None, now: Instant
) -> tuple[KeyRecord, ...]:
    if rotation.has_same_id and new is not None:
        return (replace(reborn(new, rotation.id, now), role=Role.CURRENT),)
    roles = ((old, Role.PREVIOUS), (new, Role.CURRENT))
    return tuple(replace(record, role=role) for record, role in roles if record)


def _released(
    rotation: Rotation, old: KeyRecord | None, new: KeyRecord | None, now: Instant
) -> tuple[KeyRecord, ...]:
    """Leave the old key to a person; the new one, too, while consumers do not read it.

    Their time as suspects is said to have begun and ended, so that nobody who finds
    a mark of ours on them takes them for an orphan.
    """
    let_go = (old, None if rotation.promoted_at else new)
    return tuple(
        replace(record, role=Role.FOREIGN, suspect_since=now) for record in let_go if record
    )


def _gone(record: KeyRecord, now: Instant) -> KeyRecord:
    return replace(record, role=Role.GONE, enabled=False, gone_at=now)


def _suspect(record: KeyRecord, rotation: Rotation, now: Instant) -> KeyRecord:
    since = max(now, record.created_at)
    return replace(record, role=Role.SUSPECT, suspect_since=since, rotation_id=rotation.id)
