"""Two credentials with fields of one file, carried by two threads of one process."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from rotator.core.ids import Instant, KeyId, VersionId
from rotator.core.secret import KeyMaterial, Secret
from rotator.destinations.file.config import FileConfig
from rotator.destinations.file.destination import Files
from rotator.destinations.file.disk import Disk
from rotator.errors import ConflictError
from rotator.testing.manual_clock import ManualClock
from tests.adapters.file.files import OWNER, FileBench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.core.facts import DestinationRef

ONE, OTHER = VersionId("one"), VersionId("other")
PATIENCE_SECONDS = 0.2
"""How long the second thread has: without a turn of its own it would be done long before."""


class WatchedDisk(Disk):
    """Calls somebody right before a file takes the place of another."""

    before_rename: Callable[[], None] | None = None

    def rename(self, source: Path, target: Path) -> None:
        called = self.before_rename
        if called is not None and target.name == "key-1.json":
            self.before_rename = None
            called()
        super().rename(source, target)


def key(name: str) -> KeyMaterial:
    return KeyMaterial(key_id=KeyId(name), secret=Secret(f"secret of {name}"))


def test_of_two_threads_neither_puts_back_what_the_other_has_published(tmp_path: Path) -> None:
    clock, disk = ManualClock(), WatchedDisk()
    files = Files(FileConfig(owner=OWNER), clock, disk)
    mine = FileBench(tmp_path, clock).new_ref(merge=True, create=True)
    theirs = replace(mine, key_id_field="OtherId", secret_field="OtherSecret")
    limit, refused = Instant(clock.now().replace(year=9000)), []
    files.prepare(mine, not_after=limit)
    base = files.describe(mine).current

    def promote(ref: DestinationRef, version: VersionId) -> None:
        files.promote(ref, version, expected=base, not_after=limit)

    def promote_theirs() -> None:
        try:
            promote(theirs, OTHER)
        except ConflictError as error:
            refused.append(error)

    second = Thread(target=promote_theirs)

    def meanwhile() -> None:
        second.start()
        second.join(PATIENCE_SECONDS)

    files.stage(mine, ONE, key("MINE"), base=base, not_after=limit)
    files.stage(theirs, OTHER, key("THEIRS"), base=base, not_after=limit)
    disk.before_rename = meanwhile

    promote(mine, ONE)
    second.join()

    content = json.loads((tmp_path / "key-1.json").read_text())
    assert content["AccessKeyId"] == "MINE"
    assert len(refused) == 1
    assert files.describe(theirs).current == ONE
