"""What comes next for an open rotation: total, pure, one question at a time.

The shell asks; the answer is an effect to carry out, a fact to write down, a
wait with a reason, or the end. Readings are asked for one by one, so nothing is
read that decides nothing. Promote is the pivot: before it everything is rolled
back or adopted, after it everything is rolled forward (`core.retire`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from rotator.core import expiry, recovery, retire
from rotator.core.backward import backward, is_half_promoted, published_elsewhere
from rotator.core.facts import DestinationState, Known, What
from rotator.core.grants import kept
from rotator.core.ids import version_token
from rotator.core.reasons import HALTING, Reason
from rotator.core.rotation import Effect, Phase, Trigger
from rotator.core.stamps import is_ahead
from rotator.core.steps import Do, Done, Fact, Halt, Record, Wait, hold, known, need
from rotator.core.terms import Mode
from rotator.core.transitions import tokens
from rotator.core.unfit import unfit
from rotator.errors import InvariantError

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, Observation
    from rotator.core.ids import Instant, KeyId, VersionId
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms

_OF_NO_USE = frozenset({Trigger.TAINT, Trigger.BREAK_GLASS, Trigger.DRIFT, Trigger.EXPIRED})
"""Rotations whose old key may be ended already, or had better be."""

_MOST_MERGES = 5
"""Merges in one rotation; a destination that moves under every one is busy with somebody."""


def next_step(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Decide what comes next.

    Args:
        rotation: The open rotation as the journal holds it.
        observation: What this pass has read; unread readings are asked for.
        terms: Policy, traits and limits that apply.
        now: The present, by our clock.
    """
    step = _next(rotation, observation, terms, now)
    if isinstance(step, Wait) and step.reason in HALTING:
        return Halt(reason=step.reason, detail=step.detail)
    return step


