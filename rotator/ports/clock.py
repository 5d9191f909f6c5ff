"""Time and chance, as arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotator.core.ids import Instant


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> Instant:
        """Return the present instant, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time; zero or more."""
        ...


class Chance(Protocol):
    """The only source of randomness."""

    def new_id(self) -> str:
        """Return the text of a fresh random UUID."""
        ...

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        ...
