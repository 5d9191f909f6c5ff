"""Time and chance that a test holds in its hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from rotator.core.ids import Instant

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGINNING = Instant(datetime(2026, 1, 1, tzinfo=UTC))


class ManualClock:
    """A `Clock` that stands still until it is moved; sleeping moves it."""

    def __init__(self, start: Instant = BEGINNING) -> None:
        """Stand at `start`."""
        self._now = start

    def now(self) -> Instant:
        """Return where the clock stands."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move forward instead of waiting."""
        self.advance(timedelta(seconds=seconds))

    def advance(self, period: timedelta) -> None:
        """Move forward by a period; a negative one is a clock that somebody set back."""
        self._now = Instant(self._now + period)

    def advance_to(self, instant: Instant) -> None:
        """Move forward to an instant; one that is past leaves the clock alone."""
        self._now = max(self._now, instant)


class SeededChance:
    """A `Chance` that draws the same numbers for the same seed, on every machine."""

    def __init__(self, seed: int = 0) -> None:
        """Start the sequence of one seed."""
        self._draws = self._digests(seed)

    @staticmethod
    def _digests(seed: int) -> Iterator[bytes]:
        count = 0
        while True:
            yield sha256(f"{seed}:{count}".encode()).digest()
            count += 1

    def new_id(self) -> str:
        """Return the text of the next UUID."""
        return str(UUID(bytes=next(self._draws)[:16], version=4))

    def fraction(self) -> float:
        """Return the next number in [0, 1)."""
        return int.from_bytes(next(self._draws)[:6], "big") / 2**48
