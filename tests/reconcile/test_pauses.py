"""A pause holds back what starts or destroys, and never what brings a begun rotation to safety."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.core.ids import AccountId
from rotator.core.orders import Pause
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.errors import UnavailableError
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

HOUR = timedelta(hours=1)


def paused(estate: Estate, scope: str = "everything") -> Pause:
    """Pause everything, the account, or the one credential."""
    made = Pause(
        operator="alice",
        reason="a freeze",
        since=estate.clock.now(),
        account=ACCOUNT if scope == "account" else None,
        credential=estate.stored.id if scope == "credential" else None,
    )
    estate.journal.pause(made)
    return made


def reason(estate: Estate) -> Reason | None:
    """Name what the credential holds for."""
    return estate.stored.hold.reason if estate.stored.hold else None


@pytest.mark.parametrize("scope", ["everything", "account", "credential"])
def test_nothing_is_started_and_the_hold_says_who_paused_and_why(scope: str) -> None:
    estate = Estate()
    paused(estate, scope)
    estate.run(timedelta(days=90))

    assert estate.rotation is None
    hold = estate.stored.hold
    assert hold is not None
    assert hold.reason is Reason.PAUSED
    assert "alice" in hold.detail
    assert "a freeze" in hold.detail


def test_what_a_pause_held_back_starts_when_it_is_lifted() -> None:
    estate = Estate()
    made = paused(estate)
    estate.run(timedelta(days=90))
    estate.journal.unpause(made.scope)
    estate.run(timedelta(minutes=1))

    assert estate.newest.phase is Phase.PROMOTED


def test_a_pause_of_another_account_holds_nothing_back() -> None:
    estate = Estate()
    account = AccountId("999900001111")
    since = estate.clock.now()
    estate.journal.pause(Pause(operator="alice", reason="a freeze", since=since, account=account))
    estate.due()

    assert estate.newest.phase is Phase.PROMOTED


def test_an_urgent_order_waits_for_the_end_of_a_pause_too() -> None:
    estate = Estate()
    paused(estate)
    estate.look()
    estate.journal.request(estate.stored.id, Trigger.TAINT, now=estate.clock.now())
    estate.run(HOUR)

    assert estate.rotation is None
    assert reason(estate) is Reason.PAUSED


def test_a_planned_rotation_makes_no_key() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.UNAVAILABLE)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    paused(estate)
    minted = estate.wire.sent.count("create_key")
    estate.run(timedelta(days=1))

    assert estate.newest.phase is Phase.PLANNED
    assert estate.wire.sent.count("create_key") == minted


def test_a_key_that_was_proved_is_promoted() -> None:
    estate = Estate()
    estate.wire.break_next("promote", Failure.THROTTLED)
    estate.run(timedelta(days=80), until=Phase.VERIFIED)
    paused(estate)
    estate.run(timedelta(hours=1))

    assert estate.newest.phase is Phase.PROMOTED


def test_a_key_of_our_own_that_is_no_use_is_discarded() -> None:
    estate = Estate()
    estate.wire.break_next("promote", Failure.UNAVAILABLE, times=50)
    estate.run(timedelta(days=80), until=Phase.VERIFIED)
    paused(estate)
    estate.destination.write_by_hand(estate.ref, estate.content(estate.old, note="theirs"))
    estate.run(timedelta(hours=2))

    assert estate.newest.phase is Phase.ROLLED_BACK
    assert estate.enabled() == {estate.old.key_id}


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
def test_no_old_key_is_disabled_or_deleted_and_its_version_keeps_its_label(phase: Phase) -> None:
    estate = Estate()
    estate.run(timedelta(days=90), until=phase)
    paused(estate)
    estate.run(timedelta(days=20))

    assert estate.newest.phase is phase
    assert reason(estate) is Reason.PAUSED
    assert estate.destination.describe(estate.ref).previous == estate.newest.base_version


def test_a_destination_that_went_back_gets_its_key_back_in_a_pause() -> None:
    estate = Estate()
    estate.run(timedelta(days=90), until=Phase.DISABLED)
    paused(estate)
    base = estate.newest.base_version
    assert base is not None
    estate.destination.make_current_by_hand(estate.ref, base)
    estate.run(timedelta(hours=2), consuming=False)

    assert estate.old.key_id in estate.enabled()


def test_a_suspect_is_neither_disabled_nor_deleted() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    paused(estate)
    estate.run(timedelta(days=20))

    (suspect,) = [item for item in estate.journal.keys() if item.role is Role.SUSPECT]
    assert suspect.disabled_at is None
    assert suspect.key_id in estate.enabled()


def test_a_journal_that_cannot_be_asked_for_pauses_lets_nothing_be_destroyed() -> None:
    estate = Estate()
    estate.due()

    def down() -> tuple[Pause, ...]:
        raise UnavailableError("the journal is down")

    estate.journal.pauses = down  # type: ignore[method-assign]
    estate.run(timedelta(days=20))

    assert estate.newest.phase is Phase.PROMOTED
    assert estate.old.key_id in estate.enabled()
