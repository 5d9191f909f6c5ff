"""Every journal keeps the port's promises."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotator.testing.journal_contract import JournalContract
from rotator.testing.memory_journal import MemoryJournal
from tests.journal.journals import CountingChance, new_journal, open_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.journal.journal import SqlJournal
    from tests.postgres import Server


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
        with closing(self.make(tmp_path)) as journal:
            yield journal


class TestPostgresJournal(JournalContract):
    """In PostgreSQL, with the caller's clock, which the suite steps by hand."""

    url = ""

    def make(self, tmp_path: Path) -> SqlJournal:
        del tmp_path
        return open_postgres(self.url)

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, postgres_server: Server) -> Iterator[None]:
        cls.url = postgres_server.new_database()
        yield
        postgres_server.drop_database(cls.url)

    @pytest.fixture
    def journal(
        self, tmp_path: Path, postgres_server: Server, database: None
    ) -> Iterator[SqlJournal]:
        postgres_server.wipe(self.url)
        with closing(self.make(tmp_path)) as journal:
            yield journal
