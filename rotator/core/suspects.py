"""A key that may be our orphan, on a timer of its own.

The secret of our own orphan is lost, so an orphan can never be used. A suspect
is watched; only if it was never used is it disabled, which is reversible; only
after a long quarantine is it deleted. One use, or one foreign hand on its
switch, and it is a stranger's for ever (I2). Where the provider's log tells who
made it, the log cuts the watch short, or ends the suspicion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from rotator.core.facts import Minter
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.recovery import not_settled, plus, settled, settles_at
from rotator.core.rotation import Effect, Role
from rotator.core.stamps import is_suspect_ahead, not_before_intent, suspect_restamped
from rotator.core.steps import Wait, hold
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, LastUsed
    from rotator.core.rotation import Intent, KeyRecord
    from rotator.core.terms import Terms


_PROVED = "minted by this rotation, by the provider's log, and never used"


class Finding(StrEnum):
    """What looking at a suspect led to; recorded without an effect."""

    STRANGER = "stranger"
    GONE = "gone"
    INTENT_DONE = "intent_done"
    INTENT_VOID = "intent_void"
    RESTAMPED = "restamped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Write a finding down."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUse:
    """Read the suspect's last use and ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskMinter:
    """Look in the provider's log who made the suspect and ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Disable or delete the suspect.

    Attributes:
        proof: What lets us, for the audit record.
    """

    effect: Effect
    proof: str = "never used"


SuspectStep = Judge | ReadUse | AskMinter | Act | Wait


def next_for_suspect(
    record: KeyRecord,
    listing: KeyListing,
    use: LastUsed | str | None,
    terms: Terms,
    now: Instant,
    *,
    minter: Minter | None = None,
) -> SuspectStep:
    """Decide what comes next for one suspect.

    Args:
        record: The suspect.
        listing: A listing of this pass.
        use: Its last use; a text is the code of a reading that failed; None when
            nobody asked yet.
        terms: Traits and limits.
        now: The present.
        minter: Who made it, by the provider's log; None when nobody asked yet.
    """
    if abs(listing.provider_time - now) > terms.limits.clock_skew:
        return hold(terms, now, Reason.CLOCK_SKEW, f"{listing.provider_time - now}")
    # Of two clocks that agree well enough, the one that is behind decides.
    present = min(now, listing.provider_time)
    step = _judged_at(record, listing, use, minter, terms, present)
    if isinstance(step, Wait):
        return replace(step, until=Instant(step.until + (now - present)))
    return step


def _judged_at(
    record: KeyRecord,
    listing: KeyListing,
    use: LastUsed | str | None,
    minter: Minter | None,
    terms: Terms,
    now: Instant,
) -> SuspectStep:
    key = listing.find(record.key_id)
    if is_suspect_ahead(record, now, terms.limits.clock_skew):
        return Judge(finding=Finding.RESTAMPED)
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
        return hold(terms, now, Reason.USE_UNKNOWN, _for_a_person(record))
    return _watched(record, use, minter, terms, now)


def _for_a_person(record: KeyRecord) -> str:
    """Say what only a person can decide: we can neither see a use nor undo a mistake."""
    return (
        f"{record.key_id} may be of a mint whose answer was lost, and nobody has its secret then: "
        "end it at the provider, or, if it is somebody's, vouch for it with `rotator keys enable`"
    )


def _watched(
    record: KeyRecord,
    use: LastUsed | str | None,
    minter: Minter | None,
    terms: Terms,
    now: Instant,
) -> SuspectStep:
    """A use is a stranger's, whoever made the key; then the log is asked, then time."""
    if use is None:
        return ReadUse()
    if isinstance(use, str):
        return hold(terms, now, Reason.USE_UNREADABLE, use)
    if use.at is not None:
        return Judge(finding=Finding.STRANGER)
    if terms.traits.can_tell_minter and minter is None:
        return AskMinter()
    if minter is Minter.SOMEBODY_ELSE:
        return Judge(finding=Finding.STRANGER)
    return _unused(record, terms, now, is_proved=minter is Minter.OURS)


def next_act(record: KeyRecord, terms: Terms, *, is_proved: bool) -> tuple[Effect, Instant]:
    """Say what becomes of a suspect that is never used, and when.

    Args:
        record: The suspect.
        terms: Traits and limits.
        is_proved: Whether the provider's log shows that we made it.
    """
    limits = terms.limits
    if record.disabled_at is not None:
        return Effect.DELETE_KEY, plus(record.disabled_at, limits.suspect_quarantine)
    # Proved by the log, it only waits until a use would be shown.
    short = min(limits.suspect_observation, terms.traits.use_quantum)
    watch = short if is_proved else limits.suspect_observation
    return Effect.DISABLE_KEY, plus(record.suspect_since or record.seen_at, watch)


def _unused(record: KeyRecord, terms: Terms, now: Instant, *, is_proved: bool) -> SuspectStep:
    limits = terms.limits
    effect, ends = next_act(record, terms, is_proved=is_proved)
    if now < ends:
        # A log is late by minutes; without one only a use is waited for.
        is_told_soon = terms.traits.can_tell_minter and record.disabled_at is None
        often = limits.check_interval if is_told_soon else limits.inspect_interval
        look = Instant(now + often)
        return Wait(until=min(ends, look), reason=Reason.QUARANTINE, detail=record.key_id)
    if terms.mode is Mode.PLAN:
        return hold(terms, now, Reason.PLAN_MODE, record.key_id)
    return Act(effect=effect, proof=_PROVED if is_proved else "never used")


def _answer(
    record: KeyRecord, intent: Intent, listing: KeyListing, terms: Terms, now: Instant
) -> SuspectStep:
    key = listing.find(record.key_id)
    is_done = key is None or (intent.effect is Effect.DISABLE_KEY and not key.enabled)
    if is_done:
        return Judge(finding=Finding.INTENT_DONE)
    if now < settles_at(intent, terms):
        return Wait(until=settles_at(intent, terms), reason=Reason.SETTLING, detail=record.key_id)
    return not_settled(intent, listing, terms, now) or Judge(finding=Finding.INTENT_VOID)


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
        case Finding.RESTAMPED:
            return suspect_restamped(record, now)
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def acted(record: KeyRecord, now: Instant) -> KeyRecord:
    """Close the suspect's open intent as done."""
    at = not_before_intent(record.intent, now)
    if record.intent is not None and record.intent.effect is Effect.DISABLE_KEY:
        return replace(record, intent=None, enabled=False, disabled_at=at)
    return replace(record, intent=None, role=Role.GONE, gone_at=at)
