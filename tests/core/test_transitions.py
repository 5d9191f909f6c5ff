from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import version_token
from rotator.core.reasons import Reason
from rotator.core.rotation import FINAL_PHASES, Effect, Phase
from rotator.core.steps import Do, Fact
from rotator.core.transitions import (
    TRANSITIONS,
    achieved,
    expected,
    found,
    halted,
    lifted,
    replanned,
    resumed,
    target,
    tokens,
    unbased,
    unhalted,
    with_intent,
    without_intent,
)
from rotator.errors import InvariantError
from tests.builders import NEW_KEY, OLD_KEY, OLD_VERSION, at, credential, destination, intent
from tests.core.worlds import SIBLING_VERSION, TOKEN, open_rotation

if TYPE_CHECKING:
    from typing import Any

    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation

NOW = at(hours=5)
LATER = at(hours=6)
ON_INTENTS = {Fact.INTENT_DONE, Fact.INTENT_VOID}
IN_PLACE = {Fact.RESTAMPED}
"""Facts that mend a row wherever it stands."""


class TestTheTable:
    def test_every_row_is_the_only_one_of_its_kind(self) -> None:
        assert len({(row.source, row.by) for row in TRANSITIONS}) == len(TRANSITIONS)

    def test_every_effect_and_every_fact_leads_somewhere(self) -> None:
        used = {row.by for row in TRANSITIONS}

        assert used == {*Effect, *Fact} - {Effect.OBSERVE} - ON_INTENTS - IN_PLACE

    def test_nothing_leaves_an_end_and_every_open_phase_reaches_one(self) -> None:
        edges = {(row.source, row.target) for row in TRANSITIONS}
        reached: set[Phase] = set(FINAL_PHASES)
        for _ in Phase:
            reached |= {source for source, end in edges if end in reached}

        assert not {source for source, _ in edges} & FINAL_PHASES
        assert reached == set(Phase) - {Phase.HALTED}

    def test_the_pivot_is_crossed_in_one_direction_only(self) -> None:
        order = list(Phase)
        after = {Phase.PROMOTED, Phase.DISABLED, Phase.COMPLETED}

        for row in TRANSITIONS:
            if row.source in after:
                assert row.target in after
                assert row.target is not Phase.ROLLED_BACK
        back = [row for row in TRANSITIONS if order.index(row.target) < order.index(row.source)]
        assert [row.by for row in back] == [Effect.ENABLE_KEY, Fact.FOUND_ENABLED]

    def test_what_is_not_in_the_table_is_a_broken_invariant(self) -> None:
        with pytest.raises(InvariantError, match="nothing leads from completed by promote"):
            target(Phase.COMPLETED, Effect.PROMOTE)


class TestEffects:
    @pytest.mark.parametrize(
        ("phase", "step", "changes"),
        [
            (Phase.PLANNED, Do(effect=Effect.PREPARE), {"prepared_at": NOW}),
            (
                Phase.PLANNED,
                Do(effect=Effect.CREATE_KEY),
                {"phase": Phase.CREATED, "new_key_id": NEW_KEY},
            ),
            (
                Phase.CREATED,
                Do(effect=Effect.STAGE, version=TOKEN),
                {"phase": Phase.STAGED, "new_version": TOKEN},
            ),
            (
                Phase.STAGED,
                Do(effect=Effect.VERIFY),
                {"phase": Phase.VERIFIED, "verified_at": NOW, "verify_failures": 0},
            ),
            (
                Phase.VERIFIED,
                Do(effect=Effect.PROMOTE),
                {"phase": Phase.PROMOTED, "promoted_at": NOW},
            ),
            (
                Phase.PROMOTED,
                Do(effect=Effect.DISABLE_KEY),
                {"phase": Phase.DISABLED, "disabled_at": NOW},
            ),
            (
                Phase.DISABLED,
                Do(effect=Effect.ENABLE_KEY),
                {
                    "phase": Phase.PROMOTED,
                    "disabled_at": None,
                    "promoted_at": None,
                    "enabled_at": NOW,
                },
            ),
            (Phase.DISABLED, Do(effect=Effect.UNSTAGE), {"unstaged_at": NOW}),
            (
                Phase.DISABLED,
                Do(effect=Effect.DELETE_KEY),
                {"phase": Phase.COMPLETED, "finished_at": NOW, "outcome": "completed"},
            ),
        ],
        ids=lambda value: value.effect.value if isinstance(value, Do) else "",
    )
    def test_an_effect_writes_its_instant_and_closes_its_intent(
        self, phase: Phase, step: Do, changes: dict[str, Any]
    ) -> None:
        before = open_rotation(phase, verify_failures=1, intent=intent(step.effect))
        moved: dict[str, Any] = {"phase_since": NOW} if "phase" in changes else {}

        after = achieved(before, step, NOW, key=NEW_KEY)

        assert after == replace(before, intent=None, **moved, **changes)

    def test_a_discarded_key_ends_the_rotation_with_the_reason_it_was_abandoned_for(self) -> None:
        before = open_rotation(Phase.STAGED, abandoned=Reason.VERIFY_FAILED)

        after = achieved(before, Do(effect=Effect.DELETE_KEY), NOW)

        assert after.phase is Phase.ROLLED_BACK
        assert (after.outcome, after.finished_at) == ("verify_failed", NOW)

    def test_an_effect_outside_the_table_is_a_broken_invariant(self) -> None:
        with pytest.raises(InvariantError):
            achieved(open_rotation(), Do(effect=Effect.PROMOTE), NOW)


