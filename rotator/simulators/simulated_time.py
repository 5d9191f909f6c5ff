"""A simulator's own clock, by which every date it tells is made."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.ports.clock import Clock


class SimulatedTime:
    """A manual clock; or one that ticks with the machine, from a chosen instant.

    Safe for threads. It never goes back, because no vendor's does.
    """

    def __init__(self, start: datetime, *, is_ticking: bool = False) -> None:
        """Start at an aware instant."""
        self._lock = threading.Lock()
        self._base = start.astimezone(UTC)
        self._is_ticking = is_ticking
        self._since = monotonic()

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        with self._lock:
            return self._present()

    def move_to(self, instant: datetime) -> None:
        """Move forward to `instant`; one that has passed already changes nothing."""
        with self._lock:
            if instant < self._present():
                return
            self._base = instant.astimezone(UTC)
            self._since = monotonic()

    def _present(self) -> datetime:
        if not self._is_ticking:
            return self._base
        return self._base + timedelta(seconds=monotonic() - self._since)


class BorrowedTime(SimulatedTime):
    """Somebody else's clock, perhaps off by a constant; it moves only with that one."""

    def __init__(self, clock: Clock, offset: timedelta = timedelta(0)) -> None:
        """Follow a clock; the offset may be replaced at any time."""
        super().__init__(clock.now())
        self.offset = offset
        self._clock = clock
        self._held: datetime | None = None

    def now(self) -> datetime:
        """Return the present instant, or the one at which time is held."""
        return self._held or self._clock.now() + self.offset

    @contextmanager
    def held_at(self, instant: datetime) -> Iterator[None]:
        """Let it be an instant that has passed already, for what took effect then."""
        self._held = instant
        try:
            yield
        finally:
            self._held = None
