"""The sealer numbers, chains and delivers; and it is the gate of invariant I7."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.audit import sealer as sealer_module
from rotator.audit.sealer import Sealer
from rotator.core.chain import verify_chain
from rotator.errors import AccessDeniedError, TamperError, UnavailableError
from rotator.testing.builders import EPOCH, at, audit_record, sealed
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_evidence import MemorySink, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.chain import Link
    from rotator.core.events import AuditRecord, SealedRecord
    from rotator.ports.evidence import AuditSink
    from rotator.ports.journal import AuditQueue

LIMIT = timedelta(minutes=5)
LATE = at(minutes=5, seconds=1)


class DownJournal(MemoryJournal):
    """A journal whose disk is gone."""

    def unsealed(self, *, limit: int) -> tuple[AuditRecord, ...]:
        raise UnavailableError("the disk is gone")


class NewerJournal(MemoryJournal):
    """A journal in which what waits has words of a newer release."""

    def unsealed(self, *, limit: int) -> tuple[AuditRecord, ...]:
        if super().unsealed(limit=limit):
            raise ValueError("no such action")
        return ()


class RivalledJournal(MemoryJournal):
    """A journal in which another sealer takes the places just before us."""

    def seal(self, sealed: tuple[tuple[str, SealedRecord], ...]) -> None:
        super().seal(sealed)
        super().seal(sealed)


class RefusingSink(MemorySink):
    """A sink that fails in a way of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def last(self) -> Link:
        raise self._error

    def write(self, records: Sequence[SealedRecord]) -> None:
        raise AssertionError


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal(SeededChance())


@pytest.fixture
def telemetry() -> QuietTelemetry:
    return QuietTelemetry()


def make(queue: AuditQueue, *sinks: AuditSink, telemetry: QuietTelemetry | None = None) -> Sealer:
    return Sealer(
        queue,
        sinks,
        log_name="test",
        lag_limit=LIMIT,
        telemetry=telemetry or QuietTelemetry(),
    )


def queue_some(journal: MemoryJournal, *names: object) -> None:
    journal.append(tuple(audit_record(name) for name in names))


def test_waiting_records_become_one_chain_in_the_order_of_their_writing(
    journal: MemoryJournal,
) -> None:
    sink = MemorySink()
    queue_some(journal, "a", "b")
    sealer = make(journal, sink)

    sealer.seal()
    queue_some(journal, "c")
    sealer.seal()

    lines = [record.line for record in sink.records]
    assert verify_chain(lines).findings == ()
    assert [json.loads(line)["id"] for line in lines] == [audit_record(it).id for it in "abc"]
    assert {json.loads(line)["log"] for line in lines} == {"test"}


def test_more_records_than_one_batch_are_sealed_in_one_round(
    journal: MemoryJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_module, "BATCH", 2)
    sink = MemorySink()
    queue_some(journal, *range(7))

    make(journal, sink).seal()

    assert [record.seq for record in sink.records] == list(range(7))


def test_a_sealer_that_comes_second_goes_on_to_feed_its_sinks(telemetry: QuietTelemetry) -> None:
    journal, sink = RivalledJournal(SeededChance()), MemorySink()
    queue_some(journal, "a")

    make(journal, sink, telemetry=telemetry).seal()

    assert [record.seq for record in sink.records] == [0]
    assert telemetry.lines == [("debug", "another sealer was first", {})]


def test_a_new_sink_is_given_the_whole_log(journal: MemoryJournal) -> None:
    queue_some(journal, *range(3))
    make(journal, MemorySink()).seal()
    late = MemorySink()

    make(journal, late).seal()

    assert [record.seq for record in late.records] == [0, 1, 2]


def test_a_sink_that_fails_stops_no_other(
    journal: MemoryJournal, telemetry: QuietTelemetry
) -> None:
    down, denied, good = MemorySink(), RefusingSink(AccessDeniedError("no")), MemorySink()
    down.down = True
    queue_some(journal, "a", "b")

    make(journal, down, denied, good, telemetry=telemetry).seal()

    assert len(good.records) == 2
    assert telemetry.counted("audit_records", sink="memory-2", outcome="success") == 2
    assert telemetry.counted("audit_records", sink="memory", outcome="failure") == 1
    assert telemetry.counted("audit_records", sink="refusing", outcome="failure") == 1


def test_a_sink_is_fed_what_it_lacked_once_it_is_back(journal: MemoryJournal) -> None:
    sink = MemorySink()
    sealer = make(journal, sink)
    sink.down = True
    queue_some(journal, "a")
    sealer.seal()

    sink.down = False
    sealer.seal()

    assert [record.seq for record in sink.records] == [0]


def test_a_fatal_failure_of_a_sink_is_not_swallowed(journal: MemoryJournal) -> None:
    with pytest.raises(TamperError):
        make(journal, RefusingSink(TamperError("cut"))).seal()


def test_a_journal_that_is_down_is_told_of_and_left(telemetry: QuietTelemetry) -> None:
    journal = DownJournal(SeededChance())

    make(journal, MemorySink(), telemetry=telemetry).seal()

    assert telemetry.lines == [("error", "audit records not numbered", {"code": "unavailable"})]


