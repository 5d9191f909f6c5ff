"""The machine's clock and chance."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta
from uuid import UUID

from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds


def test_the_clock_tells_utc_and_does_not_stand_still_or_jump() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)


def test_a_sleep_ends_when_its_time_is_over() -> None:
    began = monotonic_seconds()

    SystemClock().sleep(0.01)

    assert monotonic_seconds() - began >= 0.01


def test_a_stop_ends_a_long_sleep_at_once() -> None:
    stop, asleep, awake = threading.Event(), threading.Event(), threading.Event()
    clock = SystemClock(stop)

    def nap() -> None:
        asleep.set()
        clock.sleep(3600)
        awake.set()

    threading.Thread(target=nap, daemon=True).start()
    assert asleep.wait(20)
    stop.set()

    assert awake.wait(20)


def test_ids_are_random_uuids() -> None:
    chance = SystemChance()

    assert UUID(chance.new_id()).version == 4
    assert chance.new_id() != chance.new_id()


def test_fractions_are_in_range_and_differ() -> None:
    chance = SystemChance()
    drawn = {chance.fraction() for _ in range(100)}

    assert len(drawn) > 90
    assert all(0 <= number < 1 for number in drawn)
