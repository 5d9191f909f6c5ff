"""The contract suite of `rotator.ports.journal.Journal`.

A subclass implements `make`; every sentence of the port is then tested on it::

    class TestMyJournal(JournalContract):
        def make(self, tmp_path: Path) -> Journal:
            return MyJournal(tmp_path)
"""

from __future__ import annotations

from rotator.testing.accounts_contract import AccountsContract
from rotator.testing.claims_contract import ClaimsContract
from rotator.testing.commits_contract import CommitsContract
from rotator.testing.evidence_contract import AuditQueueContract, BudgetsContract
from rotator.testing.inventory_contract import InventoryContract
from rotator.testing.orders_contract import OrdersContract


class JournalContract(
    ClaimsContract,
    CommitsContract,
    OrdersContract,
    AccountsContract,
    InventoryContract,
    AuditQueueContract,
    BudgetsContract,
):
    """Everything that the port promises."""
