"""Reading a log where it is kept: a file, or a folder with the objects of a bucket.

Lines are bytes with their line feeds, just as they are there: what is wrong with them is
for the verification to say. In a folder the objects' names begin with the number of their
first record, zero-padded, so that names in order are records in order.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from rotator.core.checkpoint import read_notes
from rotator.core.log_check import LONGEST_LINE
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHECKPOINTS: Final = ".checkpoints"
"""What is added to a log's name for the file of its checkpoints."""

_FOLDER: Final = "checkpoints"


@dataclass(frozen=True, slots=True)
class FileLog:
    """A log in a file or a folder."""

    place: Path

    def lines(self) -> Iterator[bytes]:
        """See `lines`."""
        return lines(self.place)

    def notes(self) -> tuple[str, ...]:
        """See `notes`."""
        return notes(self.place)


def lines(place: Path) -> Iterator[bytes]:
    """Yield a log's lines in order, each with its line feed as it is there.

    A line of more than `LONGEST_LINE` bytes comes in pieces, so that no file fills the
    memory.

    Raises:
        UnavailableError: It cannot be read.
    """
    with _readable(place):
        for path in _objects(place, ".jsonl") if place.is_dir() else (place,):
            with path.open("rb") as file:
                while line := file.readline(LONGEST_LINE):
                    yield line


def notes(place: Path) -> tuple[str, ...]:
    """Return a log's own checkpoints, as signed notes; empty where it has none.

    Raises:
        UnavailableError: They are there and cannot be read.
    """
    with _readable(place):
        if place.is_dir():
            objects = (_text(it) for it in _objects(place / _FOLDER, ".note"))
            beside = (notes_of(it) for it in _objects(place, CHECKPOINTS))
            return (*objects, *chain.from_iterable(beside))
        own = place.with_name(place.name + CHECKPOINTS)
        return notes_of(own) if own.exists() else ()


def notes_of(path: Path) -> tuple[str, ...]:
    """Return the notes in one file, such as a witness.

    Raises:
        UnavailableError: It cannot be read.
    """
    with _readable(path):
        return read_notes(_text(path))


@contextmanager
def _readable(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"the audit log cannot be read: {error.strerror}"
        raise UnavailableError(msg, subject=str(place), code="io_error") from error


def _objects(folder: Path, suffix: str) -> list[Path]:
    """Name the objects of one sort in a folder, in the order of their numbers."""
    return sorted(it for it in folder.glob(f"*{suffix}") if it.is_file())


def _text(path: Path) -> str:
    """Read a text as it is; bytes that are none show as what no signature covers."""
    return path.read_bytes().decode(errors="replace")