def test_a_record_of_a_newer_release_stops_no_feeding_and_starts_nothing(
    telemetry: QuietTelemetry,
) -> None:
    journal, sink = NewerJournal(SeededChance()), MemorySink()
    queue_some(journal, "a", "b")
    (numbered,) = forked("a")
    journal.seal(((audit_record("a").id, numbered),))
    sealer = make(journal, sink, telemetry=telemetry)
    sealer.seal()

    assert sink.records == [numbered]
    assert ("error", "audit records not numbered", {"code": "newer_release"}) in telemetry.lines
    assert sealer.is_blocked(EPOCH)


def test_a_sink_that_is_ahead_of_the_journal_is_not_written_to(
    journal: MemoryJournal, telemetry: QuietTelemetry
) -> None:
    sink = MemorySink()
    sink.records.append(sealed(7))
    queue_some(journal, "a")
    sealer = make(journal, sink, telemetry=telemetry)

    sealer.seal()

    assert [record.seq for record in sink.records] == [7]
    (told,) = telemetry.lines
    assert told[:2] == ("error", "audit sink failed")
    assert (told[2]["sink"], told[2]["code"]) == ("memory", "sink_ahead")
    assert "record 7, which the journal does not know" in str(told[2]["error"])
    assert sealer.is_blocked(EPOCH)


def test_a_record_of_a_time_to_come_does_not_hold_the_gate_open(journal: MemoryJournal) -> None:
    """As after a clock was put back: its age would say for a day that nothing waits long."""
    sink = MemorySink()
    sealer = make(journal, sink)
    sealer.seal()
    sink.down = True
    journal.append((audit_record("ahead", at=at(days=1)),))
    sealer.seal()

    assert sealer.is_blocked(LATE)
    sink.down = False
    sealer.seal()
    assert not sealer.is_blocked(LATE)


def test_nothing_starts_before_any_sink_was_reached(journal: MemoryJournal) -> None:
    sink = MemorySink()
    sealer = make(journal, sink)

    assert sealer.is_blocked(EPOCH)
    sealer.seal()
    assert not sealer.is_blocked(EPOCH)


def test_without_a_sink_nothing_starts(journal: MemoryJournal) -> None:
    sealer = make(journal)
    sealer.seal()

    assert sealer.is_blocked(EPOCH)


def test_a_record_that_no_sink_takes_blocks_after_the_limit(journal: MemoryJournal) -> None:
    sink = MemorySink()
    sealer = make(journal, sink)
    sealer.seal()
    sink.down = True
    queue_some(journal, "a")
    sealer.seal()

    assert not sealer.is_blocked(at(minutes=5))
    assert sealer.is_blocked(LATE)


def test_a_record_that_nobody_numbers_blocks_after_the_limit(journal: MemoryJournal) -> None:
    sealer = make(journal, MemorySink())
    sealer.seal()
    queue_some(journal, "a")

    assert not sealer.is_blocked(at(minutes=5))
    assert sealer.is_blocked(LATE)


def test_one_durable_sink_of_two_is_enough(journal: MemoryJournal) -> None:
    down = MemorySink()
    down.down = True
    sealer = make(journal, down, MemorySink())
    queue_some(journal, "a")

    sealer.seal()

    assert not sealer.is_blocked(LATE)


def test_the_gate_opens_when_the_sink_has_caught_up(journal: MemoryJournal) -> None:
    sink = MemorySink()
    sealer = make(journal, sink)
    sealer.seal()
    sink.down = True
    queue_some(journal, "a")
    sealer.seal()
    assert sealer.is_blocked(LATE)

    sink.down = False
    sealer.seal()

    assert not sealer.is_blocked(LATE)


def test_a_gate_that_cannot_read_the_journal_is_closed() -> None:
    journal = DownJournal(SeededChance())
    sealer = make(journal, MemorySink())
    sealer.seal()

    assert sealer.is_blocked(EPOCH)


def test_a_gate_that_cannot_read_a_records_time_is_closed(journal: MemoryJournal) -> None:
    sealer = make(journal, MemorySink())
    sealer.seal()
    queue_some(journal, "a")
    journal.seal(((audit_record("a").id, sealed(0)),))

    assert sealer.is_blocked(EPOCH)


def test_a_sink_that_goes_on_differently_is_not_written_to_once_the_journal_caught_up(
    journal: MemoryJournal, telemetry: QuietTelemetry
) -> None:
    """As after the restore of a backup of the journal: from record 1 on there are two logs."""
    sink = MemorySink()
    sink.records.extend(forked("a", "b", "c"))
    queue_some(journal, "a", "x")
    sealer = make(journal, sink, telemetry=telemetry)

    sealer.seal()
    queue_some(journal, "y", "z")
    sealer.seal()

    assert [record.seq for record in sink.records] == [0, 1, 2]
    codes = [fields["code"] for _, event, fields in telemetry.lines if "failed" in event]
    assert codes == ["sink_ahead", "sink_differs"]
    assert sealer.is_blocked(EPOCH)


def test_a_sink_that_lost_everything_is_given_everything_again(journal: MemoryJournal) -> None:
    sink = MemorySink()
    queue_some(journal, "a", "b")
    sealer = make(journal, sink)
    sealer.seal()
    sink.records.clear()

    sealer.seal()

    assert [record.seq for record in sink.records] == [0, 1]


def forked(*names: str) -> list[SealedRecord]:
    """Seal records as another journal would."""
    other, sink = MemoryJournal(SeededChance()), MemorySink()
    queue_some(other, *names)
    make(other, sink).seal()
    return sink.records
