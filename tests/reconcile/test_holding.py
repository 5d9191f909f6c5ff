"""A hold is told once when it begins and once when it is lifted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.reasons import Reason
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord

A_DAY = timedelta(days=1)
HELD, LIFTED = "rotation.hold", "hold.lift"


def drifted() -> Estate:
    """Build an estate that is held, for a person published another key."""
    estate = Estate()
    estate.look()
    drift(estate)
    return estate


def drift(estate: Estate) -> None:
    human = estate.provider.mint_by_hand(estate.principal)
    estate.destination.write_by_hand(estate.ref, estate.content(human))
    estate.run(A_DAY)
    estate.provider.delete_by_hand(estate.principal, human.key_id)
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.DRIFT


def held(estate: Estate) -> Reason | None:
    return estate.stored.hold.reason if estate.stored.hold else None


def mend(estate: Estate) -> None:
    ours = estate.stored.current_version
    assert ours is not None
    estate.destination.make_current_by_hand(estate.ref, ours)


def told(estate: Estate) -> list[AuditRecord]:
    records = estate.journal.unsealed(limit=10_000)
    return [item for item in records if item.action.value in {HELD, LIFTED}]


def test_the_end_of_a_hold_is_told_with_its_reason_and_its_beginning() -> None:
    estate = drifted()
    assert estate.stored.hold is not None
    since = estate.stored.hold.since
    mend(estate)
    estate.run(A_DAY)

    assert held(estate) is None
    lifted = told(estate)[-1]
    assert (lifted.action.value, lifted.outcome, lifted.reason) == (LIFTED, "success", "drift")
    assert lifted.evidence == {"held_since": since.isoformat()}


def test_each_change_of_a_hold_is_one_record_however_often_it_is_looked_at() -> None:
    estate = drifted()
    estate.run(10 * A_DAY)
    mend(estate)
    estate.run(10 * A_DAY)
    drift(estate)
    estate.run(10 * A_DAY)

    assert [item.action.value for item in told(estate)] == [HELD, LIFTED, HELD]


def test_a_look_that_an_error_cut_short_lifts_no_hold() -> None:
    estate = drifted()
    mend(estate)
    estate.wire.break_everything(Failure.UNAVAILABLE)
    estate.run(A_DAY)

    assert estate.stored.failures
    assert held(estate) is Reason.DRIFT
    assert [item.action.value for item in told(estate)] == [HELD]

    estate.wire.break_everything(None)
    estate.run(A_DAY)
    assert held(estate) is None
    assert [item.action.value for item in told(estate)] == [HELD, LIFTED]


def test_another_reason_takes_the_place_of_a_hold_without_lifting_it() -> None:
    estate = drifted()
    estate.wire.break_next("describe", Failure.DENIED, times=500)
    estate.run(A_DAY)

    assert told(estate)[-1].reason != told(estate)[0].reason
    assert LIFTED not in {item.action.value for item in told(estate)}
