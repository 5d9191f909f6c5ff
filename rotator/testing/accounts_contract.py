"""The contract of `rotator.ports.journal.Accounts`: what people said about accounts.

The names of the tests are the promises.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.errors import InvariantError
from rotator.testing.builders import (
    EPOCH,
    account,
    at,
    audit_record,
    credential,
    principal,
)
from rotator.testing.journal_suite import JournalSuite, change, claimed

if TYPE_CHECKING:
    from rotator.ports.journal import Journal

OTHER = AccountId("444455556666")


class AccountsContract(JournalSuite):
    """Confirmations of accounts, and their withdrawal."""

    def test_an_account_that_nobody_spoke_of_is_not_there(self, journal: Journal) -> None:
        """Having credentials is no confirmation."""
        journal.register(credential())

        assert journal.accounts() == ()

    def test_accounts_come_ordered_and_word_for_word(self, journal: Journal) -> None:
        """By provider, then id; one id at two providers is two accounts."""
        said = (
            account(),
            account(id=OTHER, is_confirmed=False, reason="ticket 7", since=at(days=3)),
            account(provider="stage5", operator="bob"),
        )
        for number, row in enumerate(reversed(said)):
            journal.save_account(row, audit_record(number))

        assert journal.accounts() == said

    def test_the_last_word_about_an_account_counts(self, journal: Journal) -> None:
        """A withdrawal takes the place of the confirmation."""
        journal.save_account(account(), audit_record(1))
        withdrawn = account(is_confirmed=False, since=at(days=1))

        journal.save_account(withdrawn, audit_record(2))

        assert journal.accounts() == (withdrawn,)

    def test_a_word_about_an_account_brings_its_audit_record(self, journal: Journal) -> None:
        """Both are durable when the call returns."""
        journal.save_account(account(), audit_record("confirmed"))

        assert journal.unsealed(limit=10) == (audit_record("confirmed"),)

    def test_without_its_audit_record_nothing_is_said(self, journal: Journal) -> None:
        """A record that is refused takes the whole word with it."""
        journal.register(credential(next_at=at(days=5)))
        journal.append((audit_record("twice"),))

        with pytest.raises(InvariantError):
            journal.save_account(account(), audit_record("twice"))

        assert journal.accounts() == ()
        assert journal.credentials()[0].next_at == at(days=5)

    def test_a_word_about_an_account_makes_its_credentials_due_and_no_others(
        self, journal: Journal
    ) -> None:
        """Whatever they wait for, and never later than they are due already."""
        for name, due in (("late", at(days=5)), ("early", at(days=-1))):
            journal.register(credential(name, next_at=due))
        elsewhere = principal("far", account=OTHER)
        foreign = replace(principal("foreign"), provider="stage5")
        for owner in (elsewhere, foreign):
            journal.register(credential(principal=owner, next_at=at(days=5)))

        journal.save_account(account(since=EPOCH), audit_record())

        due_at = {row.principal.name: row.next_at for row in journal.credentials()}
        assert at(days=-1) < due_at["late"] <= EPOCH
        assert due_at["early"] <= at(days=-1)
        assert due_at["far"] == due_at["foreign"] == at(days=5)

    def test_a_pass_that_rests_in_the_old_mode_stays_due(self, journal: Journal) -> None:
        """It asked for the mode before the word was said, and writes its timer after."""
        claim = claimed(journal, credential())
        journal.save_account(account(since=EPOCH), audit_record())

        rested = replace(claim.credential, next_at=at(days=2))
        journal.release(journal.commit(claim, change(claim, credential=rested)))

        assert journal.credentials()[0].next_at <= EPOCH
