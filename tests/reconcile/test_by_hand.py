"""What an operator does at a provider by hand is written down, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction, Stage
from rotator.errors import OutcomeUnknownError, RejectedError, UnavailableError
from rotator.reconcile.by_hand import Deed, recorded
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_journal import MemoryJournal
from tests.builders import ACCOUNT, at

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord

DEED = Deed(
    action=AuditAction.OPERATOR_CREATE_KEYSET,
    account=ACCOUNT,
    operator="ann",
    reason="ticket 1",
    evidence={"name": "orders"},
)


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal(SeededChance())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(at(days=1))


def told(journal: MemoryJournal) -> list[tuple[Stage, str, str | None]]:
    return [(it.stage, it.outcome, it.error) for it in journal.unsealed(limit=10)]


def test_the_intent_is_written_before_anything_is_done(
    journal: MemoryJournal, clock: ManualClock
) -> None:
    with recorded(journal, clock, SeededChance(1), DEED) as evidence:
        assert told(journal) == [(Stage.INTENT, "pending", None)]
        evidence["keyset_id"] = "k1"
    intent, outcome = journal.unsealed(limit=10)

    assert (outcome.stage, outcome.outcome) == (Stage.OUTCOME, "success")
    assert (outcome.actor, outcome.reason) == ("operator:ann", "ticket 1")
    assert intent.evidence == {
        "account": ACCOUNT,
        "name": "orders",
        "deed": outcome.evidence["deed"],
    }
    assert outcome.evidence == {**intent.evidence, "keyset_id": "k1"}


def test_what_the_provider_refused_is_a_failure(journal: MemoryJournal, clock: ManualClock) -> None:
    with pytest.raises(RejectedError), recorded(journal, clock, SeededChance(1), DEED):
        raise RejectedError("taken", code="conflict")

    assert told(journal)[-1] == (Stage.OUTCOME, "failure", "conflict")


@pytest.mark.parametrize("error", [OutcomeUnknownError("no answer"), KeyboardInterrupt()])
def test_what_nobody_saw_the_end_of_is_unknown(
    journal: MemoryJournal, clock: ManualClock, error: BaseException
) -> None:
    with pytest.raises(type(error)), recorded(journal, clock, SeededChance(1), DEED):
        raise error

    assert told(journal)[-1][:2] == (Stage.OUTCOME, "unknown")


class Filling(MemoryJournal):
    """A journal that takes one record, and no second one."""

    def append(self, records: tuple[AuditRecord, ...]) -> None:
        if self.unsealed(limit=1):
            raise UnavailableError("the disk is full", code="journal")
        super().append(records)


def test_what_was_done_and_could_not_be_written_down_is_said_to_be_done(
    clock: ManualClock,
) -> None:
    journal = Filling(SeededChance())
    with (
        pytest.raises(UnavailableError, match="it was done, but") as caught,
        recorded(journal, clock, SeededChance(1), DEED),
    ):
        pass

    assert caught.value.code == "journal"
    assert told(journal) == [(Stage.INTENT, "pending", None)]


@pytest.mark.parametrize("error", [OutcomeUnknownError("no answer"), KeyboardInterrupt()])
def test_what_went_wrong_is_told_though_the_journal_is_full_by_then(
    clock: ManualClock, error: BaseException
) -> None:
    journal = Filling(SeededChance())

    with pytest.raises(type(error)), recorded(journal, clock, SeededChance(1), DEED):
        raise error


def test_nothing_is_done_while_the_intent_cannot_be_written(clock: ManualClock) -> None:
    class Full(MemoryJournal):
        def append(self, *_: object) -> None:
            raise UnavailableError("the disk is full")

    begun = False
    with (
        pytest.raises(UnavailableError),
        recorded(Full(SeededChance()), clock, SeededChance(1), DEED),
    ):
        begun = True

    assert not begun
