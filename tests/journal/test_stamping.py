"""By what rules, where and by which release a record is written: the journal's own word."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.accounts import Account
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.journal.stamping import Stamp
from rotator.testing.journal_suite import change, claimed
from rotator.testing.snapshots_contract import snapshot
from tests.builders import ACCOUNT, EPOCH, PROVIDER, audit_record, credential
from tests.journal.journals import CountingChance, journal_url

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.events import AuditRecord

STAMP = Stamp(policy=lambda: "7bd1", source={"host": "rotator-0", "version": "1.4.0"})
BARE = replace(audit_record(), policy=None, source={})
SAID = Account(
    provider=PROVIDER, id=ACCOUNT, is_confirmed=True, operator="ann", reason="", since=EPOCH
)


def written(folder: Path, stamp: Stamp) -> tuple[AuditRecord, ...]:
    """Write a record in each of the four ways there are."""
    upgrade_journal(journal_url(folder))
    chance = CountingChance()
    opened = open_journal(journal_url(folder), chance=chance, exclusive=True, stamp=stamp)
    with closing(opened) as journal:
        claim = claimed(journal, credential())
        journal.append((replace(BARE, id="a"),))
        journal.commit(claim, replace(change(claim), audit=(replace(BARE, id="b"),)))
        journal.save_account(SAID, replace(BARE, id="c"))
        journal.save_snapshot(snapshot(1), replace(BARE, id="e"))
        journal.append((replace(BARE, id="d", policy="old", source={"host": "elsewhere"}),))
        return journal.unsealed(limit=10)


def test_every_record_carries_the_policy_and_its_source_whoever_made_it(tmp_path: Path) -> None:
    *bare, own = written(tmp_path, STAMP)

    assert [(it.policy, it.source) for it in bare] == [("7bd1", STAMP.source)] * 4
    assert (own.policy, own.source) == ("old", {"host": "elsewhere"})


def test_a_journal_that_was_told_nothing_stamps_nothing(tmp_path: Path) -> None:
    first = written(tmp_path, Stamp())[0]

    assert (first.policy, first.source) == (None, {})
