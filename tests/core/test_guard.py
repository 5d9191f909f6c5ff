from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.facts import UNREAD, Known, Observation, What
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Grace, IfStillUsed, Mode, Terms, Traits
from tests.builders import NEW_KEY, OLD_KEY, at
from tests.core.worlds import (
    DENIED,
    SIBLING_VERSION,
    TOKEN,
    asks_for,
    both,
    effect_of,
    is_destructive,
    key,
    listing,
    open_rotation,
    reason_of,
    seen,
    state,
    used,
)

if TYPE_CHECKING:
    from typing import Any

    from rotator.core.facts import KeyListing, LastUsed, Unread, Unreadable
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

QUANTUM = timedelta(minutes=15)
PROMOTED = open_rotation(Phase.PROMOTED)
TERMS = Terms()
DISABLING = Terms(grace=Grace(if_still_used=IfStillUsed.DISABLE))


def world(
    now: Instant,
    *,
    old_use: LastUsed | Unreadable | Unread = UNREAD,
    new_use: LastUsed | Unreadable | Unread = UNREAD,
    old_gap: timedelta | None = None,
) -> Observation:
    return seen(
        destination=state(TOKEN),
        keys=both(now),
        old_use=old_use,
        new_use=new_use,
        old_gap=old_gap,
    )


def guarded(
    now: Instant,
    terms: Terms = TERMS,
    rotation: Rotation = PROMOTED,
    **readings: Any,  # noqa: ANN401 - the readings of `world`
) -> Step:
    return next_step(rotation, world(now, **readings), terms, now)


class TestGrace:
    def test_no_old_key_is_touched_inside_the_grace_period(self) -> None:
        answer = guarded(at(hours=23, minutes=59), old_use=used(at(days=-2)))

        assert answer == Wait(until=at(hours=24), reason=Reason.GRACE)

    def test_the_old_key_is_disabled_past_the_grace_when_it_is_quiet(self) -> None:
        answer = guarded(at(hours=24), old_use=used(at(hours=-1)))

        assert effect_of(answer) is Effect.DISABLE_KEY

    def test_the_permission_to_disable_is_written_down_with_what_it_rests_on(self) -> None:
        answer = guarded(at(hours=24), old_use=used(at(hours=-1)))

        assert answer == Do(
            effect=Effect.DISABLE_KEY,
            key_id=OLD_KEY,
            evidence={
                "promoted_at": at().isoformat(),
                "old_last_used": "2025-12-31T23:00:00+00:00",
                "old_quiet_for": "1d1h",
                "old_last_used_by": "s3 us-east-1",
                "allowed_by": "silence",
            },
        )

    @given(minutes=st.integers(0, 24 * 60 - 1), use=st.integers(-100_000, 1_000))
    def test_no_reading_shortens_the_grace(self, minutes: int, use: int) -> None:
        now = at(minutes=minutes)

        answer = guarded(now, old_use=used(at(minutes=use)), new_use=used(now))

        assert reason_of(answer) is Reason.GRACE

    def test_after_a_way_back_the_grace_starts_anew_when_consumers_read_our_key_again(self) -> None:
        withdrawn = replace(PROMOTED, promoted_at=None)

        answer = guarded(at(days=30), rotation=withdrawn, old_use=used(at(hours=-1)))

        assert answer == Record(fact=Fact.FOUND_CURRENT, version=TOKEN)


class TestUse:
    def test_a_use_that_was_not_read_is_asked_for(self) -> None:
        assert asks_for(guarded(at(hours=24))) is What.OLD_USE

    def test_an_unreadable_use_is_a_hold_and_never_unused(self) -> None:
        for hours in (24, 24 * 30):
            answer = guarded(at(hours=hours), old_use=DENIED)

            assert reason_of(answer) is Reason.USE_UNREADABLE

    def test_a_used_key_is_waited_for_until_it_is_quiet_and_the_quantum_is_over(self) -> None:
        use = used(at(hours=20))

        early = guarded(at(hours=24), old_use=use)
        late = guarded(at(hours=44, minutes=15), old_use=use)

        assert early == Wait(until=at(hours=44, minutes=15), reason=Reason.QUIET)
        assert effect_of(late) is Effect.DISABLE_KEY

    def test_a_use_at_the_very_promotion_counts_as_one_after_it(self) -> None:
        answer = guarded(at(hours=24), old_use=used(at()))

        assert answer == Wait(until=at(hours=24, minutes=15), reason=Reason.QUIET)

    def test_silence_must_be_longer_than_the_longest_gap_between_two_uses(self) -> None:
        weekly = timedelta(days=3)

        answer = guarded(at(hours=48), old_use=used(at(hours=2)), old_gap=weekly)
        late = guarded(at(hours=74, minutes=15), old_use=used(at(hours=2)), old_gap=weekly)

        assert answer == Wait(until=at(hours=74, minutes=15), reason=Reason.QUIET)
        assert effect_of(late) is Effect.DISABLE_KEY

    def test_a_wait_for_quiet_ends_with_the_longest_grace(self) -> None:
        answer = guarded(at(days=6, hours=20), old_use=used(at(days=6, hours=12)))

        assert answer == Wait(until=at(days=7), reason=Reason.QUIET)

    def test_a_key_used_past_the_longest_grace_is_held_and_its_user_named(self) -> None:
        answer = guarded(at(days=7), old_use=used(at(days=6, hours=12)))

        assert isinstance(answer, Wait)
        assert answer.reason is Reason.STILL_USED
        assert answer.detail == f"{OLD_KEY} last used 2026-01-07 12:00 UTC by s3 us-east-1"

    def test_a_use_without_a_region_is_told_without_one(self) -> None:
        use = used(at(days=6, hours=12), service="sts", region="")

        answer = guarded(at(days=7), old_use=use)

        assert isinstance(answer, Wait)
        assert answer.detail.endswith("by sts")

    def test_a_rule_may_say_that_a_key_still_used_is_disabled_but_not_before(self) -> None:
        use = used(at(days=6, hours=12))

        early = guarded(at(days=6, hours=23), DISABLING, old_use=use)
        late = guarded(at(days=7), DISABLING, old_use=use)

        assert reason_of(early) is Reason.QUIET
        assert effect_of(late) is Effect.DISABLE_KEY


