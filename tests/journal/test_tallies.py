"""Every counter of journals keeps the port's promises, at a cost that does not grow with it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event

from rotator.core.tallies import LIVE_ROLES
from rotator.journal import tables
from rotator.testing.builders import credential, key_record
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.memory_outbox import MemoryOutbox
from rotator.testing.memory_tallies import MemoryTallies
from rotator.testing.tallies_contract import QUESTION, Counted, TalliesContract, store
from tests.journal.journals import CountingChance, alter, new_journal, open_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.journal.journal import SqlJournal
    from tests.postgres import Server


class TestMemoryTallies(TalliesContract):
    """In memory."""

    def make(self, tmp_path: Path) -> Counted:
        del tmp_path
        journal, outbox = MemoryJournal(CountingChance()), MemoryOutbox()
        return Counted(journal, outbox, MemoryTallies(journal, outbox))


class TestSqlTallies(TalliesContract):
    """In SQLite."""

    def make(self, tmp_path: Path) -> Counted:
        journal = new_journal(tmp_path)
        return Counted(journal, journal, journal)

    @pytest.fixture
    def counted(self, tmp_path: Path) -> Iterator[Counted]:
        with closing(new_journal(tmp_path)) as journal:
            yield Counted(journal, journal, journal)


class TestPostgresTallies(TalliesContract):
    """In PostgreSQL."""

    url = ""

    def make(self, tmp_path: Path) -> Counted:
        del tmp_path
        journal = open_postgres(self.url)
        return Counted(journal, journal, journal)

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, postgres_server: Server) -> Iterator[None]:
        cls.url = postgres_server.new_database()
        yield
        postgres_server.drop_database(cls.url)

    @pytest.fixture
    def counted(self, postgres_server: Server, database: None) -> Iterator[Counted]:
        postgres_server.wipe(self.url)
        with closing(open_postgres(self.url)) as journal:
            yield Counted(journal, journal, journal)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    with closing(new_journal(tmp_path)) as journal:
        yield journal


def fill(journal: SqlJournal, count: int) -> None:
    """Register credentials of one rule, each with a key."""
    for number in range(count):
        of = credential(f"user-{number}")
        store(journal, of, key_record(of))


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the statements that any engine executes."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def test_what_is_asked_and_answered_does_not_grow_with_the_credentials(
    journal: SqlJournal,
) -> None:
    asked, answered = [], []
    for count in (1, 40):
        fill(journal, count)
        with watched() as statements:
            tally = journal.tally(QUESTION)
        asked.append(statements)
        answered.append([len(getattr(tally, item.name)) for item in fields(tally)[:5]])

    assert tally.places[0].credentials == 40
    assert asked[0] == asked[1]
    assert answered[0] == answered[1]


def test_keys_and_credentials_are_counted_along_indexes_of_their_place(
    journal: SqlJournal, tmp_path: Path
) -> None:
    fill(journal, 3)
    with watched() as statements:
        journal.tally(QUESTION)
    [places] = [statement for statement in statements if "FROM place" in statement]

    plan = alter(tmp_path, f"EXPLAIN QUERY PLAN {places.replace('?', '0')}")
    steps = [row[-1] for row in plan if row[-1].startswith(("SCAN", "SEARCH"))]

    searched = [step for step in steps if step != "SCAN place"]
    assert len(searched) > len(LIVE_ROLES)
    for step in searched:
        assert "INDEX key_place_" in step or "COVERING INDEX" in step
        assert "(place_id=?" in step


def test_a_reader_holds_up_no_writer_and_waits_for_none(journal: SqlJournal) -> None:
    fill(journal, 1)

    with journal._transactions.writing() as writer:
        writer.execute(tables.credential.update().values(failures=3))
        [during] = journal.tally(QUESTION).places
    [after] = journal.tally(QUESTION).places

    assert (during.failing, after.failing) == (0, 1)


def test_words_of_a_newer_release_are_left_out(journal: SqlJournal, tmp_path: Path) -> None:
    fill(journal, 1)
    alter(
        tmp_path,
        "UPDATE credential SET hold_reason = 'eclipse', hold_since = 0, hold_detail = ''",
        "INSERT INTO place VALUES (1, 'aws-iam', '1', 'all', 'transmute')",
        "INSERT INTO notice VALUES ('n', 'chat', '{}', 0, 0, 0, 'sung', '', NULL)",
    )

    tally = journal.tally(QUESTION)

    assert (tally.holds, tally.notices) == ((), ())
    assert len(tally.places) == 1


def test_rows_that_an_older_release_wrote_are_counted_once_they_are_written_again(
    journal: SqlJournal, tmp_path: Path
) -> None:
    """It knows of no places, and moves a credential to another rule without its place."""
    fill(journal, 2)
    alter(
        tmp_path,
        "UPDATE credential SET rule = 'strict' WHERE principal = 'user-0'",
        "UPDATE key SET place_id = NULL",
    )
    assert [place.credentials for place in journal.tally(QUESTION).places] == [2]

    for of in journal.credentials():
        store(journal, of)

    found = {place.rule: place for place in journal.tally(QUESTION).places}
    assert {rule: place.managed for rule, place in found.items()} == {"defaults": 1, "strict": 1}
