"""A copy of an SQLite journal beside the process that runs on it.

A copy of the bare file would lack what still stands in its write-ahead log, or hold
half of a transaction. SQLite's own backup takes one consistent moment, and no writer
waits for it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url

from rotator.errors import RejectedError, UnavailableError

_PRIVATE = 0o600
_SOUND = "ok"


def backup_journal(url: str, target: Path) -> int:
    """Copy a journal to a file that only its owner can read; durable when this returns.

    Args:
        url: The journal's; on PostgreSQL that server's own tools make the copy.
        target: A file that does not exist yet; it appears only when it is whole.

    Returns:
        The copy's size in bytes.

    Raises:
        RejectedError: The journal is on PostgreSQL, or the file exists already.
        UnavailableError: There is no journal, the copy cannot be written, or it is damaged.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        msg = "a journal on PostgreSQL is copied by that server's own tools"
        raise RejectedError(msg, hint="use `pg_dump --format=custom`; see docs/deploy/backup.md")
    source = Path(str(parsed.database))
    if not source.exists():
        msg = "there is no journal to copy"
        raise UnavailableError(
            msg, subject=str(source), code="journal_missing", hint="see `journal.url`"
        )
    partial = target.with_name(f"{target.name}.partial")
    _made(partial, target)
    try:
        _copy(source, partial)
        _publish(partial, target)
    finally:
        with suppress(OSError):
            partial.unlink()
    return target.stat().st_size


def _made(partial: Path, target: Path) -> None:
    if target.exists():
        raise _taken(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        os.close(os.open(partial, flags, _PRIVATE))
    except FileExistsError as error:
        msg = "another backup is being written there, or one was cut short"
        raise RejectedError(msg, subject=str(partial), hint="delete it if nobody does") from error
    except OSError as error:
        raise _unwritten(target, error.strerror or "unknown") from error


def _copy(source: Path, partial: Path) -> None:
    """Copy one moment, as one file without a log beside it, and look whether it is sound."""
    try:
        with (
            closing(_opened(source)) as journal,
            closing(_opened(partial)) as copy,
        ):
            journal.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise _unwritten(partial, str(error)) from error
    if found != _SOUND:
        msg = "the journal is damaged, and so is its copy"
        hint = "stop rotator, keep the file, and restore an earlier backup"
        raise UnavailableError(msg, subject=str(source), code="journal_damaged", hint=hint)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None)


def _publish(partial: Path, target: Path) -> None:
    """Give a whole file its name; a link never replaces one that came meanwhile."""
    try:
        _synced(partial, os.O_RDONLY)
        os.link(partial, target)
        _synced(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    except FileExistsError as error:
        raise _taken(target) from error
    except OSError as error:
        raise _unwritten(target, error.strerror or "unknown") from error


def _synced(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _taken(target: Path) -> RejectedError:
    msg = "the file exists already, and a backup is never overwritten"
    return RejectedError(msg, subject=str(target), hint="name a new file, with the time in it")


def _unwritten(target: Path, why: str) -> UnavailableError:
    msg = f"the backup cannot be written: {why}"
    hint = "name a folder that exists, may be written and has room"
    return UnavailableError(msg, subject=str(target), code="backup_unwritten", hint=hint)
