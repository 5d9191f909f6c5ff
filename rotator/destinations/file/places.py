"""Where a file and what belongs to it may be: no links, no directories others write to."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from rotator.core.place_names import is_beside
from rotator.destinations.file.disk import is_plain
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError

if TYPE_CHECKING:
    from pathlib import Path

_GROUP_OR_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def side_of(path: Path) -> Path:
    """Name the directory beside a file that keeps its staged and former versions."""
    return path.parent / f".{path.name}.rotator"


def check_name(name: str) -> None:
    """Refuse a path that leads elsewhere than it says, or among what is kept beside another file.

    Raises:
        RejectedError: It is such a path.
    """
    is_plain_path = os.path.isabs(name) and os.path.normpath(name) == name  # noqa: PTH117
    if not is_plain_path or is_beside(name) or not name.isprintable():
        msg = "this is no plain path of a file"
        hint = "name it as `realpath` prints it"
        raise RejectedError(msg, subject=name, code="bad_path", hint=hint)


def stat_of(path: Path) -> os.stat_result | None:
    """Look at a file; None when there is none.

    Raises:
        RejectedError: It is a link or no file at all.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not is_plain(found):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no file"
        hint = "name the file itself, and see who put something else there"
        raise RejectedError(f"it is {what}", subject=str(path), code="not_a_file", hint=hint)
    return found


def check_place(path: Path) -> None:
    """Refuse a place where somebody else could put another file in the place of ours.

    Raises:
        NotFoundError: The directory does not exist.
        RejectedError: A link leads there, or others may write to it.
    """
    folder = path.parent
    if not folder.is_dir():
        hint = "make the directory, for rotator's user alone"
        raise NotFoundError("its directory does not exist", subject=str(path), hint=hint)
    real = os.path.realpath(folder)
    if real != str(folder):
        msg = "a symbolic link leads to its directory"
        raise RejectedError(msg, subject=str(path), code="linked", hint=f"write {real} instead")
    _refuse_writable(path, folder, _GROUP_OR_OTHERS)
    for above in folder.parents:
        # Where the sticky bit is set, nobody moves what is somebody else's.
        if not above.stat().st_mode & stat.S_ISVTX:
            _refuse_writable(path, above, stat.S_IWOTH)


def check_holder(path: Path, found: os.stat_result) -> None:
    """Refuse a file that belongs to somebody else, unless we may give files away.

    Raises:
        AccessDeniedError: It is another user's, and we are not root.
    """
    if os.geteuid() not in (0, found.st_uid):
        msg = f"it belongs to the user {found.st_uid}, and rotator runs as {os.geteuid()}"
        hint = "run both as the same user, or let rotator make the file"
        raise AccessDeniedError(msg, subject=str(path), code="not_our_file", hint=hint)


def check_readers(path: Path, found: os.stat_result) -> None:
    """Refuse a file that more than its owner may open: whoever reads it so would lose it.

    Raises:
        RejectedError: Its group or others have rights, and the next version would give them none.
    """
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        msg = f"its mode is {mode}: whoever reads it by that could not read what replaces it"
        hint = f"see who reads it, let them run as its owner, then run `chmod 600 {path}`"
        raise RejectedError(msg, subject=str(path), code="others_read", hint=hint)


def check_side(path: Path) -> None:
    """Refuse a directory beside the file that is a link, or that somebody else made.

    Raises:
        RejectedError: Secrets and labels would lie where another user has a say.
    """
    folder = side_of(path)
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_own or found.st_mode & _GROUP_OR_OTHERS:
        msg = f"{folder} is not rotator's own directory"
        hint = "see who made it, and remove it if no rotation of this file is open"
        raise RejectedError(msg, subject=str(path), code="unsafe_directory", hint=hint)


def _refuse_writable(path: Path, folder: Path, bits: int) -> None:
    if folder.stat().st_mode & bits:
        msg = f"others may write to {folder}, so they could put a file of theirs there"
        hint = f"run `chmod go-w {folder}`, or name a directory that is rotator's alone"
        raise RejectedError(msg, subject=str(path), code="unsafe_directory", hint=hint)
