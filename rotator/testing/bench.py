"""What every contract suite needs from the implementation under test.

A bench is one implementation, set up afresh, together with the hands that a test
needs beside it: somebody who moves time, acts out of band and breaks the wire.
It works through the vendor's own interface, so that the same suite runs on a fake
and on an adapter in front of an HTTP simulator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.core.ids import Instant

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

TOLERANCE = timedelta(minutes=1)
"""How far the clocks of an implementation and its bench may be apart."""


class Fault(StrEnum):
    """How the wire between an adapter and its vendor is broken."""

    LOST_ANSWER = "lost_answer"
    THROTTLED = "throttled"
    DENIED = "denied"


class Bench(ABC):
    """Time and broken wires, common to the benches of all ports."""

    @abstractmethod
    def now(self) -> Instant:
        """Return the time that the implementation compares `not_after` with."""

    @abstractmethod
    def advance(self, period: timedelta) -> None:
        """Move the implementation's and the vendor's time forward together."""

    @abstractmethod
    def settle(self) -> None:
        """Move time until every earlier act is visible everywhere.

        That is: in listings, in what the vendor accepts and refuses, and in the
        last uses that it reports.
        """

    @abstractmethod
    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        """Break *every* request of the implementation inside the block.

        With `Fault.LOST_ANSWER` each request takes effect and its answer never
        arrives; an adapter that retries then acts more than once, and is caught.
        A bench that cannot do one of the faults calls `pytest.skip`.
        """

    def soon(self) -> Instant:
        """Return a `not_after` that leaves room for a call."""
        return Instant(self.now() + timedelta(seconds=60))

    def past(self) -> Instant:
        """Return a `not_after` that is over already."""
        return Instant(self.now() - timedelta(seconds=5))
