"""Token buckets: what can be taken, and when the rest will be there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.budget import Bucket
from rotator.core.ids import Instant
from tests.builders import EPOCH, at

BUCKET = Bucket(rate=2.0, burst=10)


def test_a_full_bucket_gives_its_whole_burst() -> None:
    assert BUCKET.take(EPOCH, 10, EPOCH) == at(seconds=5)


def test_what_is_refused_is_there_at_the_promised_instant_and_not_before() -> None:
    promised = BUCKET.retry_at(at(seconds=5), 3, EPOCH)

    assert promised == at(seconds=1.5)
    assert BUCKET.take(at(seconds=5), 3, Instant(promised - timedelta(microseconds=1))) is None
    assert BUCKET.take(at(seconds=5), 3, promised) is not None


def test_a_debt_that_only_a_wrong_clock_makes_is_forgiven() -> None:
    assert BUCKET.retry_at(at(days=30), 1, EPOCH) == at(seconds=0.5)


@pytest.mark.parametrize(("amount", "rate"), [(0, 2.0), (11, 2.0), (1, 0.0)])
def test_an_argument_out_of_range_is_a_bug(amount: int, rate: float) -> None:
    with pytest.raises(ValueError, match="cannot take"):
        Bucket(rate=rate, burst=10).take(EPOCH, amount, EPOCH)


@given(st.lists(st.tuples(st.integers(1, 10), st.floats(0, 20)), max_size=40))
def test_no_sequence_takes_more_than_burst_and_rate_allow(
    asked: list[tuple[int, float]],
) -> None:
    full_at, now, taken = EPOCH, EPOCH, 0
    for amount, pause in asked:
        now = Instant(now + timedelta(seconds=pause))
        after = BUCKET.take(full_at, amount, now)
        if after is not None:
            full_at, taken = after, taken + amount

    allowed = BUCKET.burst + BUCKET.rate * (now - EPOCH).total_seconds()
    assert taken <= allowed + 0.001
