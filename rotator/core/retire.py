"""After the pivot: grace, the guard, disable, quarantine, delete.

Everything here is rolled forward or held; nothing is ever undone by deleting
the new key. Disabled is reversible by one call, deleted is not, so the guard
stands before both, and is evaluated on readings of this very pass.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core import consumers_moving, deletion, followers, recovery
from rotator.core.expiry import told
from rotator.core.facts import UNREAD, DestinationState, Known, What
from rotator.core.grants import given_back, kept
from rotator.core.grounds import grounds
from rotator.core.guard import quiet
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Fact, Record, Wait, failure, hold, known, need
from rotator.core.terms import Mode
from rotator.core.transitions import tokens

if TYPE_CHECKING:
    from rotator.core.facts import Observation
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms


def promoted(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Keep both keys through the grace, then switch the old one off past the guard.

    An old key whose id was given to the new one is gone: whatever was done to that id
    would be done to the key that consumers read.
    """
    if rotation.has_same_id:
        return (
            _followed(rotation, observation, terms, now)
            or consumers_moving.hastened(rotation, observation, terms, now)
            or deletion.proved(rotation, Fact.FOUND_GONE, observation, terms, now)
        )
    if rotation.promoted_at is None:
        # A grace starts only while our clock can be believed and we may act on its end.
        return (
            _still_published(rotation, observation, terms, now)
            or recovery.listing_problem(observation, terms, now)
            or _may_destroy(terms, now)
            or Record(fact=Fact.FOUND_CURRENT, version=rotation.new_version)
        )
    behind = _followed(rotation, observation, terms, now)
    if behind:
        return behind
    grace_ends = grace_ends_at(rotation, terms)
    if now < grace_ends:
        return _in_grace(rotation, observation, terms, now, grace_ends)
    return (
        _still_published(rotation, observation, terms, now)
        or _new_key_enabled(rotation, observation, terms, now)
        or _over_there(grace_ends, observation, now, Reason.GRACE)
        or _old_key_found(rotation, observation, terms, now)
        or _expired(rotation, observation, terms, now)
        or kept(rotation, observation, terms, now)
        or _moved(rotation, observation, terms, now)
        or quiet(rotation, observation, terms, now)
        or _may_destroy(terms, now)
        or _switch_off(rotation, observation, terms, now)
    )


