"""Every outbox keeps the port's promises."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotator.testing.memory_outbox import MemoryOutbox
from rotator.testing.outbox_contract import OutboxContract
from tests.journal.journals import new_journal, open_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.journal.journal import SqlJournal
    from tests.postgres import Server


class TestMemoryOutbox(OutboxContract):
    """In memory."""

    def make(self, tmp_path: Path) -> MemoryOutbox:
        del tmp_path
        return MemoryOutbox()


class TestSqlOutbox(OutboxContract):
    """In SQLite."""

    def make(self, tmp_path: Path) -> SqlJournal:
        return new_journal(tmp_path)

    @pytest.fixture
    def outbox(self, tmp_path: Path) -> Iterator[SqlJournal]:
        with closing(self.make(tmp_path)) as journal:
            yield journal


class TestPostgresOutbox(OutboxContract):
    """In PostgreSQL."""

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
    def outbox(
        self, tmp_path: Path, postgres_server: Server, database: None
    ) -> Iterator[SqlJournal]:
        postgres_server.wipe(self.url)
        with closing(self.make(tmp_path)) as journal:
            yield journal
