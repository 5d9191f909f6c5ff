"""A key that may be our orphan, on a timer of its own.

The secret of our own orphan is lost, so an orphan can never be used. A suspect
is watched; only if it was never used is it disabled, which is reversible; only
after a long quarantine is it deleted. One use, or one foreign hand on its
switch, and it is a stranger's for ever (I2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.recovery import plus, settled, settles_at
from rotator.core.rotation import Effect, Role
from rotator.core.steps import Wait, hold
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, LastUsed
    from rotator.core.rotation import Intent, KeyRecord
    from rotator.core.terms import Terms


class Finding(StrEnum):
    """What looking at a suspect led to; recorded without an effect."""

    STRANGER = "stranger"
    GONE = "gone"
    INTENT_DONE = "intent_done"
    INTENT_VOID = "intent_void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Write a finding down."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUse:
    """Read the suspect's last use and ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Disable or delete the suspect."""

    effect: Effect


SuspectStep = Judge | ReadUse | Act | Wait


def next_for_suspect(
    record: KeyRecord, listing: KeyListing, use: LastUsed | str | None, terms: Terms, now: Instant
) -> SuspectStep:
    """Decide what comes next for one suspect.

    Args:
        record: The suspect.
        listing: A listing of this pass.
        use: Its last use; a text is the code of a reading that failed; None when
            nobody asked yet.
        terms: Traits and limits.
        now: The present.
    """
    key = listing.find(record.key_id)
    if record.intent is not None:
        return _answer(record, record.intent, listing, terms, now)
    if key is None:
        return Judge(finding=Finding.GONE)
    if not key.enabled and record.disabled_at is None:
        return Judge(finding=Finding.STRANGER)
    if key.enabled and record.disabled_at is not None:
        # A listing of before our own call shows the same as a foreign hand.
        stale = settled(record.disabled_at, terms, now)
        return stale or Judge(finding=Finding.STRANGER)
    if not terms.traits.can_report_use or not terms.traits.can_disable:
        return hold(terms, now, Reason.USE_UNKNOWN, record.key_id)
    if use is None:
        return ReadUse()
    if isinstance(use, str):
        return hold(terms, now, Reason.USE_UNREADABLE, use)
    if use.at is not None:
        return Judge(finding=Finding.STRANGER)
    return _unused(record, terms, now)


def _unused(record: KeyRecord, terms: Terms, now: Instant) -> SuspectStep:
    since = record.suspect_since or record.seen_at
    if record.disabled_at is None:
        ends, effect = plus(since, terms.limits.suspect_observation), Effect.DISABLE_KEY
    else:
        ends = plus(record.disabled_at, terms.limits.suspect_quarantine)
        effect = Effect.DELETE_KEY
    if now < ends:
        look = Instant(now + terms.limits.inspect_interval)
        return Wait(until=min(ends, look), reason=Reason.QUARANTINE, detail=record.key_id)
    if terms.mode is Mode.PLAN:
        return hold(terms, now, Reason.PLAN_MODE, record.key_id)
    return Act(effect=effect)


def _answer(
    record: KeyRecord, intent: Intent, listing: KeyListing, terms: Terms, now: Instant
) -> SuspectStep:
    key = listing.find(record.key_id)
    is_done = key is None or (intent.effect is Effect.DISABLE_KEY and not key.enabled)
    if is_done:
        return Judge(finding=Finding.INTENT_DONE)
    if now < settles_at(intent, terms):
        return Wait(until=settles_at(intent, terms), reason=Reason.SETTLING, detail=record.key_id)
    return Judge(finding=Finding.INTENT_VOID)


def judged(record: KeyRecord, finding: Finding, now: Instant) -> KeyRecord:
    """Apply a finding to the suspect's record."""
    match finding:
        case Finding.STRANGER:
            return replace(record, role=Role.FOREIGN, intent=None)
        case Finding.GONE:
            return replace(record, role=Role.GONE, gone_at=now, intent=None)
        case Finding.INTENT_DONE:
            return acted(record, now)
        case Finding.INTENT_VOID:
            return replace(record, intent=None)
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def acted(record: KeyRecord, now: Instant) -> KeyRecord:
    """Close the suspect's open intent as done."""
    if record.intent is not None and record.intent.effect is Effect.DISABLE_KEY:
        return replace(record, intent=None, enabled=False, disabled_at=now)
    return replace(record, intent=None, role=Role.GONE, gone_at=now)
