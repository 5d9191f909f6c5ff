from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Observation, Unreadable, What
from rotator.core.ids import version_token
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Trigger
from rotator.core.steps import Do, Done, Fact, Halt, Record, Wait
from rotator.core.terms import Mode, Terms, Traits
from rotator.errors import InvariantError
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, at, destination
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
    missing,
    open_rotation,
    reason_of,
    seen,
    state,
)

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyInfo
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

READY = seen(destination=state(), keys=listing(key()))


def step(
    rotation: Rotation, observation: Observation, terms: Terms | None = None, now: Instant = EPOCH
) -> Step:
    return next_step(rotation, observation, terms or Terms(), now)


class TestPlanned:
    def test_readings_are_asked_for_one_by_one_and_only_as_needed(self) -> None:
        first = step(open_rotation(), Observation())
        second = step(open_rotation(), seen(destination=state()))
        third = step(open_rotation(), READY)

        assert asks_for(first) is What.DESTINATION
        assert asks_for(second) is What.KEYS
        assert third == Do(effect=Effect.CREATE_KEY, evidence={"keys_before": 1})

    def test_plan_mode_reads_and_changes_nothing(self) -> None:
        answer = step(open_rotation(), READY, Terms(mode=Mode.PLAN))

        assert reason_of(answer) is Reason.PLAN_MODE

    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (DENIED, Reason.ACCESS_DENIED),
            (missing(), Reason.DESTINATION_MISSING),
            (state(deletion_scheduled=True), Reason.DESTINATION_DELETED),
            (state(owner="another"), Reason.DESTINATION_FOREIGN),
            (state(native_rotation=True), Reason.NATIVE_ROTATION),
        ],
    )
    def test_no_key_is_minted_for_a_destination_that_cannot_take_it(
        self, found: DestinationState | Unreadable, reason: Reason
    ) -> None:
        answer = step(open_rotation(), seen(destination=found, keys=listing(key())))

        assert isinstance(answer, Wait)
        assert answer.reason is reason

    @pytest.mark.parametrize(
        ("found", "create"),
        [(missing(), True), (state(owner=None), False), (state(None), False)],
    )
    def test_a_destination_is_prepared_before_anything_is_minted(
        self, found: DestinationState, *, create: bool
    ) -> None:
        planned = open_rotation(destination=destination(create=create))

        assert effect_of(step(planned, seen(destination=found))) is Effect.PREPARE

    def test_a_reading_that_lags_behind_prepare_is_waited_for_and_not_prepared_again(self) -> None:
        prepared = open_rotation(prepared_at=EPOCH)
        unseen = seen(destination=state(owner=None))

        early = step(prepared, unseen)
        late = step(prepared, unseen, now=at(minutes=1))

        assert early == Wait(until=at(minutes=1), reason=Reason.SETTLING)
        assert effect_of(late) is Effect.PREPARE

    def test_a_version_that_is_not_ours_passes_only_with_the_key_that_we_know(self) -> None:
        edited = seen(destination=state(SIBLING_VERSION), keys=listing(key()))

        asked = step(open_rotation(), edited)
        benign = step(open_rotation(), replace(READY_EDITED, keys=edited.keys))
        drifted = step(
            open_rotation(), seen(destination=state(SIBLING_VERSION), published=STRAY_KEY)
        )
        unreadable = step(
            open_rotation(), seen(destination=state(SIBLING_VERSION), published=DENIED)
        )

        assert asks_for(asked) is What.PUBLISHED
        assert effect_of(benign) is Effect.CREATE_KEY
        assert reason_of(drifted) is Reason.DRIFT
        assert reason_of(unreadable) is Reason.DRIFT

    @pytest.mark.parametrize(
        ("published", "expected"),
        [(None, Effect.CREATE_KEY), (OLD_KEY, Effect.CREATE_KEY), (STRAY_KEY, None)],
    )
    def test_a_destination_that_was_empty_at_adoption_must_not_carry_a_strangers_key(
        self, published: KeyId | None, expected: Effect | None
    ) -> None:
        planned = open_rotation(old_version=None)
        shown = seen(destination=state(SIBLING_VERSION), keys=listing(key()))

        asked = step(planned, shown)
        answer = step(
            planned,
            seen(destination=state(SIBLING_VERSION), keys=listing(key()), published=published),
        )

        assert asks_for(asked) is What.PUBLISHED
        assert effect_of(answer) is expected

    def test_where_nothing_can_be_read_an_empty_destination_passes_as_such(self) -> None:
        planned = open_rotation(old_version=None)
        shown = seen(destination=state(SIBLING_VERSION), keys=listing(key()))

        assert effect_of(step(planned, shown, Terms(can_read_back=False))) is Effect.CREATE_KEY

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("principal_replaced", Reason.PRINCIPAL_REPLACED),
            ("not_found", Reason.CURRENT_KEY_GONE),
            ("access_denied", Reason.ACCESS_DENIED),
        ],
    )
    def test_a_listing_that_failed_is_a_hold_with_its_reason(
        self, code: str, reason: Reason
    ) -> None:
        answer = step(open_rotation(), seen(destination=state(), keys=Unreadable(code)))

        assert reason_of(answer) is reason

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_nothing_is_minted_while_the_clocks_disagree(self, minutes: int) -> None:
        skewed = seen(destination=state(), keys=listing(key(), now=at(minutes=minutes)))

        assert reason_of(step(open_rotation(), skewed)) is Reason.CLOCK_SKEW

    def test_a_current_key_that_is_gone_or_disabled_is_for_a_person(self) -> None:
        gone = step(open_rotation(), seen(destination=state(), keys=listing()))
        off = step(open_rotation(), seen(destination=state(), keys=listing(key(enabled=False))))

        assert reason_of(gone) is Reason.CURRENT_KEY_GONE
        assert reason_of(off) is Reason.CURRENT_KEY_DISABLED

    @pytest.mark.parametrize("keys", [(), (key(enabled=False),)])
    def test_an_emergency_mints_though_somebody_ended_the_old_key_already(
        self, keys: tuple[KeyInfo, ...]
    ) -> None:
        tainted = open_rotation(trigger=Trigger.TAINT)

        answer = step(tainted, seen(destination=state(), keys=listing(*keys)))

        assert effect_of(answer) is Effect.CREATE_KEY

    def test_a_taint_goes_on_although_somebody_disabled_the_key(self) -> None:
        tainted = open_rotation(trigger=Trigger.TAINT)
        shown = seen(destination=state(), keys=listing(key(enabled=False)))

        assert effect_of(step(tainted, shown)) is Effect.CREATE_KEY

    def test_full_slots_are_explained_key_by_key_and_never_freed(self) -> None:
        full = listing(key(), key(STRAY_KEY, enabled=False))

        answer = step(open_rotation(), seen(destination=state(), keys=full))

        assert isinstance(answer, Wait)
        assert answer.reason is Reason.SLOTS_FULL
        assert answer.detail == (
            f"{OLD_KEY} (enabled, made 2025-12-02), {STRAY_KEY} (disabled, made 2025-12-02)"
        )

    def test_a_provider_without_a_limit_is_never_full(self) -> None:
        many = listing(key(), *(key(STRAY_KEY) for _ in range(9)))
        terms = Terms(traits=Traits(max_keys=None))

        answer = step(open_rotation(), seen(destination=state(), keys=many), terms)

        assert answer == Do(effect=Effect.CREATE_KEY, evidence={"keys_before": 10})


