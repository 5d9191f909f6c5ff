"""Token buckets that all replicas share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from rotator.core.budget import Bucket
from rotator.journal import tables
from rotator.journal.transactions import Store, insert_missing

if TYPE_CHECKING:
    from rotator.core.ids import AccountId, Instant

_ROW = tables.account_budget.c


class SqlBudgets(Store):
    """The buckets that `rotator.ports.journal.Budgets` describes."""

    def reserve(
        self, account: AccountId, amount: int, *, now: Instant, rate: float, burst: int
    ) -> Instant | None:
        """Take tokens from an account's bucket, or say when to ask again."""
        bucket = Bucket(rate=rate, burst=burst)
        mine = _ROW.account == account
        with self._transactions.writing() as connection:
            full = {"account": account, "full_at": now}
            insert_missing(connection, tables.account_budget, full)
            query = select(_ROW.full_at).where(mine).with_for_update()
            full_at: Instant = connection.execute(query).scalar_one()
            after = bucket.take(full_at, amount, now)
            if after is None:
                return bucket.retry_at(full_at, amount, now)
            connection.execute(update(tables.account_budget).where(mine).values(full_at=after))
            return None
