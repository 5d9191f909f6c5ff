from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import UNREAD, Known, Observation, Unreadable, What
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Fact, Halt, Record, Wait
from rotator.core.terms import Grace, Mode, Terms, Traits
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, at
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
    used,
)

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing
    from rotator.core.ids import Instant, KeyId, VersionId
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

TERMS = Terms()
PROMOTED = open_rotation(Phase.PROMOTED)
DISABLED = open_rotation(Phase.DISABLED)
AFTER_GRACE = at(hours=24)
AFTER_QUARANTINE = at(hours=48)


def step(rotation: Rotation, observation: Observation, now: Instant, terms: Terms = TERMS) -> Step:
    return next_step(rotation, observation, terms, now)


def off(now: Instant) -> Observation:
    """Everything as it should be at the end of the quarantine."""
    return seen(
        destination=state(TOKEN),
        keys=listing(key(enabled=False), key(NEW_KEY), now=now),
        old_use=used(at(hours=-1)),
    )


class TestWhileBothKeysWork:
    def test_inside_the_grace_nothing_is_read(self) -> None:
        assert step(PROMOTED, Observation(), EPOCH) == Wait(until=AFTER_GRACE, reason=Reason.GRACE)

    def test_the_destination_must_carry_the_new_key_before_the_old_one_is_judged(self) -> None:
        asked = step(PROMOTED, Observation(), AFTER_GRACE)
        denied = step(PROMOTED, seen(destination=DENIED), AFTER_GRACE)
        strange = step(PROMOTED, seen(destination=state(SIBLING_VERSION)), AFTER_GRACE)
        edited = seen(destination=state(SIBLING_VERSION), published=NEW_KEY)
        benign = step(PROMOTED, edited, AFTER_GRACE)

        assert asks_for(asked) is What.DESTINATION
        assert reason_of(denied) is Reason.ACCESS_DENIED
        assert asks_for(strange) is What.PUBLISHED
        assert asks_for(benign) is What.KEYS

    @pytest.mark.parametrize(
        ("published", "reason"),
        [
            (OLD_KEY, Reason.ROLLED_BACK_BY_HAND),
            (STRAY_KEY, Reason.DRIFT),
            (None, Reason.DRIFT),
            (DENIED, Reason.DRIFT),
        ],
    )
    def test_a_destination_with_another_key_holds(
        self, published: KeyId | Unreadable | None, reason: Reason
    ) -> None:
        shown = seen(destination=state(SIBLING_VERSION), published=published)

        withdrawn = replace(PROMOTED, promoted_at=None)

        assert reason_of(step(withdrawn, shown, AFTER_GRACE)) is reason

    @pytest.mark.parametrize("published", [OLD_KEY, STRAY_KEY, None])
    def test_that_consumers_read_something_else_is_written_down_for_the_grace_to_start_anew(
        self, published: KeyId | None
    ) -> None:
        shown = seen(destination=state(SIBLING_VERSION), published=published)

        assert step(PROMOTED, shown, AFTER_GRACE) == Record(fact=Fact.FOUND_WITHDRAWN)

    def test_what_cannot_be_read_holds_and_is_no_proof_that_our_key_was_withdrawn(self) -> None:
        shown = seen(destination=state(SIBLING_VERSION), published=DENIED)

        assert reason_of(step(PROMOTED, shown, AFTER_GRACE)) is Reason.DRIFT

    def test_what_somebody_else_did_to_the_old_key_is_written_down_and_not_done_again(
        self,
    ) -> None:
        keys = listing(key(NEW_KEY), now=AFTER_GRACE)
        gone = seen(destination=state(TOKEN), keys=keys, old_refused=True)
        disabled = replace(off(AFTER_GRACE), old_use=UNREAD)
        found = step(PROMOTED, gone, AFTER_GRACE)

        assert isinstance(found, Record)
        assert found.fact is Fact.FOUND_GONE
        assert step(PROMOTED, disabled, AFTER_GRACE) == Record(fact=Fact.FOUND_DISABLED)

    def test_where_keys_cannot_be_disabled_the_full_guard_stands_before_delete(self) -> None:
        terms = Terms(traits=Traits(can_disable=False))
        shown = seen(destination=state(TOKEN), keys=both(AFTER_GRACE), old_use=used(at(hours=-1)))
        labelled = replace(shown, destination=Known(state(TOKEN, previous=OLD_VERSION)))

        first = step(PROMOTED, labelled, AFTER_GRACE, terms)
        then = step(PROMOTED, shown, AFTER_GRACE, terms)
        early = step(PROMOTED, shown, at(hours=23), terms)

        assert first == Do(effect=Effect.UNSTAGE, version=OLD_VERSION)
        assert effect_of(then) is Effect.DELETE_KEY
        assert reason_of(early) is Reason.GRACE


