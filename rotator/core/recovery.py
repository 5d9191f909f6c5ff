"""What an open intent came to: answered by looking, never by doing it again.

An intent that is found done is done. One that is not found done is void only
when nothing of it can land any more: its deadline, plus the time for which a
signed request stays good, plus the staleness of the listing that we look at.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core import deletion
from rotator.core.attribution import attribute
from rotator.core.facts import DestinationState, What
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect
from rotator.core.steps import Do, Fact, Record, Wait, failure, hold, known, need, told

if TYPE_CHECKING:
    from rotator.core.facts import KeyInfo, KeyListing, Observation
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.rotation import Intent, Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms

_ON_KEYS = frozenset({Effect.DISABLE_KEY, Effect.ENABLE_KEY, Effect.DELETE_KEY})
GONE = frozenset({"principal_replaced", "not_found"})
"""Codes of a listing that say that the principal is no more, and so are its keys."""

_COARSE = timedelta(seconds=2)
"""Many providers tell their time in whole seconds."""

_HARMLESS = frozenset({Effect.VERIFY, Effect.PREPARE, Effect.GRANT, Effect.REFRESH, Effect.RESTART})
"""Repeating these changes nothing, and nothing of them can land late and hurt.

A restart is sent for one edition of its workload, which is over once it took effect.
"""


def plus(moment: Instant, period: timedelta) -> Instant:
    """Add a period to an instant."""
    return Instant(moment + period)


def lands_until(intent: Intent, terms: Terms) -> Instant:
    """Say when a request of this intent can take effect at the latest."""
    return plus(intent.not_after, terms.traits.signature_window)


def settles_at(intent: Intent, terms: Terms) -> Instant:
    """Say from when on a listing that lacks the effect proves that there was none."""
    return plus(lands_until(intent, terms), terms.traits.list_lag)


def not_settled(intent: Intent, listing: KeyListing, terms: Terms, now: Instant) -> Wait | None:
    """Wait until nothing can land any more by the provider's clock too; None when so.

    Whoever made the intent may have had a clock behind ours, and its request is
    good for as long as the provider counts.
    """
    if intent.provider_time is None:
        return None
    patience = settles_at(intent, terms) - intent.made_at
    left = intent.provider_time + patience - listing.provider_time
    return Wait(until=plus(now, left), reason=Reason.SETTLING) if left > timedelta(0) else None


def answer(
    rotation: Rotation, intent: Intent, observation: Observation, terms: Terms, now: Instant
) -> Step:
    """Find out what became of the open intent, or wait until that can be known."""
    if intent.effect is Effect.CREATE_KEY:
        return _mint(rotation, intent, observation, terms, now)
    if intent.effect in _HARMLESS:
        return Record(fact=Fact.INTENT_VOID)
    if intent.effect is Effect.FOLLOW:
        return _following(rotation, intent, observation)
    if intent.effect in _ON_KEYS:
        return _on_key(rotation, intent, observation, terms, now)
    return _on_destination(rotation, intent, observation, terms, now)


def _mint(
    rotation: Rotation, intent: Intent, observation: Observation, terms: Terms, now: Instant
) -> Step:
    if now < settles_at(intent, terms):
        return Wait(until=settles_at(intent, terms), reason=Reason.SETTLING)
    asked = need(observation.keys, What.KEYS) or need(observation.destination, What.DESTINATION)
    if asked:
        return asked
    listing, state = known(observation.keys), known(observation.destination)
    if listing is None or state is None:
        code = failure(observation.keys) or failure(observation.destination)
        reason = _listing_reason(failure(observation.keys))
        detail = _with_namesake(intent, terms) if reason is Reason.PRINCIPAL_REPLACED else code
        return hold(terms, now, reason, detail)
    verdict = attribute(rotation, intent, listing, state, terms)
    if verdict.ours is not None:
        return Record(fact=Fact.INTENT_DONE, key_id=verdict.ours)
    lost = Record(fact=Fact.MINT_LOST, reason=Reason.OUTCOME_LOST, suspects=verdict.suspects)
    return _unlanded(intent, observation, terms, now) or lost


def _with_namesake(intent: Intent, terms: Terms) -> str:
    """Say which key of the new principal may be ours: nobody else could find out."""
    until = plus(intent.not_after, terms.traits.signature_window)
    return (
        f"a key that we asked for at {intent.made_at:%Y-%m-%d %H:%M:%S} UTC may have landed with "
        f"the new principal until {until:%H:%M:%S}; nobody has its secret: delete it there by hand"
    )


def _on_key(
    rotation: Rotation, intent: Intent, observation: Observation, terms: Terms, now: Instant
) -> Step:
    asked = need(observation.keys, What.KEYS)
    if asked:
        return asked
    listing = known(observation.keys)
    if listing is None:
        return _unlisted(observation, terms, now)
    if intent.effect is Effect.ENABLE_KEY:
        return _enabling(intent, listing, terms, now)
    if _shows(intent, listing):
        return _done(rotation, intent, observation, terms, now)
    return _unlanded(intent, observation, terms, now) or deletion.still_listed(intent, terms, now)


def _done(
    rotation: Rotation, intent: Intent, observation: Observation, terms: Terms, now: Instant
) -> Step:
    done = Fact.INTENT_DONE
    if intent.effect is Effect.DISABLE_KEY:
        return Record(fact=done)
    # A key that was made a moment ago may be missing from a stale listing.
    stale = settled(intent.made_at, terms, now)
    if stale or not rotation.is_old(intent.key_id):
        return stale or Record(fact=done)
    return deletion.proved(rotation, done, observation, terms, now)


def _enabling(intent: Intent, listing: KeyListing, terms: Terms, now: Instant) -> Step:
    """Consumers wait for this key, so do it again as soon as the listing can be believed.

    A stale listing still shows the key as it was before we disabled it, so not even
    "enabled" is proof at once. A second request is harmless, however late one lands;
    so while the clocks disagree, and nobody knows how old a listing is, it is sent.
    """
    if _is_skewed(listing, terms, now):
        return Record(fact=Fact.INTENT_VOID)
    unsettled = settled(intent.made_at, terms, now)
    if unsettled:
        return unsettled
    key = listing.find(intent.key_id)
    is_enabled = key is not None and key.enabled
    return Record(fact=Fact.INTENT_DONE if is_enabled else Fact.INTENT_VOID)


def _following(rotation: Rotation, intent: Intent, observation: Observation) -> Step:
    """Look what the follower carries; if not the key, it is written again at once.

    A request that lands late meets a version that it does not expect, or the same one.
    """
    asked = need(observation.followers, What.FOLLOWERS)
    if asked:
        return asked
    carried = carried_at(intent.place, observation)
    is_done = carried == {intent.key_id} and not rotation.has_same_id
    return Record(fact=Fact.INTENT_DONE if is_done else Fact.INTENT_VOID)


def carried_at(place: str, observation: Observation) -> set[KeyId | None]:
    """Return what followers of that name carry; in two regions two of them may have it."""
    places = known(observation.followers) or ()
    return {item.published for item in places if item.ref.name == place}


def _shows(intent: Intent, listing: KeyListing) -> bool:
    key = listing.find(intent.key_id)
    if intent.effect is Effect.DISABLE_KEY:
        return key is not None and not key.enabled
    return key is None or _is_born_after(key, intent, listing)


def _is_born_after(key: KeyInfo, intent: Intent, listing: KeyListing) -> bool:
    """Whether a listed key is younger than the wish to delete one: it only has its id.

    By the provider's clock alone, which must make sense: ours may be wrong.
    """
    if intent.provider_time is None or not key.is_dated:
        return False
    return intent.provider_time + _COARSE < key.created_at <= listing.provider_time


def _on_destination(
    rotation: Rotation, intent: Intent, observation: Observation, terms: Terms, now: Instant
) -> Step:
    state = read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    if _holds(intent, state):
        return Record(fact=Fact.INTENT_DONE, version=intent.version)
    if intent.effect is Effect.PROMOTE and state.current == intent.version:
        # Half done: consumers read it, a label is left; asking once more is harmless.
        return Record(fact=Fact.INTENT_VOID)
    patience = plus(rotation.phase_since, terms.traits.signature_window)
    if intent.effect is Effect.STAGE and observation.secret_in_hand and now < patience:
        # The same token with the same content is stored once, however often it is sent.
        return Record(fact=Fact.INTENT_VOID)
    return _unlanded(intent, observation, terms, now) or Record(fact=Fact.INTENT_VOID)


def _holds(intent: Intent, state: DestinationState) -> bool:
    match intent.effect:
        case Effect.STAGE:
            return intent.version in state.versions
        case Effect.PROMOTE:
            return state.current == intent.version and intent.version not in state.pending
        case _:
            return intent.version not in state.pending and state.previous != intent.version


def _unlanded(intent: Intent, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Wait until nothing can land any more; None when so, by our clock and the provider's.

    A clock that jumped ahead would give an intent up that can still land.
    """
    if now < settles_at(intent, terms):
        return Wait(until=settles_at(intent, terms), reason=Reason.SETTLING)
    blocked, listing = listing_problem(observation, terms, now), known(observation.keys)
    if blocked or listing is None:
        return blocked
    return not_settled(intent, listing, terms, now)


