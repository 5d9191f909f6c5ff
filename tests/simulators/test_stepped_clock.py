"""The stepped clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rotator.simulators.clock import SteppedClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_sleeping_is_stepping() -> None:
    """No wall-clock time passes."""
    clock = SteppedClock(START)
    clock.sleep(86_400 * 365)

    assert clock.now() == START + timedelta(days=365)


def test_instants_are_told_in_utc() -> None:
    """Whatever zone the start was given in."""
    clock = SteppedClock(START.astimezone(timezone(timedelta(hours=2))))

    assert clock.now().tzinfo is UTC


def test_each_advance_is_announced_once_and_in_order() -> None:
    """An advance to the past is none."""
    told: list[datetime] = []
    clock = SteppedClock(START, on_advance=told.append)
    clock.sleep(1)
    clock.sleep(0)
    clock.advance_to(START)
    clock.advance_to(START + timedelta(seconds=5))

    assert told == [START + timedelta(seconds=1), START + timedelta(seconds=5)]


def test_threads_that_sleep_at_once_add_up() -> None:
    """And the announcements never go back."""
    told: list[datetime] = []
    clock = SteppedClock(START, on_advance=told.append)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.sleep, [0.5] * 400))

    assert clock.now() == START + timedelta(seconds=200)
    assert told == sorted(told)


def test_naive_instants_and_negative_sleeps_are_refused() -> None:
    """Both are bugs in the caller."""
    clock = SteppedClock(START)
    for call in (
        lambda: SteppedClock(START.replace(tzinfo=None)),
        lambda: clock.advance_to(START.replace(tzinfo=None)),
        lambda: clock.sleep(-1),
    ):
        with pytest.raises(ValueError, match=r"zone|instant|sleep"):
            call()
