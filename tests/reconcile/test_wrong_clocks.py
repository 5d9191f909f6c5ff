"""A clock that is wrong for a while: nothing is cut short by it, and nothing waits for months."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.ids import Instant, KeyId
from rotator.core.lease import LONGEST_WAIT
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.core.terms import Grace, Terms
from rotator.ports.journal import Change
from rotator.reconcile.session import Session
from rotator.testing.fake_provider import FakeProviderWithoutMarks
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, NAME, Estate

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.secret import KeyMaterial
    from rotator.ports.provider import Verdict

MONTH = timedelta(days=30)


def rewrite(estate: Estate, **changes: Any) -> None:  # noqa: ANN401 - parts of a change
    """Write what a wrong clock would have written."""
    estate.clock.advance_to(estate.stored.next_at)
    now = estate.clock.now()
    lease_until = Instant(now + timedelta(minutes=1))
    claim = estate.journal.acquire(estate.stored.id, now=now, lease_until=lease_until)
    assert claim is not None
    change = Change(credential=claim.credential, now=now, lease_until=lease_until)
    estate.journal.release(estate.journal.commit(claim, replace(change, **changes)))


def test_a_grace_of_the_future_begins_when_the_clocks_agree_again() -> None:
    estate = Estate()
    estate.due()
    future = Instant(estate.clock.now() + MONTH)
    rewrite(estate, rotation=replace(estate.newest, promoted_at=future, phase_since=future))
    mended_at = estate.clock.now()

    estate.run(timedelta(days=6), until=Phase.DISABLED)

    assert estate.newest.phase is Phase.DISABLED
    assert estate.newest.promoted_at == mended_at
    assert estate.clock.now() - mended_at >= estate.terms.grace.min_period
    assert "restamped" in {item.kind for item in estate.journal.events(estate.newest.id)}


def test_a_suspects_watch_of_the_future_begins_when_the_clocks_agree_again() -> None:
    estate = Estate(provider_type=FakeProviderWithoutMarks)
    estate.wire.break_next("create_key", Failure.LOST_REQUEST)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    human = estate.provider.mint_by_hand(estate.principal)
    estate.run(timedelta(hours=1))
    suspect = next(item for item in estate.journal.keys() if item.key_id == human.key_id)
    assert suspect.role is Role.SUSPECT

    rewrite(estate, keys=(replace(suspect, suspect_since=Instant(estate.clock.now() + MONTH)),))
    mended_at = estate.clock.now()
    estate.look()

    mended = next(item for item in estate.journal.keys() if item.key_id == human.key_id)
    assert (mended.role, mended.suspect_since) == (Role.SUSPECT, mended_at)


def test_no_grace_starts_by_a_clock_that_was_set_back() -> None:
    estate = Estate()
    estate.due()
    first = estate.newest
    assert first.base_version is not None
    assert first.new_version is not None
    estate.destination.make_current_by_hand(estate.ref, first.base_version)
    estate.run(timedelta(days=2), consuming=False)
    estate.destination.make_current_by_hand(estate.ref, first.new_version)
    estate.clock.advance_to(estate.stored.next_at)
    offset = timedelta(days=1)
    estate.provider.habits = replace(estate.provider.habits, clock_offset=offset)
    skewed = estate.look()
    assert skewed.hold is not None
    assert skewed.hold.reason is Reason.CLOCK_SKEW
    assert estate.newest.promoted_at is None

    estate.provider.habits = replace(estate.provider.habits, clock_offset=timedelta(0))
    estate.clock.advance_to(estate.stored.next_at)
    estate.look()
    assert estate.newest.promoted_at == estate.clock.now()


def test_what_is_written_is_not_earlier_than_what_the_provider_told_in_this_pass() -> None:
    estate = Estate()
    now = estate.clock.now()
    lease_until = Instant(now + timedelta(minutes=1))
    claim = estate.journal.acquire(estate.stored.id, now=now, lease_until=lease_until)
    assert claim is not None
    session = Session(estate.parts(), claim)
    assert session.stamp() == now

    session.list_keys()
    estate.clock.advance(timedelta(days=-9))
    assert session.stamp() == now

    estate.clock.advance(timedelta(days=9, minutes=1))
    assert session.stamp() == now + timedelta(minutes=1)


def test_a_clock_that_is_set_back_while_a_key_is_tried_does_not_hold_the_pass() -> None:
    estate = Estate()
    estate.provider.habits = replace(estate.provider.habits, activation_lag=MONTH)
    tries = estate.provider.verify
    set_back, tried_at = [timedelta(days=115)], dict[KeyId, list[Instant]]()

    def verify(principal: Principal, material: KeyMaterial) -> Verdict:
        estate.clock.advance(-set_back.pop() if set_back else timedelta(0))
        tried_at.setdefault(material.key_id, []).append(estate.clock.now())
        return tries(principal, material)

    estate.provider.verify = verify  # type: ignore[method-assign]
    estate.due()

    patience = estate.terms.limits.verify_attempts * estate.terms.limits.verify_timeout
    assert tried_at
    assert all(len(times) > 1 for times in tried_at.values())
    assert all(times[-1] - times[0] <= 2 * patience for times in tried_at.values())


def test_nothing_is_left_alone_for_longer_than_the_longest_wait() -> None:
    grace = Grace(min_period=timedelta(days=4), max_period=timedelta(days=9))
    estate = Estate(terms=Terms(limits=LIMITS, grace=grace))

    estate.due()

    assert estate.stored.next_at == estate.clock.now() + LONGEST_WAIT


def test_an_ordered_rotation_is_tried_until_it_is_done_and_ever_more_rarely() -> None:
    estate = Estate()
    estate.look()
    estate.provider.habits = replace(estate.provider.habits, activation_lag=timedelta(days=300))
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    estate.run(timedelta(hours=24))
    tried = estate.journal.rotations()
    assert {item.trigger for item in tried} == {Trigger.MANUAL}
    assert 5 < len(tried) < 12
    assert estate.stored.requested is Trigger.MANUAL

    estate.provider.habits = replace(estate.provider.habits, activation_lag=timedelta(0))
    estate.run(timedelta(days=1), until=Phase.PROMOTED)
    assert estate.newest.trigger is Trigger.MANUAL
    assert estate.stored.requested is None


def gone_back(estate: Estate) -> None:
    """Let the old key be disabled, and consumers be sent back to it."""
    rotation = estate.run(timedelta(days=90), until=Phase.DISABLED)
    assert rotation is not None
    assert rotation.base_version is not None
    estate.destination.make_current_by_hand(estate.ref, rotation.base_version)
    estate.clock.advance(timedelta(hours=1))


def test_no_clock_keeps_consumers_from_the_key_that_they_were_sent_back_to() -> None:
    estate = Estate()
    gone_back(estate)
    offset = timedelta(hours=-9)
    estate.provider.habits = replace(estate.provider.habits, clock_offset=offset)

    estate.look()

    assert estate.old.key_id in estate.enabled()


def test_an_enabling_whose_answers_are_lost_is_sent_once_in_a_pass_whatever_the_clocks_say() -> (
    None
):
    estate = Estate()
    gone_back(estate)
    estate.provider.habits = replace(estate.provider.habits, clock_offset=timedelta(hours=-9))
    estate.wire.break_next("enable_key", Failure.LOST_REQUEST, times=3)
    sent = [estate.wire.sent.count("enable_key")]

    for _ in range(4):
        estate.clock.advance(timedelta(minutes=20))
        estate.look()
        sent.append(estate.wire.sent.count("enable_key"))

    assert [after - before for before, after in pairwise(sent)] == [1, 1, 1, 1]
    assert estate.old.key_id in estate.enabled()


def test_a_preparation_whose_answer_is_lost_is_sent_once_in_a_pass() -> None:
    estate = Estate()
    estate.look()
    estate.clock.advance(timedelta(days=80))
    estate.wire.break_next("prepare", Failure.LOST_REQUEST, times=2)

    stored = estate.look()

    assert estate.wire.sent.count("prepare") == 1
    assert stored.next_at > estate.clock.now()


@pytest.mark.parametrize("is_deleted", [True, False])
def test_nobody_asks_again_and_again_for_a_key_that_does_not_exist(*, is_deleted: bool) -> None:
    estate = Estate()
    gone_back(estate)
    if is_deleted:
        estate.provider.delete_by_hand(estate.principal, estate.old.key_id)
    else:
        estate.provider.add_principal(NAME)
    estate.clock.advance(timedelta(hours=1))

    estate.run(timedelta(days=1), consuming=False)

    reason = Reason.CURRENT_KEY_GONE if is_deleted else Reason.PRINCIPAL_REPLACED
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is reason
    assert estate.stored.failures == 0
    assert (estate.newest.phase is Phase.HALTED) is not is_deleted
    assert "intent key.enable pending" not in estate.actions()
