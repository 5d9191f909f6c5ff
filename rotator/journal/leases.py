"""By whose time leases are kept, as SQL.

With the database's time all replicas read one clock, and a replica whose own
clock is wrong neither steals a lease nor keeps one for ever. Callers still say
when a lease shall end in their own time; what the database grants from it never
ends before that, because the caller read its clock before it asked.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, literal, type_coerce

from rotator.journal.columns import Moment

if TYPE_CHECKING:
    from rotator.core.ids import Instant

_MICROSECONDS = 1_000_000
_NOTHING = timedelta(0)


class LeaseClock(StrEnum):
    """Whose time decides whether a lease has ended.

    `CALLER` is for SQLite, whose processes share one machine, and for simulations,
    whose time is stepped by hand. `DATABASE` is for everything else.
    """

    CALLER = "caller"
    DATABASE = "database"


def by_clock(clock: LeaseClock, now: Instant, at: Instant) -> ColumnElement[Instant]:
    """Return by the leases' clock what the caller, for whom it is `now`, calls `at`."""
    return literal(at, Moment()) if clock is LeaseClock.CALLER else server_time(at - now)


def server_time(ahead: timedelta = _NOTHING) -> ColumnElement[Instant]:
    """Return PostgreSQL's time: not the transaction's begin, for that may lie before a wait."""
    seconds = extract("epoch", func.clock_timestamp())
    micros = cast(seconds * _MICROSECONDS, BigInteger) + literal(
        ahead // timedelta(microseconds=1), BigInteger
    )
    return type_coerce(micros, Moment())