class TestQuarantine:
    def test_the_destination_is_watched_all_through_it(self) -> None:
        asked = step(DISABLED, Observation(), EPOCH)
        early = step(DISABLED, seen(destination=state(TOKEN)), EPOCH)
        late = step(DISABLED, seen(destination=state(TOKEN)), at(hours=47, minutes=30))

        assert asks_for(asked) is What.DESTINATION
        assert early == Wait(until=at(hours=1), reason=Reason.QUARANTINE)
        assert late == Wait(until=AFTER_QUARANTINE, reason=Reason.QUARANTINE)

    def test_a_destination_that_went_back_gets_its_key_back_at_once(self) -> None:
        keys = listing(key(enabled=False), key(NEW_KEY))
        by_label = step(DISABLED, seen(destination=state(OLD_VERSION), keys=keys), EPOCH)
        unlisted = step(DISABLED, seen(destination=state(OLD_VERSION)), EPOCH)
        asked = step(DISABLED, seen(destination=state(SIBLING_VERSION)), EPOCH)
        by_content = step(
            DISABLED, seen(destination=state(SIBLING_VERSION), published=OLD_KEY, keys=keys), EPOCH
        )

        assert by_label == Do(
            effect=Effect.ENABLE_KEY,
            key_id=OLD_KEY,
            evidence={"current_version": OLD_VERSION},
        )
        assert asks_for(unlisted) is What.KEYS
        assert asks_for(asked) is What.PUBLISHED
        assert effect_of(by_content) is Effect.ENABLE_KEY

    @pytest.mark.parametrize("keys", [both(at(days=9)), listing(now=EPOCH), DENIED])
    def test_neither_a_clock_nor_a_stale_or_refused_listing_keeps_it_from_its_key(
        self, keys: KeyListing | Unreadable
    ) -> None:
        back = seen(destination=state(OLD_VERSION), keys=keys)

        assert effect_of(step(DISABLED, back, EPOCH)) is Effect.ENABLE_KEY

    @pytest.mark.parametrize("disabled_at", [EPOCH, None])
    def test_a_key_that_does_not_exist_any_more_is_named_and_not_asked_for(
        self, disabled_at: Instant | None
    ) -> None:
        rotation = replace(DISABLED, disabled_at=disabled_at)
        back = seen(destination=state(OLD_VERSION), keys=listing(key(NEW_KEY), now=at(minutes=1)))

        assert step(rotation, back, at(minutes=1)) == Wait(
            until=at(hours=1, minutes=1), reason=Reason.CURRENT_KEY_GONE, detail=OLD_KEY
        )

    def test_a_principal_that_is_no_more_is_asked_for_no_key(self) -> None:
        back = seen(destination=state(OLD_VERSION))
        replaced = replace(back, keys=Unreadable("principal_replaced"))
        gone = replace(back, keys=Unreadable("not_found"))

        assert step(DISABLED, replaced, EPOCH) == Halt(reason=Reason.PRINCIPAL_REPLACED)
        assert reason_of(step(DISABLED, gone, EPOCH)) is Reason.CURRENT_KEY_GONE

    def test_a_key_that_somebody_disabled_and_enabled_again_fails_nobody(self) -> None:
        theirs = replace(DISABLED, disabled_at=None)
        shown = seen(destination=state(OLD_VERSION), published=OLD_KEY, keys=both())

        assert reason_of(step(theirs, shown, EPOCH)) is Reason.ROLLED_BACK_BY_HAND

    @pytest.mark.parametrize("current", [OLD_VERSION, SIBLING_VERSION])
    def test_a_key_that_somebody_else_disabled_is_not_enabled_by_us(
        self, current: VersionId
    ) -> None:
        theirs = replace(DISABLED, disabled_at=None)
        keys = listing(key(enabled=False), key(NEW_KEY))
        shown = seen(destination=state(current), published=OLD_KEY, keys=keys)
        blind = replace(shown, keys=DENIED)

        assert reason_of(step(theirs, shown, EPOCH)) is Reason.CURRENT_KEY_DISABLED
        assert reason_of(step(theirs, blind, EPOCH)) is Reason.CURRENT_KEY_DISABLED

    def test_a_destination_with_a_third_key_or_none_holds(self) -> None:
        third = step(DISABLED, seen(destination=state(SIBLING_VERSION), published=STRAY_KEY), EPOCH)
        emptied = step(DISABLED, seen(destination=state(None), published=None), EPOCH)
        denied = step(DISABLED, seen(destination=DENIED), EPOCH)

        assert reason_of(third) is Reason.DRIFT
        assert reason_of(emptied) is Reason.DRIFT
        assert reason_of(denied) is Reason.ACCESS_DENIED

    def test_a_sibling_edit_that_kept_our_key_does_not_stop_it(self) -> None:
        shown = seen(destination=state(SIBLING_VERSION), published=NEW_KEY)

        assert reason_of(step(DISABLED, shown, EPOCH)) is Reason.QUARANTINE

    def test_a_rotation_without_its_instant_counts_from_its_phase(self) -> None:
        bare = replace(DISABLED, disabled_at=None)

        answer = step(bare, seen(destination=state(TOKEN)), at(hours=47, minutes=30))

        assert answer == Wait(until=AFTER_QUARANTINE, reason=Reason.QUARANTINE)