def _next(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    if rotation.is_open and rotation.phase is not Phase.HALTED:
        if is_ahead(rotation, now, terms.limits.clock_skew):
            return _ahead(rotation, observation, terms, now)
        if rotation.intent is not None:
            return recovery.answer(rotation, rotation.intent, observation, terms, now)
        if rotation.halt_reason is not None:
            # An order had led it out of its halt, and is gone before it was carried out.
            return Halt(reason=rotation.halt_reason, detail=rotation.halt_detail)
        if rotation.abandoned is not None:
            return backward(rotation, observation, terms, now)
    return _along(rotation, observation, terms, now)


def _along(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    match rotation.phase:
        case Phase.PLANNED:
            return planned(rotation, observation, terms, now)
        case Phase.CREATED:
            return created(rotation, observation, terms, now)
        case Phase.STAGED:
            return staged(rotation, observation, terms, now)
        case Phase.VERIFIED:
            return verified(rotation, observation, terms, now)
        case Phase.PROMOTED:
            return retire.promoted(rotation, observation, terms, now)
        case Phase.DISABLED:
            return retire.disabled(rotation, observation, terms, now)
        case Phase.COMPLETED | Phase.ROLLED_BACK:
            return Done()
        case Phase.HALTED:
            reason = rotation.halt_reason or Reason.INVARIANT
            return Halt(reason=reason, detail=rotation.halt_detail)
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def _ahead(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Mend times of the future: either our clock is wrong now, or it was when they were written.

    Until the clocks agree only enabling goes on, for its consumers fail meanwhile.
    """
    blocked = recovery.listing_problem(observation, terms, now)
    if blocked is None or isinstance(blocked, Do):
        return blocked or Record(fact=Fact.RESTAMPED)
    healing = _healing(rotation, observation, terms, now)
    return healing if isinstance(healing, Do | Record) else blocked


def _healing(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    if rotation.phase is not Phase.DISABLED or rotation.halt_reason is not None:
        return None
    if rotation.intent is None:
        return retire.went_back(rotation, observation, terms, now)
    if rotation.intent.effect is Effect.ENABLE_KEY:
        return recovery.answer(rotation, rotation.intent, observation, terms, now)
    return None


def planned(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Before the mint: is the destination ready, is there a slot, is the old key what we think?"""
    if terms.mode is Mode.PLAN:
        return hold(terms, now, Reason.PLAN_MODE)
    return (
        _destination_ready(rotation, observation, terms, now)
        or _base_is_ours(rotation, observation, terms, now)
        or _slot_free(rotation, observation, terms, now)
        or Do(effect=Effect.CREATE_KEY, evidence={"keys_before": _count(observation)})
    )


def created(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """With the secret in hand store it; without it look whether it was stored."""
    if observation.secret_in_hand and rotation.base_version is not None:
        return Do(effect=Effect.STAGE, version=_token(rotation))
    state = recovery.read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    stored = [token for token in tokens(rotation) if token in state.versions]
    if stored:
        return Record(fact=Fact.FOUND_STAGED, version=stored[-1])
    if not observation.secret_in_hand:
        return Record(fact=Fact.ABANDONED, reason=Reason.SECRET_LOST)
    return _rebase(rotation, observation, state, terms)


def staged(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Give the key its grants and prove it, in hand or read back; give up after some failures."""
    if rotation.verify_failures >= terms.limits.verify_attempts:
        return Record(fact=Fact.ABANDONED, reason=Reason.VERIFY_FAILED)
    if not observation.secret_in_hand and not terms.can_read_back:
        return Record(fact=Fact.ABANDONED, reason=Reason.SECRET_LOST)
    return kept(rotation, observation, terms, now) or Do(
        effect=Effect.VERIFY, version=rotation.new_version
    )


def verified(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Promote, if the destination still is as it was and the key still lives."""
    state = recovery.read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    if state.current == rotation.new_version:
        if is_half_promoted(state):
            return Do(effect=Effect.PROMOTE, version=rotation.new_version)
        return Record(fact=Fact.FOUND_CURRENT, version=state.current)
    reason = unfit(state, owner=terms.owner, create=False)
    if reason:
        return Record(fact=Fact.ABANDONED, reason=reason)
    if state.current != rotation.base_version:
        return published_elsewhere(rotation, observation, state) or Record(
            fact=Fact.ABANDONED, reason=Reason.DRIFT
        )
    return (
        _new_key_lives(rotation, observation, terms, now)
        or kept(rotation, observation, terms, now)
        or _promote(rotation, observation, terms, now)
    )


def _promote(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Do:
    listing = known(observation.keys)
    new = listing.find(rotation.new_key_id) if listing else None
    evidence = expiry.evidence(new, terms, now)
    return Do(effect=Effect.PROMOTE, version=rotation.new_version, evidence=evidence)


def _destination_ready(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    state = recovery.read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    reason = unfit(state, owner=terms.owner, create=rotation.destination.create)
    if reason:
        return hold(terms, now, reason, rotation.destination.name)
    if state.exists and state.owner is not None and state.current is not None:
        return None
    return recovery.settled(rotation.prepared_at, terms, now) or Do(effect=Effect.PREPARE)


def _base_is_ours(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    state = known(observation.destination)
    asked = _foreign_base(rotation, observation, state, terms)
    if asked or _carries_known_key(rotation, observation, state, terms):
        return asked
    return hold(terms, now, Reason.DRIFT, recovery.current_version(state, observation))


def _foreign_base(
    rotation: Rotation, observation: Observation, state: DestinationState | None, terms: Terms
) -> Step | None:
    """Ask what a version that we did not write carries, where that can be read."""
    if _is_version_known(rotation, state, terms):
        return None
    return need(observation.published, What.PUBLISHED)


def _is_version_known(rotation: Rotation, state: DestinationState | None, terms: Terms) -> bool:
    if rotation.old_version is None:
        # It was empty when we adopted the key. Where nothing can be read it must pass as such.
        return not terms.can_read_back
    return state is not None and state.current == rotation.old_version


def _carries_known_key(
    rotation: Rotation, observation: Observation, state: DestinationState | None, terms: Terms
) -> bool:
    """Let a version that we did not write pass only if it carries the key that we know."""
    if _is_version_known(rotation, state, terms):
        return True
    is_still_empty = rotation.old_version is None and observation.published == Known(None)
    return is_still_empty or observation.published == Known(rotation.old_key_id)


def _slot_free(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    blocked = recovery.listing_problem(observation, terms, now)
    if blocked:
        return blocked
    listing = known(observation.keys)
    old = listing.find(rotation.old_key_id) if listing else None
    # Somebody may have ended the old key already: then the new one is wanted most.
    may_be_ended = rotation.trigger in _OF_NO_USE or expiry.is_over(observation, listing)
    if old is None and not may_be_ended:
        return hold(terms, now, Reason.CURRENT_KEY_GONE, rotation.old_key_id)
    if old and not old.enabled and not may_be_ended:
        return hold(terms, now, Reason.CURRENT_KEY_DISABLED, rotation.old_key_id)
    if listing and is_full(listing, terms):
        return hold(terms, now, Reason.SLOTS_FULL, describe_keys(listing))
    return None


def is_full(listing: KeyListing, terms: Terms) -> bool:
    """Whether the principal has no free key slot."""
    limit = terms.traits.max_keys
    return limit is not None and len(listing.keys) >= limit


def describe_keys(listing: KeyListing) -> str:
    """Name each key with its state and birth, for the person who has to free a slot."""
    return ", ".join(
        f"{key.key_id} ({expiry.state(key, listing)}, made {key.created_at:%Y-%m-%d})"
        for key in listing.keys
    )


def _rebase(
    rotation: Rotation, observation: Observation, state: DestinationState, terms: Terms
) -> Step:
    """After a conflict: merge again if the new base still carries the key that we replace."""
    if rotation.attempt >= _MOST_MERGES:
        return Record(fact=Fact.ABANDONED, reason=Reason.DESTINATION_BUSY)
    asked = _foreign_base(rotation, observation, state, terms)
    if asked:
        return asked
    is_ours = _carries_known_key(rotation, observation, state, terms)
    if state.current is None or not is_ours:
        return Record(fact=Fact.ABANDONED, reason=Reason.DRIFT)
    return Record(fact=Fact.REBASED, version=state.current)


def _new_key_lives(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Look again if the verification was not made in this very pass, or keys end by themselves."""
    if observation.secret_in_hand and not terms.traits.keys_expire:
        return None
    blocked = recovery.listing_problem(observation, terms, now)
    if blocked:
        return blocked
    listing = known(observation.keys)
    new = listing.find(rotation.new_key_id) if listing else None
    if listing is not None and new is not None and new.enabled:
        return expiry.cut_short(rotation, new, listing, terms, now)
    verified_at = rotation.verified_at or rotation.phase_since
    if new is None and now < verified_at + terms.traits.list_lag:
        return Wait(until=_after(verified_at, terms), reason=Reason.SETTLING)
    return Record(fact=Fact.ABANDONED, reason=Reason.NEW_KEY_GONE)


def _after(moment: Instant, terms: Terms) -> Instant:
    return recovery.plus(moment, terms.traits.list_lag)


def _token(rotation: Rotation) -> VersionId:
    return version_token(rotation.id, _minted(rotation), rotation.attempt)


def _minted(rotation: Rotation) -> KeyId:
    if rotation.new_key_id is None:
        msg = f"a rotation that is {rotation.phase.value} has no new key"
        raise InvariantError(msg, subject=rotation.id)
    return rotation.new_key_id


def _count(observation: Observation) -> int:
    listing = known(observation.keys)
    return len(listing.keys) if listing else 0
