"""The other places of a credential's key: mirrors of the first one, which is the pivot.

A follower is never part of the pivot's swap. It is looked at, and what is behind is
given the pivot's key by a compare-and-swap of its own, as often as it takes. Until all
of them were found current no grace begins, so whoever reads any of them has the whole
grace. What carries somebody else's key is never overwritten.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from rotator.core import recovery
from rotator.core.facts import What
from rotator.core.ids import Instant, follower_token
from rotator.core.reasons import Reason, explain
from rotator.core.rotation import Action, Effect, Phase
from rotator.core.steps import Do, Fact, Record, Wait, failure, hold, known, need
from rotator.core.terms import Mode
from rotator.core.transitions import replanned
from rotator.core.unfit import unfit

if TYPE_CHECKING:
    from rotator.core.facts import Follower, Observation
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Credential, Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms

_MOST_WRITES = 3
"""How often within a day a follower is written in a grace; then somebody fights with us."""

_SOON = timedelta(minutes=5)
"""When to look again at a follower whose trouble may be over by itself."""


def reaching(terms: Terms, rotation: Rotation | None, credential: Credential) -> Terms:
    """Count as followers all that policy names by now beside the object that is the pivot.

    A rotation keeps its pivot once its key was made. Where policy has named another
    destination since, that one has readers, too, and the pivot may be among the followers.
    """
    pivot = replanned(rotation, credential).destination if rotation else credential.destination
    is_led = rotation is not None and credential.action is Action.ROTATE
    named = (credential.destination, *terms.followers) if is_led else terms.followers
    others = {ref.id: ref for ref in named if ref and not (pivot and ref.id == pivot.id)}
    return replace(terms, followers=tuple(others.values()))


class Standing(Enum):
    """How a follower stands to the key that it is to carry."""

    CURRENT = auto()
    BEHIND = auto()
    STRANGE = auto()
    BARRED = auto()


def aligned(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Bring every follower to a promoted rotation's new key; None when all were found current.

    Asked only while the pivot carries that key. The grace counts from the moment at which
    the last one was found current, and anew if one falls back.
    """
    if not terms.followers:
        return None
    asked = _unruled(terms, now) or need(observation.followers, What.FOLLOWERS)
    if asked:
        return asked
    is_known = rotation.followed_at is not None
    if is_known and _has_fallen(rotation, observation, terms):
        return Record(fact=Fact.FELL_BACK)
    lacking = healed(rotation, observation, terms, now)
    if lacking or is_known:
        return lacking
    return (
        _landing(rotation, now)
        or recovery.listing_problem(observation, terms, now)
        or Record(fact=Fact.FOLLOWED)
    )


