"""What a person did to the secret or to its key: found, told, and repaired only by a rule."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.core.terms import IfDrifted, Mode, Terms
from rotator.errors import NotFoundError
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial

REPAIR = Terms(limits=LIMITS, if_drifted=IfDrifted.REPAIR)
A_DAY = timedelta(days=1)


def adopted(terms: Terms | None = None) -> Estate:
    estate = Estate(terms=terms or Terms(limits=LIMITS))
    estate.look()
    assert estate.stored.current_key_id == estate.old.key_id
    return estate


def republished(estate: Estate) -> KeyMaterial:
    """Let a person mint a key and publish it, as one does who rotates by hand."""
    human = estate.provider.mint_by_hand(estate.principal)
    estate.destination.write_by_hand(estate.ref, estate.content(human))
    return human


def role(estate: Estate, material: KeyMaterial) -> Role:
    return next(item.role for item in estate.journal.keys() if item.key_id == material.key_id)


def reason(estate: Estate) -> Reason | None:
    hold = estate.stored.hold
    return hold.reason if hold else None


def test_a_sibling_edit_is_remembered_and_holds_nothing_up() -> None:
    estate = adopted()
    before = estate.stored.current_version
    estate.destination.write_by_hand(estate.ref, estate.content(estate.old, note="edited"))

    estate.run(A_DAY)

    assert estate.stored.hold is None
    assert estate.stored.current_version != before
    assert estate.stored.current_version == estate.destination.describe(estate.ref).current
    assert estate.actions().count("event destination.drift success") == 1
    estate.run(timedelta(days=80), until=Phase.PROMOTED)
    assert estate.newest.phase is Phase.PROMOTED


def test_another_published_key_is_told_long_before_a_rotation_is_due() -> None:
    estate = adopted()
    human = republished(estate)

    estate.run(A_DAY)

    hold = estate.stored.hold
    assert hold is not None
    assert hold.reason is Reason.DRIFT
    assert human.key_id in hold.detail
    assert estate.old.key_id in hold.detail
    assert "event rotation.hold success" in estate.actions()
    assert estate.enabled() == {human.key_id, estate.old.key_id}
    estate.run(timedelta(days=80))
    assert "create_key" not in estate.wire.sent


def test_drift_ends_by_itself_when_the_right_version_is_current_again() -> None:
    estate = adopted()
    ours = estate.stored.current_version
    assert ours is not None
    republished(estate)
    estate.run(A_DAY)
    estate.destination.make_current_by_hand(estate.ref, ours)

    estate.run(A_DAY)

    assert estate.stored.hold is None


def test_a_rule_adopts_the_key_that_somebody_published_and_touches_neither() -> None:
    estate = adopted(REPAIR)
    human = republished(estate)

    estate.run(A_DAY)

    assert (estate.stored.hold, estate.stored.current_key_id) == (None, human.key_id)
    assert (role(estate, human), role(estate, estate.old)) == (Role.CURRENT, Role.PREVIOUS)
    assert estate.enabled() == {human.key_id, estate.old.key_id}
    estate.run(timedelta(days=80))
    assert reason(estate) is Reason.SLOTS_FULL
    assert estate.enabled() == {human.key_id, estate.old.key_id}

    estate.provider.delete_by_hand(estate.principal, estate.old.key_id)
    estate.run(timedelta(days=2), until=Phase.PROMOTED)
    assert estate.newest.old_key_id == human.key_id
    estate.run(timedelta(days=12))
    assert role(estate, estate.old) is Role.GONE


@pytest.mark.parametrize("how", ["deleted", "disabled"])
def test_a_rule_replaces_a_current_key_that_somebody_ended(how: str) -> None:
    estate = adopted(REPAIR)
    if how == "deleted":
        estate.provider.delete_by_hand(estate.principal, estate.old.key_id)
    else:
        estate.provider.switch_by_hand(estate.principal, estate.old.key_id, on=False)

    estate.run(A_DAY, until=Phase.PROMOTED, consuming=False)

    assert (estate.newest.phase, estate.newest.trigger) == (Phase.PROMOTED, Trigger.DRIFT)
    assert estate.consume()
    ended = estate.run(timedelta(days=12))
    assert ended is not None
    assert ended.phase is Phase.COMPLETED


def test_without_a_rule_a_current_key_that_somebody_ended_is_for_a_person() -> None:
    estate = adopted()
    estate.provider.delete_by_hand(estate.principal, estate.old.key_id)

    estate.run(timedelta(days=90), consuming=False)

    assert reason(estate) is Reason.CURRENT_KEY_GONE
    assert "create_key" not in estate.wire.sent


def _rolled_back_to_a_dead_key(estate: Estate) -> str:
    """A whole rotation, and then somebody makes the first version current again."""
    first = estate.stored.current_version
    assert first is not None
    ended = estate.run(timedelta(days=95), until=Phase.COMPLETED)
    assert ended is not None
    assert ended.phase is Phase.COMPLETED
    estate.destination.make_current_by_hand(estate.ref, first)
    return first


def test_a_destination_rolled_back_to_a_deleted_key_is_told_as_an_outage() -> None:
    estate = adopted()
    first = _rolled_back_to_a_dead_key(estate)

    estate.run(A_DAY, consuming=False)

    hold = estate.stored.hold
    assert hold is not None
    assert hold.reason is Reason.DRIFT
    for word in (first, estate.old.key_id, "is refused", str(estate.stored.current_key_id)):
        assert word in hold.detail


def test_a_rule_replaces_a_deleted_key_that_consumers_were_given_back() -> None:
    estate = adopted(REPAIR)
    _rolled_back_to_a_dead_key(estate)

    estate.run(A_DAY, until=Phase.PROMOTED, consuming=False)

    assert estate.newest.trigger is Trigger.DRIFT
    assert estate.consume()
    ended = estate.run(timedelta(days=12))
    assert ended is not None
    assert ended.phase is Phase.COMPLETED
    assert len(estate.enabled()) == 1


def test_a_key_that_may_be_another_principals_is_never_replaced() -> None:
    estate = adopted(REPAIR)
    other = estate.provider.add_principal("somebody-else")
    theirs = estate.provider.mint_by_hand(other)
    estate.destination.write_by_hand(estate.ref, estate.content(theirs))

    estate.run(timedelta(days=90), consuming=False)

    assert reason(estate) is Reason.DRIFT
    assert "create_key" not in estate.wire.sent
    assert estate.destination.published_key_id(estate.ref) == theirs.key_id


def test_plan_mode_repairs_nothing() -> None:
    estate = adopted(REPAIR)
    estate.terms = Terms(limits=LIMITS, if_drifted=IfDrifted.REPAIR, mode=Mode.PLAN)
    republished(estate)

    estate.run(A_DAY)

    assert reason(estate) is Reason.DRIFT
    assert estate.stored.current_key_id == estate.old.key_id


def test_what_may_not_be_read_is_told_as_such() -> None:
    estate = adopted(REPAIR)
    republished(estate)
    estate.wire.break_next("published_key_id", Failure.DENIED, times=1_000)

    estate.run(A_DAY)

    assert estate.stored.hold is not None
    assert "cannot be read" in estate.stored.hold.detail
    assert estate.stored.current_key_id == estate.old.key_id


def test_a_version_without_a_key_is_told_and_not_overwritten() -> None:
    estate = adopted(REPAIR)
    estate.destination.write_by_hand(estate.ref, json.dumps({"note": "moved to the vault"}))

    estate.run(timedelta(days=90), consuming=False)

    assert reason(estate) is Reason.DRIFT
    assert "create_key" not in estate.wire.sent


def test_a_secret_that_was_deleted_is_told_at_the_next_look() -> None:
    estate = adopted(REPAIR)
    del estate.destination.objects[estate.ref.id]

    estate.run(A_DAY, consuming=False)

    assert reason(estate) is Reason.DESTINATION_MISSING
    with pytest.raises(NotFoundError):
        estate.destination.material(estate.ref)
