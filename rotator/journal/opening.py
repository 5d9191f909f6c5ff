"""Open a journal by its URL: the file, its lock, and whether its schema fits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from rotator.errors import ConfigError, Fault, UnavailableError
from rotator.journal.journal import SqlJournal
from rotator.journal.migrate import Schema, current, judge, upgrade
from rotator.journal.sqlite import FileLock, create_private_file, sqlite_engine
from rotator.journal.transactions import Transactions

if TYPE_CHECKING:
    from sqlalchemy import URL

    from rotator.ports.clock import Chance

_BUSY_TIMEOUT = timedelta(seconds=10)


def open_journal(
    url: str, *, chance: Chance, exclusive: bool, busy_timeout: timedelta = _BUSY_TIMEOUT
) -> SqlJournal:
    """Open a journal; close it when done.

    Args:
        url: Such as ``sqlite:////var/lib/rotator/journal.db``.
        chance: Where the fences come from.
        exclusive: Whether this is the process that runs on the journal. Others
            read it, and order rotations, while that process runs.
        busy_timeout: How long a writer waits for another one.

    Raises:
        ConfigError: The URL names no database that rotator can use.
        UnavailableError: The file cannot be opened, another process runs on the
            journal, or its schema does not fit; the code and the hint say which.
    """
    parsed = _parsed(url)
    path = Path(str(parsed.database))
    if not path.exists():
        raise UnavailableError(
            "there is no journal yet",
            subject=str(path),
            code="journal_missing",
            hint="make it with `rotator db upgrade`",
        )
    lock = _lock(path) if exclusive else None
    engine = sqlite_engine(parsed, busy_timeout=busy_timeout)
    try:
        _check_schema(judge(engine), path)
    except BaseException:
        engine.dispose()
        if lock is not None:
            lock.release()
        raise
    return SqlJournal(Transactions(engine), chance, lock)


def upgrade_journal(url: str) -> tuple[str | None, str | None]:
    """Make a journal or bring its schema up to date, alone on it.

    Returns:
        The number of its last migration before, None for a new journal, and now.

    Raises:
        ConfigError: The URL names no database that rotator can use.
        UnavailableError: The file cannot be written, or another process runs on it.
    """
    parsed = _parsed(url)
    path = Path(str(parsed.database))
    lock = _lock(path)
    engine = sqlite_engine(parsed, busy_timeout=_BUSY_TIMEOUT)
    try:
        create_private_file(path)
        before = current(engine)
        upgrade(engine)
        return before, current(engine)
    finally:
        engine.dispose()
        lock.release()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _refusal("this is not a database URL") from error
    if parsed.get_backend_name() != "sqlite":
        raise _refusal("this release keeps its journal in SQLite")
    if parsed.database in {None, "", ":memory:"}:
        raise _refusal("the URL names no file, so nothing would be durable")
    return parsed


def _refusal(problem: str) -> ConfigError:
    """Refuse a URL without repeating it: it may hold a password."""
    remedy = "write sqlite:////absolute/path/journal.db"
    return ConfigError(
        [Fault(file="journal", line=0, field="journal.url", problem=problem, remedy=remedy)]
    )


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_name(f"{path.name}.lock"))


def _check_schema(schema: Schema, path: Path) -> None:
    if schema is Schema.OUTDATED:
        raise UnavailableError(
            "the journal's schema is older than this release",
            subject=str(path),
            code="journal_outdated",
            hint="run `rotator db upgrade`",
        )
    if schema is Schema.TOO_NEW:
        raise UnavailableError(
            "a newer release took away what this one needs of the journal's schema",
            subject=str(path),
            code="journal_too_new",
            hint="run the newer release, or restore the backup made before its upgrade",
        )
