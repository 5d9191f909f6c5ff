"""Before the pivot, the way back: what an abandoned rotation made is unlabelled and deleted.

Only what consumers surely do not read. Whatever shows that they do, or did, leads
forward again, or to a hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core import recovery
from rotator.core.facts import DestinationState, Known, What
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect
from rotator.core.steps import Do, Fact, Record, Wait, hold, known, need
from rotator.core.transitions import tokens

if TYPE_CHECKING:
    from rotator.core.facts import Observation
    from rotator.core.ids import Instant, VersionId
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms


def backward(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step:
    """Undo what an abandoned rotation made: unlabel, then delete exactly its own key."""
    if rotation.landing_until is not None and now < rotation.landing_until:
        return Wait(until=rotation.landing_until, reason=Reason.SETTLING)
    state = recovery.read_destination(observation, terms, now)
    if not isinstance(state, DestinationState):
        return state
    ours = tokens(rotation)
    if state.current in ours:
        # It was promoted after all: going on backward would break what consumers read.
        if is_half_promoted(state):
            return recovery.unlabel(rotation, state.current, terms, now)
        return Record(fact=Fact.FOUND_CURRENT, version=state.current)
    published = published_elsewhere(rotation, observation, state)
    if published:
        return published
    if not _is_surely_unpublished(rotation, observation, state):
        # What cannot be read may be our key, and consumers may be reading it.
        return hold(terms, now, Reason.DRIFT, recovery.current_version(state, observation))
    superseded = _superseded(rotation, observation, state, terms, now)
    if superseded:
        return superseded
    labelled = [token for token in ours if token in state.pending or token == state.previous]
    if labelled and not state.deletion_scheduled:
        return recovery.unlabel(rotation, labelled[0], terms, now)
    return Do(
        effect=Effect.DELETE_KEY,
        key_id=rotation.new_key_id,
        evidence={"proof": "minted by this rotation", "abandoned": str(rotation.abandoned)},
    )


def is_half_promoted(state: DestinationState) -> bool:
    """Whether the current version still carries the pending label, and we may take it off."""
    return state.current in state.pending and not state.deletion_scheduled


def published_elsewhere(
    rotation: Rotation, observation: Observation, state: DestinationState
) -> Step | None:
    """Look whether a version that is not ours carries our key: somebody edited after promote."""
    if state.current in _before_us(rotation):
        return None
    asked = need(observation.published, What.PUBLISHED)
    if asked:
        return asked
    is_told = rotation.new_key_id is not None and not rotation.has_same_id
    if is_told and observation.published == Known(rotation.new_key_id):
        return Record(fact=Fact.FOUND_CURRENT, version=state.current)
    return None


def _is_surely_unpublished(
    rotation: Rotation, observation: Observation, state: DestinationState
) -> bool:
    if state.current in _before_us(rotation):
        return True
    if rotation.has_same_id and observation.published == Known(rotation.new_key_id):
        # The id is that of the dead key, too: nobody can tell which of them it is.
        return False
    return isinstance(observation.published, Known)


def _superseded(
    rotation: Rotation,
    observation: Observation,
    state: DestinationState,
    terms: Terms,
    now: Instant,
) -> Step | None:
    """Find that our version was current once, and that another rotation's came after it.

    So it is where the journal was restored from before the promotion. Our key is no
    leftover then: its consumers may not have moved yet.
    """
    stored = [token for token in tokens(rotation) if token in state.versions]
    is_as_staged = not stored or any(token in state.pending for token in stored)
    if is_as_staged or rotation.unstaged_at or state.current in _before_us(rotation):
        return None
    if observation.published in {Known(None), Known(rotation.old_key_id)}:
        return None
    blocked = recovery.listing_problem(observation, terms, now)
    if blocked:
        return blocked
    listing = known(observation.keys)
    is_left = listing is not None and listing.find(rotation.new_key_id) is not None
    return Record(fact=Fact.FOUND_CURRENT, version=stored[-1]) if is_left else None


def _before_us(rotation: Rotation) -> set[VersionId | None]:
    """Name the versions that cannot carry our key, for they are older; None stands for none."""
    return {None, rotation.base_version, rotation.old_version}
