from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.backoff import permanent_delay, retry_delay, transient_delay

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
jitters = st.floats(0, 1, exclude_max=True)


@given(
    failures=st.integers(1, 10_000),
    jitter=jitters,
    base=st.timedeltas(timedelta(seconds=1), HOUR),
    more=st.timedeltas(timedelta(0), timedelta(days=2)),
)
def test_a_delay_is_between_half_and_the_whole_of_the_doubled_base(
    failures: int, jitter: float, base: timedelta, more: timedelta
) -> None:
    cap = base + more
    whole = min(cap, base * 2 ** min(failures - 1, 32))

    delay = retry_delay(failures, jitter=jitter, base=base, cap=cap)

    assert whole / 2 <= delay <= whole
    assert delay == retry_delay(failures, jitter=jitter, base=base, cap=cap)


@given(jitter=jitters)
def test_more_failures_never_mean_less_patience(jitter: float) -> None:
    delays = [transient_delay(failures, jitter=jitter) for failures in range(1, 50)]

    assert delays == sorted(delays)


def test_what_may_pass_by_itself_is_tried_from_minutes_to_an_hour() -> None:
    assert transient_delay(1, jitter=0) == timedelta(seconds=30)
    assert transient_delay(1_025, jitter=0) == HOUR / 2


def test_what_a_person_must_change_is_tried_from_an_hour_to_more_than_a_day() -> None:
    assert permanent_delay(1, jitter=0) == HOUR / 2
    assert permanent_delay(1_025, jitter=0) == HOUR * 16


@pytest.mark.parametrize(
    ("failures", "jitter", "base", "cap"),
    [
        (0, 0.0, MINUTE, HOUR),
        (1, 1.0, MINUTE, HOUR),
        (1, -0.1, MINUTE, HOUR),
        (1, 0.0, timedelta(0), HOUR),
        (1, 0.0, HOUR, MINUTE),
    ],
)
def test_a_senseless_question_is_a_bug_in_the_caller(
    failures: int, jitter: float, base: timedelta, cap: timedelta
) -> None:
    with pytest.raises(ValueError, match="no delay for"):
        retry_delay(failures, jitter=jitter, base=base, cap=cap)
