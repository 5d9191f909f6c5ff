"""The only module that reads the machine's time and chance."""

from __future__ import annotations

import random
import threading
import time
import uuid
from datetime import UTC, datetime

from rotator.core.ids import Instant, instant


class SystemClock:
    """The machine's clock; its sleeps end early when the process is told to stop."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        """Take the event that wakes every sleeper, now and from then on."""
        self._stop = stop or threading.Event()

    def now(self) -> Instant:
        """Return the present instant, in UTC."""
        return instant(datetime.now(UTC))

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or at once when the stop event is set."""
        self._stop.wait(seconds)


class SystemChance:
    """The operating system's randomness."""

    def __init__(self) -> None:
        """Open the source; it has no seed and no state to repeat."""
        self._source = random.SystemRandom()

    def new_id(self) -> str:
        """Return the text of a fresh random UUID."""
        return str(uuid.uuid4())

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return self._source.random()


def monotonic_seconds() -> float:
    """Return seconds that never run backwards; only differences mean anything."""
    return time.monotonic()
