"""Open a journal by its URL: its file and lock or its server, and whether its schema fits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from rotator.errors import ConfigError, Fault, UnavailableError
from rotator.journal.failures import named
from rotator.journal.journal import SqlJournal
from rotator.journal.leases import LeaseClock
from rotator.journal.migrate import Schema, current, judge, upgrade
from rotator.journal.postgres import DRIVER, PostgresTransactions, postgres_engine
from rotator.journal.sqlite import FileLock, create_private_file, sqlite_engine
from rotator.journal.stamping import Stamp, stamping
from rotator.journal.transactions import Transactions

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from rotator.ports.clock import Chance

_BUSY_TIMEOUT = timedelta(seconds=10)
_BLANK = Stamp()
_EXAMPLES = "sqlite:////absolute/path/journal.db or postgresql://role@host/database"


def open_journal(
    url: str,
    *,
    chance: Chance,
    exclusive: bool,
    busy_timeout: timedelta = _BUSY_TIMEOUT,
    lease_clock: LeaseClock = LeaseClock.DATABASE,
    stamp: Stamp = _BLANK,
) -> SqlJournal:
    """Open a journal; close it when done.

    Args:
        url: Such as ``sqlite:////var/lib/rotator/journal.db`` or
            ``postgresql://rotator@db.example/rotator?sslmode=verify-full``.
        chance: Where the fences come from.
        exclusive: Whether this is the process that runs on the journal. Others
            read it, and order rotations, while that process runs. On PostgreSQL
            any number of processes may run.
        busy_timeout: How long a writer waits for another one.
        lease_clock: By whose time leases are kept on PostgreSQL; `CALLER` only
            where the caller's time is stepped by hand. SQLite has no clock of its
            own, so there it is the caller's.
        stamp: What is written on every audit record.

    Raises:
        ConfigError: The URL names no database that rotator can use.
        UnavailableError: The journal cannot be opened, another process runs on
            it, or its schema does not fit; the code and the hint say which.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed, chance, busy_timeout, lease_clock, stamp)
    return _open_sqlite(parsed, chance, busy_timeout, stamp, exclusive=exclusive)


def upgrade_journal(url: str) -> tuple[str | None, str | None]:
    """Make a journal or bring its schema up to date, alone on it.

    On PostgreSQL the database itself must exist; of several processes that come
    at once one upgrades, and the others find it done.

    Returns:
        The number of its last migration before, None for a new journal, and now.

    Raises:
        ConfigError: The URL names no database that rotator can use.
        UnavailableError: It cannot be written, or another process runs on its file.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return _upgraded(_postgres(parsed, _BUSY_TIMEOUT))
    path = Path(str(parsed.database))
    lock = _lock(path)
    try:
        create_private_file(path)
        return _upgraded(sqlite_engine(parsed, busy_timeout=_BUSY_TIMEOUT))
    finally:
        lock.release()


def _open_sqlite(
    url: URL, chance: Chance, busy_timeout: timedelta, stamp: Stamp, *, exclusive: bool
) -> SqlJournal:
    path = Path(str(url.database))
    if not path.exists():
        raise _missing(str(path))
    lock = _lock(path) if exclusive else None
    engine = sqlite_engine(url, busy_timeout=busy_timeout)
    try:
        _check_schema(judge(engine), named(url))
    except BaseException:
        engine.dispose()
        if lock is not None:
            lock.release()
        raise
    return SqlJournal(Transactions(stamping(engine, stamp)), chance, lock)


def _open_postgres(
    url: URL, chance: Chance, busy_timeout: timedelta, lease_clock: LeaseClock, stamp: Stamp
) -> SqlJournal:
    engine = _postgres(url, busy_timeout)
    try:
        _check_server(engine)
    except BaseException:
        engine.dispose()
        raise
    transactions = PostgresTransactions(stamping(engine, stamp))
    return SqlJournal(transactions, chance, lease_clock=lease_clock)


def _check_server(engine: Engine) -> None:
    if current(engine) is None:
        raise _missing(named(engine.url))
    _check_schema(judge(engine), named(engine.url))


def _upgraded(engine: Engine) -> tuple[str | None, str | None]:
    try:
        before = current(engine)
        upgrade(engine)
        return before, current(engine)
    finally:
        engine.dispose()


def _postgres(url: URL, busy_timeout: timedelta) -> Engine:
    try:
        return postgres_engine(url, busy_timeout=busy_timeout)
    except ImportError:
        raise _refusal(
            "the driver for PostgreSQL is not installed", "install `rotator[postgres]`"
        ) from None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # What could not be parsed stands in the error's message, password and all.
        raise _refusal("this is not a database URL") from None
    if parsed.drivername in {"postgresql", DRIVER}:
        if not parsed.database:
            raise _refusal("the URL names no database")
    elif parsed.get_backend_name() != "sqlite":
        raise _refusal("a journal is kept in SQLite or PostgreSQL")
    elif parsed.database in {None, "", ":memory:"}:
        raise _refusal("the URL names no file, so nothing would be durable")
    return parsed


def _refusal(problem: str, remedy: str = f"write {_EXAMPLES}") -> ConfigError:
    """Refuse a URL without repeating it: it may hold a password."""
    return ConfigError(
        [Fault(file="journal", line=0, field="journal.url", problem=problem, remedy=remedy)]
    )


def _missing(subject: str) -> UnavailableError:
    return UnavailableError(
        "there is no journal yet",
        subject=subject,
        code="journal_missing",
        hint="make it with `rotator db upgrade`",
    )


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_name(f"{path.name}.lock"))


def _check_schema(schema: Schema, subject: str) -> None:
    if schema is Schema.OUTDATED:
        raise UnavailableError(
            "the journal's schema is older than this release",
            subject=subject,
            code="journal_outdated",
            hint="run `rotator db upgrade`",
        )
    if schema is Schema.TOO_NEW:
        raise UnavailableError(
            "a newer release took away what this one needs of the journal's schema",
            subject=subject,
            code="journal_too_new",
            hint="run the newer release, or restore the backup made before its upgrade",
        )