class TestFacts:
    def test_an_abandoned_rotation_remembers_why_and_stays_where_it_is(self) -> None:
        before = open_rotation(Phase.STAGED)

        after = found(before, Fact.ABANDONED, NOW, reason=Reason.DRIFT)

        assert after == replace(before, abandoned=Reason.DRIFT)

    @pytest.mark.parametrize(
        ("fact", "reason"),
        [(Fact.ABANDONED, Reason.REPORT_ONLY), (Fact.MINT_LOST, Reason.OUTCOME_LOST)],
    )
    def test_a_planned_rotation_that_is_given_up_is_over(self, fact: Fact, reason: Reason) -> None:
        after = found(open_rotation(), fact, NOW, reason=reason)

        assert after.phase is Phase.ROLLED_BACK
        assert (after.outcome, after.finished_at) == (reason.value, NOW)

    def test_a_merge_that_is_made_again_has_another_base_and_another_token(self) -> None:
        before = open_rotation(Phase.CREATED)

        after = found(before, Fact.REBASED, NOW, version=SIBLING_VERSION)

        assert (after.base_version, after.attempt) == (SIBLING_VERSION, 2)
        assert tokens(after) == (TOKEN, version_token(before.id, NEW_KEY, 2))

    def test_a_secret_that_was_found_stored_is_staged(self) -> None:
        after = found(open_rotation(Phase.CREATED), Fact.FOUND_STAGED, NOW, version=TOKEN)

        assert (after.phase, after.new_version) == (Phase.STAGED, TOKEN)

    def test_a_version_that_was_found_current_starts_the_grace_now_and_ends_the_way_back(
        self,
    ) -> None:
        before = open_rotation(Phase.VERIFIED, abandoned=Reason.DRIFT)

        after = found(before, Fact.FOUND_CURRENT, NOW, version=SIBLING_VERSION)

        assert (after.phase, after.promoted_at) == (Phase.PROMOTED, NOW)
        assert (after.new_version, after.abandoned) == (SIBLING_VERSION, None)

    def test_what_somebody_else_disabled_is_not_called_our_deed(self) -> None:
        after = found(open_rotation(Phase.PROMOTED), Fact.FOUND_DISABLED, NOW)

        assert (after.phase, after.phase_since, after.disabled_at) == (Phase.DISABLED, NOW, None)

    def test_a_withdrawn_version_ends_the_grace_and_its_return_starts_it_anew(self) -> None:
        withdrawn = found(open_rotation(Phase.PROMOTED), Fact.FOUND_WITHDRAWN, NOW)
        back = found(withdrawn, Fact.FOUND_CURRENT, NOW, version=TOKEN)

        assert withdrawn == open_rotation(Phase.PROMOTED, promoted_at=None)
        assert back == open_rotation(Phase.PROMOTED, promoted_at=NOW)

    def test_a_key_that_was_found_gone_completes_the_rotation(self) -> None:
        after = found(open_rotation(Phase.DISABLED), Fact.FOUND_GONE, NOW)

        assert (after.phase, after.outcome) == (Phase.COMPLETED, "completed")


