"""What is done to a disk, step by step, so that a test can cut the power after each.

A text is written to a new file, forced to the disk, renamed over the old one, and the
directory is forced to the disk. So there is the old file or the new one, and never half
of one, whenever the power goes.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Holder:
    """To whom a file belongs."""

    uid: int
    gid: int


class Disk:
    """The calls that change a disk, one method each; and the reading of a file."""

    def create(self, path: Path) -> int:
        """Make a file that only its owner may read, and return its descriptor.

        Raises:
            FileExistsError: There is something of that name.
        """
        return os.open(path, _NEW, _PRIVATE)

    def write(self, file: int, content: bytes) -> None:
        """Write all of a content."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]

    def give(self, file: int, holder: Holder) -> None:
        """Give a file to somebody, unless it is theirs."""
        found = os.fstat(file)
        if (found.st_uid, found.st_gid) != (holder.uid, holder.gid):
            os.fchown(file, holder.uid, holder.gid)

    def sync(self, file: int) -> None:
        """Force a file's content to the disk."""
        os.fsync(file)

    def rename(self, source: Path, target: Path) -> None:
        """Put one file in the place of another, in one step."""
        os.replace(source, target)  # noqa: PTH105 - one name for the call and what it does

    def sync_directory(self, path: Path) -> None:
        """Force a directory's names to the disk."""
        directory = os.open(path, _DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def make_directory(self, path: Path) -> None:
        """Make a directory that only we may enter."""
        path.mkdir(mode=0o700)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)

    def read(self, path: Path, *, limit_bytes: int) -> bytes:
        """Read a file, but for what is beyond one byte more than the limit.

        Raises:
            OSError: It cannot be read, or is a link.
        """
        file = os.open(path, _READ)
        with os.fdopen(file, "rb") as stream:
            return stream.read(limit_bytes + 1)


def identity(found: os.stat_result) -> str:
    """Tell one content of a file from another without reading it."""
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"


def is_plain(found: os.stat_result) -> bool:
    """Whether it is a file, and neither a link nor a device."""
    return stat.S_ISREG(found.st_mode)


def written(disk: Disk, path: Path, content: bytes, holder: Holder | None = None) -> str:
    """Write a new file down to the disk, and return its identity, which a rename keeps.

    What stood there under that name is removed before: only a crash leaves such a file.

    Raises:
        OSError: It was not written; nothing is left of it.
    """
    disk.remove(path)
    file = disk.create(path)
    try:
        disk.write(file, content)
        if holder is not None:
            disk.give(file, holder)
        disk.sync(file)
        return identity(os.fstat(file))
    except OSError:
        disk.remove(path)
        raise
    finally:
        os.close(file)


def placed(disk: Disk, source: Path, target: Path) -> None:
    """Put a written file in its place, for good."""
    disk.rename(source, target)
    disk.sync_directory(target.parent)
