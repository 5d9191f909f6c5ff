"""A clock that moves only when it is told to."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import instant as in_utc

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rotator.core.ids import Instant


class SteppedClock:
    """The Clock port for tests and the demo: sleeping is stepping.

    Safe for threads. Instants never go back: two threads that sleep at once
    push the clock by the sum of their waits, and each returns no earlier than
    it asked for.
    """

    def __init__(
        self, start: datetime, *, on_advance: Callable[[datetime], object] | None = None
    ) -> None:
        """Start at an aware instant.

        Args:
            start: The first answer of `now`, aware; kept in UTC.
            on_advance: Called after each advance with the new instant, one call
                at a time and in order, its result unused; the demo moves the simulators'
                clocks with it. Other threads wait for it, so it must not wait for them.

        Raises:
            ValueError: `start` has no time zone.
        """
        self._lock = threading.RLock()
        self._now = in_utc(start)
        self._on_advance = on_advance

    def now(self) -> Instant:
        """Return the present instant, in UTC."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Advance by `seconds` at once, instead of waiting.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            msg = f"a clock cannot sleep for {seconds} seconds"
            raise ValueError(msg)
        with self._lock:
            self._move(in_utc(self._now + timedelta(seconds=seconds)))

    def advance_to(self, instant: datetime) -> None:
        """Move to an aware instant; one that has passed already changes nothing.

        Raises:
            ValueError: `instant` has no time zone.
        """
        with self._lock:
            self._move(in_utc(instant))

    def _move(self, instant: Instant) -> None:
        # The callback runs under the lock: otherwise two advances could reach
        # the simulators in the wrong order and their clock would go back.
        if instant <= self._now:
            return
        self._now = instant
        if self._on_advance is not None:
            self._on_advance(instant)
