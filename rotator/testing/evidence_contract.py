"""The contract of the journal's audit queue and of its budgets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction, ProviderCall, Stage
from rotator.core.ids import AccountId, Instant, KeyId
from rotator.errors import ConflictError, InvariantError
from rotator.testing.builders import (
    ACCOUNT,
    EPOCH,
    at,
    audit_record,
    credential,
    rotation,
    sealed,
)
from rotator.testing.journal_suite import JournalSuite, change, claimed

if TYPE_CHECKING:
    from rotator.core.events import SealedRecord
    from rotator.ports.journal import Journal


class AuditQueueContract(JournalSuite):
    """Records on their way into the chain."""

    def test_records_wait_in_the_order_in_which_they_were_written(self, journal: Journal) -> None:
        """Those of a commit and those of nobody's transaction stand in one queue."""
        claim = claimed(journal, credential())
        records = tuple(
            audit_record(name, at=at(days=-number)) for number, name in enumerate("dab")
        )
        journal.append(records[:1])
        journal.commit(claim, change(claim, audit=records[1:2]))
        journal.append(records[2:])

        assert journal.unsealed(limit=10) == records
        assert journal.unsealed(limit=2) == records[:2]

    def test_every_field_of_a_record_round_trips(self, journal: Journal) -> None:
        """With all of them, and with as few as can be."""
        full = audit_record(
            "full",
            at=Instant(EPOCH + timedelta(microseconds=1)),
            stage=Stage.OUTCOME,
            action=AuditAction.KEY_DELETE,
            outcome="failure",
            actor="operator:ada",
            rotation_id=rotation().id,
            trigger="taint",
            new_key_id=KeyId("AKIANEW"),
            destination="ci/deployer",
            version_id="v1",
            rule="team-a",
            error="access_denied",
            reason="grace is over",
            evidence={"last_used": None, "days": 3, "quiet": True, "region": "eu"},
            calls=(ProviderCall(service="iam", operation="DeleteAccessKey", request_id="1"),),
            policy="7bd1",
            max_age="90d",
            source={"host": "a", "version": "1"},
        )
        bare = audit_record("bare", subject=None)

        journal.append((full, bare))

        assert journal.unsealed(limit=10) == (full, bare)

    def test_nothing_is_queued_when_one_record_is_known_already(self, journal: Journal) -> None:
        """A record's id is fresh, or the whole call is refused."""
        journal.append((audit_record(1),))

        with pytest.raises(InvariantError):
            journal.append((audit_record(2), audit_record(1)))

        assert journal.unsealed(limit=10) == (audit_record(1),)

    def test_an_empty_chain_has_no_head(self, journal: Journal) -> None:
        """And nothing to feed a sink with."""
        journal.append((audit_record(1),))

        assert journal.head() is None
        assert journal.sealed_after(-1, limit=10) == ()

    def test_sealed_records_leave_the_queue_and_become_the_chain(self, journal: Journal) -> None:
        """Numbers begin with 0 and go on from the head."""
        journal.append(tuple(audit_record(number) for number in range(4)))

        _seal(journal, sealed(0, '{"a":1}'), sealed(1))
        _seal(journal, sealed(2))

        assert journal.unsealed(limit=10) == (audit_record(3),)
        assert journal.head() == sealed(2)
        assert journal.sealed_after(-1, limit=10) == (sealed(0, '{"a":1}'), sealed(1), sealed(2))

    def test_records_may_be_sealed_in_another_order_than_written(self, journal: Journal) -> None:
        """The sealer decides; the chain is ordered by number."""
        journal.append((audit_record(0), audit_record(1)))

        journal.seal(((audit_record(1).id, sealed(0)), (audit_record(0).id, sealed(1))))

        assert journal.sealed_after(-1, limit=10) == (sealed(0), sealed(1))

    def test_a_sink_is_fed_from_where_it_stands(self, journal: Journal) -> None:
        """At most `limit` records, in order."""
        journal.append(tuple(audit_record(number) for number in range(5)))
        _seal(journal, *(sealed(number) for number in range(5)))

        assert journal.sealed_after(1, limit=2) == (sealed(2), sealed(3))
        assert journal.sealed_after(4, limit=2) == ()

    def test_sealing_nothing_changes_nothing(self, journal: Journal) -> None:
        """An idle sealer may call."""
        journal.seal(())

        assert journal.head() is None

    @pytest.mark.parametrize("numbers", [(0,), (2,), (1, 3), (1, 1)])
    def test_a_number_that_does_not_follow_the_head_is_refused(
        self, journal: Journal, numbers: tuple[int, ...]
    ) -> None:
        """Taken, with a gap before it, or with one after it: nothing is written."""
        journal.append(tuple(audit_record(number) for number in range(3)))
        _seal(journal, sealed(0))

        with pytest.raises(ConflictError):
            _seal(journal, *(sealed(number) for number in numbers))

        assert journal.head() == sealed(0)
        assert journal.unsealed(limit=10) == (audit_record(1), audit_record(2))

    def test_a_chain_begins_with_zero(self, journal: Journal) -> None:
        """The first record does not follow a head, for there is none."""
        journal.append((audit_record(0),))

        with pytest.raises(ConflictError):
            _seal(journal, sealed(1))

        assert journal.head() is None

    def test_a_record_that_another_sealer_took_is_refused(self, journal: Journal) -> None:
        """One record has one place."""
        journal.append((audit_record(0), audit_record(1)))
        _seal(journal, sealed(0))

        with pytest.raises(ConflictError):
            journal.seal(((audit_record(1).id, sealed(1)), (audit_record(0).id, sealed(2))))

        assert journal.head() == sealed(0)
        assert journal.unsealed(limit=10) == (audit_record(1),)


