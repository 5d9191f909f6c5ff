"""Daily pictures of the inventory, compressed; each beside the audit record that attests it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from rotator.core.snapshots import StoredSnapshot
from rotator.journal import codec, tables
from rotator.journal.stamping import queue_audit
from rotator.journal.transactions import Store, insert_missing

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from rotator.core.events import AuditRecord, SealedRecord
    from rotator.core.ids import Instant

_ROW = tables.snapshot.c
_AUDIT = tables.audit_record.c


class SqlSnapshots(Store):
    """Pictures, as `rotator.ports.snapshots.Snapshots` describes them."""

    def save_snapshot(self, snapshot: StoredSnapshot, record: AuditRecord) -> bool:
        """Keep the picture of a day and its record, in one transaction."""
        with self._transactions.writing() as connection:
            if not insert_missing(connection, tables.snapshot, _encoded(snapshot, record)):
                return False
            queue_audit(connection, record)
            return True

    def snapshot_at(self, at: Instant) -> StoredSnapshot | None:
        """Return the newest picture that was taken at an instant or before; None without one."""
        query = select(tables.snapshot).where(_ROW.taken_at <= at)
        with self._transactions.reading() as connection:
            newest = connection.execute(query.order_by(_ROW.taken_at.desc()).limit(1))
            row = newest.mappings().one_or_none()
            return None if row is None else _decoded(row)

    def attesting(self, snapshot: StoredSnapshot) -> SealedRecord | None:
        """Return the sealed record that was written with a picture; None while it is not sealed."""
        query = (
            select(_AUDIT.seq, _AUDIT.line, _AUDIT.hash)
            .join(tables.snapshot, _ROW.record_id == _AUDIT.id)
            .where(_ROW.day == snapshot.day, _AUDIT.seq.is_not(None))
        )
        with self._transactions.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else codec.decode_sealed(row)

    def drop_snapshots(self, before: Instant) -> int:
        """Forget pictures taken before an instant; return how many."""
        with self._transactions.writing() as connection:
            old = delete(tables.snapshot).where(_ROW.taken_at < before)
            return connection.execute(old).rowcount


def _encoded(snapshot: StoredSnapshot, record: AuditRecord) -> dict[str, Any]:
    return {
        "day": snapshot.day,
        "taken_at": snapshot.taken_at,
        "record_id": record.id,
        "sha256": snapshot.sha256,
        "body": zlib.compress(snapshot.body.encode(), level=6),
    }


def _decoded(row: RowMapping) -> StoredSnapshot:
    return StoredSnapshot(
        day=row["day"],
        taken_at=row["taken_at"],
        body=zlib.decompress(row["body"]).decode(),
        sha256=row["sha256"],
    )
