"""What follows from an effect or a fact for the records of keys and of the credential."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.rotation import Effect, Phase, Role
from rotator.core.steps import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import Instant
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.core.steps import Do, Record


def keys_after_effect(
    step: Do, rotation: Rotation, old: KeyRecord | None, new: KeyRecord | None, now: Instant
) -> tuple[KeyRecord, ...]:
    """Say what an effect makes of the two keys of a rotation; only changed records."""
    target = old if step.key_id == rotation.old_key_id else new
    match step.effect:
        case Effect.PROMOTE:
            return _promoted(old, new)
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
        case Fact.FOUND_CURRENT:
            return _promoted(old, new)
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
    """Make the new key current once the rotation is promoted; else nothing changes."""
    is_switch = (
        rotation.phase is Phase.PROMOTED and credential.current_key_id != rotation.new_key_id
    )
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


def _promoted(old: KeyRecord | None, new: KeyRecord | None) -> tuple[KeyRecord, ...]:
    roles = ((old, Role.PREVIOUS), (new, Role.CURRENT))
    return tuple(replace(record, role=role) for record, role in roles if record)


def _gone(record: KeyRecord, now: Instant) -> KeyRecord:
    return replace(record, role=Role.GONE, enabled=False, gone_at=now)


def _suspect(record: KeyRecord, rotation: Rotation, now: Instant) -> KeyRecord:
    return replace(record, role=Role.SUSPECT, suspect_since=now, rotation_id=rotation.id)
