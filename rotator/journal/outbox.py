"""Notices on their way, in SQL: noted once, taken by one replica at a time."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, null, or_, select, update

from rotator.core.notices import Delivery, Noted, Outgoing
from rotator.journal import tables
from rotator.journal.transactions import Store, insert_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import RowMapping, Select

    from rotator.core.ids import Instant

_ROW = tables.notice.c
_CURSOR = tables.notice_cursor.c
_NAME: Final = "audit"
_FIELDS = tuple(item.name for item in fields(Outgoing))
_AT_ONCE = 500
"""Ids that one query asks for; databases bound the number of parameters."""


class SqlOutbox(Store):
    """Notices, as `rotator.ports.outbox` describes them."""

    def noted(self) -> Noted:
        """Return up to where notices were made."""
        query = select(_CURSOR.until, _CURSOR.policy, _CURSOR.day).where(_CURSOR.name == _NAME)
        with self._transactions.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return Noted() if row is None else Noted(**row)

    def enqueue(self, notices: Sequence[Outgoing], *, before: Noted, after: Noted) -> bool:
        """Note what is to be told, and up to where; False if another replica was first."""
        cursor = tables.notice_cursor
        same = [_CURSOR[name] == value for name, value in asdict(before).items()]
        move = update(cursor).where(_CURSOR.name == _NAME, *same).values(**asdict(after))
        with self._transactions.writing() as connection:
            insert_missing(connection, cursor, {"name": _NAME, **asdict(Noted())})
            if connection.execute(move).rowcount == 0:
                return False
            for item in notices:
                insert_missing(connection, tables.notice, asdict(item))
            return True

    def take(
        self, channel: str, *, now: Instant, until: Instant, limit: int
    ) -> tuple[Outgoing, ...]:
        """Take a channel's notices whose time has come, oldest first."""
        is_due = and_(
            _ROW.delivery == Delivery.WAITING,
            _ROW.channel == channel,
            _ROW.next_at <= now,
            or_(_ROW.taken_until.is_(None), _ROW.taken_until <= now),
        )
        query = _select().where(is_due).order_by(_ROW.made_at, _ROW.id).limit(limit)
        with self._transactions.writing() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
            taken = [row["id"] for row in found]
            mine = update(tables.notice).where(_ROW.id.in_(taken))
            connection.execute(mine.values(taken_until=until))
        return tuple(_decoded(row) for row in found)

    def settle(self, notice: Outgoing) -> None:
        """Write what came of a try."""
        mine = update(tables.notice).where(_ROW.id == notice.id)
        with self._transactions.writing() as connection:
            connection.execute(mine.values(**asdict(notice), taken_until=null()))

    def waiting(self) -> tuple[Outgoing, ...]:
        """Every notice that is neither told nor forgotten, oldest first."""
        query = _select().where(_ROW.delivery != Delivery.TOLD)
        with self._transactions.reading() as connection:
            rows = connection.execute(query.order_by(_ROW.made_at, _ROW.id)).mappings()
            return tuple(_decoded(row) for row in rows)

    def known(self, ids: Collection[str]) -> frozenset[str]:
        """Say which of these notices were noted before."""
        asked, found = sorted(ids), set[str]()
        with self._transactions.reading() as connection:
            for start in range(0, len(asked), _AT_ONCE):
                query = select(_ROW.id).where(_ROW.id.in_(asked[start : start + _AT_ONCE]))
                found.update(connection.execute(query).scalars())
        return frozenset(found)

    def again(self, channel: str | None, *, now: Instant) -> int:
        """Try what waits or was given up anew, from the first attempt."""
        chosen = [_ROW.delivery != Delivery.TOLD]
        if channel is not None:
            chosen.append(_ROW.channel == channel)
        fresh = {"delivery": Delivery.WAITING, "attempts": 0, "next_at": now, "taken_until": null()}
        with self._transactions.writing() as connection:
            return connection.execute(update(tables.notice).where(*chosen).values(fresh)).rowcount

    def prune(self, before: Instant) -> int:
        """Forget what was told or given up and was made before an instant."""
        is_over = _ROW.delivery != Delivery.WAITING
        old = delete(tables.notice).where(is_over, _ROW.made_at < before)
        with self._transactions.writing() as connection:
            return connection.execute(old).rowcount


def _select() -> Select[Any]:
    return select(*(_ROW[name] for name in _FIELDS))


def _decoded(row: RowMapping) -> Outgoing:
    return Outgoing(**row)
