"""Daily pictures in memory, beside a journal in memory that keeps their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord, SealedRecord
    from rotator.core.ids import Instant
    from rotator.core.snapshots import StoredSnapshot
    from rotator.ports.journal import AuditQueue


class MemorySnapshots:
    """Keeps pictures, with the promises of `rotator.ports.snapshots.Snapshots`."""

    def __init__(self, queue: AuditQueue) -> None:
        """Queue the pictures' records in a journal."""
        self._queue = queue
        self._kept: dict[str, tuple[StoredSnapshot, AuditRecord]] = {}

    def save_snapshot(self, snapshot: StoredSnapshot, record: AuditRecord) -> bool:
        """Keep the picture of a day, unless there is one."""
        if snapshot.day in self._kept:
            return False
        self._queue.append((record,))
        self._kept[snapshot.day] = (snapshot, record)
        return True

    def snapshot_at(self, at: Instant) -> StoredSnapshot | None:
        """Return the newest picture that is not later than an instant."""
        known = [snapshot for snapshot, _ in self._kept.values() if snapshot.taken_at <= at]
        return max(known, key=lambda item: item.taken_at, default=None)

    def attesting(self, snapshot: StoredSnapshot) -> SealedRecord | None:
        """Find the sealed record of a picture by its id, which stands in its line."""
        kept = self._kept.get(snapshot.day)
        if kept is None:
            return None
        mark = f'"id":"{kept[1].id}"'
        # A double is for tests, whose chains are short.
        chain = self._queue.sealed_after(-1, limit=1_000_000)
        return next((place for place in chain if mark in place.line), None)

    def replace(self, snapshot: StoredSnapshot) -> None:
        """Change a kept picture and not its record, as somebody with the database could."""
        self._kept[snapshot.day] = (snapshot, self._kept[snapshot.day][1])

    def drop_snapshots(self, before: Instant) -> int:
        """Forget old pictures."""
        old = [day for day, (it, _) in self._kept.items() if it.taken_at < before]
        for day in old:
            del self._kept[day]
        return len(old)