def settled(since: Instant | None, terms: Terms, now: Instant) -> Wait | None:
    """Wait until readings can show what was done at `since`; None when they can."""
    if since is None or now >= plus(since, terms.traits.list_lag):
        return None
    return Wait(until=plus(since, terms.traits.list_lag), reason=Reason.SETTLING)


def unlabel(rotation: Rotation, version: VersionId, terms: Terms, now: Instant) -> Step:
    """Take a version's labels off; a reading that shows them still may only be stale."""
    stale = settled(rotation.unstaged_at, terms, now)
    return stale or Do(effect=Effect.UNSTAGE, version=version)


def read_destination(
    observation: Observation, terms: Terms, now: Instant
) -> DestinationState | Do | Wait:
    """Return the destination as it was read, or ask for it, or hold because it is refused."""
    asked = need(observation.destination, What.DESTINATION)
    if asked:
        return asked
    state = known(observation.destination)
    if state is None:
        return hold(terms, now, Reason.ACCESS_DENIED, failure(observation.destination))
    return state


def current_version(state: DestinationState | None, observation: Observation) -> str:
    """Name the destination's current version, and why it could not be looked into, if so."""
    current = state.current if state else None
    code = failure(observation.published)
    return f"current version {current}" + (f", which cannot be read: {code}" if code else "")


def listing_problem(observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Ask for a fresh listing, and refuse one that failed or whose clock disagrees with ours."""
    asked = need(observation.keys, What.KEYS)
    if asked:
        return asked
    listing = known(observation.keys)
    if listing is None:
        return _unlisted(observation, terms, now)
    if _is_skewed(listing, terms, now):
        return hold(terms, now, Reason.CLOCK_SKEW, f"{listing.provider_time - now}")
    return None


def _unlisted(observation: Observation, terms: Terms, now: Instant) -> Wait:
    """Hold because the keys cannot be listed, and say why: the line of a spec, an action."""
    reason = _listing_reason(failure(observation.keys))
    detail = told(observation.keys) if reason is Reason.ACCESS_DENIED else ""
    return hold(terms, now, reason, detail)


def _is_skewed(listing: KeyListing, terms: Terms, now: Instant) -> bool:
    return abs(listing.provider_time - now) > terms.limits.clock_skew


def _listing_reason(code: str) -> Reason:
    return {
        "principal_replaced": Reason.PRINCIPAL_REPLACED,
        "not_found": Reason.CURRENT_KEY_GONE,
    }.get(code, Reason.ACCESS_DENIED)
