"""Leases and timers, and the claim after a commit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.core.ids import Instant
from rotator.core.lease import LONGEST_WAIT, has_timer_passed, is_lease_free, renewed
from rotator.core.rotation import Phase
from tests.builders import EPOCH, NEW_KEY, at, claim, credential, key_record, rotation


@pytest.mark.parametrize(
    ("next_at", "passed"),
    [
        (at(days=-1), True),
        (EPOCH, True),
        (at(seconds=1), False),
        (at(hours=48), False),
        (at(hours=48, seconds=1), True),
    ],
)
def test_a_timer_has_passed_when_it_is_over_or_impossible(
    next_at: Instant, *, passed: bool
) -> None:
    assert has_timer_passed(next_at, EPOCH) is passed


def test_nothing_waits_so_long_that_its_timer_would_seem_to_be_a_wrong_clocks() -> None:
    skew = timedelta(hours=1)

    assert not has_timer_passed(Instant(EPOCH + LONGEST_WAIT + skew), EPOCH)


@pytest.mark.parametrize(
    ("lease_until", "free"),
    [
        (None, True),
        (EPOCH, True),
        (at(seconds=1), False),
        (at(minutes=4), False),
        (at(minutes=4, seconds=1), True),
    ],
)
def test_a_lease_is_free_when_it_is_over_or_impossible(
    lease_until: Instant | None, *, free: bool
) -> None:
    assert is_lease_free(lease_until, EPOCH, timedelta(minutes=4)) is free


def test_a_renewed_claim_keeps_its_fence_and_orders_its_keys() -> None:
    before = claim(keys=(key_record(),), rotation=rotation())
    fresh = key_record(key_id=NEW_KEY, created_at=at(days=-50))

    after = renewed(
        before, lease_until=at(minutes=9), credential=credential(), rotation=None, keys=(fresh,)
    )

    assert (after.token, after.lease_until) == (before.token, at(minutes=9))
    assert (after.rotation, after.keys) == (rotation(), (fresh, key_record()))


def test_a_renewed_claim_drops_a_rotation_that_has_ended() -> None:
    before = claim(rotation=rotation())
    ended = rotation(phase=Phase.COMPLETED)

    after = renewed(before, lease_until=EPOCH, credential=credential(), rotation=ended, keys=())

    assert after.rotation is None


def test_a_renewed_claim_without_a_rotation_stays_without() -> None:
    after = renewed(claim(), lease_until=EPOCH, credential=credential(), rotation=None, keys=())

    assert after.rotation is None
