"""Orders of operators, from the journal to what a consumer sees; no key is refused on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import RotationId
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from rotator.core.ids import KeyId

from tests.reconcile.orders_desk import HOUR, disabled, give, reason, run, told, why


class TestAbort:
    def test_before_promotion_the_new_key_is_discarded(self) -> None:
        estate = Estate()
        estate.wire.break_next("promote", Failure.UNAVAILABLE, times=50)
        estate.run(timedelta(days=90), until=Phase.VERIFIED)
        give(estate, Verb.ABORT)
        run(estate, timedelta(minutes=1))

        aborted = estate.journal.rotations()[-1]
        assert (aborted.phase, aborted.outcome) == (Phase.ROLLED_BACK, "aborted")
        assert aborted.new_key_id not in estate.enabled()
        assert told(estate, Verb.ABORT) == [("success", "operator:alice", "because")]
        assert "event rotation.abandon success" in estate.actions()

    def test_a_rotation_that_is_planned_ends_at_once(self) -> None:
        estate = Estate()
        estate.wire.break_next("create_key", Failure.DENIED, times=50)
        estate.run(timedelta(days=90), until=Phase.PLANNED)
        planned = estate.newest.id
        give(estate, Verb.ABORT)
        estate.look()

        aborted = next(item for item in estate.journal.rotations() if item.id == planned)
        assert aborted.outcome == "aborted"
        assert "event rotation.finish success" in estate.actions()

    def test_a_mint_whose_answer_was_lost_is_found_out_before_it_is_given_up(self) -> None:
        estate = Estate()
        estate.wire.break_next("create_key", Failure.LOST_ANSWER)
        estate.run(timedelta(days=90), until=Phase.PLANNED)
        lost = estate.newest.id
        give(estate, Verb.ABORT)
        run(estate, timedelta(hours=1))

        over = next(item for item in estate.journal.rotations() if item.id == lost)
        assert over.outcome == "outcome_lost"
        assert [outcome for outcome, *_ in told(estate, Verb.ABORT)] == ["failure"]

    def test_after_promotion_the_old_key_is_left_as_it_stands_for_ever(self) -> None:
        estate = disabled()
        new = estate.stored.current_key_id
        given_up = estate.newest.id
        estate.clock.advance(HOUR)
        give(estate, Verb.ABORT)
        run(estate, timedelta(minutes=1))

        over = estate.newest
        assert (over.phase, over.outcome) == (Phase.COMPLETED, "released")
        record = next(item for item in estate.journal.keys() if item.key_id == estate.old.key_id)
        assert record.role is Role.FOREIGN
        assert estate.stored.current_key_id == new

        estate.run(timedelta(days=60))
        listed = estate.provider.list_keys(estate.principal).ids
        assert estate.old.key_id in listed
        assert estate.newest.id == given_up

    def test_a_key_that_we_minted_and_released_is_no_orphan_of_ours_later(self) -> None:
        estate = disabled()
        new = estate.stored.current_key_id
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)
        give(estate, Verb.ABORT)
        run(estate, HOUR)
        assert estate.newest.outcome == "released"

        estate.run(timedelta(days=30))

        record = next(item for item in estate.journal.keys() if item.key_id == new)
        assert record.role is Role.FOREIGN
        assert str(new) in estate.enabled()


class TestEnable:
    def test_the_key_works_again_and_stays_so_until_somebody_decides(self) -> None:
        estate = disabled()
        give(estate, Verb.ENABLE, key_id=estate.old.key_id)
        run(estate, HOUR)

        assert estate.old.key_id in estate.enabled()
        assert estate.newest.phase is Phase.HALTED
        assert reason(estate) is Reason.ENABLED_BY_OPERATOR
        assert told(estate, Verb.ENABLE) == [("success", "operator:alice", "because")]

        run(estate, timedelta(days=10))
        assert estate.old.key_id in estate.enabled()

    def test_resumed_it_is_retired_after_a_fresh_grace(self) -> None:
        estate = disabled()
        give(estate, Verb.ENABLE, key_id=estate.old.key_id)
        run(estate, timedelta(days=2))
        give(estate, Verb.RESUME)
        run(estate, timedelta(hours=23))
        assert estate.old.key_id in estate.enabled()

        estate.run(timedelta(days=10), until=Phase.COMPLETED)
        assert estate.old.key_id not in estate.provider.list_keys(estate.principal).ids

    def test_a_lost_answer_ends_in_the_same_halt(self) -> None:
        estate = disabled()
        give(estate, Verb.ENABLE, key_id=estate.old.key_id)
        estate.wire.break_next("enable_key", Failure.LOST_ANSWER)
        run(estate, HOUR)

        assert estate.newest.halt_reason is Reason.ENABLED_BY_OPERATOR

    def test_any_other_key_is_refused(self) -> None:
        estate = disabled()
        new = estate.stored.current_key_id
        assert new is not None
        give(estate, Verb.ENABLE, key_id=new)
        run(estate, HOUR)

        assert told(estate, Verb.ENABLE)[-1][0] == "failure"
        assert estate.stored.order is None

    def test_a_key_that_nobody_knows_is_refused(self) -> None:
        estate = disabled()
        order = replace(give(estate, Verb.ENABLE), rotation_id=None)
        estate.journal.instruct(estate.stored.id, order)
        run(estate, HOUR)

        assert told(estate, Verb.ENABLE)[-1][0] == "failure"


class TestEnableASuspect:
    def lost(self) -> tuple[Estate, KeyId]:
        """Build an estate with a suspect that we have disabled."""
        estate = Estate()
        estate.wire.break_next("create_key", Failure.LOST_ANSWER)
        estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
        estate.run(timedelta(days=1, hours=2))
        (suspect,) = [item for item in estate.journal.keys() if item.role is Role.SUSPECT]
        assert suspect.disabled_at is not None
        return estate, suspect.key_id

    @pytest.mark.parametrize(
        "failure", [None, Failure.LOST_ANSWER, Failure.LOST_REQUEST, Failure.UNAVAILABLE]
    )
    def test_it_works_again_and_is_a_persons_for_ever(self, failure: Failure | None) -> None:
        estate, suspect = self.lost()
        if failure is not None:
            estate.wire.break_next("enable_key", failure)
        give(estate, Verb.ENABLE, key_id=suspect)
        run(estate, timedelta(hours=3))

        assert suspect in estate.enabled()
        record = next(item for item in estate.journal.keys() if item.key_id == suspect)
        assert (record.role, record.disabled_at) == (Role.FOREIGN, None)
        assert told(estate, Verb.ENABLE) == [("success", "operator:alice", "because")]

        estate.run(timedelta(days=30))
        assert suspect in estate.enabled()

    def test_it_is_neither_deleted_nor_disabled_while_the_order_waits(self) -> None:
        estate, suspect = self.lost()
        estate.wire.break_next("enable_key", Failure.DENIED, times=500)
        give(estate, Verb.ENABLE, key_id=suspect)
        run(estate, timedelta(days=10))

        assert suspect in estate.provider.list_keys(estate.principal).ids
        assert estate.stored.order is not None

    def test_one_that_is_deleted_is_refused(self) -> None:
        estate, suspect = self.lost()
        estate.provider.delete_by_hand(estate.principal, suspect)
        give(estate, Verb.ENABLE, key_id=suspect)
        estate.run(timedelta(hours=1))

        assert told(estate, Verb.ENABLE)[-1][0] == "failure"

    def test_one_that_somebody_else_disabled_is_refused_and_left_alone(self) -> None:
        estate = Estate()
        estate.wire.break_next("create_key", Failure.LOST_ANSWER)
        estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
        (suspect,) = [item.key_id for item in estate.journal.keys() if item.role is Role.SUSPECT]
        estate.provider.switch_by_hand(estate.principal, suspect, on=False)
        give(estate, Verb.ENABLE, key_id=suspect)
        estate.look()

        assert suspect not in estate.enabled()
        assert told(estate, Verb.ENABLE)[-1][0] == "failure"


class TestStrayOrders:
    @pytest.mark.parametrize("verb", [Verb.RESUME, Verb.ABORT, Verb.ROLLBACK])
    def test_an_order_about_a_rotation_that_is_over_is_refused_in_its_history(
        self, verb: Verb
    ) -> None:
        estate = Estate()
        estate.run(timedelta(days=90), until=Phase.COMPLETED)
        give(estate, verb)
        estate.look()

        assert estate.stored.order is None
        assert "not open" in why(estate)

    def test_an_order_about_another_rotation_is_refused_and_the_open_one_goes_on(self) -> None:
        estate = disabled()
        order = give(estate, Verb.ABORT)
        other = RotationId(estate.chance.new_id())
        estate.journal.instruct(estate.stored.id, replace(order, rotation_id=other))
        estate.look()

        assert estate.stored.order is None
        assert estate.newest.phase is Phase.DISABLED


def test_an_order_that_comes_while_a_pass_runs_is_carried_out_by_the_next() -> None:
    estate = disabled()
    estate.clock.advance(HOUR)
    describe = estate.destination.describe

    def ordered_meanwhile(ref: object) -> object:
        estate.destination.describe = describe  # type: ignore[method-assign]
        give(estate, Verb.ROLLBACK)
        return describe(ref)  # type: ignore[arg-type] # passed on as it came

    estate.destination.describe = ordered_meanwhile  # type: ignore[assignment,method-assign]
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    Reconciler(estate.parts()).reconcile(estate.stored.id)
    assert estate.stored.order is not None
    assert estate.stored.next_at <= estate.clock.now()

    run(estate, HOUR)
    assert estate.stored.current_key_id == estate.old.key_id
