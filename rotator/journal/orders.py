"""What people told us: orders on credentials' rows, and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select, true, update

from rotator.core.reasons import Reason
from rotator.core.registration import instructed, just_before
from rotator.journal import codec, tables
from rotator.journal.rows import locked, save_credential
from rotator.journal.transactions import Store, write_row

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from rotator.core.ids import CredentialId
    from rotator.core.orders import Order, Pause

_ROW = tables.credential.c
_PAUSE = tables.pause.c


class SqlOrders(Store):
    """Orders and pauses, as `rotator.ports.journal.Orders` describes them."""

    def instruct(self, credential: CredentialId, order: Order) -> bool:
        """Note an order and make the credential due; False when it is unknown."""
        with self._transactions.writing() as connection:
            stored = locked(connection, credential)
            if stored is None:
                return False
            save_credential(connection, instructed(stored, order))
            return True

    def pause(self, pause: Pause) -> None:
        """Note a pause; an older one of the same scope is replaced."""
        with self._transactions.writing() as connection:
            write_row(connection, tables.pause, codec.encode_pause(pause))

    def unpause(self, scope: str) -> Pause | None:
        """Lift a scope's pause and make due what it held; None when there was no pause."""
        this = _PAUSE.scope == scope
        with self._transactions.writing() as connection:
            row = connection.execute(select(tables.pause).where(this)).mappings().one_or_none()
            if row is None:
                return None
            lifted = codec.decode_pause(row)
            connection.execute(delete(tables.pause).where(this))
            for held in connection.execute(_held_by(lifted)).mappings().all():
                due = just_before(min(held["next_at"], lifted.since))
                mine = _ROW.id == held["id"]
                connection.execute(update(tables.credential).where(mine).values(next_at=due))
            return lifted

    def pauses(self) -> tuple[Pause, ...]:
        """Every pause in force, oldest first."""
        query = select(tables.pause).order_by(_PAUSE.since, _PAUSE.scope)
        with self._transactions.reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(codec.decode_pause(row) for row in rows)


def _held_by(pause: Pause) -> Select[Any]:
    """Pick what a pause holds, and what a pass looks at now and may be about to hold."""
    covered: ColumnElement[bool] = true()
    if pause.credential is not None:
        covered = _ROW.id == pause.credential
    elif pause.account is not None:
        covered = _ROW.account == pause.account
    held = or_(_ROW.hold_reason == Reason.PAUSED, _ROW.token.is_not(None))
    query = select(_ROW.id, _ROW.next_at).where(covered, held)
    return query.order_by(_ROW.id).with_for_update()
