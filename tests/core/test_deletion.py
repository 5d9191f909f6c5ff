from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import UNREAD, Observation, Unread, Unreadable, What
from rotator.core.machine import next_step
from rotator.core.reasons import HALTING, Reason, is_hold
from rotator.core.recovery import settles_at
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Fact, Record, Wait
from rotator.core.terms import Terms
from rotator.core.transitions import answered
from tests.builders import NEW_KEY, OLD_KEY, at, intent
from tests.core.worlds import (
    TOKEN,
    asks_for,
    both,
    key,
    listing,
    open_rotation,
    reason_of,
    seen,
    state,
)

if TYPE_CHECKING:
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

TERMS = Terms()
DELETING = open_rotation(Phase.DISABLED, intent=intent(Effect.DELETE_KEY, key_id=OLD_KEY))
ANSWERED = answered(DELETING)
AT_ONCE = open_rotation(Phase.PROMOTED, intent=intent(Effect.DELETE_KEY, key_id=OLD_KEY))
UNTOUCHED = open_rotation(Phase.DISABLED)
LISTED_SINCE = at(minutes=1)
SPREAD = at(minutes=3)
SETTLED = settles_at(intent(), TERMS)
LATER = at(days=9)


def unlisted(now: Instant, *, old_refused: bool | Unreadable | Unread = UNREAD) -> Observation:
    """See the new key only, and what trying the old one came to."""
    keys = listing(key(NEW_KEY), now=now)
    return seen(destination=state(TOKEN), keys=keys, old_refused=old_refused)


def step(rotation: Rotation, observation: Observation, now: Instant) -> Step:
    return next_step(rotation, observation, TERMS, now)


@pytest.mark.parametrize("rotation", [DELETING, ANSWERED, AT_ONCE], ids=["lost", "told", "at once"])
def test_a_deleted_key_is_tried_once_a_listing_that_cannot_be_stale_lacks_it(
    rotation: Rotation,
) -> None:
    early = step(rotation, unlisted(at(seconds=59)), at(seconds=59))
    asked = step(rotation, unlisted(LISTED_SINCE), LISTED_SINCE)
    done = step(rotation, unlisted(LISTED_SINCE, old_refused=True), LISTED_SINCE)

    assert early == Wait(until=LISTED_SINCE, reason=Reason.SETTLING)
    assert asks_for(asked) is What.OLD_REFUSED
    assert done == Record(
        fact=Fact.INTENT_DONE,
        evidence={"proof": "refused", "refused_at": LISTED_SINCE.isoformat()},
    )


def test_a_key_that_cannot_be_tried_ends_by_the_listing_and_the_record_says_why() -> None:
    shown = unlisted(LISTED_SINCE, old_refused=Unreadable("access_denied"))

    assert step(ANSWERED, shown, LISTED_SINCE) == Record(
        fact=Fact.INTENT_DONE,
        evidence={"proof": "listing-only", "not_tried": "access_denied"},
    )


def test_a_refusal_has_time_to_spread_and_after_that_the_rotation_does_not_complete() -> None:
    spreading = step(ANSWERED, unlisted(LISTED_SINCE, old_refused=False), LISTED_SINCE)
    working = step(ANSWERED, unlisted(SPREAD, old_refused=False), SPREAD)

    assert spreading == Wait(until=SPREAD, reason=Reason.SETTLING)
    assert isinstance(working, Wait)
    assert working.reason is Reason.OLD_KEY_LIVES
    assert OLD_KEY in working.detail
    assert "lets it in" in working.detail


def test_a_key_that_somebody_else_deleted_is_tried_too() -> None:
    working = step(UNTOUCHED, unlisted(LATER, old_refused=False), LATER)
    refused = step(UNTOUCHED, unlisted(LATER, old_refused=True), LATER)

    assert reason_of(working) is Reason.OLD_KEY_LIVES
    assert isinstance(refused, Record)
    assert refused.fact is Fact.FOUND_GONE


def test_a_key_that_is_listed_after_a_delete_that_was_answered_is_a_hold_and_no_second_delete() -> (
    None
):
    shown = seen(keys=both(SETTLED))

    early = step(ANSWERED, seen(keys=both(LISTED_SINCE)), LISTED_SINCE)
    held = step(ANSWERED, shown, SETTLED)
    lost = step(DELETING, shown, SETTLED)

    assert early == Wait(until=SETTLED, reason=Reason.SETTLING)
    assert reason_of(held) is Reason.OLD_KEY_LIVES
    assert lost == Record(fact=Fact.INTENT_VOID)


def test_an_old_key_that_lives_on_is_a_hold_that_ends_by_itself() -> None:
    assert is_hold(Reason.OLD_KEY_LIVES)
    assert Reason.OLD_KEY_LIVES not in HALTING
