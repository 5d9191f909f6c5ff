"""What is particular to SQLite: durable settings, transactions, the file and its lock.

The driver's own transaction handling begins too late (not before the first
write) and would leave a snapshot that cannot be upgraded; so it is switched off
and every transaction begins here, at once for writers, as SQLAlchemy documents.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event

from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from sqlalchemy import URL, Connection, Engine

WRITES = "rotator_writes"
"""Execution option of connections whose transactions will write."""

_PRIVATE = 0o600
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def sqlite_engine(url: URL, *, busy_timeout: timedelta) -> Engine:
    """Make an engine whose commits survive a power cut.

    Args:
        url: A SQLite URL that names a file.
        busy_timeout: How long a writer waits for another one.
    """
    engine = create_engine(
        url,
        connect_args={"timeout": busy_timeout.total_seconds()},
        hide_parameters=True,
        max_overflow=-1,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def create_private_file(path: Path) -> None:
    """Create a file that only its owner can read; an existing one is left as it is.

    Raises:
        UnavailableError: It cannot be created.
    """
    os.close(_open(path))


class FileLock:
    """The right of one process to run on one journal, until `release` or its death."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Args:
            path: The lock's own file; it stays, and holds the number of the process.

        Raises:
            UnavailableError: Another process has it, or the file cannot be made.
        """
        self._handle = _open(path)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._handle, 20).decode(errors="replace").strip()
            os.close(self._handle)
            raise UnavailableError(
                f"another rotator process ({holder or 'unknown'}) runs on this journal",
                subject=str(path),
                code="journal_locked",
                hint="stop that process; several replicas need a PostgreSQL journal",
            ) from error
        except OSError as error:
            os.close(self._handle)
            raise UnavailableError(
                "the file system cannot lock files, so SQLite is not safe on it",
                subject=str(path),
                code="journal_unlockable",
                hint="keep the journal on a local disk",
            ) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._handle)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise UnavailableError(
            "the file cannot be made",
            subject=str(path),
            code="journal_unopenable",
            hint="make its directory exist and writable for rotator's user",
        ) from error


def _configure(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own
    del record
    connection.isolation_level = None
    with closing(connection.cursor()) as cursor:
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    will_write = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if will_write else "BEGIN")