class TestDelete:
    def test_the_key_is_deleted_past_the_quarantine_and_its_guard(self) -> None:
        answer = step(DISABLED, off(AFTER_QUARANTINE), AFTER_QUARANTINE)

        assert isinstance(answer, Do)
        assert (answer.effect, answer.key_id) == (Effect.DELETE_KEY, OLD_KEY)
        assert answer.evidence["old_last_used"] == at(hours=-1).isoformat()
        assert answer.evidence["allowed_by"] == "silence"

    def test_readings_are_asked_for_one_by_one(self) -> None:
        fresh = off(AFTER_QUARANTINE)

        keys = step(DISABLED, replace(fresh, keys=UNREAD), AFTER_QUARANTINE)
        use = step(DISABLED, replace(fresh, old_use=UNREAD), AFTER_QUARANTINE)

        assert asks_for(keys) is What.KEYS
        assert asks_for(use) is What.OLD_USE

    def test_the_previous_label_goes_first_so_that_nobody_falls_back_to_a_dead_key(self) -> None:
        labelled = replace(
            off(AFTER_QUARANTINE), destination=Known(state(TOKEN, previous=OLD_VERSION))
        )
        unlabelled = replace(DISABLED, unstaged_at=AFTER_QUARANTINE)

        first = step(DISABLED, labelled, AFTER_QUARANTINE)
        stale = step(unlabelled, labelled, AFTER_QUARANTINE)

        assert first == Do(effect=Effect.UNSTAGE, version=OLD_VERSION)
        assert reason_of(stale) is Reason.SETTLING

    def test_a_pending_label_that_a_promote_left_behind_goes_with_it(self) -> None:
        half = state(TOKEN, previous=OLD_VERSION, pending=frozenset({TOKEN}))
        rest = replace(half, previous=None)

        first = step(
            DISABLED, replace(off(AFTER_QUARANTINE), destination=Known(half)), AFTER_QUARANTINE
        )
        then = step(
            DISABLED, replace(off(AFTER_QUARANTINE), destination=Known(rest)), AFTER_QUARANTINE
        )

        assert first == Do(effect=Effect.UNSTAGE, version=OLD_VERSION)
        assert then == Do(effect=Effect.UNSTAGE, version=TOKEN)

    def test_a_pending_label_goes_even_where_somebody_edited_on_top_of_a_half_done_promote(
        self,
    ) -> None:
        edited = replace(DISABLED, new_version=SIBLING_VERSION)
        half = state(SIBLING_VERSION, pending=frozenset({TOKEN}))
        seen_half = replace(off(AFTER_QUARANTINE), destination=Known(half))

        answer = step(edited, seen_half, AFTER_QUARANTINE)

        assert answer == Do(effect=Effect.UNSTAGE, version=TOKEN)

    def test_a_previous_version_that_is_not_the_one_we_replaced_keeps_its_label(self) -> None:
        other = replace(
            off(AFTER_QUARANTINE), destination=Known(state(TOKEN, previous=SIBLING_VERSION))
        )

        assert effect_of(step(DISABLED, other, AFTER_QUARANTINE)) is Effect.DELETE_KEY

    def test_a_key_that_somebody_enabled_again_is_left_alone(self) -> None:
        enabled = replace(off(AFTER_QUARANTINE), keys=Known(both(AFTER_QUARANTINE)))

        assert reason_of(step(DISABLED, enabled, AFTER_QUARANTINE)) is Reason.REENABLED

    def test_a_stale_listing_is_not_taken_for_a_foreign_hand(self) -> None:
        ordered = replace(DISABLED, expedited_at=EPOCH)
        shown = seen(destination=state(TOKEN), keys=both())

        assert step(ordered, shown, EPOCH) == Wait(until=at(minutes=1), reason=Reason.SETTLING)

    def test_a_key_that_is_gone_already_completes_the_rotation(self) -> None:
        gone = replace(
            off(AFTER_QUARANTINE), keys=Known(listing(key(NEW_KEY), now=AFTER_QUARANTINE))
        )
        asked = step(DISABLED, gone, AFTER_QUARANTINE)
        found = step(DISABLED, replace(gone, old_refused=Known(value=True)), AFTER_QUARANTINE)

        assert asks_for(asked) is What.OLD_REFUSED
        assert found == Record(
            fact=Fact.FOUND_GONE,
            evidence={"proof": "refused", "refused_at": AFTER_QUARANTINE.isoformat()},
        )

    def test_a_use_after_the_switch_means_that_we_misunderstand_something(self) -> None:
        late = replace(off(AFTER_QUARANTINE), old_use=Known(used(at(minutes=16))))
        coarse = replace(off(AFTER_QUARANTINE), old_use=Known(used(at(minutes=15))))
        never = replace(off(AFTER_QUARANTINE), old_use=Known(used()))
        denied = replace(off(AFTER_QUARANTINE), old_use=DENIED)

        assert reason_of(step(DISABLED, late, AFTER_QUARANTINE)) is Reason.USED_WHILE_DISABLED
        assert effect_of(step(DISABLED, coarse, AFTER_QUARANTINE)) is Effect.DELETE_KEY
        assert effect_of(step(DISABLED, never, AFTER_QUARANTINE)) is Effect.DELETE_KEY
        assert reason_of(step(DISABLED, denied, AFTER_QUARANTINE)) is Reason.USE_UNREADABLE

    def test_uses_that_an_operator_vouched_for_do_not_count(self) -> None:
        late = replace(off(AFTER_QUARANTINE), old_use=Known(used(at(minutes=16))))
        vouched = replace(DISABLED, vouched_at=at(minutes=16))
        too_early = replace(DISABLED, vouched_at=at(minutes=15))

        assert effect_of(step(vouched, late, AFTER_QUARANTINE)) is Effect.DELETE_KEY
        assert reason_of(step(too_early, late, AFTER_QUARANTINE)) is Reason.USED_WHILE_DISABLED

    def test_a_provider_that_tells_no_use_is_not_asked_for_one(self) -> None:
        terms = Terms(traits=Traits(can_report_use=False), grace=Grace(accept_blind=True))
        shown = replace(off(AFTER_QUARANTINE), old_use=UNREAD)

        assert effect_of(step(DISABLED, shown, AFTER_QUARANTINE, terms)) is Effect.DELETE_KEY

    def test_the_new_key_must_still_live(self) -> None:
        alone = replace(
            off(AFTER_QUARANTINE), keys=Known(listing(key(enabled=False), now=AFTER_QUARANTINE))
        )

        assert reason_of(step(DISABLED, alone, AFTER_QUARANTINE)) is Reason.NEW_KEY_GONE

    def test_plan_mode_deletes_nothing(self) -> None:
        answer = step(DISABLED, off(AFTER_QUARANTINE), AFTER_QUARANTINE, Terms(mode=Mode.PLAN))

        assert reason_of(answer) is Reason.PLAN_MODE

    def test_an_order_ends_the_quarantine_and_no_guard(self) -> None:
        ordered = replace(DISABLED, expedited_at=EPOCH)

        assert effect_of(step(ordered, off(EPOCH), EPOCH)) is Effect.DELETE_KEY
        back = replace(off(EPOCH), destination=Known(state(OLD_VERSION)))
        assert effect_of(step(ordered, back, EPOCH)) is Effect.ENABLE_KEY
