"""`rotator plan` says what a pass would do, pauses included, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import credential_id
from rotator.core.orders import Pause
from rotator.core.reasons import Reason, explain
from rotator.core.rotation import Action, Phase
from rotator.reconcile.planning import Known, PlanRow, plan
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.memory_journal import MemoryJournal
from tests.reconcile.estate import Estate
from tests.reconcile.test_granting import GrantedEstate

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, Principal


def planned(estate: Estate) -> tuple[PlanRow, ...]:
    """Plan for the estate's one principal, as the app does."""
    stored = estate.stored
    rotations = estate.journal.rotations(stored.id)
    rows = Known(
        credential=stored,
        rotation=next((item for item in rotations if item.is_open), None),
        keys=estate.journal.keys(stored.id),
    )
    return plan(estate.parts(), estate.credential(), rows)


def pause(estate: Estate) -> None:
    made = Pause(operator="ann", reason="a freeze", since=estate.clock.now(), account=ACCOUNT)
    estate.journal.pause(made)


def test_a_key_that_is_due_is_held_while_it_is_paused() -> None:
    estate = Estate()
    estate.look()
    estate.clock.advance(timedelta(days=90))
    (free,) = planned(estate)
    pause(estate)
    (held,) = planned(estate)

    assert (free.what, free.is_held) == ("rotate", False)
    assert (held.what, held.is_held) == ("hold", True)
    assert explain(Reason.PAUSED) in held.reason
    assert "by ann" in held.reason
    assert "a freeze" in held.reason


def test_a_key_that_is_not_due_says_that_it_is_paused() -> None:
    estate = Estate()
    estate.look()
    pause(estate)

    (row,) = planned(estate)

    assert (row.what, row.is_held) == ("wait", False)
    assert "; paused: " in row.reason


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_rotation_under_way_says_whether_it_is_paused(*, is_paused: bool) -> None:
    estate = Estate()
    estate.run(timedelta(days=100), until=Phase.PROMOTED)
    if is_paused:
        pause(estate)

    (row,) = planned(estate)

    assert row.what == "rotation promoted"
    assert row.key_id == estate.old.key_id
    assert row.reason.startswith("the rotation is under way")
    assert ("paused: " in row.reason) is is_paused


def test_a_hold_is_told_beside_the_pause() -> None:
    estate = Estate()
    estate.look()
    estate.provider.mint_by_hand(estate.principal)
    estate.clock.advance(timedelta(days=90))
    pause(estate)

    row, other = planned(estate)

    assert row.is_held
    assert explain(Reason.SLOTS_FULL) in row.reason
    assert "paused: " in row.reason
    assert (other.what, other.reason) == ("leave alone", "not a key that rotator manages")


def test_what_is_only_reported_is_never_paused() -> None:
    estate = Estate()
    pause(estate)
    reported = replace(estate.credential(), action=Action.REPORT, note="a person's")

    (row,) = plan(estate.parts(), reported, Known())

    assert (row.what, row.reason) == ("report", "a person's")


def test_a_rotation_that_the_journal_has_lost_is_shown_as_the_daemon_opens_it_again() -> None:
    estate = Estate()
    estate.look()
    remembered = estate.stored
    estate.run(timedelta(days=100), until=Phase.PROMOTED)
    estate.journal = MemoryJournal(estate.chance)
    estate.register(replace(remembered, next_at=estate.clock.now()))
    estate.clock.advance(timedelta(minutes=5))

    (row,) = planned(estate)

    assert row.what == "rotation promoted"
    assert row.key_id == estate.old.key_id
    assert estate.journal.rotations() == ()


def test_our_own_key_waits_while_another_one_of_its_account_is_due() -> None:
    estate = GrantedEstate()
    estate.run(timedelta(hours=1))
    estate.granting.own[ACCOUNT] = estate.old.key_id
    neighbour = replace(
        estate.credential(),
        id=credential_id("aws-iam", ACCOUNT, "neighbour"),
        principal=estate.provider.add_principal("neighbour"),
        due_at=estate.clock.now(),
    )
    estate.register(neighbour)
    estate.clock.advance(timedelta(days=100))

    (row,) = plan(estate.parts(), estate.stored, Known(credential=estate.stored))
    assert (row.what, row.when, row.is_held) == ("wait", None, False)
    assert row.reason == f"{explain(Reason.OWN_KEY_LAST)} (neighbour)"
    assert row.provider == "aws-iam"


def test_a_key_of_which_nobody_tells_the_age_has_none() -> None:
    estate = Estate()
    listing = estate.provider.list_keys

    def undated(of: Principal) -> KeyListing:
        found = listing(of)
        return replace(found, keys=tuple(replace(it, is_dated=False) for it in found.keys))

    estate.provider.list_keys = undated  # type: ignore[method-assign,assignment]
    estate.look()

    (row,) = planned(estate)
    assert (row.created_at, row.age) == (None, None)


def test_what_cannot_be_read_is_a_hold() -> None:
    estate = Estate()
    estate.provider._principals.clear()

    (row,) = planned(estate)

    assert row.is_held
    assert row.key_id is None