class TestIntents:
    def test_a_mint_fixes_the_version_that_its_stage_merges_from(self) -> None:
        opened = with_intent(open_rotation(), intent(), base=SIBLING_VERSION)

        assert (opened.intent, opened.base_version) == (intent(), SIBLING_VERSION)

    def test_no_other_intent_moves_the_base(self) -> None:
        before = open_rotation(Phase.CREATED)

        opened = with_intent(before, intent(Effect.STAGE), base=SIBLING_VERSION)

        assert opened.base_version == OLD_VERSION

    def test_a_second_intent_beside_an_open_one_is_a_broken_invariant(self) -> None:
        with pytest.raises(InvariantError, match="create_key is still open"):
            with_intent(open_rotation(intent=intent()), intent(Effect.PREPARE), base=None)

    def test_a_closed_intent_leaves_the_latest_time_at_which_a_request_may_land(self) -> None:
        first = without_intent(open_rotation(intent=intent()), landing_until=at(minutes=9))
        second = without_intent(first, landing_until=at(minutes=5))
        third = without_intent(second)

        assert first.intent is None
        assert {first.landing_until, second.landing_until, third.landing_until} == {at(minutes=9)}
        assert without_intent(open_rotation()).landing_until is None

    def test_a_base_that_moved_is_forgotten_with_its_intent(self) -> None:
        after = unbased(open_rotation(Phase.CREATED, intent=intent(Effect.STAGE)))

        assert (after.intent, after.base_version) == (None, None)

    def test_a_rotation_without_a_key_has_stored_nothing(self) -> None:
        assert tokens(open_rotation()) == ()


class TestPolicyMoves:
    MOVED = destination("another")

    def test_a_planned_rotation_follows_and_still_knows_what_it_must_find_there(self) -> None:
        before = open_rotation()

        after = replanned(before, credential(destination=self.MOVED))

        assert after == replace(before, destination=self.MOVED)
        assert after.old_version == OLD_VERSION

    @pytest.mark.parametrize(
        "fixed", [open_rotation(Phase.CREATED), open_rotation(intent=intent())]
    )
    def test_what_was_begun_stays_where_it_is(self, fixed: Rotation) -> None:
        assert replanned(fixed, credential(destination=self.MOVED)) == fixed

    def test_without_a_new_destination_nothing_moves(self) -> None:
        before = open_rotation()

        assert replanned(before, credential(destination=None)) == before
        assert replanned(before, credential(destination=before.destination)) == before


class TestHalts:
    def test_a_halt_remembers_where_it_came_from_and_is_left_to_there(self) -> None:
        before = open_rotation(Phase.STAGED)

        stopped = halted(before, NOW, Reason.INVARIANT, "twice two")
        again = resumed(stopped, LATER)

        assert stopped == replace(
            before,
            phase=Phase.HALTED,
            phase_since=NOW,
            halted_from=Phase.STAGED,
            halt_reason=Reason.INVARIANT,
            halt_detail="twice two",
        )
        assert again == replace(before, phase_since=LATER)

    @pytest.mark.parametrize(
        ("phase", "reason", "changes"),
        [
            (Phase.CREATED, Reason.PRINCIPAL_REPLACED, {}),
            (
                Phase.DISABLED,
                Reason.REENABLED,
                {"phase": Phase.PROMOTED, "promoted_at": LATER, "disabled_at": None},
            ),
            (Phase.PROMOTED, Reason.REENABLED, {"promoted_at": LATER}),
            (Phase.PROMOTED, Reason.ENABLED_BY_OPERATOR, {"promoted_at": LATER}),
            (Phase.DISABLED, Reason.USED_WHILE_DISABLED, {"vouched_at": LATER}),
        ],
    )
    def test_resuming_vouches_for_what_led_to_the_halt(
        self, phase: Phase, reason: Reason, changes: dict[str, Any]
    ) -> None:
        before = open_rotation(phase)

        again = resumed(halted(before, NOW, reason), LATER)

        assert again == replace(before, phase_since=LATER, **changes)

    @pytest.mark.parametrize(
        ("phase", "reason", "is_over"),
        [
            (Phase.DISABLED, Reason.REENABLED, True),
            (Phase.PROMOTED, Reason.ENABLED_BY_OPERATOR, True),
            (Phase.DISABLED, Reason.USED_WHILE_DISABLED, False),
            (Phase.PLANNED, Reason.INVARIANT, False),
        ],
    )
    def test_an_orders_haste_is_over_once_somebody_needed_the_old_key(
        self, phase: Phase, reason: Reason, *, is_over: bool
    ) -> None:
        hasty = open_rotation(phase, expedited_at=NOW, grace_given=timedelta(hours=1))

        again = resumed(halted(hasty, NOW, reason), LATER)

        left = (None, None) if is_over else (NOW, timedelta(hours=1))
        assert (again.expedited_at, again.grace_given) == left

    def test_a_halt_keeps_its_open_intent(self) -> None:
        opened = open_rotation(Phase.PROMOTED, intent=intent(Effect.DISABLE_KEY))

        assert resumed(halted(opened, NOW, Reason.INVARIANT), LATER).intent == opened.intent

    def test_an_order_lifts_a_halt_without_forgetting_it(self) -> None:
        stopped = halted(open_rotation(Phase.DISABLED), NOW, Reason.REENABLED, "why")

        on_the_way = lifted(stopped, LATER)

        assert (on_the_way.phase, on_the_way.halted_from) == (Phase.DISABLED, None)
        assert (on_the_way.halt_reason, on_the_way.halt_detail) == (Reason.REENABLED, "why")
        assert lifted(on_the_way, NOW) == on_the_way
        assert unhalted(on_the_way, NOW).halt_reason is None

    @pytest.mark.parametrize(
        ("phase", "is_open", "is_unpromoted"),
        [
            (Phase.PLANNED, True, True),
            (Phase.VERIFIED, True, True),
            (Phase.PROMOTED, True, False),
            (Phase.DISABLED, True, False),
            (Phase.HALTED, True, True),
            (Phase.COMPLETED, False, False),
            (Phase.ROLLED_BACK, False, False),
        ],
    )
    def test_a_halt_holds_what_its_phase_held(
        self, phase: Phase, *, is_open: bool, is_unpromoted: bool
    ) -> None:
        rotation = open_rotation(phase)

        assert (rotation.is_open, rotation.is_unpromoted) == (is_open, is_unpromoted)

    def test_a_halt_after_the_pivot_holds_no_destination(self) -> None:
        stopped = halted(open_rotation(Phase.PROMOTED), NOW, Reason.INVARIANT)

        assert not stopped.is_unpromoted


