"""What comes next while an operator's order about the open rotation stands.

The machine is asked again once the order is carried out or refused. Until then
only what the order needs is done, by the same effects, intents and recovery as
ever. An open intent is answered first, and an order that moves a key or a
version waits until no earlier request of ours can land any more: not one of this
replica, and not one of a replica that froze and lost its lease, for every request
has a durable intent that says until when it may be sent, and a signed request
takes effect at the latest a signature window after that. So nothing of ours can
land after an order was carried out and undo it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from rotator.core import recovery
from rotator.core.facts import DestinationState, Known, What
from rotator.core.orders import Verb
from rotator.core.reasons import Reason, explain
from rotator.core.rotation import UNPROMOTED_PHASES, Effect, Phase
from rotator.core.steps import Do, Fact, Lift, Obey, Record, Refuse, Wait, failure, known, need
from rotator.core.transitions import (
    found,
    halted,
    lifted,
    resumed,
    tokens,
    unhalted,
    without_intent,
)
from rotator.core.unfit import unfit

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, Observation
    from rotator.core.ids import Instant
    from rotator.core.orders import Order
    from rotator.core.rotation import Intent, Rotation
    from rotator.core.steps import OrderStep
    from rotator.core.terms import Terms

_BEGINS_A_GRACE = frozenset({Reason.REENABLED, Reason.ENABLED_BY_OPERATOR})
"""Halts that a RESUME leaves with a new grace."""

_GONE_WITH_KEYS = Refuse(why="the principal is no more, and so are its keys")


def is_about(order: Order, rotation: Rotation) -> bool:
    """Whether an order is about this rotation, or about its old key."""
    is_its_key = order.verb is Verb.ENABLE and order.key_id == rotation.old_key_id
    return order.rotation_id == rotation.id or is_its_key


def next_for_order(
    order: Order, rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> OrderStep:
    """Decide what comes next for an order about the open rotation.

    Args:
        order: The order, which is about this rotation.
        rotation: The open rotation as the journal holds it.
        observation: What this pass has read; unread readings are asked for.
        terms: Policy, traits and limits that apply.
        now: The present, by our clock.
    """
    step = _in_phase(order, rotation, observation, terms, now)
    if rotation.phase is Phase.HALTED and _changes(step):
        return Lift()
    return step


def _changes(step: OrderStep) -> bool:
    """Whether a step moves along the table, which has no row for a halted rotation."""
    return isinstance(step, Record) or (isinstance(step, Do) and step.effect is not Effect.OBSERVE)


def _in_phase(
    order: Order, halted_or_not: Rotation, observation: Observation, terms: Terms, now: Instant
) -> OrderStep:
    rotation = lifted(halted_or_not, now)
    is_halted = rotation.halt_reason is not None
    match order.verb:
        case Verb.ROLLBACK | Verb.ENABLE if rotation.has_same_id and not rotation.is_unpromoted:
            return Refuse(
                why=f"the old key is gone: its id, {rotation.old_key_id}, is the new key's by now; "
                "order a new rotation instead"
            )
        case Verb.RESUME:
            return _resume(halted_or_not, observation, terms, now, is_halted=is_halted)
        case Verb.ABORT:
            return _abort(rotation, observation, terms, now)
        case Verb.ROLLBACK if rotation.phase in UNPROMOTED_PHASES:
            return _abort(rotation, observation, terms, now)
        case Verb.ROLLBACK:
            return _unlanded(rotation, observation, terms, now) or _roll_back(
                rotation, observation, terms, now
            )
        case Verb.ENABLE:
            return _unlanded(rotation, observation, terms, now) or _enable(
                order, rotation, observation, terms, now
            )
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def _resume(
    rotation: Rotation,
    observation: Observation,
    terms: Terms,
    now: Instant,
    *,
    is_halted: bool,
) -> OrderStep:
    if not is_halted:
        return Refuse(why="the rotation is not halted; what it waits for is looked at by itself")
    if rotation.halt_reason in _BEGINS_A_GRACE:
        # A grace that a slow clock begins would be over too soon.
        blocked = recovery.listing_problem(observation, terms, now)
        if isinstance(blocked, Do):
            return blocked
        if isinstance(blocked, Wait) and blocked.reason is Reason.CLOCK_SKEW:
            return blocked
    after = resumed(rotation, now)
    is_on_again = rotation.halt_reason is Reason.REENABLED
    return Obey(rotation=after, fact=Fact.FOUND_ENABLED if is_on_again else None)


def _abort(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> OrderStep:
    """Give the rotation up; what only a vanished principal could answer is not waited for."""
    if rotation.intent is not None:
        step = recovery.answer(rotation, rotation.intent, observation, terms, now)
        if not _is_beyond_answer(step, rotation.intent, rotation, observation, terms, now):
            return step
        rotation = without_intent(rotation)
    if rotation.phase not in UNPROMOTED_PHASES:
        landing = _landing(rotation, now)
        released = found(unhalted(rotation, now), Fact.RELEASED, now)
        return landing or Obey(rotation=released, fact=Fact.RELEASED)
    if rotation.abandoned is None:
        given_up = found(unhalted(rotation, now), Fact.ABANDONED, now, reason=Reason.ABORTED)
        return Obey(rotation=given_up, fact=Fact.ABANDONED)
    if rotation.halt_reason is None:
        return Refuse(why=f"it is being rolled back already: {explain(rotation.abandoned)}")
    return Obey(rotation=unhalted(rotation, now))


def _is_beyond_answer(
    step: OrderStep,
    intent: Intent,
    rotation: Rotation,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> bool:
    """Whether an open intent cannot be answered, and nothing of it can land any more.

    After promotion the old key is left as it stands, whatever became of the intent.
    Before it, a mint or a discard must be known, unless all keys went with their principal.
    """
    waits = {Reason.SETTLING, Reason.CLOCK_SKEW}
    is_refused = isinstance(step, Wait) and step.reason not in waits
    if not is_refused or now < recovery.settles_at(intent, terms):
        return False
    is_promoted = rotation.phase not in UNPROMOTED_PHASES
    return is_promoted or failure(observation.keys) in recovery.GONE


def _unlanded(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> OrderStep | None:
    """Answer an open intent, and wait until nothing that was sent can land any more."""
    if rotation.intent is None:
        return _landing(rotation, now)
    if rotation.intent.is_answered:
        return Refuse(why=f"{rotation.old_key_id} is deleted; order a new rotation instead")
    step = recovery.answer(rotation, rotation.intent, observation, terms, now)
    return _GONE_WITH_KEYS if failure(observation.keys) in recovery.GONE else step


def _landing(rotation: Rotation, now: Instant) -> Wait | None:
    if rotation.landing_until is None or now >= rotation.landing_until:
        return None
    return Wait(until=rotation.landing_until, reason=Reason.SETTLING)


def _enable(
    order: Order, rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> OrderStep:
    """Switch the old key on, and halt, so that nobody switches it off again unasked."""
    if order.key_id != rotation.old_key_id:
        return Refuse(why=f"{order.key_id} is not the old key of this rotation")
    if rotation.phase in UNPROMOTED_PHASES:
        return Refuse(why="rotator did not disable this key; enable it at the provider")
    enabling = _old_key_on(rotation, observation, terms, now)
    if enabling:
        return enabling
    going = replace(unhalted(rotation, now), promoted_at=now)
    return Obey(rotation=halted(going, now, Reason.ENABLED_BY_OPERATOR, rotation.old_key_id))


def _old_key_on(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> OrderStep | None:
    """See the old key enabled, and switch it on if it is off; None once it surely is on.

    A listing may show it as it was before our own call, so what we did last is
    waited out: it takes as long until the key is accepted everywhere.
    """
    listing = _listing(observation, terms, now)
    if not isinstance(listing, Known):
        return listing
    old = listing.value.find(rotation.old_key_id)
    if old is None:
        return Refuse(why=f"{rotation.old_key_id} is deleted; order a new rotation instead")
    unsettled = recovery.settled(rotation.enabled_at, terms, now)
    if unsettled and rotation.phase is Phase.PROMOTED:
        return unsettled
    if old.enabled and rotation.phase is Phase.PROMOTED:
        return None
    if not terms.traits.can_disable:
        return Refuse(why="the provider cannot enable a key")
    return Do(effect=Effect.ENABLE_KEY, key_id=rotation.old_key_id, evidence={"by": "order"})


def _listing(observation: Observation, terms: Terms, now: Instant) -> Known[KeyListing] | OrderStep:
    blocked = recovery.listing_problem(observation, terms, now)
    if failure(observation.keys) in recovery.GONE:
        return _GONE_WITH_KEYS
    listing = known(observation.keys)
    if blocked is not None or listing is None:
        return blocked or Refuse(why="the keys cannot be listed")
    return Known(listing)


def _roll_back(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> OrderStep:
    """Make the old key current again, if that undoes nobody's work; then the keys swap."""
    state = recovery.read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    reason = unfit(state, owner=terms.owner, create=False)
    if reason:
        return Refuse(why=explain(reason))
    blocked = (
        _may_go_back(rotation, state)
        if state.current == rotation.new_version
        else _went_back_by_hand(rotation, observation, state)
    ) or _old_key_on(rotation, observation, terms, now)
    if blocked:
        return blocked
    if state.current == rotation.new_version:
        return Do(
            effect=Effect.PROMOTE,
            version=rotation.base_version,
            key_id=rotation.old_key_id,
            evidence={"by": "order", "instead_of": str(rotation.new_version)},
        )
    fact, going = Fact.FOUND_REVERSED, unhalted(rotation, now)
    return Obey(rotation=found(going, fact, now, version=state.current), fact=fact)