class TestHabit:
    """A key that was already quiet for G when we promoted proves nothing before 2G."""

    def test_a_key_that_was_quiet_before_must_stay_quiet_as_long_again(self) -> None:
        use = used(at(days=-3))

        early = guarded(at(hours=24), old_use=use)
        late = guarded(at(days=3), old_use=use)

        assert early == Wait(until=at(days=3), reason=Reason.QUIET)
        assert effect_of(late) is Effect.DISABLE_KEY

    def test_silence_of_twice_the_habit_beyond_the_longest_grace_needs_the_new_keys_use(
        self,
    ) -> None:
        use = used(at(days=-30))

        asked = guarded(at(hours=24), old_use=use)
        unproved = guarded(at(hours=24), old_use=use, new_use=used())
        overrun = guarded(at(days=7), old_use=use, new_use=used())
        proved = guarded(at(hours=24), old_use=use, new_use=used(at(hours=2)))

        assert asks_for(asked) is What.NEW_USE
        assert unproved == Wait(until=at(hours=25), reason=Reason.QUIET)
        assert reason_of(overrun) is Reason.QUIET_UNPROVEN
        assert effect_of(proved) is Effect.DISABLE_KEY

    def test_after_twice_its_habit_the_silence_is_a_proof_of_its_own(self) -> None:
        answer = guarded(at(days=30), old_use=used(at(days=-30)))

        assert effect_of(answer) is Effect.DISABLE_KEY

    def test_a_key_that_was_never_used_proves_nothing_by_its_silence(self) -> None:
        asked = guarded(at(hours=24), old_use=used())
        proved = guarded(at(hours=24), old_use=used(), new_use=used(at(hours=2)))
        late = guarded(at(days=365), old_use=used(), new_use=used())

        assert asks_for(asked) is What.NEW_USE
        assert effect_of(proved) is Effect.DISABLE_KEY
        assert isinstance(proved, Do)
        assert proved.evidence == {
            "promoted_at": at().isoformat(),
            "old_last_used": "never",
            "new_last_used": at(hours=2).isoformat(),
            "allowed_by": "new_key_used",
        }
        assert reason_of(late) is Reason.QUIET_UNPROVEN

    def test_our_own_verification_is_no_use_of_the_new_key(self) -> None:
        verified_at = PROMOTED.verified_at
        assert verified_at is not None

        own = guarded(at(hours=24), old_use=used(), new_use=used(at(minutes=15)))
        real = guarded(at(hours=24), old_use=used(), new_use=used(at(minutes=15, seconds=1)))

        assert reason_of(own) is Reason.QUIET
        assert effect_of(real) is Effect.DISABLE_KEY

    def test_a_rotation_without_its_proof_counts_from_its_phase(self) -> None:
        bare = replace(PROMOTED, verified_at=None)

        answer = guarded(at(hours=24), rotation=bare, old_use=used(), new_use=used(at(hours=1)))

        assert effect_of(answer) is Effect.DISABLE_KEY

    def test_an_unreadable_use_of_the_new_key_holds(self) -> None:
        answer = guarded(at(hours=24), old_use=used(), new_use=DENIED)

        assert reason_of(answer) is Reason.USE_UNREADABLE

    def test_one_consumer_that_moved_does_not_speak_for_a_rare_one(self) -> None:
        # Used every ten days, last three days before promotion; somebody uses the new key.
        readings: dict[str, Any] = {
            "old_use": used(at(days=-3)),
            "new_use": used(at(hours=2)),
            "old_gap": timedelta(days=10),
        }

        early = guarded(at(hours=24), **readings)
        overrun = guarded(at(days=7), **readings)
        rested = guarded(at(days=7, minutes=15), **readings)

        assert reason_of(early) is Reason.QUIET
        assert reason_of(overrun) is Reason.QUIET_UNPROVEN
        assert effect_of(rested) is Effect.DISABLE_KEY


