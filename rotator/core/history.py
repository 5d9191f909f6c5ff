"""The life of a credential: every key it ever had, and what allowed each end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rotator.core.events import AuditAction, Stage
from rotator.core.key_history import key_of
from rotator.core.open_intents import text_of, thread_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rotator.core.events import Scalar
    from rotator.core.facts import Principal
    from rotator.core.rotation import KeyRecord

Record = dict[str, Any]
"""An audit record, as `rotator.core.audit_lines` reads it."""

WORDS: Final = {
    AuditAction.KEY_CREATE: "made",
    AuditAction.KEY_STAGE: "stored",
    AuditAction.KEY_VERIFY: "proved",
    AuditAction.KEY_PROMOTE: "published",
    AuditAction.KEY_UNSTAGE: "label removed",
    AuditAction.KEY_DISABLE: "disabled",
    AuditAction.KEY_ENABLE: "enabled",
    AuditAction.KEY_DELETE: "deleted",
    AuditAction.KEY_ADOPT: "adopted",
    AuditAction.KEY_SUSPECT: "suspected",
    AuditAction.KEY_GRANT: "granted",
    AuditAction.KEY_FOLLOW: "followed",
    AuditAction.CONSUMER_REFRESH: "consumer refreshed",
    AuditAction.CONSUMER_RESTART: "consumer restarted",
    AuditAction.DESTINATION_PREPARE: "destination prepared",
    AuditAction.DESTINATION_DRIFT: "drift",
    AuditAction.ROTATION_START: "rotation started",
    AuditAction.ROTATION_HOLD: "waits",
    AuditAction.HOLD_LIFT: "waits no more",
    AuditAction.REQUEST_SEND: "requests sent",
    AuditAction.ROTATION_HALT: "halted",
    AuditAction.ROTATION_ABANDON: "given up",
    AuditAction.ROTATION_FINISH: "rotation ended",
    AuditAction.OPERATOR_ROTATE: "rotation ordered",
    AuditAction.OPERATOR_RESUME: "resume ordered",
    AuditAction.OPERATOR_ABORT: "abort ordered",
    AuditAction.OPERATOR_ROLLBACK: "rollback ordered",
    AuditAction.OPERATOR_ENABLE: "enabling ordered",
    AuditAction.OPERATOR_PAUSE: "paused",
    AuditAction.OPERATOR_UNPAUSE: "pause lifted",
    AuditAction.OPERATOR_BREAK_GLASS: "break glass",
    AuditAction.JOURNAL_REBUILD: "rebuilt",
    AuditAction.OPERATOR_CREATE_KEY: "made by hand",
    AuditAction.OPERATOR_CREATE_CLIENT: "made by hand",
    AuditAction.OPERATOR_REVOKE_KEY: "revoked by hand",
    AuditAction.OPERATOR_DELETE_CLIENT: "revoked by hand",
}
"""What was done, in a word or two; of other actions their own word is told."""

_OF_NEW_KEY: Final = frozenset(
    {
        AuditAction.KEY_CREATE,
        AuditAction.KEY_STAGE,
        AuditAction.KEY_VERIFY,
        AuditAction.KEY_PROMOTE,
    }
)
_OF_A_KEY: Final = _OF_NEW_KEY | {
    AuditAction.KEY_DISABLE,
    AuditAction.KEY_ENABLE,
    AuditAction.KEY_DELETE,
    AuditAction.KEY_ADOPT,
    AuditAction.KEY_SUSPECT,
    AuditAction.KEY_FOLLOW,
    AuditAction.OPERATOR_CREATE_KEY,
    AuditAction.OPERATOR_CREATE_CLIENT,
    AuditAction.OPERATOR_REVOKE_KEY,
    AuditAction.OPERATOR_DELETE_CLIENT,
    AuditAction.OPERATOR_ENABLE,
}
_ROUTINE: Final = frozenset(
    {
        AuditAction.KEY_STAGE,
        AuditAction.KEY_VERIFY,
        AuditAction.KEY_UNSTAGE,
        AuditAction.KEY_GRANT,
        AuditAction.KEY_FOLLOW,
        AuditAction.CONSUMER_REFRESH,
        AuditAction.DESTINATION_PREPARE,
        AuditAction.ROTATION_FINISH,
        AuditAction.REQUEST_SEND,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, by one audit record.

    Attributes:
        at: As the record writes it: ISO 8601, UTC.
        seq: The record's number; None while it has none.
        intent_seq: The number of the record that meant it, where one did.
        evidence: What it rested on, as the intent and the outcome have it.
        what: In a word or two.
        who: ``daemon`` or ``operator:<name>``.
        outcome: ``success``, ``failure``, ``unknown``, or ``pending`` while nobody has
            written what came of it.
        is_routine: Whether it belongs to every rotation that goes well.
    """

    at: str
    seq: int | None
    intent_seq: int | None = None
    action: str
    what: str
    who: str
    outcome: str
    key_id: str = ""
    rotation: str = ""
    trigger: str = ""
    rule: str = ""
    destination: str = ""
    version: str = ""
    reason: str = ""
    error: str = ""
    evidence: Mapping[str, Scalar]
    is_routine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """One key, from the first that was heard of it.

    Attributes:
        known: What the journal knows of it; None if only records tell of it.
        steps: What was done to it, in order.
    """

    key_id: str
    known: KeyRecord | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is known of a credential.

    Attributes:
        lives: Its keys, in the order in which they came.
        between: What was not done to one key: rotations, waits, orders, drift.
    """

    lives: tuple[KeyLife, ...]
    between: tuple[Step, ...]


def story(records: Iterable[Record], principal: Principal, keys: Sequence[KeyRecord]) -> Story:
    """Tell the life of a credential.

    Args:
        records: Audit records in order, of any credentials.
        principal: Whose credential it is.
        keys: What the journal knows of its keys, oldest first.
    """
    known = {str(key.key_id): key for key in keys}
    steps = list(_steps(records, principal, known))
    by_key: dict[str, list[Step]] = {}
    for step in steps:
        if step.key_id:
            by_key.setdefault(step.key_id, []).append(step)
    lives = [
        KeyLife(key_id=key_id, known=known.get(key_id), steps=tuple(by_key.get(key_id, ())))
        for key_id in dict.fromkeys([*known, *by_key])
    ]
    return Story(
        lives=tuple(sorted(lives, key=_beginning)),
        between=tuple(step for step in steps if not step.key_id),
    )


def _beginning(life: KeyLife) -> str:
    """A key's birth by its provider, or else the first record of it."""
    return life.known.created_at.isoformat() if life.known else life.steps[0].at


