from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Known, Observation, Unreadable, What
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.recovery import lands_until, settles_at
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Fact, Halt, Record, Wait, told
from rotator.core.terms import Terms
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, at, intent
from tests.core.worlds import (
    DENIED,
    SIBLING_VERSION,
    STRAY_KEY,
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
    from typing import Any

    from rotator.core.facts import DestinationState, KeyListing
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

TERMS = Terms()
SETTLED = settles_at(intent(), TERMS)
DONE = Record(fact=Fact.INTENT_DONE)
VOID = Record(fact=Fact.INTENT_VOID)
SETTLING = Wait(until=SETTLED, reason=Reason.SETTLING)


def step(rotation: Rotation, observation: Observation, now: Instant = EPOCH) -> Step:
    return next_step(rotation, telling(observation, now), TERMS, now)


def telling(observation: Observation, now: Instant) -> Observation:
    """Let a listing that was read be of now, by a provider that agrees with our clock."""
    keys = observation.keys
    if not isinstance(keys, Known):
        return observation
    return replace(observation, keys=Known(replace(keys.value, provider_time=now)))


def minting() -> Rotation:
    return open_rotation(intent=intent(known_keys=(OLD_KEY,)))


def on_key(effect: Effect, phase: Phase) -> Rotation:
    return open_rotation(phase, intent=intent(effect, key_id=OLD_KEY))


def on_version(effect: Effect, phase: Phase, **changes: Any) -> Rotation:  # noqa: ANN401 - any field
    return open_rotation(phase, intent=intent(effect, version=TOKEN), **changes)


def test_a_request_lands_within_its_window_and_a_listing_shows_it_later_still() -> None:
    assert lands_until(intent(), TERMS) == at(seconds=30, minutes=5)
    assert at(seconds=30, minutes=6) == SETTLED


class TestAMint:
    def test_it_is_waited_out_before_anything_is_read_and_never_repeated(self) -> None:
        assert step(minting(), Observation()) == SETTLING

    def test_then_keys_and_destination_are_looked_at(self) -> None:
        first = step(minting(), Observation(), SETTLED)
        second = step(minting(), seen(keys=listing()), SETTLED)

        assert asks_for(first) is What.KEYS
        assert asks_for(second) is What.DESTINATION

    @pytest.mark.parametrize(
        "blind", [seen(keys=DENIED, destination=state()), seen(keys=both(), destination=DENIED)]
    )
    def test_what_cannot_be_read_is_not_taken_for_no_key(self, blind: Observation) -> None:
        assert reason_of(step(minting(), blind, SETTLED)) is Reason.ACCESS_DENIED

    def test_a_proved_key_is_adopted(self) -> None:
        marked = listing(key(), key(NEW_KEY, rotation=minting().id))

        answer = step(minting(), seen(keys=marked, destination=state()), SETTLED)

        assert answer == Record(fact=Fact.INTENT_DONE, key_id=NEW_KEY)

    def test_without_proof_the_mint_is_lost_and_suspects_are_noted(self) -> None:
        born = listing(key(), key(STRAY_KEY, created_at=at(seconds=10)))
        early = seen(keys=born, destination=state())

        assert reason_of(next_step(minting(), early, TERMS, SETTLED)) is Reason.CLOCK_SKEW
        answer = step(minting(), seen(keys=born, destination=state()), SETTLED)

        assert answer == Record(
            fact=Fact.MINT_LOST, reason=Reason.OUTCOME_LOST, suspects=(STRAY_KEY,)
        )


@pytest.mark.parametrize(
    ("effect", "phase"), [(Effect.VERIFY, Phase.STAGED), (Effect.PREPARE, Phase.PLANNED)]
)
def test_what_harms_nobody_is_simply_done_again(effect: Effect, phase: Phase) -> None:
    assert step(on_version(effect, phase), Observation()) == VOID


class TestOnAKey:
    @pytest.mark.parametrize("effect", [Effect.DISABLE_KEY, Effect.DELETE_KEY, Effect.ENABLE_KEY])
    def test_the_listing_is_asked_and_must_be_readable(self, effect: Effect) -> None:
        rotation = on_key(effect, Phase.DISABLED)

        assert asks_for(step(rotation, Observation())) is What.KEYS
        assert reason_of(step(rotation, seen(keys=DENIED))) is Reason.ACCESS_DENIED

    def test_a_disabled_key_was_disabled(self) -> None:
        rotation = on_key(Effect.DISABLE_KEY, Phase.PROMOTED)

        assert step(rotation, seen(keys=listing(key(enabled=False)))) == DONE

    @pytest.mark.parametrize("effect", [Effect.DISABLE_KEY, Effect.DELETE_KEY])
    def test_a_clock_that_jumped_ahead_gives_no_request_up(self, effect: Effect) -> None:
        rotation, shown = on_key(effect, Phase.PROMOTED), seen(keys=both(EPOCH))

        answer = next_step(rotation, shown, TERMS, at(days=1))

        assert reason_of(answer) is Reason.CLOCK_SKEW

    def test_a_request_is_waited_out_by_the_providers_clock_too(self) -> None:
        """The replica that sent it may have had a clock behind ours."""
        made = intent(Effect.DISABLE_KEY, key_id=OLD_KEY, provider_time=at(minutes=3))
        rotation = open_rotation(Phase.PROMOTED, intent=made)
        untold = open_rotation(Phase.PROMOTED, intent=replace(made, provider_time=None))
        shown = seen(keys=both())

        assert step(rotation, shown, SETTLED) == Wait(
            until=at(minutes=9, seconds=30), reason=Reason.SETTLING
        )
        assert step(rotation, shown, at(minutes=9, seconds=30)) == VOID
        assert step(untold, shown, SETTLED) == VOID

    @pytest.mark.parametrize("shown", [listing(key()), listing()])
    def test_a_disable_that_cannot_be_seen_is_void_only_when_it_can_land_no_more(
        self, shown: KeyListing
    ) -> None:
        rotation = on_key(Effect.DISABLE_KEY, Phase.PROMOTED)
        observation = seen(keys=shown)

        assert step(rotation, observation) == SETTLING
        assert step(rotation, observation, SETTLED) == VOID

    def test_a_missing_key_was_deleted_unless_the_listing_may_be_stale(self) -> None:
        rotation = on_key(Effect.DELETE_KEY, Phase.DISABLED)
        discarding = intent(Effect.DELETE_KEY, key_id=NEW_KEY)
        ours = open_rotation(Phase.STAGED, intent=discarding, abandoned=Reason.DRIFT)
        unlisted, listed_since = seen(keys=listing()), at(minutes=1)

        assert step(rotation, unlisted) == Wait(until=listed_since, reason=Reason.SETTLING)
        assert asks_for(step(rotation, unlisted, listed_since)) is What.OLD_REFUSED
        assert step(ours, unlisted) == Wait(until=listed_since, reason=Reason.SETTLING)
        assert step(ours, unlisted, listed_since) == DONE

    def test_a_key_that_is_still_there_was_not_deleted(self) -> None:
        rotation = on_key(Effect.DELETE_KEY, Phase.DISABLED)

        assert step(rotation, seen(keys=both()), SETTLED) == VOID

    @pytest.mark.parametrize(
        ("shown", "answer"),
        [(listing(key()), DONE), (listing(key(enabled=False)), VOID), (listing(), VOID)],
    )
    def test_an_enabling_is_believed_or_repeated_as_soon_as_the_listing_is_fresh(
        self, shown: KeyListing, answer: Record
    ) -> None:
        rotation = on_key(Effect.ENABLE_KEY, Phase.DISABLED)
        observation = seen(keys=shown)

        assert step(rotation, observation) == Wait(until=at(minutes=1), reason=Reason.SETTLING)
        assert step(rotation, observation, at(minutes=1)) == answer


class TestOnADestination:
    @pytest.mark.parametrize(
        ("effect", "phase"),
        [
            (Effect.STAGE, Phase.CREATED),
            (Effect.PROMOTE, Phase.VERIFIED),
            (Effect.UNSTAGE, Phase.DISABLED),
        ],
    )
    def test_the_destination_is_asked_and_must_be_readable(
        self, effect: Effect, phase: Phase
    ) -> None:
        rotation = on_version(effect, phase)

        assert asks_for(step(rotation, Observation())) is What.DESTINATION
        assert reason_of(step(rotation, seen(destination=DENIED))) is Reason.ACCESS_DENIED

    @pytest.mark.parametrize(
        ("effect", "phase", "before", "after"),
        [
            (
                Effect.STAGE,
                Phase.CREATED,
                state(),
                state(versions=frozenset({OLD_VERSION, TOKEN})),
            ),
            (Effect.PROMOTE, Phase.VERIFIED, state(), state(TOKEN)),
            (Effect.UNSTAGE, Phase.DISABLED, state(previous=TOKEN), state()),
            (
                Effect.UNSTAGE,
                Phase.STAGED,
                state(pending=frozenset({TOKEN})),
                state(pending=frozenset({SIBLING_VERSION})),
            ),
        ],
    )
    def test_what_is_found_is_done_and_what_is_not_is_void_when_it_can_land_no_more(
        self, effect: Effect, phase: Phase, before: DestinationState, after: DestinationState
    ) -> None:
        rotation = on_version(effect, phase)
        undone = seen(destination=before, keys=both())
        done = seen(destination=after)

        assert step(rotation, done) == Record(fact=Fact.INTENT_DONE, version=TOKEN)
        assert step(rotation, undone) == SETTLING
        assert step(rotation, undone, SETTLED) == VOID

    def test_nothing_is_given_up_while_the_providers_clock_is_unknown_or_disagrees(self) -> None:
        rotation = on_version(Effect.PROMOTE, Phase.VERIFIED)
        unread, denied = seen(destination=state()), seen(destination=state(), keys=DENIED)
        early = seen(destination=state(), keys=both(EPOCH))

        assert asks_for(step(rotation, unread, SETTLED)) is What.KEYS
        assert reason_of(step(rotation, denied, SETTLED)) is Reason.ACCESS_DENIED
        assert reason_of(next_step(rotation, early, TERMS, SETTLED)) is Reason.CLOCK_SKEW

    def test_a_promote_that_left_the_pending_label_is_sent_again_at_once(self) -> None:
        half = seen(destination=state(TOKEN, pending=frozenset({TOKEN})))
        asked = on_version(Effect.PROMOTE, Phase.VERIFIED)

        assert step(asked, half) == VOID
        assert step(open_rotation(Phase.VERIFIED), half) == Do(effect=Effect.PROMOTE, version=TOKEN)

    def test_an_abandoned_rotation_that_is_half_promoted_loses_its_pending_label(self) -> None:
        abandoned = open_rotation(Phase.VERIFIED, abandoned=Reason.DRIFT)
        half, whole = state(TOKEN, pending=frozenset({TOKEN})), state(TOKEN)

        first = step(abandoned, seen(destination=half))

        assert first == Do(effect=Effect.UNSTAGE, version=TOKEN)
        assert step(abandoned, seen(destination=whole)) == Record(
            fact=Fact.FOUND_CURRENT, version=TOKEN
        )

    def test_with_the_secret_in_hand_the_same_version_is_stored_again_at_once(self) -> None:
        rotation = on_version(Effect.STAGE, Phase.CREATED)

        assert step(rotation, seen(destination=state(), in_hand=True)) == VOID

    def test_a_store_that_keeps_failing_is_not_tried_in_one_breath_for_ever(self) -> None:
        old = at(minutes=-5)
        rotation = on_version(Effect.STAGE, Phase.CREATED, phase_since=old)

        assert step(rotation, seen(destination=state(), in_hand=True)) == SETTLING


def test_an_open_intent_is_answered_before_a_rotation_goes_backward() -> None:
    rotation = on_version(Effect.PROMOTE, Phase.VERIFIED, abandoned=Reason.DRIFT)

    answer = step(rotation, seen(destination=state()))

    assert answer == SETTLING


def test_a_voided_promotion_is_waited_out_before_its_key_is_discarded() -> None:
    lands = lands_until(intent(), TERMS)
    rotation = open_rotation(Phase.VERIFIED, abandoned=Reason.DRIFT, landing_until=lands)

    early = step(rotation, seen(destination=state()), at(minutes=5))
    late = step(rotation, seen(destination=state()), lands)

    assert reason_of(early) is Reason.SETTLING
    assert isinstance(late, Do)
    assert late.effect is Effect.DELETE_KEY


def test_a_mint_that_may_be_a_namesakes_now_is_named_with_its_times() -> None:
    replaced = seen(destination=state(TOKEN), keys=Unreadable("principal_replaced"))

    halt = step(minting(), replaced, SETTLED)

    assert isinstance(halt, Halt)
    assert halt.reason is Reason.PRINCIPAL_REPLACED
    assert f"asked for at {EPOCH:%Y-%m-%d %H:%M:%S} UTC" in halt.detail
    assert "delete it there by hand" in halt.detail


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Known(value=1), ""),
        (Unreadable("denied"), "denied"),
        (Unreadable("denied", why="hub.yaml:7: list"), "denied: hub.yaml:7: list"),
    ],
    ids=["read", "failed", "failed and told why"],
)
def test_a_reading_that_failed_says_why(reading: Known[int] | Unreadable, said: str) -> None:
    assert told(reading) == said
