"""The whole journal in SQL, put together from its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.journal.accounts import SqlAccounts
from rotator.journal.audit_queue import SqlAuditQueue
from rotator.journal.budgets import SqlBudgets
from rotator.journal.claims import SqlClaims
from rotator.journal.inventory import SqlInventory
from rotator.journal.leases import LeaseClock
from rotator.journal.orders import SqlOrders
from rotator.journal.outbox import SqlOutbox
from rotator.journal.snapshots import SqlSnapshots
from rotator.journal.tallies import SqlTallies

if TYPE_CHECKING:
    from rotator.journal.sqlite import FileLock
    from rotator.journal.transactions import Transactions
    from rotator.ports.clock import Chance


class SqlJournal(
    SqlClaims,
    SqlOrders,
    SqlAccounts,
    SqlInventory,
    SqlAuditQueue,
    SqlBudgets,
    SqlOutbox,
    SqlSnapshots,
    SqlTallies,
):
    """Every protocol of `rotator.ports.journal`; safe to share between threads."""

    def __init__(
        self,
        transactions: Transactions,
        chance: Chance,
        lock: FileLock | None = None,
        *,
        lease_clock: LeaseClock = LeaseClock.CALLER,
    ) -> None:
        """Own the transactions' engine, and the lock if there is one."""
        super().__init__(transactions, chance, lease_clock)
        self._lock = lock

    def close(self) -> None:
        """Close every connection and let another process have the journal."""
        self._transactions.dispose()
        if self._lock is not None:
            self._lock.release()
