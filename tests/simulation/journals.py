"""Where a world's journal is kept, and its backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import create_engine, make_url, select

from rotator.journal import tables
from rotator.journal.leases import LeaseClock
from rotator.journal.opening import open_journal
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_journal import Backup, MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

    from rotator.core.events import AuditRecord, Event
    from rotator.core.ids import RotationId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.ports.clock import Chance
    from rotator.ports.journal import Journal

ResultT = TypeVar("ResultT")
_Rows = dict[str, list[dict[str, Any]]]


class Volume(Protocol):
    """A journal that can be copied and put back.

    Attributes:
        has_own_clock: Whether leases are by a server's clock, not by the caller's.
    """

    has_own_clock: bool

    @property
    def journal(self) -> Journal:
        """The journal that is kept here."""
        ...

    def backup(self) -> None:
        """Keep a copy of everything durable."""
        ...

    def restore(self, *, oldest: bool = False) -> None:
        """Put the last copy back, or the first one that there ever was."""
        ...


class MemoryVolume:
    """The journal of the fakes; leases are by the true time, as on PostgreSQL."""

    has_own_clock = True

    def __init__(self, chance: Chance, kind: type[MemoryJournal] = MemoryJournal) -> None:
        """Begin empty."""
        self.journal = kind(chance)
        self._kept: Backup = self.journal.backup()
        self._oldest: Backup | None = None

    def backup(self) -> None:
        """Keep a copy of everything durable."""
        self._kept = self.journal.backup()
        self._oldest = self._oldest or self._kept

    def restore(self, *, oldest: bool = False) -> None:
        """Put the last copy back, or the first one."""
        self.journal.restore((self._oldest if oldest else None) or self._kept)


class Dice:
    """A `Chance` that is exchanged from one life to the next; the journal keeps it."""

    def __init__(self) -> None:
        """Begin without any."""
        self.inner: Chance = SeededChance()

    def new_id(self) -> str:
        """Return the text of a fresh UUID."""
        return self.inner.new_id()

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return self.inner.fraction()


class SqlVolume:
    """A journal in a database, emptied for each life; leases are by the world's clock.

    Attributes:
        has_own_clock: Whether leases are by the true time, as a server's are.
    """

    def __init__(self, url: str) -> None:
        """Open a database that has the journal's tables."""
        self.has_own_clock = url.startswith("postgresql")
        self._dice = Dice()
        self.journal = open_journal(
            url, chance=self._dice, exclusive=False, lease_clock=LeaseClock.CALLER
        )
        self._engine = create_engine(_with_driver(url))
        self._kept: _Rows = {}
        self._oldest: _Rows = {}

    def emptied(self, chance: Chance) -> SqlVolume:
        """Forget everything, for a new life with its own chance."""
        self._dice.inner = chance
        self._kept, self._oldest = {}, {}
        self.restore()
        return self

    def backup(self) -> None:
        """Keep a copy of everything durable."""
        with self._engine.begin() as connection:
            self._kept = {
                table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in _TABLES
            }
        self._oldest = self._oldest or self._kept

    def restore(self, *, oldest: bool = False) -> None:
        """Put the last copy back, or the first one; nothing, if there was none."""
        kept = self._oldest if oldest else self._kept
        with self._engine.begin() as connection:
            for table in reversed(_TABLES):
                connection.execute(table.delete())
            for table in _TABLES:
                rows = kept.get(table.name)
                if rows:
                    connection.execute(table.insert(), rows)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
        self.journal.close()


_TABLES = [table for table in tables.metadata.sorted_tables if table.name != "schema_meta"]


def _with_driver(url: str) -> URL:
    made = make_url(url)
    is_postgres = made.get_backend_name() == "postgresql"
    return made.set(drivername="postgresql+psycopg") if is_postgres else made


class Book:
    """What the world and its judges read of the journal, read again only after a change."""

    def __init__(self, journal: Journal) -> None:
        """Read from a journal."""
        self._journal = journal
        self._read: dict[object, Any] = {}

    def turn(self) -> None:
        """Forget what was read: somebody has written."""
        self._read.clear()

    def credentials(self) -> tuple[Credential, ...]:
        """Every credential."""
        return self._once("credentials", self._journal.credentials)

    def keys(self) -> tuple[KeyRecord, ...]:
        """Every key record."""
        return self._once("keys", self._journal.keys)

    def rotations(self) -> tuple[Rotation, ...]:
        """Every rotation, newest first."""
        return self._once("rotations", self._journal.rotations)

    def events(self, rotation: RotationId) -> tuple[Event, ...]:
        """A rotation's history."""
        return self._journal.events(rotation)

    def unsealed(self, *, limit: int) -> tuple[AuditRecord, ...]:
        """Audit records."""
        return self._journal.unsealed(limit=limit)

    def _once(self, name: str, read: Callable[[], ResultT]) -> ResultT:
        if name not in self._read:
            self._read[name] = read()
        found: ResultT = self._read[name]
        return found
