"""The contract of `rotator.ports.journal.Orders`: what people told us.

The names of the tests are the promises.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.ids import AccountId
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Hold, Trigger
from rotator.testing.builders import (
    ACCOUNT,
    EPOCH,
    at,
    credential,
    order,
    pause,
    principal,
    rotation,
)
from rotator.testing.journal_suite import JournalSuite, change, claimed

if TYPE_CHECKING:
    from rotator.core.rotation import Credential
    from rotator.ports.journal import Journal

HELD = Hold(reason=Reason.PAUSED, since=EPOCH)


class InstructContract(JournalSuite):
    """Orders about one credential."""

    def test_an_order_is_stored_and_makes_the_row_due(self, journal: Journal) -> None:
        """Word for word, and due when it was given."""
        journal.register(credential(next_at=at(days=5)))
        given = order(given_at=at(days=1))

        assert journal.instruct(credential().id, given)

        assert journal.credentials() == (credential(next_at=at(days=1), order=given),)

    def test_an_order_for_an_unknown_credential_is_refused(self, journal: Journal) -> None:
        """Nothing is written."""
        assert not journal.instruct(credential().id, order())
        assert journal.credentials() == ()

    def test_an_order_replaces_an_older_one(self, journal: Journal) -> None:
        """The last word counts."""
        journal.register(credential())
        journal.instruct(credential().id, order(Verb.ROLLBACK))

        journal.instruct(credential().id, order(Verb.ABORT))

        assert journal.credentials()[0].order == order(Verb.ABORT)

    def test_an_order_survives_the_commit_of_whoever_holds_the_claim(
        self, journal: Journal
    ) -> None:
        """And keeps the row due, for only the next claim knows of it."""
        claim = claimed(journal, credential())
        journal.instruct(credential().id, order())

        rested = replace(claim.credential, next_at=at(days=2), failures=1)
        journal.release(journal.commit(claim, change(claim, credential=rested)))

        (stored,) = journal.credentials()
        assert (stored.order, stored.failures, stored.next_at) == (order(), 1, EPOCH)

    def test_whoever_claims_after_an_order_clears_it(self, journal: Journal) -> None:
        """Carried out or refused, it is gone with the commit."""
        journal.register(credential(next_at=EPOCH))
        journal.instruct(credential().id, order())
        claim = claimed(journal, credential())
        assert claim.credential.order == order()

        journal.commit(claim, change(claim, credential=replace(claim.credential, order=None)))

        assert journal.credentials()[0].order is None

    def test_a_newer_order_survives_the_end_of_the_one_that_it_replaced(
        self, journal: Journal
    ) -> None:
        """Clearing an order clears that one, not another."""
        journal.register(credential(next_at=EPOCH))
        journal.instruct(credential().id, order())
        claim = claimed(journal, credential())
        journal.instruct(credential().id, order(Verb.ABORT))

        journal.commit(claim, change(claim, credential=replace(claim.credential, order=None)))

        assert journal.credentials()[0].order == order(Verb.ABORT)

    def test_an_order_to_rotate_and_one_about_a_rotation_do_not_replace_each_other(
        self, journal: Journal
    ) -> None:
        """They are two fields."""
        claim = claimed(journal, credential())
        journal.instruct(credential().id, order())
        journal.request(credential().id, Trigger.TAINT, now=EPOCH)

        journal.commit(claim, change(claim, rotation=rotation()))

        (stored,) = journal.credentials()
        assert (stored.order, stored.requested) == (order(), Trigger.TAINT)


class PauseContract(JournalSuite):
    """Pauses of one credential, of an account, of everything."""

    def test_pauses_come_oldest_first_and_word_for_word(self, journal: Journal) -> None:
        """Three scopes are three pauses."""
        pauses = (
            pause(since=at(days=1)),
            pause(since=at(days=2), account=ACCOUNT),
            pause(since=at(days=3), credential=credential().id),
        )
        for made in reversed(pauses):
            journal.pause(made)

        assert journal.pauses() == pauses

    def test_a_pause_replaces_an_older_one_of_its_scope(self, journal: Journal) -> None:
        """The last reason counts."""
        journal.pause(pause(account=ACCOUNT))
        journal.pause(pause(account=ACCOUNT, reason="another"))

        assert journal.pauses() == (pause(account=ACCOUNT, reason="another"),)

    def test_a_commit_can_bring_a_pause(self, journal: Journal) -> None:
        """In the same transaction, in place of an older one of its scope."""
        claim = claimed(journal, credential())
        journal.pause(pause(credential=credential().id, reason="older"))
        made = pause(credential=credential().id)

        journal.commit(claim, change(claim, pause=made))

        assert journal.pauses() == (made,)

    def test_lifting_a_pause_gives_it_back_once(self, journal: Journal) -> None:
        """Other scopes stay."""
        journal.pause(pause())
        journal.pause(pause(account=ACCOUNT))

        assert journal.unpause("everything") == pause()
        assert journal.unpause("everything") is None
        assert journal.pauses() == (pause(account=ACCOUNT),)

    def test_lifting_a_pause_makes_due_what_it_held(self, journal: Journal) -> None:
        """Due at once; what waits for something else is left alone."""
        for row in (paused("held"), credential("other", next_at=at(days=5))):
            journal.register(row)
        elsewhere = principal("far", account=AccountId("444455556666"))
        journal.register(credential(principal=elsewhere, next_at=at(days=5), hold=HELD))
        journal.pause(pause(account=ACCOUNT, since=EPOCH))

        journal.unpause(f"account:{ACCOUNT}")

        due = {row.principal.name for row in journal.credentials() if row.next_at <= EPOCH}
        assert due == {"held"}

    def test_lifting_the_pause_of_one_credential_makes_no_other_due(self, journal: Journal) -> None:
        """Neither does it move a timer back that has passed already."""
        for row in (paused("one", next_at=at(days=-1)), paused("two")):
            journal.register(row)
        journal.pause(pause(credential=credential("one").id))

        journal.unpause(f"credential:{credential('one').id}")

        due = {row.principal.name: row.next_at for row in journal.credentials()}
        assert due["one"] <= at(days=-1)
        assert due["two"] == at(days=5)

    def test_a_pass_that_was_about_to_hold_for_a_lifted_pause_stays_due(
        self, journal: Journal
    ) -> None:
        """It read the pause before it was lifted, and writes its hold after."""
        journal.pause(pause())
        claim = claimed(journal, credential())
        journal.unpause("everything")

        held = replace(claim.credential, next_at=at(hours=1), hold=HELD)
        journal.release(journal.commit(claim, change(claim, credential=held)))

        assert journal.credentials()[0].next_at <= EPOCH


class HastenContract(JournalSuite):
    """Making one credential due."""

    def test_a_credential_is_hastened_and_never_postponed(self, journal: Journal) -> None:
        """Somebody wants it looked at now, and nothing else of it changes."""
        of = credential(next_at=at(hours=1))
        journal.register(of)
        assert journal.hasten(of.id, now=EPOCH)
        hastened = journal.credentials()[0]
        assert replace(hastened, next_at=of.next_at) == of
        assert journal.due(now=EPOCH, limit=9) == (of.id,)
        assert journal.hasten(of.id, now=at(hours=1))
        assert journal.credentials()[0].next_at <= hastened.next_at

    def test_an_unknown_credential_is_not_hastened(self, journal: Journal) -> None:
        """Whoever asks must know that nobody will look."""
        assert not journal.hasten(credential().id, now=EPOCH)
        assert journal.credentials() == ()


class OrdersContract(InstructContract, HastenContract, PauseContract):
    """Everything that the protocol promises."""


def paused(name: str, **changes: object) -> Credential:
    """Build a credential that a pause holds for five days."""
    return credential(name, **{"next_at": at(days=5), "hold": HELD, **changes})