class TestGoingBack:
    def test_a_promote_after_promotion_swaps_the_two_keys_and_ends_all_haste(self) -> None:
        before = open_rotation(
            Phase.PROMOTED,
            enabled_at=NOW,
            unstaged_at=NOW,
            vouched_at=NOW,
            expedited_at=NOW,
            grace_given=timedelta(0),
        )
        back = Do(effect=Effect.PROMOTE, version=OLD_VERSION)

        after = achieved(before, back, LATER)

        assert (after.old_key_id, after.new_key_id) == (NEW_KEY, OLD_KEY)
        assert (after.base_version, after.new_version) == (TOKEN, OLD_VERSION)
        moments = {after.promoted_at, after.verified_at, after.phase_since, after.reversed_at}
        assert moments == {LATER}
        cleared = ("disabled_at", "enabled_at", "unstaged_at", "vouched_at", "expedited_at")
        assert {getattr(after, name) for name in (*cleared, "grace_given")} == {None}

    def test_going_back_twice_is_going_forward(self) -> None:
        before = open_rotation(Phase.PROMOTED)

        once = achieved(before, Do(effect=Effect.PROMOTE, version=OLD_VERSION), NOW)
        twice = achieved(once, Do(effect=Effect.PROMOTE, version=TOKEN), LATER)

        assert twice.reversed_at is None
        assert (twice.old_key_id, twice.new_version) == (OLD_KEY, TOKEN)

    def test_a_rollback_by_hand_that_is_accepted_swaps_the_keys_too(self) -> None:
        before = open_rotation(Phase.PROMOTED, promoted_at=None)

        after = found(before, Fact.FOUND_REVERSED, NOW, version=SIBLING_VERSION)

        assert (after.old_key_id, after.new_version) == (NEW_KEY, SIBLING_VERSION)
        assert after.promoted_at == NOW

    def test_a_promote_replaces_what_it_was_merged_from_and_a_rollback_what_it_undoes(
        self,
    ) -> None:
        there = Do(effect=Effect.PROMOTE, version=TOKEN)
        back = Do(effect=Effect.PROMOTE, version=OLD_VERSION)

        assert expected(open_rotation(Phase.VERIFIED), there) == OLD_VERSION
        assert expected(open_rotation(Phase.PROMOTED), back) == TOKEN
        assert expected(open_rotation(Phase.PROMOTED), there) == OLD_VERSION

    @pytest.mark.parametrize(
        ("fact", "reversed_at", "outcome"),
        [
            (Fact.FOUND_GONE, None, "completed"),
            (Fact.FOUND_GONE, NOW, "reversed"),
            (Fact.RELEASED, None, "released"),
            (Fact.RELEASED, NOW, "released"),
        ],
    )
    def test_an_end_says_which_way_it_was(
        self, fact: Fact, reversed_at: Instant | None, outcome: str
    ) -> None:
        after = found(open_rotation(Phase.DISABLED, reversed_at=reversed_at), fact, LATER)

        assert (after.phase, after.outcome) == (Phase.COMPLETED, outcome)
        assert after.finished_at == LATER
