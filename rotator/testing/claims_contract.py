"""The contract of `rotator.ports.journal.Claims`: leases and the timer.

The names of the tests are the promises; commits have a suite of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.ids import CredentialId, Instant
from rotator.core.rotation import Phase, Role, Trigger
from rotator.testing.builders import EPOCH, NEW_KEY, at, credential, key_record, rotation
from rotator.testing.journal_suite import LEASE, JournalSuite, change, claimed

if TYPE_CHECKING:
    from rotator.core.rotation import Claim, Credential
    from rotator.ports.journal import Journal

UNKNOWN = CredentialId("00000000-0000-4000-8000-00000000dead")


class ClaimsContract(JournalSuite):
    """Who may drive what, and when."""

    def test_due_names_what_has_a_passed_timer_longest_overdue_first(
        self, journal: Journal
    ) -> None:
        """The order is by timer, and a timer in the future is not named."""
        for name, days in (("late", -1), ("later", -3), ("tomorrow", 1), ("now", 0)):
            journal.register(credential(name, next_at=at(days=days)))

        due = journal.due(now=EPOCH, limit=10)

        assert due == tuple(credential(name).id for name in ("later", "late", "now"))

    def test_due_names_no_more_than_the_limit(self, journal: Journal) -> None:
        """The longest overdue win."""
        for days in range(5):
            journal.register(credential(f"user-{days}", next_at=at(days=-days)))

        assert journal.due(now=EPOCH, limit=1) == (credential("user-4").id,)

    def test_due_passes_over_leased_credentials_until_the_lease_ends(
        self, journal: Journal
    ) -> None:
        """The instant at which a lease ends is free."""
        claimed(journal, credential())

        assert journal.due(now=at(seconds=119), limit=10) == ()
        assert journal.due(now=at(minutes=2), limit=10) == (credential().id,)

    def test_an_impossible_timer_counts_as_due(self, journal: Journal) -> None:
        """Nothing waits longer than 48 hours, so only a wrong clock sets a timer beyond."""
        journal.register(credential("far", next_at=at(hours=48)))
        journal.register(credential("broken", next_at=at(hours=48, seconds=1)))

        assert journal.due(now=EPOCH, limit=10) == (credential("broken").id,)
        assert _acquire(journal, credential("broken")) is not None
        assert _acquire(journal, credential("far")) is None

    def test_an_unknown_credential_cannot_be_acquired(self, journal: Journal) -> None:
        """There is no row to claim."""
        assert journal.acquire(UNKNOWN, now=EPOCH, lease_until=at(minutes=2)) is None

    def test_what_is_not_due_cannot_be_acquired(self, journal: Journal) -> None:
        """A hint that comes too early does nothing."""
        of = credential(next_at=at(seconds=1))
        journal.register(of)

        assert _acquire(journal, of) is None
        assert journal.acquire(of.id, now=at(seconds=1), lease_until=at(minutes=2)) is not None

    def test_a_claim_brings_the_credential_its_open_rotation_and_its_keys(
        self, journal: Journal
    ) -> None:
        """Ended rotations and other credentials' rows are not part of it."""
        of, other = credential(), credential("other")
        ended = rotation(of, phase=Phase.COMPLETED, name="ended")
        current = rotation(of, phase=Phase.CREATED, created_at=at(days=1))
        keys = (key_record(of), key_record(of, NEW_KEY, role=Role.PENDING, created_at=EPOCH))
        claim = claimed(journal, of)
        claim = journal.commit(claim, change(claim, rotation=ended, keys=keys))
        journal.release(journal.commit(claim, change(claim, rotation=current)))
        bystander = claimed(journal, other)
        journal.commit(bystander, change(bystander, rotation=rotation(other)))

        again = _acquire(journal, of)

        assert again is not None
        assert (again.credential, again.rotation, again.keys) == (of, current, keys)
        assert again.lease_until == at(minutes=2)

    def test_a_claim_has_no_rotation_when_all_have_ended(self, journal: Journal) -> None:
        """History is not work."""
        claim = claimed(journal, credential())
        ended = rotation(phase=Phase.ROLLED_BACK)
        journal.release(journal.commit(claim, change(claim, rotation=ended)))

        again = _acquire(journal, credential())

        assert again is not None
        assert again.rotation is None

    def test_a_lease_excludes_everybody_else_until_it_ends(self, journal: Journal) -> None:
        """Then a new claim has another token."""
        first = claimed(journal, credential())

        assert _acquire(journal, credential(), seconds=119) is None
        second = _acquire(journal, credential(), seconds=120)
        assert second is not None
        assert second.token != first.token

    def test_a_lease_longer_than_twice_the_asked_period_counts_as_free(
        self, journal: Journal
    ) -> None:
        """A clock that jumped forward once cannot freeze a row."""
        of = credential()
        journal.register(of)
        journal.acquire(of.id, now=at(seconds=1), lease_until=at(seconds=241))

        assert _acquire(journal, of, seconds=1) is None
        assert _acquire(journal, of) is not None

    def test_due_names_a_credential_whose_lease_is_impossible(self, journal: Journal) -> None:
        """Otherwise nobody would try to acquire it before the lease ends."""
        of = credential()
        journal.register(of)
        journal.acquire(of.id, now=EPOCH, lease_until=at(days=30))

        assert journal.due(now=at(minutes=1), limit=10) == (of.id,)

    def test_a_released_credential_can_be_claimed_at_once(self, journal: Journal) -> None:
        """Release ends the lease before its time."""
        journal.release(claimed(journal, credential()))

        assert journal.due(now=EPOCH, limit=10) == (credential().id,)
        assert _acquire(journal, credential()) is not None

    def test_releasing_a_lost_lease_leaves_the_new_owner_alone(self, journal: Journal) -> None:
        """A late release is no error and frees nothing."""
        lost = claimed(journal, credential())
        owner = claimed(journal, credential(), now=at(minutes=2))

        journal.release(lost)

        assert _acquire(journal, credential(), minutes=3) is None
        assert journal.commit(owner, change(owner)).token == owner.token

    def test_a_request_makes_the_credential_due_and_is_noted(self, journal: Journal) -> None:
        """The timer is moved to now, and only forward in urgency."""
        of = credential(next_at=at(days=60))
        journal.register(of)

        assert journal.request(of.id, Trigger.MANUAL, now=EPOCH)
        assert journal.due(now=EPOCH, limit=10) == (of.id,)
        assert journal.credentials() == (replace(of, next_at=EPOCH, requested=Trigger.MANUAL),)

    def test_a_request_never_postpones_what_is_overdue(self, journal: Journal) -> None:
        """An earlier timer stays."""
        of = credential(next_at=at(days=-2))
        journal.register(of)

        journal.request(of.id, Trigger.MANUAL, now=EPOCH)

        assert journal.credentials()[0].next_at == at(days=-2)

    def test_a_taint_replaces_an_order_and_is_not_replaced(self, journal: Journal) -> None:
        """A compromise stays one, whatever else is ordered."""
        of = credential()
        journal.register(of)
        for trigger in (Trigger.MANUAL, Trigger.TAINT, Trigger.MANUAL):
            assert journal.request(of.id, trigger, now=EPOCH)

        assert journal.credentials()[0].requested is Trigger.TAINT

    def test_a_request_for_an_unknown_credential_says_so(self, journal: Journal) -> None:
        """False, and nothing is made up."""
        assert not journal.request(UNKNOWN, Trigger.MANUAL, now=EPOCH)
        assert journal.credentials() == ()

    def test_a_request_during_a_claim_survives_its_commits(self, journal: Journal) -> None:
        """Neither the order nor its timer is overwritten by who did not see it."""
        claim = claimed(journal, credential())
        journal.request(claim.credential.id, Trigger.TAINT, now=at(seconds=30))

        for hours in (1, 2):
            later = replace(claim.credential, next_at=at(hours=hours))
            claim = journal.commit(claim, change(claim, credential=later))
        journal.release(claim)

        assert journal.due(now=at(seconds=30), limit=10) == (claim.credential.id,)
        assert journal.credentials()[0].requested is Trigger.TAINT

    def test_an_order_is_consumed_only_by_who_saw_it(self, journal: Journal) -> None:
        """A commit that clears the first order leaves one that came after it."""
        of = credential()
        journal.register(of)
        journal.request(of.id, Trigger.MANUAL, now=EPOCH)
        claim = claimed(journal, of)
        journal.request(of.id, Trigger.TAINT, now=EPOCH)

        journal.commit(claim, change(claim, credential=replace(claim.credential, requested=None)))

        assert journal.credentials()[0].requested is Trigger.TAINT

    def test_an_order_that_was_seen_can_be_cleared(self, journal: Journal) -> None:
        """The rotation that it asked for has started."""
        of = credential()
        journal.register(of)
        journal.request(of.id, Trigger.MANUAL, now=EPOCH)
        claim = claimed(journal, of)

        journal.commit(claim, change(claim, credential=replace(claim.credential, requested=None)))

        assert journal.credentials()[0].requested is None


def _acquire(
    journal: Journal, of: Credential, *, minutes: int = 0, seconds: int = 0
) -> Claim | None:
    now = at(minutes=minutes, seconds=seconds)
    return journal.acquire(of.id, now=now, lease_until=Instant(now + LEASE))
