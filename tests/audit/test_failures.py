"""What happens when evidence cannot be written: each row of the table in docs/audit-sinks.md."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.audit.file_sink import FileSink
from rotator.audit.running import Patience
from rotator.audit.sealer import Sealer
from rotator.testing.builders import EPOCH, at, audit_record
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_evidence import MemorySink, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.audit.running import Jobs
    from rotator.ports.evidence import AuditSink

LIMIT = timedelta(minutes=5)
LATE = at(minutes=5, seconds=1)


class HeldRunner:
    """Does everything at once but what hangs; see test_running.py for real threads."""

    def __init__(self) -> None:
        self.hung: set[str] = set()

    def run(self, jobs: Jobs, *, timeout: timedelta) -> frozenset[str]:
        del timeout
        for name, job in jobs.items():
            if name not in self.hung:
                job()
        return frozenset(self.hung & jobs.keys())

    def close(self) -> None:
        pass


class OtherSink(MemorySink):
    """A second kind of sink."""


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal(SeededChance())


@pytest.fixture
def telemetry() -> QuietTelemetry:
    return QuietTelemetry()


@pytest.fixture
def runner() -> HeldRunner:
    return HeldRunner()


def sealer_of(
    journal: MemoryJournal,
    telemetry: QuietTelemetry,
    *sinks: AuditSink,
    patience: Patience | None = None,
) -> Sealer:
    return Sealer(
        journal,
        sinks,
        log_name="test",
        lag_limit=LIMIT,
        telemetry=telemetry,
        patience=patience or Patience(),
    )


def failing(sealer: Sealer) -> dict[str, bool]:
    return {sink.name: sink.is_failing for sink in sealer.standing().sinks}


def told(telemetry: QuietTelemetry) -> list[object]:
    return [fields.get("code", event) for _, event, fields in telemetry.lines]


def test_no_durable_sink_at_start_nothing_starts(
    journal: MemoryJournal, telemetry: QuietTelemetry, tmp_path: Path
) -> None:
    sealer = sealer_of(journal, telemetry, FileSink(tmp_path / "missing" / "audit.jsonl"))

    sealer.seal()

    assert sealer.is_blocked(EPOCH)
    assert failing(sealer) == {"file": True}
    assert [sink.records for sink in sealer.standing().sinks] == [None]


def test_a_sink_that_hangs_is_a_failed_sink_and_the_other_goes_on(
    journal: MemoryJournal, telemetry: QuietTelemetry, runner: HeldRunner
) -> None:
    hung, good = MemorySink(), OtherSink()
    sealer = sealer_of(journal, telemetry, hung, good, patience=Patience(runner=runner))
    sealer.seal()
    runner.hung = {"memory"}
    journal.append((audit_record("a"),))

    sealer.seal()

    assert [record.seq for record in good.records] == [0]
    assert failing(sealer) == {"memory": True, "other": False}
    assert sealer.failing() == ("memory",)
    assert not sealer.is_blocked(LATE)


def test_the_only_sink_hangs_the_gate_shuts_after_the_limit(
    journal: MemoryJournal, telemetry: QuietTelemetry, runner: HeldRunner
) -> None:
    sealer = sealer_of(journal, telemetry, MemorySink(), patience=Patience(runner=runner))
    sealer.seal()
    runner.hung = {"memory"}
    journal.append((audit_record("a"),))

    for _ in range(3):
        sealer.seal()

    assert not sealer.is_blocked(at(minutes=5))
    assert sealer.is_blocked(LATE)
    assert told(telemetry) == ["too_slow"]  # once, not at every round


def test_a_sink_that_was_slow_is_trusted_again_once_it_keeps_up(
    journal: MemoryJournal, telemetry: QuietTelemetry, runner: HeldRunner
) -> None:
    sealer = sealer_of(journal, telemetry, MemorySink(), patience=Patience(runner=runner))
    runner.hung = {"memory"}
    journal.append((audit_record("a"),))
    sealer.seal()
    assert failing(sealer) == {"memory": True}

    runner.hung = set()
    sealer.seal()

    assert failing(sealer) == {"memory": False}
    assert not sealer.is_blocked(LATE)
    assert told(telemetry) == ["too_slow", "audit sink recovered"]


def test_one_of_two_sinks_fails_everything_goes_on_and_the_metric_says_so(
    journal: MemoryJournal, telemetry: QuietTelemetry
) -> None:
    down, good = MemorySink(), MemorySink()
    down.down = True
    sealer = sealer_of(journal, telemetry, down, good)
    journal.append((audit_record("a"),))

    for _ in range(3):
        sealer.seal()

    assert not sealer.is_blocked(LATE)
    assert failing(sealer) == {"memory": True, "memory-2": False}
    assert telemetry.counted("audit_records", sink="memory", outcome="failure") == 3
    assert told(telemetry) == ["unavailable"]  # once, not at every round


def test_a_full_disk_shuts_the_gate_and_is_made_good_when_there_is_room(
    journal: MemoryJournal,
    telemetry: QuietTelemetry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.jsonl"
    sealer = sealer_of(journal, telemetry, FileSink(path))
    sealer.seal()
    with monkeypatch.context() as full, open("/dev/full", "wb") as device:  # noqa: PTH123 - a device
        real = os.write
        full.setattr(os, "write", lambda _, data: real(device.fileno(), data))
        journal.append((audit_record("a"),))
        sealer.seal()
        assert sealer.is_blocked(LATE)
        assert failing(sealer) == {"file": True}
        assert path.read_bytes() == b""

    sealer.seal()

    assert not sealer.is_blocked(LATE)
    assert len(path.read_text().splitlines()) == 1


def test_a_long_backlog_that_moves_is_not_taken_for_a_sink_that_hangs(
    journal: MemoryJournal, telemetry: QuietTelemetry
) -> None:
    sealer = sealer_of(journal, telemetry, MemorySink())
    journal.append((audit_record("a"),))
    sealer.seal()
    feed = sealer._feeds[0]

    feed._writes += 1
    feed.judge(is_busy=True)
    assert failing(sealer) == {"memory": False}
    feed.judge(is_busy=True)

    assert failing(sealer) == {"memory": True}
