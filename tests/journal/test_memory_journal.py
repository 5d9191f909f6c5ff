"""What the journal in memory can do beside its contract: go back to a backup."""

from __future__ import annotations

import pickle

import pytest

from rotator.errors import ConflictError
from rotator.testing.journal_suite import change, claimed, written
from rotator.testing.memory_journal import MemoryJournal
from tests.builders import at, credential, rotation
from tests.journal.journals import CountingChance


def test_a_restored_backup_holds_what_was_and_fences_off_who_came_later() -> None:
    journal = MemoryJournal(CountingChance())
    first = claimed(journal, credential())
    backup = pickle.loads(pickle.dumps(journal.backup()))  # noqa: S301 - our own
    before = written(journal)
    later = claimed(journal, credential(), now=at(minutes=2))
    journal.commit(later, change(later, rotation=rotation()))

    journal.restore(backup)

    assert written(journal) == before
    with pytest.raises(ConflictError):
        journal.commit(later, change(later))
    assert journal.commit(first, change(first)).token == first.token
    assert claimed(journal, credential(), now=at(minutes=5)).token != later.token


def test_a_backup_can_be_restored_twice() -> None:
    journal = MemoryJournal(CountingChance())
    journal.register(credential())
    backup = journal.backup()
    for name in ("one", "two"):
        journal.restore(backup)
        journal.register(credential(name))

    journal.restore(backup)

    assert journal.credentials() == (credential(),)
