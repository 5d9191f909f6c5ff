"""A token bucket that is one instant: when it will be full again.

Nothing has to be refilled, and a bucket that was never touched is full. A debt
larger than the bucket can only come from a clock that jumped, and is forgiven.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rotator.core.ids import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The size of a bucket and the speed at which it fills.

    Attributes:
        rate: Tokens per second that flow back; greater than zero.
        burst: Tokens that a full bucket holds; 1 or more.
    """

    rate: float
    burst: int

    def take(self, full_at: Instant, amount: int, now: Instant) -> Instant | None:
        """Take tokens from a bucket that will be full at `full_at`.

        Args:
            full_at: When it would be full if nobody took any; the past means full.
            amount: Tokens to take; 1 or more, at most `burst`.
            now: The present.

        Returns:
            When it will be full after that, or None when it holds too few.

        Raises:
            ValueError: An argument is outside its range; a bug in the caller.
        """
        after = self._after(full_at, amount, now)
        return after if after <= now + self._worth(self.burst) else None

    def retry_at(self, full_at: Instant, amount: int, now: Instant) -> Instant:
        """Say when the tokens that `take` refused will be there."""
        return Instant(self._after(full_at, amount, now) - self._worth(self.burst))

    def _after(self, full_at: Instant, amount: int, now: Instant) -> Instant:
        if not 1 <= amount <= self.burst or self.rate <= 0:
            msg = f"cannot take {amount} of {self.burst} tokens at {self.rate} per second"
            raise ValueError(msg)
        latest = now + self._worth(self.burst)
        return Instant(min(max(full_at, now), latest) + self._worth(amount))

    def _worth(self, tokens: int) -> timedelta:
        return timedelta(seconds=tokens / self.rate)
