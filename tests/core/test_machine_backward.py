from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Observation, What
from rotator.core.ids import version_token
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Terms
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, at
from tests.core.worlds import (
    DENIED,
    SIBLING_VERSION,
    STRAY_KEY,
    TOKEN,
    asks_for,
    both,
    key,
    listing,
    missing,
    open_rotation,
    reason_of,
    seen,
    state,
)

if TYPE_CHECKING:
    from typing import Any

    from rotator.core.facts import DestinationState
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

BEFORE_THE_PIVOT = [Phase.CREATED, Phase.STAGED, Phase.VERIFIED]
DISCARD = Do(
    effect=Effect.DELETE_KEY,
    key_id=NEW_KEY,
    evidence={"proof": "minted by this rotation", "abandoned": "drift"},
)


def abandoned(phase: Phase = Phase.STAGED, **changes: Any) -> Rotation:  # noqa: ANN401 - any field
    return open_rotation(phase, abandoned=Reason.DRIFT, **changes)


def step(rotation: Rotation, observation: Observation, now: Instant = EPOCH) -> Step:
    return next_step(rotation, observation, Terms(), now)


@pytest.mark.parametrize("phase", BEFORE_THE_PIVOT)
def test_only_our_own_key_is_deleted_and_its_proof_is_named(phase: Phase) -> None:
    assert step(abandoned(phase), seen(destination=state())) == DISCARD


@pytest.mark.parametrize("phase", BEFORE_THE_PIVOT)
def test_a_version_that_was_made_current_after_all_turns_the_rotation_forward(
    phase: Phase,
) -> None:
    answer = step(abandoned(phase), seen(destination=state(TOKEN)))

    assert answer == Record(fact=Fact.FOUND_CURRENT, version=TOKEN)


@pytest.mark.parametrize("phase", BEFORE_THE_PIVOT)
def test_a_key_that_consumers_read_from_an_edited_version_is_never_discarded(phase: Phase) -> None:
    edited = state(SIBLING_VERSION, previous=TOKEN)

    asked = step(abandoned(phase), seen(destination=edited))
    answer = step(abandoned(phase), seen(destination=edited, published=NEW_KEY))

    assert asks_for(asked) is What.PUBLISHED
    assert answer == Record(fact=Fact.FOUND_CURRENT, version=SIBLING_VERSION)


def test_what_cannot_be_read_may_be_our_key_and_is_not_deleted() -> None:
    answer = step(abandoned(), seen(destination=state(SIBLING_VERSION), published=DENIED))

    assert isinstance(answer, Wait)
    assert answer.reason is Reason.DRIFT
    assert SIBLING_VERSION in answer.detail


@pytest.mark.parametrize("published", [None, OLD_KEY, STRAY_KEY])
def test_a_strange_version_with_another_key_does_not_keep_ours_alive(
    published: KeyId | None,
) -> None:
    shown = seen(destination=state(SIBLING_VERSION), published=published)

    assert step(abandoned(), shown) == DISCARD


PASSED_BY = state(SIBLING_VERSION, versions=frozenset({SIBLING_VERSION, TOKEN}))
"""Our version has lost its pending label, and another one is current."""


def test_a_key_that_a_later_rotation_has_replaced_is_no_leftover() -> None:
    """The journal was restored from before the promotion; consumers may still use the key."""
    asked = step(abandoned(), seen(destination=PASSED_BY, published=STRAY_KEY))
    shown = seen(destination=PASSED_BY, published=STRAY_KEY, keys=both())

    assert asks_for(asked) is What.KEYS
    assert step(abandoned(), shown) == Record(fact=Fact.FOUND_CURRENT, version=TOKEN)


@pytest.mark.parametrize(
    ("rotation", "shown"),
    [
        (abandoned(), seen(destination=PASSED_BY, published=STRAY_KEY, keys=listing(key()))),
        (abandoned(unstaged_at=EPOCH), seen(destination=PASSED_BY, published=STRAY_KEY)),
        (abandoned(), seen(destination=PASSED_BY, published=OLD_KEY)),
        (abandoned(), seen(destination=PASSED_BY, published=None)),
        (abandoned(), seen(destination=replace(PASSED_BY, current=OLD_VERSION))),
    ],
    ids=["gone already", "unlabelled by us", "the old key is back", "no key", "nobody came after"],
)
def test_a_key_that_no_later_rotation_has_replaced_is_discarded(
    rotation: Rotation, shown: Observation
) -> None:
    assert step(rotation, shown) == DISCARD


@pytest.mark.parametrize("gone", [missing(), state(None)])
def test_a_destination_without_a_current_version_needs_no_reading(gone: DestinationState) -> None:
    assert step(abandoned(), seen(destination=gone)) == DISCARD


def test_labels_go_before_the_key_does() -> None:
    second = version_token(abandoned().id, NEW_KEY, 2)
    labelled = state(pending=frozenset({second}), previous=TOKEN)
    rotation = abandoned(attempt=2)

    first = step(rotation, seen(destination=labelled))
    then = step(rotation, seen(destination=state(pending=frozenset({second}))))

    assert first == Do(effect=Effect.UNSTAGE, version=TOKEN)
    assert then == Do(effect=Effect.UNSTAGE, version=second)


def test_a_strangers_pending_version_is_left_alone() -> None:
    foreign = state(pending=frozenset({SIBLING_VERSION}))

    assert step(abandoned(), seen(destination=foreign)) == DISCARD


def test_a_label_that_a_stale_reading_still_shows_is_waited_for() -> None:
    rotation = abandoned(unstaged_at=EPOCH)
    labelled = seen(destination=state(pending=frozenset({TOKEN})))

    early = step(rotation, labelled)
    late = step(rotation, labelled, now=at(minutes=1))

    assert early == Wait(until=at(minutes=1), reason=Reason.SETTLING)
    assert late == Do(effect=Effect.UNSTAGE, version=TOKEN)


def test_a_destination_that_is_being_deleted_does_not_keep_the_key_in_the_air() -> None:
    doomed = state(deletion_scheduled=True, pending=frozenset({TOKEN}))

    assert step(abandoned(), seen(destination=doomed)) == DISCARD


def test_nothing_is_undone_while_a_request_may_still_land() -> None:
    rotation = abandoned(landing_until=at(minutes=7))

    early = step(rotation, seen(destination=state()), now=at(minutes=6))
    late = step(rotation, seen(destination=state()), now=at(minutes=7))

    assert early == Wait(until=at(minutes=7), reason=Reason.SETTLING)
    assert late == DISCARD


def test_the_destination_is_read_first_and_must_be_readable() -> None:
    assert asks_for(step(abandoned(), Observation())) is What.DESTINATION
    assert reason_of(step(abandoned(), seen(destination=DENIED))) is Reason.ACCESS_DENIED


def test_a_merge_that_lost_its_base_is_judged_by_the_version_it_began_with() -> None:
    rotation = abandoned(Phase.CREATED, base_version=None)

    assert step(rotation, seen(destination=state(OLD_VERSION))) == DISCARD
