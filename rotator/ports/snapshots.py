"""Daily pictures of all that is known of keys, from which past reports are made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord, SealedRecord
    from rotator.core.ids import Instant
    from rotator.core.snapshots import StoredSnapshot


class Snapshots(Protocol):
    """Pictures of the inventory, each attested by an audit record with its hash."""

    def save_snapshot(self, snapshot: StoredSnapshot, record: AuditRecord) -> bool:
        """Keep the picture of a day and its record, in one transaction.

        Returns:
            False if another replica kept one for that day, and nothing was written.
        """
        ...

    def snapshot_at(self, at: Instant) -> StoredSnapshot | None:
        """Return the newest picture that was taken at an instant or before; None without one."""
        ...

    def attesting(self, snapshot: StoredSnapshot) -> SealedRecord | None:
        """Return the sealed record that was written with a picture; None while it is not sealed."""
        ...

    def drop_snapshots(self, before: Instant) -> int:
        """Forget pictures taken before an instant; return how many."""
        ...
