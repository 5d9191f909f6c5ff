"""Orders of operators, from the journal to what a consumer sees; no key is refused on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import LastUsed
from rotator.core.ids import Instant, RotationId
from rotator.core.orders import Order, Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Role, Trigger
from rotator.errors import InvariantError
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.wire import Failure
from tests.reconcile.estate import NAME, Estate

if TYPE_CHECKING:
    from rotator.core.ids import KeyId

HOUR = timedelta(hours=1)


def give(estate: Estate, verb: Verb, *, key_id: KeyId | None = None) -> Order:
    """Give an order about the newest rotation, or about a suspect's key."""
    is_suspects = key_id is not None and key_id != estate.newest.old_key_id
    order = Order(
        id=estate.chance.new_id(),
        verb=verb,
        operator="alice",
        reason="because",
        given_at=estate.clock.now(),
        rotation_id=None if is_suspects else estate.newest.id,
        key_id=key_id,
    )
    assert estate.journal.instruct(estate.stored.id, order)
    return order


def run(estate: Estate, period: timedelta) -> None:
    """Let time pass in small steps; what consumers read must work at each."""
    end = estate.clock.now() + period
    while estate.clock.now() < end:
        estate.run(min(timedelta(minutes=20), end - estate.clock.now()))
        assert estate.consume(), estate.clock.now()


def told(estate: Estate, verb: Verb) -> list[tuple[str, str, str | None]]:
    """Read what the auditor is told about an order: outcome, actor, reason."""
    action = f"operator.{verb.value}"
    records = estate.journal.unsealed(limit=10_000)
    return [
        (item.outcome, item.actor, item.reason) for item in records if item.action.value == action
    ]


def why(estate: Estate) -> str:
    """Say what the history's last word about an order is."""
    events = estate.journal.events(estate.newest.id)
    order = [event for event in events if event.kind == "order"][-1]
    return str(order.detail["reason"])


def reason(estate: Estate) -> Reason | None:
    """Name what the credential holds for."""
    return estate.stored.hold.reason if estate.stored.hold else None


def phase(estate: Estate) -> Phase:
    """Say where the newest rotation stands."""
    return estate.newest.phase


def disabled() -> Estate:
    """Build an estate whose old key is disabled, in quarantine."""
    estate = Estate()
    estate.run(timedelta(days=90), until=Phase.DISABLED)
    return estate


