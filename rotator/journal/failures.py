"""What a database's errors mean to rotator: one table, and nothing else crosses the port."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.exc import DBAPIError, IntegrityError

from rotator.errors import (
    ConflictError,
    DestinationBusyError,
    InvariantError,
    RotatorError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Remedy(NamedTuple):
    code: str
    problem: str
    hint: str


_CONSTRAINTS: tuple[tuple[tuple[str, str], type[RotatorError], str], ...] = (
    (
        ("one_destination_holder", "placement.destination_id"),
        DestinationBusyError,
        "another unpromoted rotation holds the destination object",
    ),
    (
        ("one_open_rotation", "rotation.credential_id"),
        InvariantError,
        "another rotation of the credential is open",
    ),
    (
        ("uq_audit_record_seq", "audit_record.seq"),
        ConflictError,
        "another sealer has given this number",
    ),
)
"""Markers of a violated constraint (PostgreSQL names it, SQLite its columns)."""

_CONDITIONS: dict[str, _Remedy] = {
    "SQLITE_FULL": _Remedy(
        "journal_full", "no space is left for the journal", "free or add space on its volume"
    ),
    "SQLITE_BUSY": _Remedy(
        "journal_busy", "the journal is locked", "find the process that keeps it open for writing"
    ),
    "SQLITE_READONLY": _Remedy(
        "journal_read_only",
        "the journal cannot be written to",
        "mount its volume writable and give its files to rotator's user",
    ),
    "SQLITE_CANTOPEN": _Remedy(
        "journal_unopenable",
        "the journal cannot be opened",
        "make its directory exist and writable for rotator's user",
    ),
    "SQLITE_CORRUPT": _Remedy(
        "journal_corrupt", "the journal's file is damaged", "restore the journal from a backup"
    ),
    "SQLITE_NOTADB": _Remedy(
        "journal_corrupt", "the file is not a journal", "check the journal's path in the settings"
    ),
}
"""SQLite's primary result codes; an extended code begins with its primary one."""

_OTHERWISE = _Remedy(
    "journal_unavailable", "the journal did not answer", "see whether its database is up"
)


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn the database's errors into ours; `subject` names the journal.

    Raises:
        DestinationBusyError: Another unpromoted rotation holds the destination object.
        ConflictError: Another sealer was here.
        InvariantError: Any other constraint was violated.
        UnavailableError: The database cannot read or write.
    """
    try:
        yield
    except IntegrityError as error:
        raise _violation(error, subject) from error
    except DBAPIError as error:
        remedy = _remedy(error)
        raise UnavailableError(
            remedy.problem, subject=subject, code=remedy.code, hint=remedy.hint
        ) from error


def _violation(error: IntegrityError, subject: str) -> RotatorError:
    said = str(error.orig)
    for markers, kind, problem in _CONSTRAINTS:
        if any(marker in said for marker in markers):
            return kind(problem, subject=subject)
    return InvariantError("a constraint of the journal was violated", subject=subject)


def _remedy(error: DBAPIError) -> _Remedy:
    name: str = getattr(error.orig, "sqlite_errorname", "")
    return next(
        (remedy for prefix, remedy in _CONDITIONS.items() if name.startswith(prefix)), _OTHERWISE
    )
