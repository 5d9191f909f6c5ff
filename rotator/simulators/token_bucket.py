"""Token buckets, by which vendors limit rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class TokenBucket:
    """A bucket that is full at first; a call takes one token."""

    tokens: float = 0
    filled_at: datetime | None = None

    def take(self, now: datetime, *, rate: float, burst: int) -> bool:
        """Fill up, then take a token; False when there is none.

        Args:
            now: Not before the call before this one.
            rate: Tokens per simulated second.
            burst: Size of the bucket.
        """
        if self.filled_at is None:
            self.tokens = burst
        else:
            gained = (now - self.filled_at).total_seconds() * rate
            self.tokens = min(burst, self.tokens + gained)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
