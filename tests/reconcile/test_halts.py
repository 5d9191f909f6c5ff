"""Halts and the orders that lead out of them."""

from __future__ import annotations

from datetime import timedelta

from rotator.core.facts import LastUsed
from rotator.core.ids import Instant
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase
from rotator.errors import InvariantError
from rotator.testing.wire import Failure
from tests.reconcile.estate import NAME, Estate
from tests.reconcile.orders_desk import HOUR, disabled, give, phase, reason, run, told


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
