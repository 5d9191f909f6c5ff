"""Opening: the file and its mode, one running process, and whether the schema fits."""

from __future__ import annotations

import errno
import fcntl
import stat
import traceback
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotator.errors import ConfigError, UnavailableError
from rotator.journal.migrate import head
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.journal.sqlite import create_private_file
from tests.builders import credential
from tests.journal.journals import CountingChance, alter, journal_url, new_journal

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.journal.journal import SqlJournal


def reopen(folder: Path, *, exclusive: bool) -> SqlJournal:
    """Open a journal that exists."""
    return open_journal(journal_url(folder), chance=CountingChance(), exclusive=exclusive)


def test_only_the_owner_can_read_any_file_of_a_journal(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)) as journal:
        journal.register(credential())
        modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in tmp_path.iterdir()}

    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"}
    assert set(modes.values()) == {0o600}


def test_a_second_process_is_told_who_runs_and_what_to_do(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)), pytest.raises(UnavailableError) as caught:
        reopen(tmp_path, exclusive=True)

    assert caught.value.code == "journal_locked"
    assert "journal.db.lock" in caught.value.subject
    assert "PostgreSQL" in caught.value.hint


def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)

    with pytest.raises(UnavailableError) as caught:
        new_journal(tmp_path)

    assert caught.value.code == "journal_unlockable"


def test_a_journal_that_was_closed_can_be_opened_again(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)) as journal:
        journal.register(credential())

    with closing(reopen(tmp_path, exclusive=True)) as journal:
        assert journal.credentials() == (credential(),)


def test_others_can_read_and_order_while_a_process_runs(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)) as daemon:
        daemon.register(credential())
        with closing(reopen(tmp_path, exclusive=False)) as command:
            assert command.credentials() == (credential(),)


def test_a_journal_that_does_not_exist_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        reopen(tmp_path, exclusive=True)

    assert caught.value.code == "journal_missing"
    assert "rotator db upgrade" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_schema_that_is_too_old_is_refused_and_the_lock_given_back(
    tmp_path: Path, *, exclusive: bool
) -> None:
    create_private_file(tmp_path / "journal.db")
    with pytest.raises(UnavailableError) as caught:
        reopen(tmp_path, exclusive=exclusive)

    assert caught.value.code == "journal_outdated"
    assert "rotator db upgrade" in caught.value.hint
    assert upgrade_journal(journal_url(tmp_path)) == (None, head())


def test_the_schema_of_the_next_release_may_be_run_on(tmp_path: Path) -> None:
    new_journal(tmp_path).close()
    alter(
        tmp_path,
        "UPDATE alembic_version SET version_num = '0999'",
        "ALTER TABLE credential ADD COLUMN novelty TEXT DEFAULT 'x' NOT NULL",
        "CREATE TABLE novelty (id TEXT PRIMARY KEY)",
    )

    assert upgrade_journal(journal_url(tmp_path)) == ("0999", "0999")
    with closing(reopen(tmp_path, exclusive=True)) as journal:
        assert journal.register(credential())
        assert journal.credentials() == (credential(),)


def test_a_schema_that_a_newer_release_contracted_is_refused(tmp_path: Path) -> None:
    new_journal(tmp_path).close()
    alter(
        tmp_path,
        "UPDATE alembic_version SET version_num = '0999'",
        "UPDATE schema_meta SET value = 998 WHERE name = 'min_reader'",
    )

    with pytest.raises(UnavailableError) as caught:
        reopen(tmp_path, exclusive=True)

    assert caught.value.code == "journal_too_new"


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://user:hunter2@host",
        "postgresql://host:hunter2/rotator",
        "postgresql+asyncpg://user:hunter2@host/rotator",
        "mysql://user:hunter2@host/rotator",
    ],
)
def test_a_url_that_cannot_hold_a_journal_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_journal(url, chance=CountingChance(), exclusive=True)

    assert "sqlite:////absolute/path" in caught.value.diagnostics()
    assert "postgresql://role@host/database" in caught.value.diagnostics()
    said = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in said.replace(url, "")


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        upgrade_journal(journal_url(tmp_path / "nowhere"))

    assert caught.value.code == "journal_unopenable"
    assert "nowhere" in caught.value.subject


def test_an_upgrade_waits_for_no_running_process(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)), pytest.raises(UnavailableError) as caught:
        upgrade_journal(journal_url(tmp_path))

    assert caught.value.code == "journal_locked"


def test_an_upgrade_that_is_not_needed_changes_nothing(tmp_path: Path) -> None:
    upgrade_journal(journal_url(tmp_path))

    assert upgrade_journal(journal_url(tmp_path)) == (head(), head())
