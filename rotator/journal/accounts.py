"""What people said about accounts: confirmed, or the confirmation taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from rotator.journal import codec, tables
from rotator.journal.rows import hasten
from rotator.journal.stamping import queue_audit
from rotator.journal.transactions import Store, write_row

if TYPE_CHECKING:
    from rotator.core.accounts import Account
    from rotator.core.events import AuditRecord


class SqlAccounts(Store):
    """Accounts, as `rotator.ports.journal.Accounts` describes them."""

    def save_account(self, account: Account, record: AuditRecord) -> None:
        """Note a person's word about an account, with its record, and make its rows due."""
        row = tables.credential.c
        of_it = and_(row.provider == account.provider, row.account == account.id)
        with self._transactions.writing() as connection:
            write_row(connection, tables.account, codec.encode_account(account))
            queue_audit(connection, record)
            hasten(connection, of_it, account.since)

    def accounts(self) -> tuple[Account, ...]:
        """Every account that somebody spoke of, ordered by provider, then id."""
        row = tables.account.c
        query = select(tables.account).order_by(row.provider, row.id)
        with self._transactions.reading() as connection:
            return tuple(
                codec.decode_account(item) for item in connection.execute(query).mappings()
            )
