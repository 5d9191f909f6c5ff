"""The file destination on a real directory, with people beside it."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId
from rotator.destinations.file.config import DESTINATION, SIZE_LIMIT_BYTES, FileConfig
from rotator.destinations.file.destination import Files
from rotator.destinations.file.disk import Disk
from rotator.destinations.file.places import side_of
from rotator.testing.bench import Fault
from rotator.testing.destination_bench import DestinationBench
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from rotator.core.ids import Instant, VersionId
    from rotator.ports.destination import Destination

OWNER = "platform-eu"


class ClosedDisk(Disk):
    """A disk to which the system lets nobody, while it is shut."""

    def __init__(self) -> None:
        self.is_shut = False

    def create(self, path: Path) -> int:
        self._refuse()
        return super().create(path)

    def read(self, path: Path, *, limit_bytes: int) -> bytes:
        self._refuse()
        return super().read(path, limit_bytes=limit_bytes)

    def _refuse(self) -> None:
        if self.is_shut:
            raise PermissionError(13, "Permission denied")


class FileBench(DestinationBench):
    def __init__(self, folder: Path, clock: ManualClock | None = None) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._writes = count(1)
        self.clock = clock or ManualClock()
        self.disk = ClosedDisk()
        self._destination = Files(FileConfig(owner=OWNER), self.clock, self.disk)

    @property
    def destination(self) -> Destination:
        return self._destination

    @property
    def owner(self) -> str:
        return OWNER

    @property
    def size_limit(self) -> int | None:
        return SIZE_LIMIT_BYTES

    def now(self) -> Instant:
        return self.clock.now()

    def advance(self, period: timedelta) -> None:
        self.clock.advance(period)

    def settle(self) -> None:
        """Everything on a disk is visible at once."""

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        if fault is not Fault.DENIED:
            pytest.skip("there is no wire between us and a disk")
        self.disk.is_shut = True
        yield
        self.disk.is_shut = False

    def new_ref(self, *, merge: bool = False, create: bool = False) -> DestinationRef:
        return DestinationRef(
            kind=DESTINATION,
            account=AccountId("local"),
            region="",
            name=str(self._folder / f"key-{next(self._numbers)}.json"),
            merge=merge,
            create=create,
        )

    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        if owner is not None:
            side = side_of(Path(ref.name))
            side.mkdir(mode=0o700)
            labels: dict[str, object] = {"owner": owner, "pending": None, "published": []}
            (side / "labels.json").write_text(json.dumps(labels))
        return self.write_by_hand(ref, content)

    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        path = Path(ref.name)
        path.touch(mode=0o600)
        path.write_text(content)
        # A file system's own clock ticks too slowly for tests that write twice.
        written_at = next(self._writes) * 1_000_000_000
        os.utime(path, ns=(written_at, written_at))
        current = self._destination.describe(ref).current
        assert current is not None
        return current

    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        path = Path(ref.name)
        return (path if version is None else side_of(path) / f"{version}.json").read_text()

    def mark_pending_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        place = side_of(Path(ref.name)) / "labels.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), "pending": version}))

    def switch_native_rotation_on(self, ref: DestinationRef) -> None:
        pytest.skip("nobody else rotates what is in a file")

    def schedule_deletion(self, ref: DestinationRef) -> None:
        pytest.skip("a file is there or is not")