READY_EDITED = seen(destination=state(SIBLING_VERSION), published=OLD_KEY)


class TestCreated:
    def test_a_secret_in_hand_is_stored_under_the_rotations_token_without_any_reading(self) -> None:
        answer = step(open_rotation(Phase.CREATED), seen(in_hand=True))

        assert answer == Do(effect=Effect.STAGE, version=TOKEN)

    def test_without_the_secret_the_destination_is_asked_whether_it_was_stored(self) -> None:
        created = open_rotation(Phase.CREATED)

        asked = step(created, seen())
        found = step(created, seen(destination=state(versions=frozenset({OLD_VERSION, TOKEN}))))
        lost = step(created, seen(destination=state()))
        denied = step(created, seen(destination=DENIED))

        assert asks_for(asked) is What.DESTINATION
        assert found == Record(fact=Fact.FOUND_STAGED, version=TOKEN)
        assert lost == Record(fact=Fact.ABANDONED, reason=Reason.SECRET_LOST)
        assert reason_of(denied) is Reason.ACCESS_DENIED

    def test_of_several_stored_attempts_the_last_is_taken(self) -> None:
        created = open_rotation(Phase.CREATED, attempt=2)
        second = version_token(created.id, NEW_KEY, 2)
        shown = seen(destination=state(versions=frozenset({TOKEN, second})))

        assert step(created, shown) == Record(fact=Fact.FOUND_STAGED, version=second)

    def test_a_base_that_moved_is_merged_again_if_it_carries_the_key_that_we_replace(self) -> None:
        unbased = open_rotation(Phase.CREATED, base_version=None)
        edited = state(SIBLING_VERSION)

        asked = step(unbased, seen(in_hand=True, destination=edited))
        benign = step(unbased, seen(in_hand=True, destination=edited, published=OLD_KEY))
        drifted = step(unbased, seen(in_hand=True, destination=edited, published=STRAY_KEY))
        back = step(unbased, seen(in_hand=True, destination=state()))
        emptied = step(unbased, seen(in_hand=True, destination=state(None), published=OLD_KEY))

        assert asks_for(asked) is What.PUBLISHED
        assert benign == Record(fact=Fact.REBASED, version=SIBLING_VERSION)
        assert drifted == Record(fact=Fact.ABANDONED, reason=Reason.DRIFT)
        assert back == Record(fact=Fact.REBASED, version=OLD_VERSION)
        assert emptied == Record(fact=Fact.ABANDONED, reason=Reason.DRIFT)

    def test_a_destination_that_moves_under_every_merge_is_given_up(self) -> None:
        tired = open_rotation(Phase.CREATED, base_version=None, attempt=5)

        answer = step(tired, seen(in_hand=True, destination=state()))

        assert answer == Record(fact=Fact.ABANDONED, reason=Reason.DESTINATION_BUSY)

    def test_a_row_without_its_key_is_a_broken_invariant_and_not_a_guess(self) -> None:
        broken = open_rotation(Phase.CREATED, new_key_id=None)

        with pytest.raises(InvariantError, match="created has no new key"):
            step(broken, seen(in_hand=True))


