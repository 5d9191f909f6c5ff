"""CloudTrail's log files in a directory, as they were copied from their bucket.

The files come from outside: their number is not known, one may be broken, and a small
one may unpack to anything. So each is read up to a limit, one after the other, and what
cannot be read stops the reading: an answer that rests on half a trail would be wrong.
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 64 * 1024 * 1024
"""Bytes that one file may unpack to; CloudTrail's own are a few megabytes."""

_NOT_EVENTS = ("CloudTrail-Digest", "CloudTrail-Insight")
"""Folders beside the log files, whose files are about something else."""


def records(directory: Path, *, limit: int = LIMIT) -> Iterator[dict[str, Any]]:
    """Read every record of every ``*.json`` and ``*.json.gz`` below a directory.

    Args:
        directory: Where the files lie, in any folders.
        limit: Bytes that one file may unpack to.

    Raises:
        UnavailableError: There is no such directory, it holds no log file, or one of
            them cannot be read to its end.
    """
    files = log_files(directory)
    if not files:
        raise _unreadable(directory, "it holds no log file of CloudTrail's")
    for file in files:
        yield from _records_of(file, limit)


def log_files(directory: Path) -> list[Path]:
    """Find the log files below a directory, in the order of their names.

    Raises:
        UnavailableError: There is no such directory.
    """
    if not directory.is_dir():
        raise _unreadable(directory, "it is not a directory")
    return sorted(
        path
        for path in directory.rglob("*.json*")
        if path.name.endswith((".json", ".json.gz"))
        and path.is_file()
        and not set(path.relative_to(directory).parts).intersection(_NOT_EVENTS)
    )


def _records_of(file: Path, limit: int) -> list[dict[str, Any]]:
    try:
        found = json.loads(_content(file, limit))
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file, f"{type(error).__name__}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, "it is not JSON") from error
    rows = found.get("Records") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable(file, "it is not a log file of CloudTrail's")
    return rows


def _content(file: Path, limit: int) -> bytes:
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise _unreadable(file, f"it unpacks to more than {limit} bytes")
    return content


def _unreadable(path: Path, why: str) -> UnavailableError:
    return UnavailableError(why, subject=str(path), code="unreadable")
