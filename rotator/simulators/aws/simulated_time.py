"""The simulated AWS's own clock, by which every date it tells is made."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from time import monotonic


class SimulatedTime:
    """A manual clock; or one that ticks with the machine, from a chosen instant.

    Safe for threads. It never goes back, because AWS's does not.
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