class TestWithoutLastUse:
    BLIND = Traits(can_report_use=False)

    def test_a_provider_that_tells_no_use_holds_until_policy_stands_in(self) -> None:
        blind = Terms(traits=self.BLIND)
        accepted = Terms(traits=self.BLIND, grace=Grace(accept_blind=True))

        held = guarded(at(days=30), blind)
        passed = guarded(at(hours=24), accepted)

        assert reason_of(held) is Reason.USE_UNKNOWN
        assert isinstance(passed, Do)
        assert passed.evidence == {
            "promoted_at": at().isoformat(),
            "old_last_used": "not read",
            "allowed_by": "accept_blind",
        }

    def test_accepting_blindly_does_not_shorten_the_grace(self) -> None:
        accepted = Terms(traits=self.BLIND, grace=Grace(accept_blind=True))

        assert reason_of(guarded(at(hours=23), accepted)) is Reason.GRACE

    def test_accepting_blindly_does_not_excuse_a_provider_that_can_tell(self) -> None:
        terms = Terms(grace=Grace(accept_blind=True))

        assert asks_for(guarded(at(hours=24), terms)) is What.OLD_USE


class TestAnOrder:
    def test_an_order_ends_the_grace_and_stands_in_for_the_proof(self) -> None:
        ordered = replace(PROMOTED, expedited_at=at(minutes=1))

        assert effect_of(guarded(at(minutes=2), rotation=ordered)) is Effect.DISABLE_KEY

    def test_an_order_may_give_a_grace_of_its_own(self) -> None:
        given = replace(PROMOTED, expedited_at=at(minutes=1), grace_given=timedelta(hours=1))

        early = guarded(at(minutes=59), rotation=given)
        late = guarded(at(minutes=60), rotation=given)

        assert early == Wait(until=at(hours=1), reason=Reason.GRACE)
        assert effect_of(late) is Effect.DISABLE_KEY

    def test_no_order_disables_a_key_that_the_destination_does_not_carry_the_successor_of(
        self,
    ) -> None:
        ordered = replace(PROMOTED, expedited_at=at(minutes=1), promoted_at=None)
        back = seen(destination=state(SIBLING_VERSION), keys=both(), published=OLD_KEY)

        answer = next_step(ordered, back, TERMS, at(minutes=2))

        assert reason_of(answer) is Reason.ROLLED_BACK_BY_HAND


def test_plan_mode_destroys_nothing_even_past_every_guard() -> None:
    answer = guarded(at(hours=24), Terms(mode=Mode.PLAN), old_use=used(at(hours=-1)))

    assert reason_of(answer) is Reason.PLAN_MODE


minutes = st.integers(-60 * 24 * 60, 60 * 24 * 60)


@given(
    now=st.integers(0, 60 * 24 * 60),
    old=st.none() | minutes,
    new=st.none() | minutes,
    gap=st.none() | st.integers(0, 40 * 24 * 60),
)
def test_an_old_key_is_let_go_only_quiet_for_longer_than_policy_and_its_own_habit(
    now: int, old: int | None, new: int | None, gap: int | None
) -> None:
    """I4, whatever was read: only what policy and habit both allow."""
    silence = max(timedelta(hours=24), timedelta(minutes=gap or 0))
    answer = guarded(
        at(minutes=now),
        old_use=used(None if old is None else at(minutes=old)),
        new_use=used(None if new is None else at(minutes=new)),
        old_gap=None if gap is None else timedelta(minutes=gap),
    )

    if is_destructive(answer, PROMOTED):
        assert now >= 24 * 60
        assert old is None or at(minutes=now) - at(minutes=old) >= silence + QUANTUM
        assert old is not None or (new is not None and new > 15)
    elif isinstance(answer, Wait):
        assert answer.until > at(minutes=now)


@pytest.mark.parametrize(
    "keys", [listing(key()), listing(key(), key(NEW_KEY, enabled=False)), listing()]
)
def test_the_old_key_stays_while_the_new_one_is_gone_or_off(keys: KeyListing) -> None:
    now = at(hours=24)
    quiet = world(now, old_use=used(at(hours=-1)))

    answer = next_step(
        PROMOTED, replace(quiet, keys=Known(replace(keys, provider_time=now))), TERMS, now
    )

    assert reason_of(answer) is Reason.NEW_KEY_GONE
