"""Is the old key really quiet? What cannot be evaluated says no (I4, I8).

Silence proves something only if it is longer than the key's own habit: the
longest gap between two uses that we ever observed. And a key that was already
quiet for some time when we promoted proves nothing by staying quiet for less
than that time again; then a real use of the new key is the proof.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.consumers import is_proof
from rotator.core.facts import What
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.steps import Wait, failure, hold, known, need
from rotator.core.terms import IfStillUsed

if TYPE_CHECKING:
    from rotator.core.facts import LastUsed, Observation
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms


def quiet(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Decide whether the old key may be let go; None means that it may.

    An operator's order, and policy's `accept_blind` for a provider that tells no
    last use, stand in for the proof.
    """
    if rotation.expedited_at is not None:
        return None
    if not terms.traits.can_report_use:
        return _blind(rotation, observation, terms, now)
    asked = need(observation.old_use, What.OLD_USE)
    if asked:
        return asked
    use = known(observation.old_use)
    if use is None:
        return hold(terms, now, Reason.USE_UNREADABLE, failure(observation.old_use))
    promoted_at = rotation.moved_at or rotation.phase_since
    if use.at is not None and use.at >= promoted_at:
        return _used_since(use, use.at, rotation, observation, terms, now)
    return _quiet_before(use, promoted_at, rotation, observation, terms, now)


def _blind(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Where nobody tells of uses, consumers prove that the old key may go, or policy says so."""
    if terms.grace.accept_blind or is_proof(rotation, observation, terms, now):
        return None
    return hold(terms, now, Reason.USE_UNKNOWN, rotation.old_key_id)


def _used_since(
    use: LastUsed,
    used_at: Instant,
    rotation: Rotation,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> Step | None:
    """The old key was used after promotion: wait until it is quiet for longer than its habit."""
    quiet_at = Instant(used_at + silence(observation, terms))
    if now >= quiet_at:
        return None
    if now < overrun_at(rotation, terms):
        return Wait(until=min(quiet_at, overrun_at(rotation, terms)), reason=Reason.QUIET)
    if terms.grace.if_still_used is IfStillUsed.DISABLE:
        return None
    place = " ".join(filter(None, (use.service, use.region)))
    detail = f"{rotation.old_key_id} last used {used_at:%Y-%m-%d %H:%M} UTC by {place}"
    return hold(terms, now, Reason.STILL_USED, detail)


def _quiet_before(
    use: LastUsed,
    promoted_at: Instant,
    rotation: Rotation,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> Step | None:
    """The last use is older than promotion: is its silence since then worth anything?"""
    if use.at is not None:
        habit = promoted_at - use.at
        quiet_at = Instant(max(use.at + silence(observation, terms), promoted_at + habit))
        if now >= quiet_at:
            return None
        if quiet_at <= overrun_at(rotation, terms):
            return Wait(until=quiet_at, reason=Reason.QUIET)
    return _new_key_proves(rotation, observation, terms, now)


def _new_key_proves(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Consumers have moved that use the new key, or that policy names and that show it."""
    asked = need(observation.new_use, What.NEW_USE)
    if asked:
        return asked
    use = known(observation.new_use)
    has_moved = is_proof(rotation, observation, terms, now)
    if use is None and not has_moved:
        return hold(terms, now, Reason.USE_UNREADABLE, failure(observation.new_use))
    if has_moved or is_used(use, rotation, terms):
        last = known(observation.old_use)
        if last is not None and _is_rested(last, observation, terms, now):
            return None
    if now < overrun_at(rotation, terms):
        return Wait(until=_next_look(rotation, terms, now), reason=Reason.QUIET)
    return hold(terms, now, Reason.QUIET_UNPROVEN, rotation.old_key_id)


def is_used(use: LastUsed | None, rotation: Rotation, terms: Terms) -> bool:
    """Whether somebody used the new key; our own verification does not count."""
    verified_at = rotation.verified_at or rotation.phase_since
    if use is None or use.at is None:
        return False
    return use.at > verified_at + terms.traits.use_quantum


def _is_rested(last: LastUsed, observation: Observation, terms: Terms, now: Instant) -> bool:
    return last.at is None or now >= last.at + silence(observation, terms)


def overrun_at(rotation: Rotation, terms: Terms) -> Instant:
    """When the longest grace is over."""
    promoted_at = rotation.moved_at or rotation.phase_since
    return Instant(promoted_at + terms.grace.max_period)


def _next_look(rotation: Rotation, terms: Terms, now: Instant) -> Instant:
    return min(Instant(now + terms.limits.check_interval), overrun_at(rotation, terms))


def silence(observation: Observation, terms: Terms) -> timedelta:
    """How long the key must be silent: policy's time or its own habit, and the quantum."""
    habit = observation.old_gap or timedelta(0)
    return max(terms.grace.unused_for, habit) + terms.traits.use_quantum
