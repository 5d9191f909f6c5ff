"""How the end of an old key is proved: the provider lists it no more, and refuses it.

That a delete was answered proves little: a path may be mistyped, a cache may go on
letting the key in. So the intent of a delete stays open until a listing that cannot
be stale lacks the key, and the key, tried once more as itself, is refused. Where its
secret cannot be read back, the listing is all the proof there is, and is called that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.facts import Known, What
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.steps import Fact, Record, Wait, failure, hold, need

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.events import Scalar
    from rotator.core.facts import Observation
    from rotator.core.rotation import Intent, Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms


def proved(
    rotation: Rotation, fact: Fact, observation: Observation, terms: Terms, now: Instant
) -> Step:
    """Record the end of an old key that is listed no more, once it is known to be refused.

    Args:
        rotation: The rotation, whose old key no fresh listing shows.
        fact: What to record.
        observation: What this pass has read.
        terms: Policy, traits and limits that apply.
        now: The present.
    """
    asked = need(observation.old_refused, What.OLD_REFUSED)
    if asked:
        return asked
    if observation.old_refused == Known(value=False):
        return _let_in(rotation, terms, now)
    given_again = {"id_given_again": True} if rotation.has_same_id else {}
    return Record(fact=fact, evidence={**_evidence(observation, now), **given_again})


def still_listed(intent: Intent, terms: Terms, now: Instant) -> Step:
    """Judge a delete after which the key is listed, when nothing of it can land any more."""
    if not intent.is_answered:
        return Record(fact=Fact.INTENT_VOID)
    detail = f"{intent.key_id} is listed, although the provider said that it was deleted"
    return hold(terms, now, Reason.OLD_KEY_LIVES, detail)


def _let_in(rotation: Rotation, terms: Terms, now: Instant) -> Wait:
    """A refusal takes a while to spread; after that the key works although it is deleted."""
    intent = rotation.intent
    if intent is not None:
        spread = Instant(intent.made_at + terms.traits.list_lag + terms.limits.verify_timeout)
        if now < spread:
            return Wait(until=spread, reason=Reason.SETTLING)
    detail = f"{rotation.old_key_id} is listed no more, and the provider lets it in"
    if rotation.has_same_id:
        detail = f"the new key has the id of the old one, {rotation.old_key_id}, which is let in"
    return hold(terms, now, Reason.OLD_KEY_LIVES, detail)


def _evidence(observation: Observation, now: Instant) -> Mapping[str, Scalar]:
    code = failure(observation.old_refused)
    if code:
        return {"proof": "listing-only", "not_tried": code}
    return {"proof": "refused", "refused_at": now.isoformat()}
