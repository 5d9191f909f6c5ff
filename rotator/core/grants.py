"""What the two keys of a rotation are granted: the new one never less than the old one.

Grants change while a rotation is open: a tenant is added, another one leaves. What
either key is granted anew the other one gets, too, for consumers read one or the
other. What was once seen to by us and is missing from the new key was taken by
somebody, who had a reason: it is not given back, and nothing is retired meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.facts import What
from rotator.core.reasons import Reason
from rotator.core.recovery import settled
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, failure, hold, known, need

if TYPE_CHECKING:
    from rotator.core.facts import Grants, Observation
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms


def kept(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Ask for what a key lacks; None when the new key has whatever the old one has."""
    if not terms.traits.has_grants:
        return None
    asked = need(observation.grants, What.GRANTS)
    if asked:
        return asked
    grants = known(observation.grants)
    if grants is None:
        # A listing that is behind does not show the new key yet.
        stale = settled(rotation.phase_since, terms, now)
        return stale or hold(terms, now, Reason.GRANTS_UNREADABLE, failure(observation.grants))
    return (
        _levelled(rotation, grants)
        or _taken(rotation, grants, terms, now)
        or _never_read(rotation, grants, terms, now)
    )


def _levelled(rotation: Rotation, grants: Grants) -> Step | None:
    """Give the new key what the old one has, and during the grace the other way round."""
    fresh = grants.old - _seen_to(rotation)
    if fresh:
        return _granting(rotation.new_key_id, fresh)
    added = grants.new - _seen_to(rotation)
    # An old key that is granted nothing at all is switched off.
    if added and grants.old and rotation.phase is Phase.PROMOTED:
        return _granting(rotation.old_key_id, added)
    return None


def given_back(rotation: Rotation, observation: Observation, terms: Terms) -> Step | None:
    """Give the old key whatever the new one has, for consumers read the old one again.

    Switching it off takes its grants one by one, and may have come half of the way.
    """
    if not terms.traits.has_grants or rotation.phase is not Phase.PROMOTED:
        return None
    asked = need(observation.grants, What.GRANTS)
    grants = known(observation.grants)
    if asked or grants is None:
        return asked
    lacking = grants.new - grants.old
    return _granting(rotation.old_key_id, lacking) if lacking else None


def _taken(rotation: Rotation, grants: Grants, terms: Terms, now: Instant) -> Step | None:
    taken = (grants.old & _seen_to(rotation)) - grants.new
    if not taken:
        return None
    detail = f"{rotation.new_key_id} has lost {', '.join(sorted(taken))}"
    return hold(terms, now, Reason.GRANTS_TAKEN, detail)


def _never_read(rotation: Rotation, grants: Grants, terms: Terms, now: Instant) -> Step | None:
    """Promote nothing blind: nobody knows any more what an old key had that is off or gone."""
    if grants.old or rotation.granted is not None or not rotation.is_unpromoted:
        return None
    detail = f"{rotation.old_key_id} was switched off or deleted before they were read"
    return hold(terms, now, Reason.GRANTS_UNREADABLE, detail)


def _seen_to(rotation: Rotation) -> frozenset[str]:
    return frozenset(rotation.granted or ())


def _granting(key: KeyId | None, grants: frozenset[str]) -> Do:
    evidence = {"grants": ", ".join(sorted(grants))}
    return Do(effect=Effect.GRANT, key_id=key, grants=grants, evidence=evidence)
