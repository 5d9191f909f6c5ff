"""What goes wrong with one credential: it waits, it is held, and nobody else is stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Phase, Role, Trigger
from rotator.core.terms import Grace, Terms
from rotator.errors import ConflictError, FatalError, InvariantError
from rotator.testing.fake_provider import FakeProviderWithoutMarks
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial


def test_rotations_that_keep_being_rolled_back_are_started_ever_more_rarely() -> None:
    estate = Estate()
    estate.provider.habits = replace(estate.provider.habits, activation_lag=timedelta(days=300))
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    passes = len(estate.journal.rotations())
    assert passes == 1
    assert estate.stored.failures == 1
    assert estate.stored.next_at > estate.clock.now()

    estate.run(timedelta(hours=24))
    rotations = estate.journal.rotations()
    begun = [item.created_at for item in reversed(rotations)]
    pauses = [later - earlier for earlier, later in pairwise(begun)]
    assert 5 < len(begun) < 12
    assert pauses == sorted(pauses)
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.VERIFY_FAILED
    assert estate.enabled() == {estate.old.key_id}


def test_an_order_starts_a_rotation_at_once_however_many_were_rolled_back() -> None:
    estate = Estate()
    estate.provider.habits = replace(estate.provider.habits, activation_lag=timedelta(days=300))
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    estate.provider.habits = replace(estate.provider.habits, activation_lag=timedelta(0))
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    estate.look()
    assert (estate.newest.phase, estate.stored.failures) == (Phase.PROMOTED, 0)


def test_a_promote_that_meets_a_conflict_ends_the_pass_and_waits() -> None:
    estate = Estate()
    promote = estate.destination.promote
    asked = []

    def stale(ref, version, *, expected, not_after):  # type: ignore[no-untyped-def]
        asked.append(version)
        if len(asked) < 3:
            raise ConflictError("the label has moved")
        promote(ref, version, expected=expected, not_after=not_after)

    estate.destination.promote = stale  # type: ignore[method-assign]
    estate.run(timedelta(days=80), until=Phase.VERIFIED)
    assert len(asked) == 1
    assert (estate.stored.failures, estate.stored.last_error) == (1, "conflict")
    assert estate.stored.next_at > estate.clock.now()
    estate.run(timedelta(hours=1), until=Phase.PROMOTED)
    assert (estate.newest.phase, len(asked)) == (Phase.PROMOTED, 3)


def test_a_contradiction_about_one_credential_is_its_hold_and_stops_nobody_else() -> None:
    estate = Estate()
    listed = estate.provider.list_keys

    def contradicting(principal):  # type: ignore[no-untyped-def]
        raise InvariantError("going round in circles")

    estate.provider.list_keys = contradicting  # type: ignore[method-assign]
    held = estate.look()
    assert held.hold is not None
    assert held.hold.reason is Reason.INVARIANT
    assert held.next_at >= estate.clock.now() + timedelta(minutes=30)
    assert held.failures == 1
    assert "error" in {level for level, *_ in estate.telemetry.lines}

    estate.provider.list_keys = listed  # type: ignore[method-assign]
    estate.run(timedelta(days=1))
    assert estate.stored.hold is None


def test_a_contradiction_that_cannot_even_be_written_down_stops_nobody_else() -> None:
    estate = Estate()

    def contradicting(claim, change):  # type: ignore[no-untyped-def]
        raise InvariantError("another rotation is open")

    estate.journal.commit = contradicting  # type: ignore[method-assign]
    before = estate.stored
    assert estate.look() == before


def test_an_error_that_is_about_the_process_stops_it() -> None:
    estate = Estate()

    def broken(principal):  # type: ignore[no-untyped-def]
        raise FatalError("the process cannot go on")

    estate.provider.list_keys = broken  # type: ignore[method-assign]
    with pytest.raises(FatalError):
        estate.look()


def _with_a_suspect() -> tuple[Estate, KeyMaterial]:
    """A mint is lost, and a person mints a key in the same window."""
    estate = Estate(provider_type=FakeProviderWithoutMarks)
    estate.wire.break_next("create_key", Failure.LOST_REQUEST)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    human = estate.provider.mint_by_hand(estate.principal)
    estate.run(timedelta(hours=1))
    assert _role(estate, human) is Role.SUSPECT
    return estate, human


def _role(estate: Estate, key: KeyMaterial) -> Role:
    return next(item.role for item in estate.journal.keys() if item.key_id == key.key_id)


def test_a_suspect_that_somebody_published_is_a_strangers_though_it_was_never_used() -> None:
    estate, human = _with_a_suspect()
    estate.destination.write_by_hand(estate.ref, estate.content(human))
    estate.run(timedelta(days=9), consuming=False)
    assert human.key_id in estate.enabled()
    assert _role(estate, human) is Role.FOREIGN


def test_a_suspect_is_not_touched_while_what_is_published_cannot_be_read() -> None:
    estate, human = _with_a_suspect()
    estate.wire.break_next("published_key_id", Failure.DENIED, times=1_000)
    estate.run(timedelta(days=9), consuming=False)
    assert human.key_id in estate.enabled()
    assert _role(estate, human) is Role.SUSPECT


def test_a_suspect_is_not_touched_when_no_rule_names_a_destination_any_more() -> None:
    estate, human = _with_a_suspect()
    estate.register(replace(estate.credential(), action=Action.REPORT, destination=None))
    estate.run(timedelta(days=9), consuming=False)
    assert human.key_id in estate.enabled()


def test_full_slots_say_of_each_key_what_it_is_to_us() -> None:
    estate = Estate()
    estate.run(timedelta(days=60))
    human = estate.provider.mint_by_hand(estate.principal)
    estate.run(timedelta(days=20))

    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.SLOTS_FULL
    assert f"{estate.old.key_id} (current, enabled" in estate.stored.hold.detail
    assert f"{human.key_id} (foreign, enabled" in estate.stored.hold.detail


def test_the_grace_starts_anew_when_a_destination_that_went_back_carries_our_key_again() -> None:
    estate = Estate(terms=Terms(limits=LIMITS, grace=Grace(accept_blind=True)))
    rotation = estate.run(timedelta(days=90), until=Phase.DISABLED)
    assert rotation is not None
    assert rotation.base_version is not None
    assert rotation.new_version is not None
    estate.destination.make_current_by_hand(estate.ref, rotation.base_version)
    estate.run(timedelta(days=3), consuming=False)
    assert estate.old.key_id in estate.enabled()

    estate.destination.make_current_by_hand(estate.ref, rotation.new_version)
    back = estate.clock.now()
    estate.run(timedelta(days=2), until=Phase.DISABLED)
    assert estate.newest.promoted_at is not None
    assert estate.newest.promoted_at >= back
    assert estate.clock.now() - back >= estate.terms.grace.min_period


def test_a_key_that_was_withdrawn_in_its_grace_gets_the_whole_grace_again() -> None:
    estate = Estate()
    estate.due()
    first = estate.newest
    assert first.base_version is not None
    assert first.new_version is not None
    estate.destination.make_current_by_hand(estate.ref, first.base_version)
    estate.run(timedelta(days=2), consuming=False)
    assert estate.newest.promoted_at is None
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.ROLLED_BACK_BY_HAND

    estate.destination.make_current_by_hand(estate.ref, first.new_version)
    estate.run(timedelta(hours=23))
    assert estate.old.key_id in estate.enabled()


def test_an_idle_credential_that_policy_moves_is_rotated_into_its_new_destination() -> None:
    estate = Estate()
    estate.look()
    moved = replace(estate.ref, name="iam/elsewhere", create=True)
    estate.register(replace(estate.credential(), destination=moved))
    assert estate.stored.current_version is None
    estate.run(timedelta(days=80), until=Phase.PROMOTED, consuming=False)
    assert estate.newest.destination == moved
    assert estate.stored.current_version == estate.newest.new_version


def test_a_destination_that_policy_moves_to_is_not_overwritten_when_it_carries_another_key() -> (
    None
):
    estate = Estate()
    estate.look()
    moved = replace(estate.ref, name="iam/elsewhere")
    estate.destination.create_by_hand(moved, json.dumps({"AccessKeyId": "AKIAHUMAN"}))
    estate.register(replace(estate.credential(), destination=moved))
    estate.run(timedelta(days=80))
    assert "create_key" not in estate.wire.sent
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.DRIFT


def test_an_emergency_mints_though_a_responder_deleted_the_compromised_key() -> None:
    estate = Estate()
    estate.look()
    now = estate.clock.now()
    later = Instant(now + timedelta(minutes=1))
    estate.provider.delete_key(estate.principal, estate.old.key_id, not_after=later)
    estate.look()
    estate.journal.request(estate.stored.id, Trigger.TAINT, now=now)
    estate.look()
    assert estate.newest.phase is Phase.COMPLETED