def _steps(
    records: Iterable[Record], principal: Principal, known: Mapping[str, KeyRecord]
) -> Iterator[Step]:
    """Yield steps in order; an intent and its outcome are one."""
    found: list[tuple[Record, Record | None]] = []
    waiting: dict[tuple[object, ...], Record] = {}
    for record in records:
        if not _is_of(record, principal, known):
            continue
        if record["stage"] == Stage.INTENT.value:
            waiting[thread_of(record)] = record
        else:
            found.append((record, waiting.pop(thread_of(record), None)))
    found.extend((record, None) for record in waiting.values())
    for record, intent in sorted(found, key=lambda pair: str(pair[0]["time"])):
        yield _step(record, intent)


def _is_of(record: Record, principal: Principal, known: Mapping[str, KeyRecord]) -> bool:
    target, evidence = record["target"], record["evidence"]
    if target:
        place = (target.get("provider"), target.get("account"), target.get("principal"))
        return place == (principal.provider, principal.account, principal.name)
    return evidence.get("account") == principal.account and evidence.get("key_id") in known


def _step(record: Record, intent: Record | None) -> Step:
    """Tell of a record; what allowed a deed stands in its intent, what proves it in its outcome."""
    action = _action(record)
    return Step(
        at=str(record["time"]),
        seq=record["seq"],
        intent_seq=intent["seq"] if intent else None,
        action=str(record["action"]),
        what=WORDS.get(action, str(record["action"])) if action else str(record["action"]),
        who=str(record["actor"]),
        outcome=str(record["outcome"]),
        key_id=_key(record, action),
        rotation=text_of(record, "rotation", "id"),
        trigger=text_of(record, "rotation", "trigger"),
        rule=text_of(record, "policy", "rule"),
        destination=text_of(record, "destination", "resource"),
        version=text_of(record, "destination", "version_id"),
        reason=str(record["reason"] or ""),
        error=str(record["error"] or ""),
        evidence={**(intent["evidence"] if intent else {}), **record["evidence"]},
        is_routine=action in _ROUTINE and record["outcome"] == "success",
    )


def _action(record: Record) -> AuditAction | None:
    """Read the action; None for a word of a later release."""
    try:
        return AuditAction(record["action"])
    except ValueError:
        return None


def _key(record: Record, action: AuditAction | None) -> str:
    if action in _OF_NEW_KEY:
        # Whose secret is stored or proved is said as with a making.
        return key_of(record, AuditAction.KEY_CREATE)
    return key_of(record, action) if action in _OF_A_KEY else ""
