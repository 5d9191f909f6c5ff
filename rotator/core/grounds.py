"""On what grounds an old key is ended: what the guard judged by, as the auditor reads it.

`allowed_by` names what stood for the proof that nobody needs the key any more:
``order`` (a person called it compromised), ``expiry`` (its provider ended it, and it was
refused), ``accept_blind`` (nobody tells of uses, and policy takes the risk), ``silence``
(longer than policy asks and than its own habit), ``new_key_used`` (its silence proves
nothing, but consumers use the new one), ``consumers`` (all that policy names were
restarted with the new key, or have it mounted), ``grace_over`` (still used past the longest
grace, and the rule says to end it all the same).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.consumers import has_moved, is_proof, named, reached
from rotator.core.durations import format_duration
from rotator.core.facts import Known
from rotator.core.guard import is_used, silence
from rotator.core.steps import known

if TYPE_CHECKING:
    from rotator.core.events import Scalar
    from rotator.core.facts import LastUsed, Observation
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.terms import Terms


def grounds(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> dict[str, Scalar]:
    """Say what allows the end of a rotation's old key, which the guard has let pass."""
    promoted_at = rotation.moved_at or rotation.phase_since
    told: dict[str, Scalar] = {"promoted_at": promoted_at.isoformat()}
    if observation.old_refused == Known(value=True):
        expired: dict[str, Scalar] = {"old_key_expired": True, "old_key_refused": True}
        return told | expired | {"allowed_by": "expiry"}
    told |= _moved(rotation, observation, terms, now) | _uses(observation, now)
    return told | {"allowed_by": _why(rotation, observation, terms, now)}


def _moved(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> dict[str, Scalar]:
    """Say how far the consumers that policy names had come, by their cluster's word."""
    reading = known(observation.consumers)
    if reading is None:
        return {}
    behind = [
        str(state.ref)
        for state in reading.states
        if not has_moved(state, rotation, observation, terms)
    ]
    told: dict[str, Scalar] = {
        "consumers": len(reading.states),
        "consumers_reached": reached(rotation, observation, terms, now).word,
    }
    return told | ({"consumers_behind": named(behind)} if behind else {})


def _uses(observation: Observation, now: Instant) -> dict[str, Scalar]:
    old, new = known(observation.old_use), known(observation.new_use)
    told: dict[str, Scalar] = {"old_last_used": "not read" if old is None else _stamp(old)}
    if old is not None and old.at is not None:
        told["old_quiet_for"] = format_duration(now - old.at)
        told["old_last_used_by"] = f"{old.service} {old.region}".strip() or None
    if observation.old_gap is not None:
        told["old_longest_gap"] = format_duration(observation.old_gap)
    if new is not None:
        told["new_last_used"] = _stamp(new)
    return told


def _why(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> str:
    if rotation.expedited_at is not None:
        return "order"
    use = known(observation.old_use)
    has_moved_all = is_proof(rotation, observation, terms, now)
    if use is None or not terms.traits.can_report_use:
        return "consumers" if has_moved_all else "accept_blind"
    promoted_at = rotation.moved_at or rotation.phase_since
    other = "new_key_used"
    if has_moved_all and not is_used(known(observation.new_use), rotation, terms):
        other = "consumers"
    if use.at is None:
        return other
    mirrored = promoted_at + (promoted_at - use.at)
    if now >= max(mirrored, use.at + silence(observation, terms)):
        return "silence"
    return "grace_over" if use.at >= promoted_at else other


def _stamp(use: LastUsed) -> str:
    return use.at.isoformat() if use.at else "never"
