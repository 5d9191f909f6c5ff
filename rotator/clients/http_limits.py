"""How fast a vendor is asked: at the pace that we chose, and not while it said to wait.

A vendor that refuses what comes too fast may also count what it refused. So its
word is taken before the next call and not only after a refusal: a reading waits
where its time allows, and a change is refused before it is sent.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.clients.http_network import Call
    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock

LONGEST_WAIT = timedelta(days=1)
"""A vendor that asks for more is asked again then."""

_NUMBER = re.compile(r"[0-9]{1,13}(\.[0-9]{1,9})?")
_NONE_LEFT = re.compile(r"0+(\.0+)?")


class RateUnit(StrEnum):
    """What the number in a header of rate limits means."""

    SECONDS = "seconds"
    EPOCH = "epoch"
    EPOCH_MS = "epoch_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What an API's headers say of its limits, and how fast we ask at most.

    Attributes:
        retry_after: Header beside the usual ``Retry-After``; empty if there is none.
        remaining: Header that counts down to 0.
        reset: Header that says when it is full again.
        max_per_second: Our own limit; None for none.
    """

    retry_after: str = ""
    retry_after_unit: RateUnit = RateUnit.SECONDS
    remaining: str = ""
    reset: str = ""
    reset_unit: RateUnit = RateUnit.SECONDS
    max_per_second: float | None = None

    def asked(self, headers: Mapping[str, str], now: Instant) -> timedelta | None:
        """Read how long an answer asks us to wait, beside the usual ``Retry-After``.

        Args:
            headers: The answer's, names in lower case.
            now: The server's own time, where it tells it.

        Returns:
            Zero to a day; None if it does not say, or not so that it can be read.
        """
        asked = _wait(headers, self.retry_after, self.retry_after_unit, now)
        return asked if asked is not None else self.used_up(headers, now)

    def used_up(self, headers: Mapping[str, str], now: Instant) -> timedelta | None:
        """Read how long it is until we may ask again; None while calls are left."""
        if not _NONE_LEFT.fullmatch(_text(headers, self.remaining)):
            return None
        return _wait(headers, self.reset, self.reset_unit, now)


class Pace:
    """When the next call to one vendor may be sent; safe for threads."""

    def __init__(self, limit: RateLimit, clock: Clock, monotonic: Callable[[], float]) -> None:
        """Begin with no call made and nothing heard."""
        self._limit = limit
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._free_at = 0.0

    def keep(self, call: Call) -> None:
        """Wait for a call's turn.

        Raises:
            ThrottledError: Its turn comes too late for it, or it is a change while
                the vendor lets no more through; it was not sent.
        """
        pause = self._reserved(call)
        if pause > 0:
            self._clock.sleep(pause)

    def hear(self, headers: Mapping[str, str], now: Instant) -> None:
        """Note what an answer says of the calls that are left; `now` is the server's time."""
        wait = self._limit.used_up(headers, now)
        if wait is not None:
            with self._lock:
                self._free_at = max(self._free_at, self._monotonic() + wait.total_seconds())

    def _reserved(self, call: Call) -> float:
        """Take a turn, and return how many seconds off it is."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._free_at, self._next_at)
            pause, is_closed = turn - now, self._free_at > now
            if pause > 0 and (pause >= call.seconds_left() or (is_closed and call.is_change)):
                raise _too_fast(call, pause)
            if self._limit.max_per_second is not None:
                self._next_at = turn + 1 / self._limit.max_per_second
            return pause


def _too_fast(call: Call, seconds: float) -> ThrottledError:
    msg = f"{call.operation} was not sent: {call.host} lets no more calls through just now"
    return ThrottledError(
        msg, subject=call.subject, retry_after=min(timedelta(seconds=seconds), LONGEST_WAIT)
    )


def _text(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name.lower(), "").strip() if name else ""


def _wait(headers: Mapping[str, str], name: str, unit: RateUnit, now: Instant) -> timedelta | None:
    text = _text(headers, name)
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if unit is not RateUnit.SECONDS:
        epoch = number if unit is RateUnit.EPOCH else number / 1000
        number = epoch - now.timestamp()
    return timedelta(seconds=min(max(number, 0), LONGEST_WAIT.total_seconds()))
