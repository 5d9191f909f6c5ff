"""Disks that fail: the power goes after some step, or there is no room."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.destinations.file.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.destinations.file.disk import Holder
    from rotator.testing.manual_clock import ManualClock


class PowerCutError(Exception):
    """The machine is off."""


class DyingDisk(Disk):
    """Lets so many steps happen and then loses what was not forced to the disk.

    Attributes:
        steps: How many are left.
        keeps_names: Whether names survive that were changed and not forced to the disk.
    """

    def __init__(self, steps: int, *, keeps_names: bool) -> None:
        self.steps = steps
        self.keeps_names = keeps_names
        self._loose: dict[int, Path] = {}
        self._renamed: list[tuple[Path, Path | None]] = []

    def create(self, path: Path) -> int:
        file = super().create(path)
        self._loose[file] = path
        self._step()
        return file

    def write(self, file: int, content: bytes) -> None:
        super().write(file, content)
        self._step()

    def give(self, file: int, holder: Holder) -> None:
        super().give(file, holder)
        self._step()

    def sync(self, file: int) -> None:
        super().sync(file)
        self._loose.pop(file, None)
        self._step()

    def rename(self, source: Path, target: Path) -> None:
        former = None
        if target.exists():
            former = target.with_name(f"{target.name}.former-{len(self._renamed)}")
            os.link(target, former)
        super().rename(source, target)
        self._renamed.append((target, former))
        self._step()

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self._settle()
        self._step()

    def make_directory(self, path: Path) -> None:
        super().make_directory(path)
        self._step()

    def remove(self, path: Path) -> None:
        super().remove(path)
        self._step()

    def _step(self) -> None:
        self.steps -= 1
        if self.steps == 0:
            self._die()
            raise PowerCutError

    def _die(self) -> None:
        for file, path in self._loose.items():
            if path.exists():
                os.truncate(path, os.fstat(file).st_size // 2)
        if self.keeps_names:
            self._settle()
        for target, former in reversed(self._renamed):
            if former is None:
                target.unlink()
            else:
                former.replace(target)

    def _settle(self) -> None:
        for _, former in self._renamed:
            if former is not None:
                former.unlink()
        self._renamed.clear()


class FullDisk(Disk):
    """Has room for so many writes."""

    def __init__(self, writes: int) -> None:
        self.writes = writes

    def write(self, file: int, content: bytes) -> None:
        if self.writes == 0:
            super().write(file, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        self.writes -= 1
        super().write(file, content)


class LooseDisk(Disk):
    """Fails where a directory is forced to the disk, after so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def sync_directory(self, path: Path) -> None:
        if self.times == 0:
            raise OSError(errno.EIO, "Input/output error")
        self.times -= 1
        super().sync_directory(path)


class SlowDisk(Disk):
    """Takes so long to force a file down that something else may have been begun meanwhile."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    def sync(self, file: int) -> None:
        super().sync(file)
        self.clock.advance(timedelta(hours=1))


class BusyDisk(Disk):
    """Has somebody who writes a file just before our own takes its place."""

    def __init__(self, path: Path, content: str) -> None:
        self.path = path
        self.content = content

    def sync(self, file: int) -> None:
        super().sync(file)
        self.path.write_text(self.content)
