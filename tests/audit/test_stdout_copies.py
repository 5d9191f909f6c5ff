"""Copies for a log shipper: each record once, and never a reason to stop."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.audit import stdout_copies as stdout_copies_module
from rotator.audit.sealer import Sealer
from rotator.audit.stdout_copies import StdoutCopies, native, ocsf
from rotator.errors import ConflictError
from rotator.testing.builders import audit_record
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_evidence import MemorySink, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.sink_contract import chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from rotator.core.events import SealedRecord


class ClosedPipe(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


class Beaten(MemoryJournal):
    """Another sealer is always first."""

    def seal(self, sealed: Sequence[tuple[str, SealedRecord]]) -> None:
        raise ConflictError(sealed[0][0])


def test_each_sealed_record_is_printed_once_beside_the_sinks() -> None:
    journal, stream, telemetry = MemoryJournal(SeededChance()), io.StringIO(), QuietTelemetry()
    copies, sink = StdoutCopies(stream, native, telemetry), MemorySink()
    sealer = Sealer(
        journal,
        [sink],
        log_name="test",
        lag_limit=timedelta(minutes=5),
        telemetry=telemetry,
        copy=copies.take,
        companions=[copies],
    )
    journal.append((audit_record("a"), audit_record("b")))

    sealer.seal()
    sealer.seal()
    sealer.finish()

    printed = stream.getvalue().splitlines()
    assert [json.loads(line)["logger"] for line in printed] == ["audit", "audit"]
    assert [line.replace('"logger":"audit",', "") for line in printed] == [
        record.line for record in sink.records
    ]
    assert sealer.standing().sinks == sealer.standing().sinks[:1]


def test_a_sealer_that_came_second_prints_nothing() -> None:
    journal, stream, telemetry = Beaten(SeededChance()), io.StringIO(), QuietTelemetry()
    copies = StdoutCopies(stream, native, telemetry)
    sealer = Sealer(
        journal,
        [MemorySink()],
        log_name="test",
        lag_limit=timedelta(minutes=5),
        telemetry=telemetry,
        copy=copies.take,
        companions=[copies],
    )
    journal.append((audit_record("a"),))

    sealer.seal()

    assert stream.getvalue() == ""


def test_a_copy_alone_keeps_nothing_for_sure() -> None:
    journal, telemetry = MemoryJournal(SeededChance()), QuietTelemetry()
    copies = StdoutCopies(io.StringIO(), native, telemetry)
    sealer = Sealer(
        journal,
        [],
        log_name="test",
        lag_limit=timedelta(minutes=5),
        telemetry=telemetry,
        copy=copies.take,
        companions=[copies],
    )

    sealer.seal()

    assert sealer.is_blocked(audit_record("a").at)


def test_an_ocsf_copy_carries_the_very_line() -> None:
    record = chain(1)[0]

    event = json.loads(ocsf(record.line))

    assert event["class_uid"] == 3004
    assert event["raw_data"] == record.line


def test_a_closed_pipe_is_told_of_once_and_breaks_nothing() -> None:
    telemetry = QuietTelemetry()
    copies = StdoutCopies(ClosedPipe(), native, telemetry)

    for record in chain(3):
        copies.take([record])
        for job in copies.jobs(0).values():
            job()

    assert telemetry.lines == [("error", "audit copies ended", {"error": "BrokenPipeError"})]


def test_copies_for_a_reader_that_is_too_slow_are_dropped_and_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stdout_copies_module, "MOST_WAITING", 3)
    telemetry, stream = QuietTelemetry(), io.StringIO()
    copies, made = StdoutCopies(stream, native, telemetry), chain(6)

    copies.take(made[:2])
    copies.take(made[2:4])
    copies.take(made[4:5])
    copies.judge(frozenset({"stdout"}))
    copies.last_jobs(0)["stdout"]()
    copies.take(made[5:])
    copies.jobs(0)["stdout"]()

    assert [json.loads(line)["seq"] for line in stream.getvalue().splitlines()] == [0, 1, 2, 5]
    assert [event for _, event, _ in telemetry.lines] == ["audit copies dropped"]
