"""Both journals keep the port's promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.testing.journal_contract import JournalContract
from rotator.testing.memory_journal import MemoryJournal
from tests.journal.journals import CountingChance, new_journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.journal.journal import SqlJournal


class TestMemoryJournal(JournalContract):
    """In memory."""

    def make(self, tmp_path: Path) -> MemoryJournal:
        del tmp_path
        return MemoryJournal(CountingChance())


class TestSqlJournal(JournalContract):
    """In SQLite."""

    def make(self, tmp_path: Path) -> SqlJournal:
        return new_journal(tmp_path)

    @pytest.fixture
    def journal(self, tmp_path: Path) -> Iterator[SqlJournal]:
        journal = self.make(tmp_path)
        yield journal
        journal.close()