def _expired(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Clean a key up that the provider has ended by itself and, tried once more, refuses.

    Nobody can use it, so nobody has to be quiet first; and switching it off could not be
    undone. Where it cannot be tried, or is let in all the same, the guard stands as ever.
    """
    listing = known(observation.keys)
    old = listing.find(rotation.old_key_id) if listing else None
    if listing is None or old is None or not old.has_expired(listing.provider_time):
        return None
    asked = need(observation.old_refused, What.OLD_REFUSED)
    if asked or observation.old_refused != Known(value=True):
        return asked
    return _may_destroy(terms, now) or _remove(rotation, observation, terms, now)


def _followed(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Bring the followers to what the pivot is known to carry; None without any."""
    if not terms.followers:
        return None
    return _still_published(rotation, observation, terms, now) or followers.aligned(
        rotation, observation, terms, now
    )


def _in_grace(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant, ends: Instant
) -> Step:
    """Wait; meanwhile grants and followers are looked after, where there are any."""
    is_looked_at = terms.traits.has_grants or bool(terms.followers)
    check = recovery.plus(now, terms.limits.check_interval) if is_looked_at else ends
    return (
        kept(rotation, observation, terms, now)
        or _moving(rotation, observation, terms, now, ends)
        or Wait(until=min(ends, check), reason=Reason.GRACE)
    )


def _moving(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant, ends: Instant
) -> Step | None:
    """Bring consumers onto the new key while both work, and only while it is what they get."""
    step = consumers_moving.moving(rotation, observation, terms, now)
    if isinstance(step, Do | Record) and step != need(UNREAD, What.CONSUMERS):
        return _still_published(rotation, observation, terms, now) or step
    return replace(step, until=min(step.until, ends)) if isinstance(step, Wait) else step


def _moved(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Ask for what policy wants consumers to have shown; an order waits for none of them."""
    if rotation.expedited_at is not None:
        return consumers_moving.hastened(rotation, observation, terms, now)
    return consumers_moving.awaited(rotation, observation, terms, now)


def disabled(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Watch the destination through the quarantine, then delete past the guard."""
    ends = quarantine_ends_at(rotation, terms)
    blocked = (
        went_back(rotation, observation, terms, now)
        or _still_published(rotation, observation, terms, now)
        or followers.healed(rotation, observation, terms, now)
    )
    if blocked:
        return blocked
    if now < ends:
        # Whoever granted the old key something just before it was switched off is heard.
        check = recovery.plus(now, terms.limits.check_interval)
        return kept(rotation, observation, terms, now) or Wait(
            until=min(ends, check), reason=Reason.QUARANTINE
        )
    return (
        _new_key_enabled(rotation, observation, terms, now)
        or _over_there(ends, observation, now, Reason.QUARANTINE)
        or _old_key_found(rotation, observation, terms, now)
        or _still_disabled(rotation, observation, terms, now)
        or kept(rotation, observation, terms, now)
        or _moved(rotation, observation, terms, now)
        or _unused_since(rotation, observation, terms, now)
        or _may_destroy(terms, now)
        or _remove(rotation, observation, terms, now)
    )


def grace_ends_at(rotation: Rotation, terms: Terms) -> Instant:
    """Say until when a promoted rotation's old key works whether it is used or not."""
    began = rotation.moved_at or rotation.phase_since
    given = rotation.grace_given
    if rotation.expedited_at is not None:
        return recovery.plus(began, given) if given is not None else began
    return recovery.plus(began, terms.grace.min_period)


def quarantine_ends_at(rotation: Rotation, terms: Terms) -> Instant:
    """Say until when a disabled old key can still be enabled again."""
    began = rotation.disabled_at or rotation.phase_since
    if rotation.expedited_at is not None:
        return began
    return recovery.plus(began, terms.grace.quarantine_period)


def _over_there(
    ends: Instant, observation: Observation, now: Instant, reason: Reason
) -> Wait | None:
    """Wait until a period is over by the provider's clock too, if that one is behind ours."""
    listing = known(observation.keys)
    left = ends - listing.provider_time if listing else timedelta(0)
    return Wait(until=recovery.plus(now, left), reason=reason) if left > timedelta(0) else None


def _still_published(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Consumers must be reading our key: our version, or one that carries the key."""
    state = recovery.read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    if state.current == rotation.new_version:
        return None
    asked = need(observation.published, What.PUBLISHED)
    if asked:
        return asked
    if observation.published == Known(rotation.new_key_id):
        return None
    if _is_withdrawn(rotation, observation):
        return Record(fact=Fact.FOUND_WITHDRAWN)
    if observation.published == Known(rotation.old_key_id):
        detail = f"current version {state.current}"
        return given_back(rotation, observation, terms) or hold(
            terms, now, Reason.ROLLED_BACK_BY_HAND, detail
        )
    return hold(terms, now, Reason.DRIFT, recovery.current_version(state, observation))


def _is_withdrawn(rotation: Rotation, observation: Observation) -> bool:
    """Whether it is news that consumers read something else: the grace will start anew."""
    is_news = rotation.phase is Phase.PROMOTED and rotation.promoted_at is not None
    return is_news and isinstance(observation.published, Known)


def went_back(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Give a place that carries the key we disabled that key back at once.

    Returns:
        None when consumers read something else, or the key works already.
    """
    return _pivot_went_back(rotation, observation, terms, now) or _follower_went_back(
        rotation, observation, terms
    )


def _pivot_went_back(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    asked = need(observation.destination, What.DESTINATION)
    if asked:
        return asked
    state = known(observation.destination)
    if state is None or state.current == rotation.new_version:
        return None
    if state.current is None or state.current != rotation.base_version:
        asked = need(observation.published, What.PUBLISHED)
        if asked or observation.published != Known(rotation.old_key_id):
            return asked
    return _old_key_lost(rotation, observation, terms, now) or _enabled_again(
        rotation, observation, state, terms, now
    )


def _follower_went_back(rotation: Rotation, observation: Observation, terms: Terms) -> Step | None:
    """Enable the old key before the follower is healed: its consumers fail until they read again.

    Not a key that a person called compromised or ordered off, nor one that is gone: there
    the new key is all the help there is.
    """
    if not terms.followers or rotation.expedited_at or rotation.disabled_at is None:
        return None
    asked = need(observation.followers, What.FOLLOWERS)
    if asked:
        return asked
    found = followers.on_old_key(rotation, observation)
    if found is None:
        return None
    asked = need(observation.keys, What.KEYS)
    if asked:
        return asked
    listing = known(observation.keys)
    if listing is not None and listing.find(rotation.old_key_id) is None:
        return None
    evidence = {"place": found.ref.name}
    return Do(effect=Effect.ENABLE_KEY, key_id=rotation.old_key_id, evidence=evidence)


def _old_key_lost(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Hold where nobody can enable the key; a listing that merely cannot be read is no obstacle."""
    asked = need(observation.keys, What.KEYS)
    if asked:
        return asked
    if failure(observation.keys) in recovery.GONE:
        return recovery.listing_problem(observation, terms, now)
    listing = known(observation.keys)
    is_listed = listing is None or listing.find(rotation.old_key_id) is not None
    if is_listed or recovery.settled(rotation.disabled_at, terms, now):
        return None
    return hold(terms, now, Reason.CURRENT_KEY_GONE, rotation.old_key_id)


def _enabled_again(
    rotation: Rotation,
    observation: Observation,
    state: DestinationState,
    terms: Terms,
    now: Instant,
) -> Step | None:
    """Enable what we disabled. A key that somebody else disabled stays so: they had a reason."""
    if rotation.disabled_at is not None:
        evidence = {"current_version": str(state.current)}
        return Do(effect=Effect.ENABLE_KEY, key_id=rotation.old_key_id, evidence=evidence)
    listing = known(observation.keys)
    old = listing.find(rotation.old_key_id) if listing else None
    if old is not None and old.enabled:
        return None
    return hold(terms, now, Reason.CURRENT_KEY_DISABLED, rotation.old_key_id)


def _new_key_enabled(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    blocked = recovery.listing_problem(observation, terms, now)
    if blocked:
        return blocked
    listing = known(observation.keys)
    new = listing.find(rotation.new_key_id) if listing else None
    if new is None or not new.enabled:
        return hold(terms, now, Reason.NEW_KEY_GONE, str(rotation.new_key_id))
    if listing is not None and new.has_expired(listing.provider_time):
        return hold(terms, now, Reason.NEW_KEY_GONE, told(new, listing.provider_time))
    return None


def _old_key_found(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """What somebody else did to the old key already is written down, not done again."""
    listing = known(observation.keys)
    old = listing.find(rotation.old_key_id) if listing else None
    if old is None:
        return deletion.proved(rotation, Fact.FOUND_GONE, observation, terms, now)
    if rotation.phase is Phase.PROMOTED and not old.enabled:
        return Record(fact=Fact.FOUND_DISABLED)
    return None


def _still_disabled(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    listing = known(observation.keys)
    old = listing.find(rotation.old_key_id) if listing else None
    if old is not None and old.enabled:
        stale = recovery.settled(rotation.disabled_at, terms, now)
        return stale or hold(terms, now, Reason.REENABLED, rotation.old_key_id)
    return None


def _unused_since(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """A use that is reported after the key was off means that we misunderstand something."""
    if not terms.traits.can_report_use:
        return None
    asked = need(observation.old_use, What.OLD_USE)
    if asked:
        return asked
    use = known(observation.old_use)
    if use is None:
        return hold(terms, now, Reason.USE_UNREADABLE, failure(observation.old_use))
    since = recovery.plus(rotation.disabled_at or rotation.phase_since, _coarse(terms))
    since = max(since, rotation.vouched_at or since)
    if use.at is not None and use.at > since:
        return hold(terms, now, Reason.USED_WHILE_DISABLED, f"{use.service} {use.region}".strip())
    return None


def _coarse(terms: Terms) -> timedelta:
    return terms.traits.use_quantum


def _may_destroy(terms: Terms, now: Instant) -> Step | None:
    return hold(terms, now, Reason.PLAN_MODE) if terms.mode is Mode.PLAN else None


def _switch_off(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    if terms.traits.can_disable:
        evidence = grounds(rotation, observation, terms, now)
        return Do(effect=Effect.DISABLE_KEY, key_id=rotation.old_key_id, evidence=evidence)
    return _remove(rotation, observation, terms, now)


def _remove(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """First take our labels away: nobody falls back to a dead key, nothing stays pending."""
    state = known(observation.destination)
    previous = state.previous if state else None
    if previous is not None and previous == rotation.base_version:
        return recovery.unlabel(rotation, previous, terms, now)
    # A promote whose time was over behind the pivot left its second half undone; and
    # a rebuilt journal retires keys whose version was stored and never became current.
    ours = {rotation.new_version, rotation.base_version, *tokens(rotation)}
    pending = [version for version in state.pending if version in ours] if state else []
    if pending:
        return recovery.unlabel(rotation, min(pending), terms, now)
    evidence = grounds(rotation, observation, terms, now)
    return Do(effect=Effect.DELETE_KEY, key_id=rotation.old_key_id, evidence=evidence)