def healed(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Write the new key to the first follower that lacks it; hold where that must not be.

    Returns:
        None when every follower carries it, or there is none.
    """
    if not terms.followers:
        return None
    asked = _unruled(terms, now) or need(observation.followers, What.FOLLOWERS)
    return asked or _lacking(observation, rotation.new_key_id, rotation, terms, now)


def mirrored(
    credential: Credential, observation: Observation, terms: Terms, now: Instant
) -> Do | Wait | None:
    """Bring the followers of a credential without an open rotation to its current key.

    Returns:
        None when every follower carries it, there is none, or the pivot carries no key yet.
    """
    key = credential.current_key_id
    if not terms.followers or key is None or credential.current_version is None:
        return None
    if not terms.is_rule_known:
        return None
    asked = need(observation.followers, What.FOLLOWERS)
    if asked:
        return asked
    step = _lacking(observation, key, None, terms, now)
    if isinstance(step, Do) and terms.mode is Mode.PLAN:
        name = step.place.name if step.place else ""
        return hold(terms, now, Reason.PLAN_MODE, f"{name} would be given {key}")
    return step


def on_old_key(rotation: Rotation, observation: Observation) -> Follower | None:
    """Return the first follower whose consumers read the old key; None if there is none."""
    places = known(observation.followers) or ()
    return next((item for item in places if rotation.is_old(item.published)), None)


def _unruled(terms: Terms, now: Instant) -> Wait | None:
    """Write nowhere while nobody knows which rule's followers these are; the old key waits."""
    if terms.is_rule_known:
        return None
    detail = "which rule names them is known after the next scan: it asks for tags"
    return hold(terms, now, Reason.FOLLOWERS_BEHIND, detail)


def _lacking(
    observation: Observation,
    key: KeyId | None,
    rotation: Rotation | None,
    terms: Terms,
    now: Instant,
) -> Do | Wait | None:
    """Say what the first follower needs that does not carry the key; what can be done is first."""
    places = known(observation.followers)
    if places is None:
        return hold(terms, now, Reason.FOLLOWERS_BEHIND, failure(observation.followers))
    by_standing: dict[Standing, list[Follower]] = {}
    for item in places:
        by_standing.setdefault(_standing(item, key, rotation, terms), []).append(item)
    behind = by_standing.get(Standing.BEHIND, [])
    for item in (item for item in behind if not _is_fought(item, rotation)):
        evidence = {"place": item.ref.name, "carried": item.published}
        return Do(effect=Effect.FOLLOW, key_id=key, place=item.ref, evidence=evidence)
    for item in by_standing.get(Standing.STRANGE, ()):
        return hold(terms, now, Reason.FOLLOWER_DRIFT, _strange(item))
    for item in behind:
        return hold(terms, now, Reason.FOLLOWER_DRIFT, _fought(item))
    barred = by_standing.get(Standing.BARRED, [])
    return _barred(barred, terms, now) if barred else None


def _standing(
    follower: Follower, key: KeyId | None, rotation: Rotation | None, terms: Terms
) -> Standing:
    state = follower.state
    if state is None:
        return Standing.BARRED
    if follower.published == key and _is_proved(follower, rotation):
        return Standing.CURRENT if state.current not in state.pending else Standing.BEHIND
    if follower.code or unfit(state, owner=terms.owner, create=follower.ref.create):
        return Standing.BARRED
    if follower.published is not None:
        return Standing.BEHIND if follower.is_ours else Standing.STRANGE
    is_free = state.current is None or state.owner == terms.owner or follower.ref.merge
    return Standing.BEHIND if is_free else Standing.STRANGE


def _is_fought(follower: Follower, rotation: Rotation | None) -> bool:
    """Whether somebody takes back what we write; both keys work, so a person has the time.

    Whoever lost the old key, or ordered it off, is helped by each write.
    """
    is_patient = rotation is not None and rotation.expedited_at is None
    is_in_grace = rotation is not None and rotation.phase is Phase.PROMOTED
    return is_patient and is_in_grace and follower.writes >= _MOST_WRITES


def _fought(follower: Follower) -> str:
    times = f"{follower.writes} times within a day"
    what = f"carries {follower.published} again"
    return f"{follower.ref.name} was written {times} and {what}: see what else writes to it"


def _is_proved(follower: Follower, rotation: Rotation | None) -> bool:
    """Whether a key's id tells it; where the old one had the same, only our version does."""
    state = follower.state
    if rotation is None or not rotation.has_same_id or state is None:
        return True
    key, place = rotation.old_key_id, follower.ref.id
    ours = {follower_token(rotation.id, key, place, base) for base in (None, *state.versions)}
    return state.current in ours


def _has_fallen(rotation: Rotation, observation: Observation, terms: Terms) -> bool:
    """Whether a follower is known to carry something else; of what is unread nobody knows."""
    return any(
        not item.code
        and _standing(item, rotation.new_key_id, rotation, terms) is not Standing.CURRENT
        for item in known(observation.followers) or ()
    )


def _strange(follower: Follower) -> str:
    if follower.published is None:
        return f"{follower.ref.name} has content without a key, and is not tagged as ours"
    return f"{follower.ref.name} carries {follower.published}, which is not this credential's"


def _barred(places: list[Follower], terms: Terms, now: Instant) -> Wait:
    """Wait for what cannot be read or written, and name each with its reason."""
    detail = "; ".join(f"{item.ref.name}: {_why(item, terms)}" for item in places)
    wait = hold(terms, now, Reason.FOLLOWERS_BEHIND, detail)
    if all(item.is_passing for item in places):
        return Wait(until=min(wait.until, Instant(now + _SOON)), reason=wait.reason, detail=detail)
    return wait


def _why(follower: Follower, terms: Terms) -> str:
    if follower.state is None or follower.code:
        return f"{follower.code}: {follower.why}" if follower.why else follower.code
    reason = unfit(follower.state, owner=terms.owner, create=follower.ref.create)
    return explain(reason) if reason else ""


def _landing(rotation: Rotation, now: Instant) -> Wait | None:
    """Wait out what was sent before a rollback: a follower that was never written can still move.

    Any other write is excluded by the swap that we made since; here there was none.
    """
    until = rotation.landing_until
    if rotation.reversed_at is None or until is None or now >= until:
        return None
    return Wait(until=until, reason=Reason.SETTLING)