class TestRollback:
    @pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
    def test_the_old_key_is_current_again_and_the_new_one_is_retired_under_the_full_guard(
        self, phase: Phase
    ) -> None:
        estate = Estate()
        estate.run(timedelta(days=90), until=phase)
        new = estate.stored.current_key_id

        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        back = estate.newest
        assert (back.phase, back.new_key_id, back.old_key_id) == (
            Phase.PROMOTED,
            estate.old.key_id,
            new,
        )
        content = json.loads(estate.destination.read(estate.ref))
        assert content["AccessKeyId"] == estate.old.key_id == estate.stored.current_key_id
        assert estate.stored.current_version == back.new_version
        assert estate.enabled() == {estate.old.key_id, new}
        assert estate.stored.order is None
        assert told(estate, Verb.ROLLBACK) == [("success", "operator:alice", "because")]

        run(estate, timedelta(days=20))
        assert estate.enabled() == {estate.old.key_id, new}
        assert reason(estate) is Reason.PAUSED

        estate.journal.unpause(f"credential:{estate.stored.id}")
        run(estate, timedelta(minutes=20))
        assert estate.newest.phase is Phase.DISABLED
        assert estate.newest.disabled_at is not None
        estate.run(timedelta(days=3), until=Phase.COMPLETED)
        finished = next(item for item in estate.journal.rotations() if item.id == back.id)
        assert finished.outcome == "reversed"

    def test_the_roles_of_the_keys_follow(self) -> None:
        estate = disabled()
        new = estate.stored.current_key_id
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        roles = {item.key_id: item.role for item in estate.journal.keys()}
        assert roles == {estate.old.key_id: Role.CURRENT, str(new): Role.PREVIOUS}

    def test_a_pause_in_the_operators_name_keeps_the_next_rotation_from_starting(self) -> None:
        estate = disabled()
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        (pause,) = estate.journal.pauses()
        assert (pause.credential, pause.operator) == (estate.stored.id, "alice")
        assert "because" in pause.reason

    def test_a_second_rollback_goes_forward_again(self) -> None:
        estate = disabled()
        new = estate.stored.current_key_id
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        assert estate.stored.current_key_id == new
        assert estate.newest.reversed_at is None

    def test_it_waits_until_a_disable_of_ours_can_land_no_more(self) -> None:
        estate = disabled()
        landing = estate.newest.landing_until
        assert landing is not None
        assert landing > estate.clock.now()

        give(estate, Verb.ROLLBACK)
        estate.look()

        assert "enable_key" not in estate.wire.sent
        assert estate.stored.next_at == landing

    @pytest.mark.parametrize(
        "failure", [Failure.LOST_ANSWER, Failure.LOST_REQUEST, Failure.LATE, Failure.UNAVAILABLE]
    )
    @pytest.mark.parametrize("method", ["enable_key", "promote"])
    def test_a_call_that_goes_wrong_is_answered_by_looking(
        self, method: str, failure: Failure
    ) -> None:
        estate = disabled()
        give(estate, Verb.ROLLBACK)
        estate.wire.break_next(method, failure)
        run(estate, timedelta(hours=3))

        assert estate.stored.current_key_id == estate.old.key_id
        assert estate.stored.order is None
        assert len(estate.journal.pauses()) == 1

    def test_another_order_stays_when_the_swap_is_found_done(self) -> None:
        estate = disabled()
        give(estate, Verb.ROLLBACK)
        estate.wire.break_next("promote", Failure.LATE)
        run(estate, timedelta(minutes=10))
        assert estate.newest.intent is not None
        assert estate.newest.intent.effect is Effect.PROMOTE
        give(estate, Verb.RESUME)
        run(estate, HOUR)

        assert estate.stored.current_key_id == estate.old.key_id
        assert estate.journal.pauses()[0].operator == "rotator"
        assert [outcome for outcome, *_ in told(estate, Verb.RESUME)] == ["failure"]

    def test_a_rollback_by_hand_is_accepted(self) -> None:
        estate = disabled()
        base = estate.newest.base_version
        assert base is not None
        estate.destination.make_current_by_hand(estate.ref, base)
        estate.run(timedelta(hours=2), consuming=False)
        assert reason(estate) is Reason.ROLLED_BACK_BY_HAND

        give(estate, Verb.ROLLBACK)
        promotes = estate.wire.sent.count("promote")
        run(estate, HOUR)

        assert estate.stored.current_key_id == estate.old.key_id
        assert estate.wire.sent.count("promote") == promotes
        assert told(estate, Verb.ROLLBACK)[-1][0] == "success"
        assert len(estate.journal.pauses()) == 1

    def test_an_edit_of_somebody_refuses_it_and_nothing_is_undone(self) -> None:
        estate = disabled()
        new = estate.destination.material(estate.ref)
        assert new is not None
        edited = estate.destination.write_by_hand(estate.ref, estate.content(new, note="mine"))

        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        assert estate.stored.order is None
        assert edited in why(estate)
        assert told(estate, Verb.ROLLBACK)[-1][0] == "failure"
        assert estate.newest.phase is Phase.DISABLED
        assert estate.journal.pauses() == ()

    def test_a_race_with_an_edit_is_lost_by_compare_and_swap(self) -> None:
        estate = disabled()
        estate.clock.advance(HOUR)
        new = estate.destination.material(estate.ref)
        assert new is not None
        promote = estate.destination.promote

        def edited_before(*args: object, **options: object) -> None:
            estate.destination.write_by_hand(estate.ref, estate.content(new, note="mine"))
            promote(*args, **options)  # type: ignore[arg-type] # passed on as they came

        estate.destination.promote = edited_before  # type: ignore[method-assign]
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        assert json.loads(estate.destination.read(estate.ref))["note"] == "mine"
        assert told(estate, Verb.ROLLBACK)[-1][0] == "failure"
        assert estate.stored.current_key_id == new.key_id

    def test_a_frozen_replicas_disable_never_lands_on_the_key_that_is_current_again(self) -> None:
        """The replica froze with its intent open; its request lands late, before the enable."""
        estate = Estate()
        estate.due()
        estate.wire.break_next("disable_key", Failure.LATE, delay=timedelta(minutes=5))
        while "disable_key" not in estate.wire.sent:
            estate.run(timedelta(minutes=2))
        assert estate.newest.intent is not None
        give(estate, Verb.ROLLBACK)
        run(estate, timedelta(hours=3))

        assert estate.stored.current_key_id == estate.old.key_id
        assert estate.old.key_id in estate.enabled()
        acts = [act.verb for act in estate.wire.acts]
        assert acts.index("disable_key") < acts.index("enable_key")


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


