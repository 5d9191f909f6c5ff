"""What people told us: orders on credentials' rows, and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, or_, select, true

from rotator.core.reasons import Reason
from rotator.core.registration import instructed
from rotator.journal import codec, tables
from rotator.journal.rows import hasten, locked, save_credential
from rotator.journal.transactions import Store, write_row

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from rotator.core.ids import CredentialId, Instant
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

    def hasten(self, credential: CredentialId, *, now: Instant) -> bool:
        """Make a credential due; False when it is unknown."""
        with self._transactions.writing() as connection:
            if locked(connection, credential) is None:
                return False
            hasten(connection, _ROW.id == credential, now)
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
            hasten(connection, _held_by(lifted), lifted.since)
            return lifted

    def pauses(self) -> tuple[Pause, ...]:
        """Every pause in force, oldest first."""
        query = select(tables.pause).order_by(_PAUSE.since, _PAUSE.scope)
        with self._transactions.reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(codec.decode_pause(row) for row in rows)


def _held_by(pause: Pause) -> ColumnElement[bool]:
    """Pick what a pause holds, and what a pass looks at now and may be about to hold."""
    covered: ColumnElement[bool] = true()
    if pause.credential is not None:
        covered = _ROW.id == pause.credential
    elif pause.account is not None:
        covered = _ROW.account == pause.account
    held = or_(_ROW.hold_reason == Reason.PAUSED, _ROW.token.is_not(None))
    return and_(covered, held)