def _may_go_back(rotation: Rotation, state: DestinationState) -> OrderStep | None:
    """Refuse to go back from somebody's version, and to one that is gone or of unknown key."""
    base, is_first = rotation.base_version, rotation.reversed_at is None
    if is_first and rotation.new_version not in tokens(rotation):
        return _changed_since(rotation, state)
    if base is None or base not in state.versions:
        return Refuse(why=f"the version before, {base}, is not stored any more; rotate instead")
    if not _carries_old_key(rotation):
        return Refuse(
            why=f"nobody knows whether version {base} carries {rotation.old_key_id}; if it does, "
            "make it current by hand and order this again"
        )
    return None


def _carries_old_key(rotation: Rotation) -> bool:
    """Whether the version before is known to carry the old key.

    Versions never change, so it carries the key that was current then; only the
    version of an object that was adopted empty may carry none.
    """
    return rotation.old_version is not None or rotation.reversed_at is not None


def _went_back_by_hand(
    rotation: Rotation, observation: Observation, state: DestinationState
) -> OrderStep | None:
    """None when consumers read the old key already; else what the object holds is not ours."""
    is_base = state.current is not None and state.current == rotation.base_version
    if is_base and _carries_old_key(rotation):
        return None
    asked = need(observation.published, What.PUBLISHED)
    if asked or observation.published == Known(rotation.old_key_id):
        return asked
    return _changed_since(rotation, state)


def _changed_since(rotation: Rotation, state: DestinationState) -> Refuse:
    return Refuse(
        why=f"the destination was changed since: version {state.current} is current, which going "
        f"back would undo; publish {rotation.old_key_id} there by hand, or rotate instead"
    )