class TestHalts:
    def test_a_key_that_was_enabled_in_quarantine_halts_and_resuming_gives_it_a_grace(self) -> None:
        estate = disabled()
        estate.provider.switch_by_hand(estate.principal, estate.old.key_id, on=True)
        estate.run(timedelta(days=4), until=Phase.HALTED)
        assert reason(estate) is Reason.REENABLED
        assert estate.old.key_id in estate.enabled()

        run(estate, timedelta(days=5))
        assert phase(estate) is Phase.HALTED
        give(estate, Verb.RESUME)
        estate.look()
        assert phase(estate) is Phase.PROMOTED
        record = next(item for item in estate.journal.keys() if item.key_id == estate.old.key_id)
        assert (record.enabled, record.disabled_at) == (True, None)
        estate.run(timedelta(days=10), until=Phase.COMPLETED)
        assert estate.newest.phase is Phase.COMPLETED

    def test_a_halted_rotation_is_rolled_back_from_its_halt(self) -> None:
        estate = disabled()
        estate.provider.switch_by_hand(estate.principal, estate.old.key_id, on=True)
        estate.run(timedelta(days=4), until=Phase.HALTED)
        give(estate, Verb.ROLLBACK)
        run(estate, HOUR)

        assert estate.stored.current_key_id == estate.old.key_id
        assert (estate.newest.phase, estate.newest.halt_reason) == (Phase.PROMOTED, None)

    def test_an_order_that_fails_on_its_way_out_of_a_halt_ends_in_the_same_halt(self) -> None:
        estate = disabled()
        estate.provider.switch_by_hand(estate.principal, estate.old.key_id, on=True)
        estate.run(timedelta(days=4), until=Phase.HALTED)
        new = estate.destination.material(estate.ref)
        assert new is not None
        estate.wire.break_next("promote", Failure.UNAVAILABLE, times=3)
        give(estate, Verb.ROLLBACK)
        run(estate, timedelta(seconds=90))
        assert (estate.newest.phase, estate.newest.halt_reason) == (
            Phase.PROMOTED,
            Reason.REENABLED,
        )
        estate.destination.write_by_hand(estate.ref, estate.content(new, note="mine"))
        run(estate, HOUR)

        assert told(estate, Verb.ROLLBACK)[-1][0] == "failure"
        assert estate.newest.phase is Phase.HALTED
        assert estate.newest.halt_reason is Reason.REENABLED

    def test_a_use_of_the_disabled_key_halts_and_resuming_vouches_for_it(self) -> None:
        estate = disabled()
        use = LastUsed(at=Instant(estate.clock.now() + HOUR), service="s3")
        estate.provider.last_used = lambda *_: use  # type: ignore[attr-defined] # every fake has it
        estate.run(timedelta(days=4), until=Phase.HALTED)
        assert reason(estate) is Reason.USED_WHILE_DISABLED

        give(estate, Verb.RESUME)
        estate.run(timedelta(hours=2))
        assert estate.newest.phase is Phase.COMPLETED

    def test_a_principal_that_was_made_again_halts_whatever_is_resumed_and_is_left_by_abort(
        self,
    ) -> None:
        estate = Estate()
        estate.due()
        estate.provider.add_principal(NAME)
        estate.run(timedelta(days=3), until=Phase.HALTED, consuming=False)
        assert reason(estate) is Reason.PRINCIPAL_REPLACED

        give(estate, Verb.RESUME)
        estate.run(timedelta(days=1), consuming=False)
        assert estate.newest.phase is Phase.HALTED
        give(estate, Verb.ABORT)
        estate.run(timedelta(hours=1), consuming=False)
        assert estate.newest.outcome == "released"

    def test_a_contradiction_halts_the_third_time_in_a_row_and_not_before(self) -> None:
        estate = Estate()
        estate.due()
        describe = estate.destination.describe

        def broken(_: object) -> None:
            msg = "twice two"
            raise InvariantError(msg)

        estate.destination.describe = broken  # type: ignore[assignment,method-assign]
        phases = []
        for _ in range(4):
            estate.clock.advance(timedelta(days=2))
            estate.look()
            phases.append(estate.newest.phase)
        assert phases == [Phase.PROMOTED, Phase.PROMOTED, Phase.HALTED, Phase.HALTED]
        assert reason(estate) is Reason.INVARIANT
        assert "twice two" in estate.newest.halt_detail

        estate.destination.describe = describe  # type: ignore[method-assign]
        give(estate, Verb.RESUME)
        estate.run(timedelta(days=30), until=Phase.COMPLETED)
        assert estate.newest.phase is Phase.COMPLETED

    def test_a_contradiction_without_a_rotation_or_under_an_order_stays_a_hold(self) -> None:
        estate = Estate()
        listing = estate.provider.list_keys

        def broken(_: object) -> None:
            msg = "twice two"
            raise InvariantError(msg)

        estate.provider.list_keys = broken  # type: ignore[assignment,method-assign]
        for _ in range(4):
            estate.clock.advance(timedelta(days=2))
            estate.look()
        assert reason(estate) is Reason.INVARIANT
        assert estate.rotation is None

        estate.provider.list_keys = listing  # type: ignore[method-assign]
        estate.due()
        give(estate, Verb.ROLLBACK)
        estate.clock.advance(timedelta(hours=1))
        estate.provider.list_keys = broken  # type: ignore[assignment,method-assign]
        for _ in range(4):
            estate.clock.advance(timedelta(days=2))
            estate.look()
        assert estate.newest.phase is Phase.PROMOTED


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