class BudgetsContract(JournalSuite):
    """Token buckets that all replicas share: two tokens a second, at most ten."""

    def test_a_full_bucket_gives_its_burst_and_then_no_more(self, journal: Journal) -> None:
        """Whoever is refused learns when it is worth asking again."""
        assert _reserve(journal, 4) is None
        assert _reserve(journal, 6) is None
        assert _reserve(journal, 1) == at(seconds=0.5)
        assert _reserve(journal, 10) == at(seconds=5)

    def test_a_refusal_takes_nothing(self, journal: Journal) -> None:
        """What is left is still there for who asks for less."""
        _reserve(journal, 7)

        assert _reserve(journal, 4) == at(seconds=0.5)
        assert _reserve(journal, 3) is None

    def test_tokens_flow_back_at_the_rate(self, journal: Journal) -> None:
        """At the promised instant they are there, and not before."""
        _reserve(journal, 10)

        assert _reserve(journal, 3, seconds=1.499) == at(seconds=1.5)
        assert _reserve(journal, 3, seconds=1.5) is None

    def test_a_bucket_never_holds_more_than_its_burst(self, journal: Journal) -> None:
        """However long nobody asked."""
        _reserve(journal, 1)

        assert _reserve(journal, 10, seconds=86_400) is None
        assert _reserve(journal, 1, seconds=86_400) == at(days=1, seconds=0.5)

    def test_each_account_has_its_own_bucket(self, journal: Journal) -> None:
        """A busy account does not hold up the others."""
        _reserve(journal, 10)

        assert _reserve(journal, 10, account=AccountId("other")) is None

    def test_a_bucket_is_never_deeper_in_debt_than_empty(self, journal: Journal) -> None:
        """A clock that jumped forward and back cannot block an account for a day."""
        _reserve(journal, 10, seconds=86_400)

        assert _reserve(journal, 1) == at(seconds=0.5)

    @pytest.mark.parametrize("amount", [0, 11])
    def test_an_impossible_amount_is_a_bug(self, journal: Journal, amount: int) -> None:
        """It could never be had, so waiting for it would never end."""
        with pytest.raises(ValueError, match="tokens"):
            _reserve(journal, amount)


def _seal(journal: Journal, *places: SealedRecord) -> None:
    """Give places to as many records from the front of the queue."""
    waiting = journal.unsealed(limit=len(places))
    journal.seal(tuple((row.id, place) for row, place in zip(waiting, places, strict=True)))


def _reserve(
    journal: Journal, amount: int, *, seconds: float = 0, account: AccountId = ACCOUNT
) -> Instant | None:
    return journal.reserve(account, amount, now=at(seconds=seconds), rate=2.0, burst=10)
