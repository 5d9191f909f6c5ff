"""Times that a wrong clock wrote: never too early, and mended when they are of the future."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Observation, What
from rotator.core.ids import Instant
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Role
from rotator.core.stamps import (
    is_ahead,
    is_suspect_ahead,
    no_earlier,
    not_before_intent,
    restamped,
    suspect_restamped,
)
from rotator.core.steps import Fact, Record
from rotator.core.terms import Terms
from rotator.core.transitions import found
from tests.builders import EPOCH, OLD_KEY, OLD_VERSION, at, intent, key_record
from tests.core.worlds import (
    DENIED,
    SIBLING_VERSION,
    STRAY_KEY,
    TOKEN,
    asks_for,
    both,
    effect_of,
    key,
    listing,
    open_rotation,
    reason_of,
    seen,
    state,
)

if TYPE_CHECKING:
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

SKEW = Terms().limits.clock_skew
FUTURE = at(days=30)
AHEAD = open_rotation(Phase.PROMOTED, phase_since=FUTURE, promoted_at=FUTURE)
OFF = open_rotation(Phase.DISABLED, phase_since=FUTURE, disabled_at=FUTURE)
RESTAMPED = Record(fact=Fact.RESTAMPED)


def step(rotation: Rotation, observation: Observation, now: Instant = EPOCH) -> Step:
    return next_step(rotation, observation, Terms(), now)


class TestNeverTooEarly:
    """Too early a start would end a grace or a quarantine before its time (I4)."""

    def test_a_moment_is_not_before_its_phase_its_intent_or_what_the_provider_told(self) -> None:
        made = intent(made_at=at(hours=1), provider_time=at(hours=2))
        rotation = open_rotation(Phase.VERIFIED, phase_since=EPOCH, intent=made)

        assert no_earlier(rotation, at(hours=3)) == at(hours=3)
        assert no_earlier(rotation, EPOCH) == at(hours=2)
        assert no_earlier(replace(rotation, phase_since=at(hours=4)), EPOCH) == at(hours=4)
        assert no_earlier(replace(rotation, intent=None), at(days=-1)) == EPOCH

    def test_without_an_intent_or_the_providers_time_only_the_clock_counts(self) -> None:
        untold = intent(made_at=at(hours=1), provider_time=None)

        assert not_before_intent(None, EPOCH) == EPOCH
        assert not_before_intent(untold, EPOCH) == at(hours=1)

    def test_a_clock_that_jumps_back_while_consumers_move_cuts_no_grace_short(self) -> None:
        moving = open_rotation(Phase.VERIFIED, phase_since=EPOCH)

        promoted = found(moving, Fact.FOUND_CURRENT, at(days=-9), version=TOKEN)

        assert (promoted.promoted_at, promoted.phase_since) == (EPOCH, EPOCH)

    def test_a_grace_starts_anew_only_while_the_clocks_agree(self) -> None:
        returned = open_rotation(Phase.PROMOTED, promoted_at=None)
        shown = seen(destination=state(TOKEN))
        early = replace(shown, keys=seen(keys=both(at(days=9))).keys)

        assert asks_for(step(returned, shown)) is What.KEYS
        assert reason_of(step(returned, early)) is Reason.CLOCK_SKEW


class TestFromTheFuture:
    @pytest.mark.parametrize(
        "changes",
        [
            {"phase_since": FUTURE},
            {"promoted_at": FUTURE},
            {"enabled_at": FUTURE},
            {"vouched_at": FUTURE},
            {"landing_until": FUTURE},
            {"intent": intent(made_at=FUTURE, not_after=FUTURE)},
            {"intent": intent(provider_time=FUTURE)},
        ],
    )
    def test_a_time_that_has_not_come_is_seen_wherever_it_stands(
        self, changes: dict[str, object]
    ) -> None:
        rotation = replace(open_rotation(Phase.PROMOTED), **changes)  # type: ignore[arg-type]

        mended = restamped(rotation, EPOCH)

        assert is_ahead(rotation, EPOCH, SKEW)
        assert not is_ahead(mended, EPOCH, SKEW)

    def test_clocks_may_differ_and_a_landing_is_ahead_as_a_rule(self) -> None:
        near = Instant(EPOCH + SKEW)
        rotation = open_rotation(
            Phase.PROMOTED, promoted_at=near, landing_until=at(hours=1, minutes=5)
        )

        assert not is_ahead(rotation, EPOCH, SKEW)

    def test_what_has_come_is_left_as_it_is(self) -> None:
        rotation = open_rotation(Phase.PROMOTED, landing_until=at(minutes=7), intent=intent())

        assert restamped(rotation, EPOCH) == rotation

    def test_every_wait_of_the_future_begins_now_and_lasts_as_long(self) -> None:
        made = intent(made_at=FUTURE, not_after=Instant(FUTURE + timedelta(minutes=2)))

        mended = restamped(replace(AHEAD, intent=made, landing_until=FUTURE), EPOCH)

        assert (mended.phase_since, mended.promoted_at) == (EPOCH, EPOCH)
        assert mended.verified_at == AHEAD.verified_at
        assert mended.landing_until == at(hours=1)
        assert mended.intent == replace(made, made_at=EPOCH, not_after=at(minutes=2))

    def test_a_suspects_timer_and_intent_begin_now_too(self) -> None:
        made = intent(Effect.DISABLE_KEY, made_at=FUTURE, not_after=FUTURE, key_id=STRAY_KEY)
        bare = key_record(key_id=STRAY_KEY, role=Role.SUSPECT)
        records = [
            replace(bare, suspect_since=FUTURE),
            replace(bare, suspect_since=EPOCH, disabled_at=FUTURE),
            replace(bare, intent=made),
        ]

        for record in records:
            assert is_suspect_ahead(record, EPOCH, SKEW)
            assert not is_suspect_ahead(suspect_restamped(record, EPOCH), EPOCH, SKEW)
        assert suspect_restamped(bare, EPOCH) == bare


class TestMending:
    def test_it_is_mended_once_the_clocks_agree(self) -> None:
        assert asks_for(step(AHEAD, Observation())) is What.KEYS
        assert step(AHEAD, seen(keys=both())) == RESTAMPED
        assert step(OFF, seen(keys=both())) == RESTAMPED

    def test_while_they_disagree_or_cannot_be_compared_nothing_is_mended(self) -> None:
        early = seen(keys=both(FUTURE))

        assert reason_of(step(AHEAD, early)) is Reason.CLOCK_SKEW
        assert reason_of(step(AHEAD, seen(keys=DENIED))) is Reason.ACCESS_DENIED

    def test_an_intent_of_the_future_is_mended_before_it_is_answered(self) -> None:
        made = intent(Effect.DISABLE_KEY, made_at=FUTURE, not_after=FUTURE, key_id=OLD_KEY)

        assert step(replace(AHEAD, intent=made), seen(keys=both())) == RESTAMPED

    def test_an_end_or_a_halt_is_mended_by_nobody(self) -> None:
        ended = open_rotation(Phase.COMPLETED, phase_since=FUTURE)
        halted = open_rotation(Phase.HALTED, phase_since=FUTURE)

        assert step(ended, seen(keys=both())) != RESTAMPED
        assert step(halted, seen(keys=both())) != RESTAMPED


class TestHealing:
    """Consumers that were sent back to a key that we disabled fail, whatever the clocks say."""

    EARLY = listing(key(enabled=False), now=FUTURE)

    @pytest.mark.parametrize("keys", [EARLY, DENIED])
    def test_no_clock_keeps_the_old_key_off_where_consumers_read_it(self, keys: object) -> None:
        shown = seen(keys=keys, destination=state(OLD_VERSION))  # type: ignore[arg-type]

        assert effect_of(step(OFF, shown)) is Effect.ENABLE_KEY

    def test_the_destination_is_read_for_it(self) -> None:
        assert asks_for(step(OFF, seen(keys=self.EARLY))) is What.DESTINATION
        other = seen(keys=self.EARLY, destination=state(SIBLING_VERSION))
        assert asks_for(step(OFF, other)) is What.PUBLISHED

    def test_an_enabling_whose_answer_was_lost_is_sent_again(self) -> None:
        made = intent(Effect.ENABLE_KEY, key_id=OLD_KEY)
        opened = replace(OFF, intent=made)

        assert step(opened, seen(keys=self.EARLY)) == Record(fact=Fact.INTENT_VOID)
        assert reason_of(step(opened, seen(keys=DENIED))) is Reason.ACCESS_DENIED

    def test_nothing_else_is_done_by_a_wrong_clock(self) -> None:
        made = intent(Effect.DELETE_KEY, key_id=OLD_KEY)
        shown = seen(keys=self.EARLY, destination=state(OLD_VERSION))
        fine = replace(shown, destination=seen(destination=state(TOKEN)).destination)

        assert reason_of(step(replace(OFF, intent=made), shown)) is Reason.CLOCK_SKEW
        assert reason_of(step(replace(OFF, halt_reason=Reason.REENABLED), shown)) is (
            Reason.CLOCK_SKEW
        )
        assert reason_of(step(replace(OFF, disabled_at=None), shown)) is Reason.CLOCK_SKEW
        assert reason_of(step(AHEAD, shown)) is Reason.CLOCK_SKEW
        assert reason_of(step(OFF, fine)) is Reason.CLOCK_SKEW
