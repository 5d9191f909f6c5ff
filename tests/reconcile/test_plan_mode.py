"""An account whose confirmation was taken back: nothing new, and nothing of ours left open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant
from rotator.core.rotation import Phase, Role, Trigger
from rotator.core.terms import Mode
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, Principal

CHANGING = {"create_key", "disable_key", "delete_key", "stage", "promote", "unstage", "prepare"}


def withdraw(estate: Estate) -> None:
    """Put the account back into plan mode."""
    estate.terms = replace(estate.terms, mode=Mode.PLAN)


def confirm(estate: Estate) -> None:
    """Let changes be made again."""
    estate.terms = replace(estate.terms, mode=Mode.ENFORCE)


def withdraw_in_the_next_pass(estate: Estate) -> None:
    """Withdraw after the pass has asked for the mode: when it lists the keys."""
    listed = estate.provider.list_keys

    def list_keys(principal: Principal) -> KeyListing:
        withdraw(estate)
        return listed(principal)

    estate.provider.list_keys = list_keys  # type: ignore[method-assign]


def changes(estate: Estate) -> list[str]:
    return [call for call in estate.wire.sent if call in CHANGING]


def test_an_account_that_nobody_confirmed_is_adopted_and_not_touched() -> None:
    estate = Estate()
    withdraw(estate)
    estate.run(timedelta(days=100))

    assert changes(estate) == []
    assert estate.stored.current_key_id == estate.old.key_id
    confirm(estate)
    estate.run(timedelta(days=1))
    assert estate.newest.phase is Phase.PROMOTED


def test_an_order_to_rotate_waits_for_the_confirmation() -> None:
    estate = Estate()
    withdraw(estate)
    estate.look()
    estate.journal.request(estate.stored.id, Trigger.TAINT, now=estate.clock.now())
    estate.run(timedelta(days=1))

    assert estate.rotation is None
    assert estate.stored.requested is Trigger.TAINT


def test_a_rotation_that_made_nothing_yet_makes_nothing() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.UNAVAILABLE)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    withdraw(estate)
    before = changes(estate)
    estate.run(timedelta(days=5))

    assert estate.newest.phase is Phase.PLANNED
    assert changes(estate) == before


def test_a_key_that_was_made_is_brought_to_its_consumers() -> None:
    estate = Estate()
    estate.wire.break_next("promote", Failure.THROTTLED)
    estate.run(timedelta(days=80), until=Phase.VERIFIED)
    withdraw(estate)
    estate.run(timedelta(hours=1))

    assert estate.newest.phase is Phase.PROMOTED


def test_a_key_of_our_own_that_is_no_use_is_discarded() -> None:
    estate = Estate()
    estate.wire.break_next("promote", Failure.UNAVAILABLE, times=50)
    estate.run(timedelta(days=80), until=Phase.VERIFIED)
    withdraw(estate)
    estate.destination.write_by_hand(estate.ref, estate.content(estate.old, note="theirs"))
    estate.run(timedelta(hours=2))

    assert estate.newest.phase is Phase.ROLLED_BACK
    assert estate.enabled() == {estate.old.key_id}


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
def test_no_old_key_is_disabled_or_deleted_until_it_is_confirmed_again(phase: Phase) -> None:
    estate = Estate()
    estate.run(timedelta(days=90), until=phase)
    withdraw(estate)
    before = changes(estate)
    estate.run(timedelta(days=20))

    assert changes(estate) == before
    assert estate.newest.phase is phase
    confirm(estate)
    estate.run(timedelta(days=20))
    assert Phase.COMPLETED in {row.phase for row in estate.journal.rotations()}


def test_a_suspect_is_neither_disabled_nor_deleted() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    withdraw(estate)
    estate.run(timedelta(days=20))

    (suspect,) = [item for item in estate.journal.keys() if item.role is Role.SUSPECT]
    assert suspect.disabled_at is None
    assert suspect.key_id in estate.enabled()


def sent_without_answer(estate: Estate, effect: str, failure: Failure) -> None:
    """Let time pass until a request was sent whose answer is missing."""
    estate.wire.break_next(effect, failure)
    while effect not in estate.wire.sent:
        if estate.journal.due(now=estate.clock.now(), limit=1):
            estate.look()
        else:
            estate.consume()
            half_a_day = estate.clock.now() + timedelta(hours=12)
            estate.clock.advance_to(Instant(min(estate.stored.next_at, half_a_day)))


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.LOST_REQUEST, Failure.LATE])
@pytest.mark.parametrize(
    "effect", ["create_key", "promote", "disable_key", "unstage", "delete_key"]
)
def test_a_request_without_an_answer_before_the_withdrawal_leads_to_no_other_after_it(
    effect: str, failure: Failure
) -> None:
    estate = Estate()
    sent_without_answer(estate, effect, failure)
    withdraw(estate)
    acts, destructive = len(estate.wire.sent), {"create_key", "disable_key", "delete_key"}
    estate.run(timedelta(days=10))

    assert estate.newest.intent is None
    assert destructive.isdisjoint(estate.wire.sent[acts:])
    assert estate.destination.published_key_id(estate.ref) in estate.enabled()
    confirm(estate)
    estate.run(timedelta(days=25))
    assert Phase.COMPLETED in {row.phase for row in estate.journal.rotations()}
    assert estate.consume()


def test_a_withdrawal_in_the_middle_of_a_pass_keeps_a_rotation_from_its_start() -> None:
    estate = Estate()
    estate.look()
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    withdraw_in_the_next_pass(estate)
    estate.look()

    assert estate.rotation is None
    assert changes(estate) == []


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
def test_a_withdrawal_in_the_middle_of_a_pass_keeps_the_old_key(phase: Phase) -> None:
    estate = Estate()
    estate.run(timedelta(days=90), until=phase)
    before = changes(estate)
    # Everybody uses the new key for long enough; only the withdrawal stands in the way.
    for _ in range(60):
        estate.clock.advance(timedelta(hours=12))
        estate.consume()
    withdraw_in_the_next_pass(estate)
    estate.look()

    assert estate.newest.phase is phase
    assert changes(estate) == before


def test_a_withdrawal_in_the_middle_of_a_pass_keeps_a_suspect() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    before = changes(estate)
    estate.clock.advance(timedelta(days=5))
    withdraw_in_the_next_pass(estate)
    estate.look()

    assert changes(estate) == before
