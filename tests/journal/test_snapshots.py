"""Pictures of the inventory are kept alike everywhere, and small."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.memory_snapshots import MemorySnapshots
from rotator.testing.snapshots_contract import Kept, SnapshotsContract, snapshot
from tests.builders import audit_record
from tests.journal.journals import CountingChance, alter, new_journal, open_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestMemorySnapshots(SnapshotsContract):
    """In memory."""

    @pytest.fixture
    def kept(self) -> Kept:
        journal = MemoryJournal(CountingChance())
        return Kept(MemorySnapshots(journal), journal)


class TestSqliteSnapshots(SnapshotsContract):
    """In SQLite."""

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Iterator[Kept]:
        with closing(new_journal(tmp_path)) as journal:
            yield Kept(journal, journal)


class TestPostgresSnapshots(SnapshotsContract):
    """In PostgreSQL."""

    @pytest.fixture
    def kept(self, postgres_url: str) -> Iterator[Kept]:
        with closing(open_postgres(postgres_url)) as journal:
            yield Kept(journal, journal)


def test_a_picture_takes_a_small_part_of_its_size(tmp_path: Path) -> None:
    body = "".join(f'{{"principal":"ci-{number}","role":"current"}}' for number in range(1000))
    with closing(new_journal(tmp_path)) as journal:
        journal.save_snapshot(snapshot(1, body=body), audit_record())

    ((size,),) = alter(tmp_path, "SELECT length(body) FROM snapshot")

    assert size < len(body) / 5
