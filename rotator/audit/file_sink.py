"""An append-only file of sealed records, one canonical line each.

The file is the log: nothing in it but lines and line feeds, so that `sha256sum`
and a page of any language can check it. A power cut may leave part of a line at
the end; that part is cut off before the next append and the record is written
again from the journal.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.chain import GENESIS, Link, read_link, verify_chain
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rotator.core.events import SealedRecord

_CHUNK_BYTES = 64 * 1024
_OWNER_ONLY = 0o600
_LINES_NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tail:
    """The end of the file.

    Attributes:
        link: Place of the last whole line.
        end: Size of the file up to its last whole line.
        has_line_feed: Whether that line is ended already.
    """

    link: Link
    end: int
    has_line_feed: bool = True


class FileSink:
    """Keeps sealed records in one file; durable means written and synced."""

    def __init__(self, path: Path) -> None:
        """Take the file's path; its directory must exist, the file need not."""
        self._path = path
        self._synced_bytes = -1
        # Once in each process: the one that made the file may have died before it.
        self._is_named = False

    def last(self) -> Link:
        """Return the last whole line's place, once it is synced; `GENESIS` when empty.

        Raises:
            UnavailableError: The file cannot be made, read or synced, or its
                last line is not a record.
        """
        with self._opened() as fd:
            tail = _read_tail(fd)
            if tail.end != self._synced_bytes:
                os.fsync(fd)
                self._synced_bytes = tail.end
            return tail.link

    def write(self, records: Sequence[SealedRecord]) -> None:
        """Append records in one write and sync them; a failed write is taken back.

        Raises:
            UnavailableError: The disk refuses, or the records do not follow the
                file's last line.
        """
        with self._opened() as fd:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tail = _read_tail(fd)
            self._check(records, tail.link)
            os.ftruncate(fd, tail.end)
            lead = "" if tail.has_line_feed else "\n"
            text = lead + "".join(f"{record.line}\n" for record in records)
            self._append(fd, text.encode(), tail.end)

    def _append(self, fd: int, data: bytes, end: int) -> None:
        """Write and sync, or leave nothing behind: a failed sync may have lost pages."""
        try:
            written = os.write(fd, data)
            if written < len(data):
                msg = f"{written} of {len(data)} bytes were written to the audit log"
                raise self._unavailable(msg, code="short_write")
            os.fsync(fd)
        except (OSError, UnavailableError):
            with suppress(OSError):
                os.ftruncate(fd, end)
            raise
        self._synced_bytes = end + len(data)

    def _check(self, records: Sequence[SealedRecord], link: Link) -> None:
        findings = verify_chain((record.line for record in records), after=link).findings
        if findings:
            msg = f"the records do not follow the audit log: {findings[0]}"
            raise self._unavailable(msg, code="chain_mismatch")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the file for reading and appending, and speak our errors."""
        try:
            fd = self._open()
            try:
                yield fd
            finally:
                os.close(fd)
        except OSError as error:
            msg = f"the audit log cannot be used: {error.strerror}"
            raise self._unavailable(msg, code="io_error") from error
        except ValueError as error:
            msg = "the audit log's last line is not a record"
            raise self._unavailable(msg, code="unreadable_log") from error

    def _open(self) -> int:
        fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
        try:
            if not self._is_named:
                _sync_directory(self._path.parent)
                self._is_named = True
        except OSError:
            os.close(fd)
            raise
        return fd

    def _unavailable(self, message: str, *, code: str) -> UnavailableError:
        return UnavailableError(
            message,
            subject=str(self._path),
            code=code,
            hint="check the disk, and who owns and writes the file",
        )


def _sync_directory(path: Path) -> None:
    """Make the names in a directory durable, for a file's sync covers its content only."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _read_tail(fd: int) -> _Tail:
    """Find the last whole line.

    Raises:
        ValueError: There is one, and it is not a record.
    """
    size = os.fstat(fd).st_size
    *whole, rest = _last_lines(fd, size)
    if rest:
        # A record is an object, and no beginning of an object is an object: a
        # rest that reads as a record lacks its line feed and nothing else.
        with suppress(ValueError):
            return _Tail(link=read_link(rest.decode()), end=size, has_line_feed=False)
    end = size - len(rest)
    if not whole:
        return _Tail(link=GENESIS, end=end)
    return _Tail(link=read_link(whole[-1].decode()), end=end)


def _last_lines(fd: int, size: int) -> list[bytes]:
    """Return the file's last pieces between line feeds, the last two of them whole."""
    block, start = b"", size
    while start > 0 and block.count(b"\n") < _LINES_NEEDED:
        step = min(start, _CHUNK_BYTES)
        start -= step
        block = os.pread(fd, step, start) + block
    return block.split(b"\n")