class TestStaged:
    @pytest.mark.parametrize(
        ("in_hand", "can_read_back"), [(True, False), (False, True), (True, True)]
    )
    def test_the_key_is_proved_from_the_hand_or_read_back(
        self, *, in_hand: bool, can_read_back: bool
    ) -> None:
        terms = Terms(can_read_back=can_read_back)

        answer = step(open_rotation(Phase.STAGED), seen(in_hand=in_hand), terms)

        assert answer == Do(effect=Effect.VERIFY, version=TOKEN)

    def test_a_secret_that_nobody_can_read_any_more_is_lost(self) -> None:
        answer = step(open_rotation(Phase.STAGED), seen(), Terms(can_read_back=False))

        assert answer == Record(fact=Fact.ABANDONED, reason=Reason.SECRET_LOST)

    def test_a_key_that_is_never_accepted_is_given_up(self) -> None:
        answer = step(open_rotation(Phase.STAGED, verify_failures=3), seen(in_hand=True))

        assert answer == Record(fact=Fact.ABANDONED, reason=Reason.VERIFY_FAILED)


class TestVerified:
    def test_promote_follows_a_fresh_look_at_the_destination(self) -> None:
        verified = open_rotation(Phase.VERIFIED)

        asked = step(verified, seen(in_hand=True))
        answer = step(verified, seen(in_hand=True, destination=state()))

        assert asks_for(asked) is What.DESTINATION
        assert answer == Do(effect=Effect.PROMOTE, version=TOKEN)

    def test_after_a_restart_the_new_key_must_still_live(self) -> None:
        verified = open_rotation(Phase.VERIFIED)
        off = listing(key(), key(NEW_KEY, enabled=False))

        asked = step(verified, seen(destination=state()))
        alive = step(verified, seen(destination=state(), keys=both()))
        disabled = step(verified, seen(destination=state(), keys=off))
        denied = step(verified, seen(destination=state(), keys=DENIED))

        assert asks_for(asked) is What.KEYS
        assert effect_of(alive) is Effect.PROMOTE
        assert disabled == Record(fact=Fact.ABANDONED, reason=Reason.NEW_KEY_GONE)
        assert reason_of(denied) is Reason.ACCESS_DENIED

    def test_a_young_key_that_a_stale_listing_lacks_is_waited_for(self) -> None:
        verified = open_rotation(Phase.VERIFIED)
        shown = seen(destination=state(), keys=listing(key()))

        early = step(verified, shown)
        late = step(verified, shown, now=at(minutes=1))

        assert early == Wait(until=at(minutes=1), reason=Reason.SETTLING)
        assert late == Record(fact=Fact.ABANDONED, reason=Reason.NEW_KEY_GONE)

    def test_a_version_that_is_current_already_is_a_promotion(self) -> None:
        answer = step(open_rotation(Phase.VERIFIED), seen(destination=state(TOKEN)))

        assert answer == Record(fact=Fact.FOUND_CURRENT, version=TOKEN)

    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (missing(), Reason.DESTINATION_MISSING),
            (state(deletion_scheduled=True), Reason.DESTINATION_DELETED),
            (state(owner="another"), Reason.DESTINATION_FOREIGN),
            (state(native_rotation=True), Reason.NATIVE_ROTATION),
            (state(None), Reason.DRIFT),
        ],
    )
    def test_a_destination_that_changed_under_us_is_not_promoted_into(
        self, found: DestinationState, reason: Reason
    ) -> None:
        answer = step(open_rotation(Phase.VERIFIED), seen(destination=found, in_hand=True))

        assert answer == Record(fact=Fact.ABANDONED, reason=reason)

    def test_drift_rolls_back_unless_the_strange_version_carries_our_key(self) -> None:
        verified = open_rotation(Phase.VERIFIED)
        edited = state(SIBLING_VERSION)

        asked = step(verified, seen(destination=edited))
        drifted = step(verified, seen(destination=edited, published=OLD_KEY))
        unread = step(verified, seen(destination=edited, published=DENIED))
        ours = step(verified, seen(destination=edited, published=NEW_KEY))

        assert asks_for(asked) is What.PUBLISHED
        assert drifted == Record(fact=Fact.ABANDONED, reason=Reason.DRIFT)
        assert unread == Record(fact=Fact.ABANDONED, reason=Reason.DRIFT)
        assert ours == Record(fact=Fact.FOUND_CURRENT, version=SIBLING_VERSION)

    def test_an_unreadable_destination_holds(self) -> None:
        answer = step(open_rotation(Phase.VERIFIED), seen(destination=DENIED))

        assert reason_of(answer) is Reason.ACCESS_DENIED

    def test_a_row_without_its_proof_counts_from_its_phase(self) -> None:
        verified = open_rotation(Phase.VERIFIED, verified_at=None)
        shown = seen(destination=state(), keys=listing(key()))

        assert step(verified, shown) == Wait(until=at(minutes=1), reason=Reason.SETTLING)


