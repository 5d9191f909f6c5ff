"""Making journals for tests."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import make_url, text

from rotator.journal.leases import LeaseClock
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.journal.sqlite import sqlite_engine
from rotator.telemetry.clock import SystemChance

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.journal.journal import SqlJournal


class CountingChance:
    """Chance without chance: ids count up, and the fraction is always a half."""

    def __init__(self) -> None:
        """Begin with 1."""
        self._numbers = count(1)

    def new_id(self) -> str:
        """Return the next number as the text of a UUID."""
        return str(UUID(int=next(self._numbers)))

    def fraction(self) -> float:
        """Return a half."""
        return 0.5


def alter(folder: Path, *statements: str) -> list[Any]:
    """Run statements behind the journal's back; return the last one's rows."""
    engine = sqlite_engine(make_url(journal_url(folder)), busy_timeout=timedelta(seconds=5))
    rows: list[Any] = []
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


def journal_url(folder: Path) -> str:
    """Name the journal in a folder."""
    return f"sqlite:///{folder / 'journal.db'}"


def new_journal(folder: Path) -> SqlJournal:
    """Make a journal in an empty folder and open it as the daemon does."""
    upgrade_journal(journal_url(folder))
    return open_journal(journal_url(folder), chance=CountingChance(), exclusive=True)


def open_postgres(
    url: str,
    *,
    lease_clock: LeaseClock = LeaseClock.CALLER,
    busy_timeout: timedelta = timedelta(seconds=5),
) -> SqlJournal:
    """Open a journal on a server; tests step their time by hand, so leases follow it."""
    return open_journal(
        url,
        chance=SystemChance(),
        exclusive=True,
        busy_timeout=busy_timeout,
        lease_clock=lease_clock,
    )
