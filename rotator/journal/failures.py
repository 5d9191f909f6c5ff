"""What a database's errors mean to rotator: one table, and nothing else crosses the port."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from rotator.errors import (
    ConflictError,
    DestinationBusyError,
    InvariantError,
    RotatorError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL


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

_FULL = _Remedy(
    "journal_full", "no space is left for the journal", "free or add space on its volume"
)
_BUSY = _Remedy(
    "journal_busy", "the journal is locked", "find the process that keeps it open for writing"
)
_READ_ONLY = _Remedy(
    "journal_read_only",
    "the journal's server only reads",
    "name the server that writes, or all of them; see whether a failover is under way",
)
_CORRUPT = _Remedy(
    "journal_corrupt", "the journal's file is damaged", "restore the journal from a backup"
)
_DENIED = _Remedy(
    "journal_denied",
    "the journal's database refuses our role",
    "check role, password and grants; the role must own the journal's tables",
)
_CROWDED = _Remedy(
    "journal_crowded",
    "the journal's server takes no more connections",
    "raise its limit, or run fewer replicas or workers",
)
_STOPPING = _Remedy(
    "journal_restarting",
    "the journal's server is stopping or starting",
    "wait; if it lasts, see its log",
)
_SLOW = _Remedy(
    "journal_slow",
    "the journal took too long and was interrupted",
    "see what its database is busy with",
)
_COLLISION = _Remedy(
    "journal_collision", "another writer was in the way", "none is needed: it is tried again"
)
_NO_DATABASE = _Remedy(
    "journal_database_missing",
    "the server has no database of this name",
    "make it with CREATE DATABASE, or check `journal.url`",
)
_UNREACHABLE = _Remedy(
    "journal_unreachable",
    "the journal's server cannot be reached",
    "check host and port in `journal.url`, and the network in between",
)

_CONDITIONS: dict[str, _Remedy] = {
    # An extended code of SQLite begins with its primary one.
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _BUSY,
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
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_NOTADB": _Remedy(
        "journal_corrupt", "the file is not a journal", "check the journal's path in the settings"
    ),
    # The first two characters of a SQLSTATE are its class.
    "08": _UNREACHABLE,
    "25006": _READ_ONLY,
    "28": _DENIED,
    "3D000": _NO_DATABASE,
    "40": _COLLISION,
    "42501": _DENIED,
    "42P01": _Remedy(
        "journal_missing", "there is no journal yet", "make it with `rotator db upgrade`"
    ),
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": _BUSY,
    "57014": _SLOW,
    "57P": _STOPPING,
    "58": _UNREACHABLE,
    "XX": _CORRUPT,
}
"""How the name of a failure begins: SQLite's result code or PostgreSQL's SQLSTATE."""

_SAYINGS: dict[str, _Remedy] = {
    "session is read-only": _READ_ONLY,
    "too many clients": _CROWDED,
    "too many connections": _CROWDED,
    "connection slots": _CROWDED,
    "authentication failed": _DENIED,
    "no password supplied": _DENIED,
    "not permitted to log in": _DENIED,
    "pg_hba.conf": _DENIED,
    'role "': _DENIED,
    'database "': _NO_DATABASE,
    "the database system is": _STOPPING,
    "closed the connection": _STOPPING,
    "refused": _UNREACHABLE,
    "timeout": _UNREACHABLE,
    "resolve host": _UNREACHABLE,
    "connection option": _Remedy(
        "journal_misconfigured",
        "`journal.url` has a parameter that the driver does not take",
        "check what stands after its question mark",
    ),
}
"""What a failure without a name says: libpq has none before a session begins."""

_OTHERWISE = _Remedy(
    "journal_unavailable", "the journal did not answer", "see whether its database is up"
)


def named(url: URL) -> str:
    """Name a journal for people: its file, or its servers and database; never its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    port = f":{url.port}" if url.port else ""
    hosts = f"{url.host}{port}" if url.host else ",".join(url.normalized_query.get("host", ()))
    return f"{hosts}/{url.database or ''}"


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn the database's errors into ours; `subject` names the journal.

    Raises:
        DestinationBusyError: Another unpromoted rotation holds the destination object.
        ConflictError: Another sealer was here.
        InvariantError: Any other constraint was violated, or a value cannot be stored.
        UnavailableError: The database cannot read or write.
    """
    try:
        yield
    except IntegrityError as error:
        raise _violation(error, subject) from error
    except DataError as error:
        raise InvariantError("a value cannot be stored in the journal", subject=subject) from error
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
    sqlite, postgres = (getattr(error.orig, at, None) for at in ("sqlite_errorname", "sqlstate"))
    name = sqlite or postgres
    if name:
        known = (remedy for prefix, remedy in _CONDITIONS.items() if name.startswith(prefix))
    else:
        said = str(error.orig)
        known = (remedy for words, remedy in _SAYINGS.items() if words in said)
    return next(known, _OTHERWISE)
