"""What happened, what is safe now, and each way out: for the person who was called.

A way out is a command with what it will do. Pure and total: every reason and every
phase has an answer, and every halt has at least one command that leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from rotator.core.orders import Verb
from rotator.core.reasons import Reason, explain, is_hold
from rotator.core.remedies import (
    credential_options,
    effect_of,
    effect_on_suspect,
    remedy,
    scope_options,
)
from rotator.core.rotation import Action, Phase, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rotator.core.ids import KeyId
    from rotator.core.orders import Pause
    from rotator.core.rotation import Credential, KeyRecord, Rotation

ID_SHOWN = 8
"""Letters of a rotation's id that people see and type."""

_NOT_READ = frozenset({Reason.DRIFT, Reason.ROLLED_BACK_BY_HAND})
_FAILING = frozenset(
    {Reason.CURRENT_KEY_GONE, Reason.CURRENT_KEY_DISABLED, Reason.PRINCIPAL_REPLACED}
)

_WITHOUT_OLD_KEY = frozenset({Reason.PRINCIPAL_REPLACED, Reason.OLD_KEY_LIVES})
"""The old key is gone by the provider's word, so that nobody can go back to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way out.

    Attributes:
        command: What to type; empty when it is done elsewhere than in rotator.
        effect: What it will do.
        verb: The order that the command gives; None for other commands.
    """

    command: str
    effect: str
    verb: Verb | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where a credential or its rotation stands.

    Attributes:
        happened: In one or two sentences: what it waits for, since when.
        safe_now: What is certain: which key consumers read, which keys work, what
            rotator will and will not do by itself.
        ways: The ways out; never empty for a halt.
    """

    happened: str
    safe_now: tuple[str, ...]
    ways: tuple[Way, ...]


def situation(
    credential: Credential,
    rotation: Rotation | None,
    keys: Sequence[KeyRecord],
    pauses: Sequence[Pause] = (),
) -> Situation:
    """Say where things stand.

    Args:
        credential: Whose rotation it is.
        rotation: The rotation that is asked about, open or ended; None for the
            credential itself, when none is open.
        keys: Every record of the credential's keys.
        pauses: Every pause in force; those of others are left out.
    """
    held_back = [
        item for item in pauses if item.covers(credential.principal.account, credential.id)
    ]
    if rotation is not None and not rotation.is_open:
        return Situation(happened=_ended(rotation), safe_now=(), ways=())
    safe_now = (
        *_read_by_consumers(credential, rotation),
        *_switches(credential, rotation, keys),
        *_suspects(keys),
        *(f"{_paused(item)} is paused by {_who(item)}" for item in held_back),
        _by_itself(credential, rotation),
    )
    ways = (
        *_pause_ways(credential, rotation, held_back),
        *_by_hand(credential, rotation),
        *_orders(credential, rotation, keys),
    )
    return Situation(happened=_happened(credential, rotation), safe_now=safe_now, ways=ways)


def reason_of(credential: Credential, rotation: Rotation | None) -> Reason | None:
    """Return why a rotation halts or a credential holds; None when neither does."""
    if rotation is not None and rotation.phase is Phase.HALTED:
        return rotation.halt_reason or Reason.INVARIANT
    if credential.hold is not None and is_hold(credential.hold.reason):
        return credential.hold.reason
    return None


def no_rollback(rotation: Rotation, reason: Reason | None, keys: Sequence[KeyRecord]) -> str:
    """Say why a rollback is not worth ordering, as far as is known; empty if it is."""
    is_gone = any(item.key_id == rotation.old_key_id and item.role is Role.GONE for item in keys)
    if is_gone or reason in _WITHOUT_OLD_KEY:
        return f"the old key {rotation.old_key_id} is gone"
    if rotation.base_version is None and reason is not Reason.ROLLED_BACK_BY_HAND:
        return f"{rotation.destination.name} held no version before"
    return ""


def to_enable(
    credential: Credential, rotation: Rotation | None, keys: Sequence[KeyRecord]
) -> tuple[tuple[KeyId, Rotation | None], ...]:
    """Name the keys that `keys enable` may be ordered for, with the rotation of an old key."""
    if reason_of(credential, rotation) in _WITHOUT_OLD_KEY:
        return ()
    found: list[tuple[KeyId, Rotation | None]] = []
    for item in keys:
        if item.enabled or item.role is Role.GONE:
            continue
        if rotation is not None and rotation.is_open and item.key_id == rotation.old_key_id:
            found.append((item.key_id, rotation))
        elif item.role is Role.SUSPECT and item.disabled_at is not None:
            found.append((item.key_id, None))
    return tuple(found)


def utc(moment: datetime | None) -> str:
    """Write an instant for a sentence, to the minute; every time is UTC."""
    return moment.strftime("%Y-%m-%d %H:%MZ") if moment else "an unknown time"


def _paused(pause: Pause) -> str:
    if pause.credential is not None:
        return "this credential"
    return f"account {pause.account}" if pause.account is not None else "everything"


def _who(pause: Pause) -> str:
    return f"{pause.operator} since {utc(pause.since)}: {pause.reason}"


def _happened(credential: Credential, rotation: Rotation | None) -> str:
    told = [_state(credential, rotation)]
    if credential.order is not None:
        order = credential.order
        told.append(
            f"{order.operator} ordered {order.verb.value} at {utc(order.given_at)} "
            f"({order.reason}); the next look carries it out"
        )
    if credential.requested is not None:
        told.append("a rotation was ordered and waits for its start")
    return ". ".join(told)


def _state(credential: Credential, rotation: Rotation | None) -> str:
    hold, reason = credential.hold, reason_of(credential, rotation)
    # Who paused it, and why, is said where every pause is told.
    is_said = hold is not None and hold.detail and reason is not Reason.PAUSED
    detail = f" ({hold.detail})" if hold is not None and is_said else ""
    why = f"{explain(reason)}{detail}" if reason is not None else ""
    if rotation is not None and rotation.phase is Phase.HALTED:
        before = rotation.halted_from.value if rotation.halted_from else "an unknown phase"
        return f"halted since {utc(rotation.phase_since)}, coming from {before}: {why}"
    if rotation is not None and rotation.halt_reason is not None:
        halt = explain(rotation.halt_reason)
        return f"{rotation.phase.value}; an order leads it out of its halt ({halt})"
    if reason is not None:
        return f"waits since {utc(hold.since if hold else None)}: {why}"
    if rotation is None:
        return "no rotation is under way" if credential.action is Action.ROTATE else "report only"
    if rotation.abandoned is not None:
        return f"it is rolled back since {utc(rotation.phase_since)}: {explain(rotation.abandoned)}"
    return f"{rotation.phase.value} since {utc(rotation.phase_since)}, as planned"


def _ended(rotation: Rotation) -> str:
    why = f": {explain(rotation.abandoned)}" if rotation.abandoned is not None else ""
    return f"it ended at {utc(rotation.finished_at)}, {rotation.outcome or 'completed'}{why}"


def _read_by_consumers(credential: Credential, rotation: Rotation | None) -> Iterator[str]:
    """Say what consumers read, as far as it is known."""
    reason = reason_of(credential, rotation)
    is_pulled = reason is Reason.NEW_KEY_GONE and rotation and not rotation.is_unpromoted
    if reason in _FAILING or is_pulled:
        yield "consumers may be failing now: the key that they read may not work"
        return
    if rotation is None:
        if credential.current_key_id is not None and reason not in _NOT_READ:
            yield f"consumers read {credential.current_key_id}"
        return
    place = rotation.destination.name
    if reason is Reason.ROLLED_BACK_BY_HAND:
        yield f"consumers read {rotation.old_key_id} in {place}: somebody went back to it"
    elif reason is Reason.DRIFT or (not rotation.is_unpromoted and rotation.promoted_at is None):
        yield f"consumers read a version of {place} that rotator did not make; it is not touched"
    elif rotation.is_unpromoted:
        yield f"consumers read {rotation.old_key_id} in {place}: nothing has changed for them"
    else:
        yield f"consumers read {rotation.new_key_id} in {place}"


def _switches(
    credential: Credential, rotation: Rotation | None, keys: Sequence[KeyRecord]
) -> Iterator[str]:
    """Say of both keys of a rotation whether they work, as of the last listing."""
    reason = reason_of(credential, rotation)
    if rotation is None or reason is Reason.PRINCIPAL_REPLACED:
        return
    records = {item.key_id: item for item in keys}
    for name, key_id in (("old", rotation.old_key_id), ("new", rotation.new_key_id)):
        record = records.get(key_id) if key_id is not None else None
        if name == "old" and reason is Reason.OLD_KEY_LIVES:
            yield f"the old key {key_id} was deleted, and whoever has it may still be let in"
        elif record is not None:
            yield f"the {name} key {key_id} {_switch(record)}"


def _switch(record: KeyRecord) -> str:
    if record.role is Role.GONE:
        return f"is gone since {utc(record.gone_at)}"
    used = f"; last used {utc(record.last_used_at)}" if record.last_used_at else ""
    if record.enabled:
        return f"works{used}"
    whose = f" by rotator at {utc(record.disabled_at)}" if record.disabled_at else ""
    return f"is disabled{whose} and can be enabled again{used}"


def _suspects(keys: Sequence[KeyRecord]) -> Iterator[str]:
    for item in keys:
        if item.role is Role.SUSPECT:
            now = "disabled" if not item.enabled else "only watched"
            yield (
                f"{item.key_id} may be ours, from a mint whose answer was lost: {now}; it is "
                "deleted only if nobody ever uses it"
            )


def _by_itself(credential: Credential, rotation: Rotation | None) -> str:
    if rotation is not None and rotation.phase is Phase.HALTED:
        return "rotator touches no key of this rotation until somebody decides"
    if reason_of(credential, rotation) is None:
        return f"rotator goes on by itself; it looks again at {utc(credential.next_at)}"
    return (
        "rotator goes on by itself once the cause is gone; it looks again at "
        f"{utc(credential.next_at)}"
    )


def _pause_ways(
    credential: Credential, rotation: Rotation | None, pauses: Sequence[Pause]
) -> Iterator[Way]:
    if not pauses and reason_of(credential, rotation) is Reason.PAUSED:
        effect = "lists who paused what; if nobody has, rotator goes on at its next look"
        yield Way(command="rotator pauses", effect=effect)
    for item in pauses:
        yield Way(
            command=f"rotator resume {scope_options(item, credential)}",
            effect="lifts the pause; what it held back goes on at its next look",
        )


def _by_hand(credential: Credential, rotation: Rotation | None) -> Iterator[Way]:
    reason = reason_of(credential, rotation)
    if reason is not None and reason is not Reason.PAUSED:
        yield Way(command="", effect=remedy(reason, credential, rotation))


def _orders(
    credential: Credential, rotation: Rotation | None, keys: Sequence[KeyRecord]
) -> Iterator[Way]:
    reason, pausing = reason_of(credential, rotation), credential_options(credential)
    if rotation is not None:
        for verb in _verbs(rotation, reason, keys):
            yield Way(
                command=f"rotator rotations {verb.value} {rotation.id[:ID_SHOWN]} --reason WHY",
                effect=effect_of(verb, rotation, reason, pausing=pausing),
                verb=verb,
            )
    for key_id, owner in to_enable(credential, rotation, keys):
        yield Way(
            command=f"rotator keys enable {quote(key_id)} --reason WHY",
            effect=effect_of(Verb.ENABLE, owner, reason, pausing=pausing)
            if owner
            else effect_on_suspect(key_id),
            verb=Verb.ENABLE,
        )


def _verbs(rotation: Rotation, reason: Reason | None, keys: Sequence[KeyRecord]) -> Iterator[Verb]:
    is_halted = rotation.phase is Phase.HALTED
    if is_halted:
        yield Verb.RESUME
    if not rotation.is_unpromoted and not no_rollback(rotation, reason, keys):
        yield Verb.ROLLBACK
    if is_halted or rotation.abandoned is None:
        yield Verb.ABORT
