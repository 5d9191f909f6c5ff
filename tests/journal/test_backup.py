"""A copy of an SQLite journal, made while somebody writes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.errors import RejectedError, UnavailableError
from rotator.journal import backup as module
from rotator.journal.backup import backup_journal
from rotator.journal.opening import open_journal, upgrade_journal
from tests.builders import audit_record, credential
from tests.journal.journals import CountingChance, journal_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.journal.journal import SqlJournal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    """A journal as the daemon has it: open, locked, with a write-ahead log."""
    upgrade_journal(journal_url(tmp_path))
    opened = open_journal(journal_url(tmp_path), chance=CountingChance(), exclusive=True)
    with closing(opened) as made:
        made.register(credential("one"))
        yield made


def reopened(file: Path) -> list[str]:
    opened = open_journal(f"sqlite:///{file}", chance=CountingChance(), exclusive=True)
    with closing(opened) as copy:
        return [item.principal.name for item in copy.credentials()]


def test_a_copy_beside_the_daemon_has_everything_that_was_committed(
    tmp_path: Path, journal: SqlJournal
) -> None:
    journal.register(credential("two"))

    size = backup_journal(journal_url(tmp_path), tmp_path / "copy.db")
    journal.register(credential("later"))

    assert size == (tmp_path / "copy.db").stat().st_size > 0
    assert reopened(tmp_path / "copy.db") == ["one", "two"]


def test_only_its_owner_can_read_it_and_it_needs_no_file_beside_it(
    tmp_path: Path, journal: SqlJournal
) -> None:
    (tmp_path / "kept").mkdir()

    backup_journal(journal_url(tmp_path), tmp_path / "kept" / "copy.db")

    assert [it.name for it in (tmp_path / "kept").iterdir()] == ["copy.db"]
    assert (tmp_path / "kept" / "copy.db").stat().st_mode & 0o777 == 0o600
    assert [it.principal.name for it in journal.credentials()] == ["one"]


def test_a_copy_made_while_somebody_writes_is_sound(tmp_path: Path, journal: SqlJournal) -> None:
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            journal.append((replace(audit_record(), id=f"record-{number}"),))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup_journal(journal_url(tmp_path), tmp_path / f"copy-{number}.db")
    finally:
        is_over.set()
        writer.join()

    for number in range(3):
        with closing(sqlite3.connect(tmp_path / f"copy-{number}.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert reopened(tmp_path / f"copy-{number}.db") == ["one"]


def test_a_backup_is_never_overwritten(tmp_path: Path, journal: SqlJournal) -> None:
    target = tmp_path / "copy.db"
    target.write_text("the last good one")

    with pytest.raises(RejectedError, match="never overwritten"):
        backup_journal(journal_url(tmp_path), target)

    assert target.read_text() == "the last good one"
    assert journal.credentials()


def test_one_that_comes_meanwhile_is_not_overwritten_either(
    tmp_path: Path, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.db"
    copied = module._copy

    def raced(source: Path, partial: Path) -> None:
        copied(source, partial)
        target.write_text("somebody else's")

    monkeypatch.setattr(module, "_copy", raced)
    with pytest.raises(RejectedError, match="never overwritten"):
        backup_journal(journal_url(tmp_path), target)

    assert target.read_text() == "somebody else's"
    assert not (tmp_path / "copy.db.partial").exists()
    assert journal.credentials()


def test_a_backup_that_was_cut_short_is_told_and_left(tmp_path: Path, journal: SqlJournal) -> None:
    (tmp_path / "copy.db.partial").touch()

    with pytest.raises(RejectedError, match="cut short"):
        backup_journal(journal_url(tmp_path), tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()
    assert journal.credentials()


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, journal: SqlJournal) -> None:
    with pytest.raises(UnavailableError, match="cannot be written") as caught:
        backup_journal(journal_url(tmp_path), tmp_path / "nowhere" / "copy.db")

    assert caught.value.code == "backup_unwritten"
    assert journal.credentials()


def test_a_file_system_without_links_says_so_and_leaves_nothing(
    tmp_path: Path, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        del source, target
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("rotator.journal.backup.os.link", refuse)
    with pytest.raises(UnavailableError, match="Operation not permitted"):
        backup_journal(journal_url(tmp_path), tmp_path / "copy.db")

    assert not list(tmp_path.glob("copy.db*"))
    assert journal.credentials()


def damage(file: Path) -> None:
    """Overwrite pages in the middle, as a bad disk does."""
    with file.open("r+b") as stream:
        stream.seek(4096 * 3)
        stream.write(b"\xa5" * 4096 * 4)


def test_a_damaged_journal_leaves_no_backup_that_looks_good(tmp_path: Path) -> None:
    upgrade_journal(journal_url(tmp_path))
    (file,) = tmp_path.glob("*.db")
    shutil.copy(file, tmp_path / "good.db")
    damage(file)

    with pytest.raises(UnavailableError):
        backup_journal(f"sqlite:///{file}", tmp_path / "copy.db")

    assert not list(tmp_path.glob("copy.db*"))


def test_a_journal_that_can_be_copied_and_is_not_sound_is_no_backup(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as made:
        made.execute("CREATE TABLE t (a INT)")
        made.execute("INSERT INTO t VALUES (NULL)")
        made.execute("PRAGMA writable_schema = ON")
        made.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE t (a INT NOT NULL)'")

    with pytest.raises(UnavailableError, match="damaged") as caught:
        backup_journal(f"sqlite:///{file}", tmp_path / "copy.db")

    assert caught.value.code == "journal_damaged"
    assert not list(tmp_path.glob("copy.db*"))


def test_a_backup_has_its_name_only_when_it_is_on_the_disk_and_keeps_it(
    tmp_path: Path, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, link, copy = os.fsync, os.link, tmp_path / "copy.db"

    def forced(handle: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def named(source: Path, target: Path) -> None:
        done.append("name")
        link(source, target)

    monkeypatch.setattr(os, "fsync", forced)
    monkeypatch.setattr(os, "link", named)
    backup_journal(journal_url(tmp_path), copy)

    assert done == ["file", "name", "directory"]


def test_a_file_that_is_no_database_leaves_no_backup(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database" * 1000)

    with pytest.raises(UnavailableError, match="not a database"):
        backup_journal(f"sqlite:///{tmp_path / 'journal.db'}", tmp_path / "copy.db")

    assert not list(tmp_path.glob("copy.db*"))


def test_without_a_journal_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no journal"):
        backup_journal(f"sqlite:///{tmp_path / 'journal.db'}", tmp_path / "copy.db")


def test_a_journal_on_postgresql_is_left_to_its_servers_tools(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="own tools") as caught:
        backup_journal("postgresql://rotator:hunter2@db.example/rotator", tmp_path / "copy.db")

    assert "pg_dump" in caught.value.hint
    assert "hunter2" not in caught.value.diagnostics()
