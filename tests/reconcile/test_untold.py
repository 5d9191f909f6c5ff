"""No request that may have changed something is missing in the audit log, wherever a pass ends."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.chain import GENESIS, read_line, seal
from rotator.core.events import AuditAction, Stage
from rotator.core.open_intents import OpenIntents
from rotator.core.rotation import Effect, Phase, Role
from rotator.errors import ConflictError, OutcomeUnknownError, UnavailableError
from rotator.testing.wire import Failure
from tests.reconcile.office import CHANGES, Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.events import AuditRecord
    from rotator.errors import RotatorError
    from rotator.ports.journal import Change

HOUR = timedelta(hours=1)
A_WEEK = timedelta(days=7)
ALMOST_ALL = sorted(CHANGES - {"enable_key"})
"""A rotation that goes well enables nothing."""


def named(office: Office) -> Counter[str]:
    """The ids of the requests that the audit records name."""
    records = office.journal.unsealed(limit=100_000)
    return Counter(call.request_id for record in records for call in record.calls)


def untold(office: Office) -> list[str]:
    """The changes that were sent and that no record names."""
    ids = named(office)
    return [
        verb
        for number, verb in enumerate(office.wire.sent)
        if verb in CHANGES and f"r-{number}" not in ids
    ]


def refusing(office: Office, which: int, error: RotatorError) -> Callable[[Change], object | None]:
    """Refuse one commit, the next but so many."""
    left = [which]

    def refuses(change: Change) -> RotatorError | None:
        del change
        left[0] -= 1
        return error if left[0] == -1 else None

    office.journal.refuses = refuses
    return refuses


def test_every_change_of_a_rotation_is_named_once() -> None:
    office = Office().ordered()
    office.live(A_WEEK)

    assert office.newest.phase is Phase.COMPLETED
    assert set(ALMOST_ALL) <= set(office.wire.sent)
    assert untold(office) == []
    assert set(named(office).values()) == {1}


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("verb", ALMOST_ALL)
def test_a_change_that_fails_or_whose_answer_is_lost_is_named(verb: str, failure: Failure) -> None:
    office = Office().ordered()
    office.wire.break_next(verb, failure)
    office.live(A_WEEK)

    assert verb in office.wire.sent
    assert untold(office) == []


@pytest.mark.parametrize(
    "error",
    [ConflictError("the lease is gone"), OutcomeUnknownError("lost"), UnavailableError("full")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("which", range(16))
def test_whichever_commit_fails_what_was_sent_before_it_is_named(
    which: int, error: RotatorError
) -> None:
    office = Office().ordered()
    refusing(office, which, error)
    office.live(A_WEEK)

    assert untold(office) == []


def test_the_request_to_delete_an_old_key_is_told_before_its_end_is_proved() -> None:
    office = Office().ordered()
    office.live(A_WEEK)
    (told,) = office.records(AuditAction.REQUEST_SEND, Stage.EVENT)
    (proved,) = office.records(AuditAction.KEY_DELETE)

    assert [call.operation for call in told.calls] == ["delete_key"]
    assert told.subject is not None
    assert told.subject.key_id == office.old.key_id
    assert told.outcome == "success"
    assert told.at <= proved.at
    assert "delete_key" not in {call.operation for call in proved.calls}


def test_what_was_sent_before_an_unwritten_intent_is_told_and_the_intent_is_not() -> None:
    office = Office().ordered()
    office.journal.refuses = lambda change: (
        UnavailableError("full")
        if change.rotation
        and change.rotation.intent
        and change.rotation.intent.effect is Effect.STAGE
        else None
    )
    office.pass_()
    office.journal.refuses = lambda _: None
    office.pass_()

    (told,) = office.records(AuditAction.REQUEST_SEND, Stage.EVENT)
    assert "mark_key" in {call.operation for call in told.calls}
    assert (told.outcome, told.reason) == ("unknown", "key.stage was not written")
    assert told.evidence == {"late": True}


def test_a_pass_that_breaks_after_a_change_tells_of_it_nevertheless() -> None:
    office = Office().ordered()
    mark = office.provider.mark_key  # type: ignore[attr-defined]

    def breaking(*args: object) -> None:
        mark(*args)
        raise ZeroDivisionError

    office.provider.mark_key = breaking  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        office.pass_()

    (told,) = office.records(AuditAction.REQUEST_SEND, Stage.EVENT)
    assert [call.operation for call in told.calls] == ["mark_key"]
    assert told.reason == "the pass ended here"


def test_what_the_journal_does_not_take_at_the_end_of_a_pass_is_written_later() -> None:
    office = Office().ordered()
    mark = office.provider.mark_key  # type: ignore[attr-defined]

    def breaking(*args: object) -> None:
        mark(*args)
        office.journal.is_down = True
        raise ZeroDivisionError

    office.provider.mark_key = breaking  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        office.pass_()
    assert office.process.late.is_waiting

    office.provider.mark_key = mark  # type: ignore[attr-defined]
    office.journal.is_down = False
    office.live(HOUR)
    assert "mark_key" not in untold(office)


# ----------------------------------------------- suspects: every intent gets an outcome


def left_open(records: tuple[AuditRecord, ...]) -> list[str]:
    """The actions that were begun and of which no record says what came of it."""
    intents = OpenIntents()
    for seq, record in enumerate(records):
        line = seal(record, seq=seq, prev=GENESIS.hash, log="log").line
        intents.read(seq, read_line(line).fields)
    return [intent.action for intent in intents]


def suspected() -> Office:
    """Build an office with a suspect; the rotation that made it is over."""
    office = Office().ordered()
    office.wire.break_next("create_key", Failure.LOST_ANSWER)
    while not any(item.role is Role.SUSPECT for item in office.journal.keys()):
        office.live(HOUR)
    return office


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.LOST_REQUEST, Failure.LATE])
@pytest.mark.parametrize("verb", ["disable_key", "delete_key"])
def test_a_suspects_end_whose_answer_was_lost_is_told_twice_lost_and_found(
    verb: str, failure: Failure
) -> None:
    office = suspected()
    office.wire.break_next(verb, failure)
    office.live(timedelta(days=12))
    action = AuditAction("key." + verb.removesuffix("_key"))
    outcomes = [item.outcome for item in office.records(action)]

    assert outcomes[0] == "unknown"
    assert outcomes[-1] == "success"
    assert left_open(office.journal.unsealed(limit=100_000)) == []
    assert untold(office) == []
