"""The directory beside a file: versions that are staged or were there, and the labels."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.ids import VersionId
from rotator.core.secret import Secret
from rotator.destinations.file.config import SIZE_LIMIT_BYTES
from rotator.destinations.file.disk import Holder, placed, written
from rotator.destinations.file.labels import Labels, labels_from
from rotator.destinations.file.places import side_of
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError, UnavailableError

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from rotator.destinations.file.disk import Disk

MOST_UNLABELLED = 4
"""Versions that are kept beside those that matter, the newest."""

_ENDING = ".json"
_LABELS = "labels"
_DRAFT = ".new"
_COMING = f"coming{_DRAFT}"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says into our own errors, for calls that changed nothing."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or "an error").lower()
        if error.errno in _FULL:
            hint = "make room; nothing was changed"
            msg = "the disk is full"
            raise UnavailableError(msg, subject=str(path), code="disk_full", hint=hint) from None
        if error.errno in _CLOSED:
            hint = "let rotator's user write to the file's directory"
            msg = f"the file system refuses it: {why}"
            raise AccessDeniedError(msg, subject=str(path), hint=hint) from None
        msg = f"the file system failed: {why}"
        raise UnavailableError(msg, subject=str(path), code="file_system") from None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands beside one file."""

    disk: Disk
    path: Path

    @property
    def folder(self) -> Path:
        """The directory."""
        return side_of(self.path)

    def labels(self) -> Labels:
        """Read the labels; none where there is nothing beside the file.

        Raises:
            RejectedError: They were written by somebody else.
        """
        place = self._place(_LABELS)
        text = self._text(place)
        if text is None:
            return Labels()
        try:
            return labels_from(text.reveal())
        except ValueError:
            msg = "what rotator keeps beside the file cannot be read"
            hint = f"remove {self.folder} if no rotation of this file is open"
            raise RejectedError(msg, subject=str(place), code="bad_labels", hint=hint) from None

    def label(self, labels: Labels) -> None:
        """Write the labels; the old ones stand until the new ones are on the disk."""
        self._keep(self._place(_LABELS), labels.text())

    def make(self) -> None:
        """Make the directory if it is missing."""
        with told(self.path):
            if not self.folder.is_dir():
                self.disk.make_directory(self.folder)
                self.disk.sync_directory(self.path.parent)

    def versions(self) -> tuple[VersionId, ...]:
        """Name every stored version, the oldest first."""
        with told(self.path):
            try:
                found = [item for item in self.folder.iterdir() if item.suffix == _ENDING]
            except FileNotFoundError:
                return ()
            aged = sorted((item.stat().st_mtime_ns, item.name) for item in found)
        names = (name.removesuffix(_ENDING) for _, name in aged)
        return tuple(VersionId(name) for name in names if name != _LABELS)

    def content(self, version: VersionId) -> Secret | None:
        """Read a stored version; None where it is not stored."""
        return self._text(self._place(version))

    def keep(self, version: VersionId, content: Secret) -> None:
        """Store a version."""
        self._keep(self._place(version), content.reveal())

    def forget(self, needed: Collection[VersionId | None]) -> None:
        """Remove the oldest of the versions that nobody needs, and what a crash left."""
        loose = [item for item in self.versions() if item not in needed]
        with told(self.path):
            for version in loose[: max(len(loose) - MOST_UNLABELLED, 0)]:
                self.disk.remove(self._place(version))
            for item in self.folder.iterdir():
                if item.suffix == _DRAFT:
                    self.disk.remove(item)

    def draft(self, content: Secret, present: os.stat_result | None) -> tuple[Path, str]:
        """Write what is to take the file's place, for whom the file is; say its identity."""
        holder = None if present is None else Holder(present.st_uid, present.st_gid)
        place = self.folder / _COMING
        with told(self.path):
            return place, written(self.disk, place, content.reveal().encode(), holder)

    def _place(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"

    def _keep(self, place: Path, text: str) -> None:
        with told(self.path):
            draft = self.folder / f"{place.stem}{_DRAFT}"
            written(self.disk, draft, text.encode())
            placed(self.disk, draft, place)

    def _text(self, place: Path) -> Secret | None:
        return text_in(self.disk, place)


def text_in(disk: Disk, place: Path) -> Secret | None:
    """Read a file as text; None where there is none.

    Raises:
        RejectedError: It is too long, or no text in UTF-8.
    """
    with told(place):
        try:
            content = disk.read(place, limit_bytes=SIZE_LIMIT_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
    if len(content) > SIZE_LIMIT_BYTES:
        msg = f"the file is longer than {SIZE_LIMIT_BYTES} bytes"
        raise RejectedError(msg, subject=str(place), code="too_large")
    try:
        return Secret(content.decode())
    except UnicodeDecodeError:
        pass
    # Outside of `except`: the decoder's exception holds the content.
    raise RejectedError("the file is no text in UTF-8", subject=str(place), code="binary")


def missing(path: Path, *, version: VersionId | None = None) -> NotFoundError:
    """Say that there is no such file, or no such version of it."""
    if version is not None:
        return NotFoundError(f"version {version} is not stored", subject=str(path))
    hint = "create it, or write `create: true` for this destination"
    return NotFoundError("there is no such file", subject=str(path), hint=hint)
