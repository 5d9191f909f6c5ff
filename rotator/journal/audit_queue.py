"""Records on their way into the chain: queued unnumbered, numbered by one sealer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from rotator.errors import ConflictError
from rotator.journal import codec, tables
from rotator.journal.stamping import queue_audit
from rotator.journal.transactions import Store

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord, SealedRecord

_ROW = tables.audit_record.c


class SqlAuditQueue(Store):
    """The queue that `rotator.ports.journal.AuditQueue` describes."""

    def append(self, records: tuple[AuditRecord, ...]) -> None:
        """Queue records that belong to no credential's transaction."""
        with self._transactions.writing() as connection:
            for record in records:
                queue_audit(connection, record)

    def unsealed(self, *, limit: int) -> tuple[AuditRecord, ...]:
        """Records without a number, in the order in which they were written."""
        query = select(_ROW.body).where(_ROW.seq.is_(None)).order_by(_ROW.position).limit(limit)
        with self._transactions.reading() as connection:
            return tuple(codec.decode_audit(body) for body in connection.execute(query).scalars())

    def seal(self, sealed: tuple[tuple[str, SealedRecord], ...]) -> None:
        """Give records their places, by record id."""
        with self._transactions.writing() as connection:
            last = connection.execute(select(func.max(_ROW.seq))).scalar_one()
            expected = 0 if last is None else last + 1
            for number, (record, place) in enumerate(sealed, start=expected):
                row = {"seq": place.seq, "line": place.line, "hash": place.hash}
                waiting = update(tables.audit_record).where(_ROW.id == record, _ROW.seq.is_(None))
                is_next = place.seq == number
                if not is_next or connection.execute(waiting.values(**row)).rowcount == 0:
                    raise ConflictError("another sealer was here", subject=f"record {place.seq}")

    def head(self) -> SealedRecord | None:
        """The last sealed record; None in an empty chain."""
        query = select(_ROW.seq, _ROW.line, _ROW.hash).where(_ROW.seq.is_not(None))
        with self._transactions.reading() as connection:
            rows = connection.execute(query.order_by(_ROW.seq.desc()).limit(1)).mappings()
            row = rows.one_or_none()
            return None if row is None else codec.decode_sealed(row)

    def sealed_after(self, seq: int, *, limit: int) -> tuple[SealedRecord, ...]:
        """Sealed records with a greater number, in order."""
        query = select(_ROW.seq, _ROW.line, _ROW.hash).where(_ROW.seq > seq)
        with self._transactions.reading() as connection:
            rows = connection.execute(query.order_by(_ROW.seq).limit(limit)).mappings()
            return tuple(codec.decode_sealed(row) for row in rows)
