"""Where checkpoints are put: a file of notes beside the log or far from it, and a bucket.

A place keeps every checkpoint it was given, in order, and never changes one. To put
the same checkpoint twice is to put it once, for two replicas sign the same text.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rotator.audit.s3_sink import last_number, padded
from rotator.core.checkpoint import file_of_notes
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.clients.aws_bucket import AwsBucket

FOLDER = "checkpoints/"
"""Where a bucket has them, below the log's prefix."""

_GAP = b"\n\n"
_READABLE_BY_ALL = 0o644
_SIGNATURE = "\u2014 ".encode()
_TAIL_BYTES = 64 * 1024
_NAME = re.compile(r"(\d{20})\.note")


class CheckpointPlace(Protocol):
    """A place that keeps checkpoints as signed notes."""

    @property
    def name(self) -> str:
        """The place's name in logs and metrics."""
        ...

    def newest(self) -> str | None:
        """Return the note that was put last; None where there is none.

        Raises:
            RotatorError: It cannot be read.
        """
        ...

    def put(self, size: int, note: str) -> None:
        """Keep a note; returns only when it is durable, and does nothing for the newest.

        Args:
            size: How many records it covers; more than any before it.
            note: Its text.

        Raises:
            RotatorError: It is not kept.
        """
        ...


class CheckpointFile:
    """A file to which notes are appended, each followed by an empty line."""

    def __init__(self, path: Path, *, name: str, origin: str) -> None:
        """Take the file, which need not exist, and the log's name, with which notes begin."""
        self._path = path
        self._name = name
        self._start = f"{origin}\n".encode()

    @property
    def name(self) -> str:
        """The place's name in logs and metrics."""
        return self._name

    def newest(self) -> str | None:
        """Return the last whole note; part of one, which a power cut left, is no note."""
        if not self._path.exists():
            return None
        with self._opened(os.O_RDONLY) as fd:
            return self._tail(fd)[0]

    def put(self, size: int, note: str) -> None:
        """Append the note and sync it; what is left of half a note is cut off before."""
        del size
        with self._opened(os.O_RDWR | os.O_APPEND | os.O_CREAT) as fd:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            newest, end = self._tail(fd)
            # One that is there may not be durable: its sync may have failed.
            if newest != note:
                self._append(fd, file_of_notes(note).encode(), end)
            os.fsync(fd)

    def _append(self, fd: int, data: bytes, end: int) -> None:
        os.ftruncate(fd, end)
        if os.write(fd, data) < len(data):
            os.ftruncate(fd, end)
            raise self._refused("the note was not written as a whole", code="short_write")

    def _tail(self, fd: int) -> tuple[str | None, int]:
        """Return the last whole note, and where it ends.

        Raises:
            UnavailableError: What follows it is no beginning of a note, so the file
                is not what we take it for.
        """
        size = os.fstat(fd).st_size
        block = os.pread(fd, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        *ended, rest = block.split(_GAP)
        # A note is a text and its signatures; one that is cut off has the text at most.
        if ended and not ended[-1].startswith(_SIGNATURE):
            rest = _GAP.join((ended.pop(), rest))
        if not (rest.startswith(self._start) or self._start.startswith(rest)):
            raise self._refused("what it ends with is no checkpoint of this log", code="unreadable")
        note = (_GAP.join(ended[-2:]) + b"\n").decode(errors="replace") if ended else None
        return note, size - len(rest)

    @contextmanager
    def _opened(self, flags: int) -> Iterator[int]:
        try:
            fd = os.open(self._path, flags, _READABLE_BY_ALL)
            try:
                yield fd
            finally:
                os.close(fd)
        except OSError as error:
            raise self._refused(str(error.strerror), code="io_error") from error

    def _refused(self, problem: str, *, code: str) -> UnavailableError:
        return UnavailableError(
            f"the file of checkpoints cannot be used: {problem}",
            subject=str(self._path),
            code=code,
            hint="check the disk, and who owns and writes the file",
        )


class CheckpointBucket:
    """Objects in a bucket, one for each checkpoint, named by how many records it covers."""

    name = "s3-checkpoints"

    def __init__(self, bucket: AwsBucket) -> None:
        """Take the log's bucket."""
        self._bucket = bucket

    def newest(self) -> str | None:
        """Return the note that covers the most."""
        size = last_number(self._bucket, _NAME, folder=FOLDER)
        content = None if size < 0 else self._bucket.get(_object(size))
        return None if content is None else content.decode(errors="replace")

    def put(self, size: int, note: str) -> None:
        """Put the note where there is none of its size."""
        if self._bucket.put(_object(size), note.encode()):
            return
        if self._bucket.get(_object(size)) != note.encode():
            raise UnavailableError(
                "the bucket holds another checkpoint of this size",
                subject=_object(size),
                code="other_checkpoint",
                hint="give each log a bucket or a prefix of its own",
            )


def _object(size: int) -> str:
    return f"{FOLDER}{padded(size)}.note"