class TestTheEnds:
    @pytest.mark.parametrize("phase", [Phase.COMPLETED, Phase.ROLLED_BACK])
    def test_what_is_over_stays_over(self, phase: Phase) -> None:
        assert step(open_rotation(phase), Observation()) == Done()

    def test_a_halt_waits_for_a_person_and_says_why(self) -> None:
        silent = step(open_rotation(Phase.HALTED), Observation())
        told = {"halt_reason": Reason.REENABLED, "halt_detail": OLD_KEY}
        spoken = step(open_rotation(Phase.HALTED, **told), Observation())

        assert silent == Halt(reason=Reason.INVARIANT)
        assert spoken == Halt(reason=Reason.REENABLED, detail=OLD_KEY)

    def test_a_halt_that_an_order_was_leading_out_of_holds_while_no_order_stands(self) -> None:
        left = open_rotation(Phase.PROMOTED, halt_reason=Reason.REENABLED)

        assert step(left, Observation()) == Halt(reason=Reason.REENABLED)

    def test_a_principal_that_was_made_again_halts_an_open_rotation(self) -> None:
        replaced = seen(destination=state(TOKEN), keys=Unreadable("principal_replaced"))
        opened = open_rotation(Phase.PROMOTED, promoted_at=at(days=-10))

        assert reason_of(step(opened, replaced)) is Reason.PRINCIPAL_REPLACED
        assert isinstance(step(opened, replaced), Halt)

    def test_a_wait_that_nothing_explains_is_looked_at_again_within_the_check_interval(
        self,
    ) -> None:
        answer = step(open_rotation(), seen(destination=DENIED))

        assert isinstance(answer, Wait)
        assert answer.until - EPOCH == timedelta(hours=1)
