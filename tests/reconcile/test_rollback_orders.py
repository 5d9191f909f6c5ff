"""Rollbacks that operators order, from the journal to what a consumer sees."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Role
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate
from tests.reconcile.orders_desk import HOUR, disabled, give, reason, run, told, why


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
