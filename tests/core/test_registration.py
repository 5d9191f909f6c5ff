"""Scan, operator and claim write one row without undoing each other."""

from __future__ import annotations

from dataclasses import replace

from rotator.core.orders import Verb
from rotator.core.registration import instructed, just_before, merged, ordered, registered
from rotator.core.rotation import Action, Trigger
from tests.builders import (
    EPOCH,
    NEW_KEY,
    NEW_VERSION,
    at,
    credential,
    destination,
    order,
    principal,
)


def test_an_equal_registration_changes_nothing() -> None:
    stored = credential(next_at=at(days=3))

    assert registered(stored, credential(next_at=EPOCH)) is stored


def test_a_registration_changes_policys_part_and_the_timer() -> None:
    stored = credential(next_at=at(days=3), failures=2)
    given = credential(action=Action.REPORT, next_at=at(days=1))

    assert registered(stored, given) == replace(given, failures=2)


def test_a_registration_keeps_the_uid() -> None:
    given = credential(principal=principal(uid="AIDALATER", path="/new/"))

    updated = registered(credential(), given)

    assert updated.principal == principal(path="/new/")


def test_an_order_makes_due_and_a_taint_stays() -> None:
    tainted = ordered(credential(next_at=at(days=3)), Trigger.TAINT, EPOCH)

    assert tainted == credential(next_at=EPOCH, requested=Trigger.TAINT)
    assert ordered(tainted, Trigger.MANUAL, at(days=1)) == tainted


def test_a_commit_that_nobody_disturbed_is_written_as_it_is() -> None:
    wanted = credential(next_at=at(days=9), failures=1)

    assert merged(credential(), credential(), wanted) is wanted


def test_a_commit_keeps_what_others_wrote_meanwhile() -> None:
    seen = credential()
    stored = replace(seen, note="exempt", requested=Trigger.TAINT)
    wanted = replace(seen, failures=1, next_at=at(hours=6))

    result = merged(stored, seen, wanted)

    assert result == replace(stored, failures=1, next_at=EPOCH)


def test_a_commit_clears_only_the_order_that_it_saw() -> None:
    seen = credential(requested=Trigger.MANUAL)
    wanted = replace(seen, requested=None)

    assert merged(replace(seen, note="new"), seen, wanted).requested is None
    assert merged(replace(seen, requested=Trigger.TAINT), seen, wanted).requested is Trigger.TAINT


def test_a_version_is_forgotten_with_the_object_that_holds_it() -> None:
    stored = credential()
    moved = credential(destination=destination("elsewhere"))
    merging = credential(destination=replace(stored.destination or destination(), merge=True))

    assert registered(stored, moved).current_version is None
    assert registered(stored, moved).current_key_id == stored.current_key_id
    assert registered(stored, merging).current_version == stored.current_version
    assert registered(stored, credential(destination=None)).current_version is not None


def test_a_version_that_was_written_for_the_object_before_is_dropped() -> None:
    seen = credential()
    stored = registered(seen, credential(destination=destination("elsewhere")))
    wanted = replace(seen, current_key_id=NEW_KEY, current_version=NEW_VERSION)

    result = merged(stored, seen, wanted)

    assert (result.current_key_id, result.current_version) == (NEW_KEY, None)


def test_an_order_about_a_rotation_makes_due_and_replaces_an_older_one() -> None:
    first = instructed(credential(next_at=at(days=3)), order(Verb.ABORT))
    second = instructed(first, order(Verb.ROLLBACK, given_at=at(days=1)))

    assert first == credential(next_at=EPOCH, order=order(Verb.ABORT))
    assert second == replace(first, order=order(Verb.ROLLBACK, given_at=at(days=1)))


def test_an_order_about_a_rotation_is_cleared_only_by_who_saw_it() -> None:
    seen = credential(order=order(Verb.ABORT))
    wanted = replace(seen, order=None)

    assert merged(replace(seen, note="new"), seen, wanted).order is None
    assert merged(instructed(seen, order()), seen, wanted).order == order()


def test_a_timer_that_a_lifted_pause_sets_differs_from_the_one_that_was_there() -> None:
    assert just_before(EPOCH) < EPOCH
