"""The daemon verifies its own log, and says what it found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.audit.file_sink import FileSink
from rotator.audit.self_check import OwnLog, SelfCheck
from rotator.audit.signing import Signer, generate
from rotator.core.checkpoint import Checkpoint, file_of_notes
from rotator.core.standing import AuditStanding
from rotator.core.tree import Tree
from rotator.testing.builders import at
from rotator.testing.manual_clock import ManualClock
from rotator.testing.memory_evidence import QuietTelemetry
from rotator.testing.sink_contract import chain
from tests.audit.logs import as_file, chained, records

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)
SIGNER = Signer.read(generate(), "test")


def hourly(count: int) -> list[str]:
    """Seal records an hour apart."""
    return chained(replace(it, at=at(hours=seq)) for seq, it in enumerate(records(count)))


class Watched:
    """A log of five records, signed, with a witness; and who verifies it."""

    def __init__(self, folder: Path) -> None:
        self.file, self.witness = folder / "audit.jsonl", folder / "witness"
        made = chain(5)
        FileSink(self.file).write(made)
        root = Tree.empty().extended(record.hash for record in made).root()
        note = SIGNER.sign(Checkpoint(origin="test", size=5, root=root))
        self.witness.write_text(file_of_notes(note))
        (folder / "audit.jsonl.checkpoints").write_text(file_of_notes(note))
        self.clock, self.telemetry = ManualClock(), QuietTelemetry()
        own = OwnLog(file=self.file, witness=self.witness, verifiers=(SIGNER.verifier,))
        self.check = SelfCheck(own, interval=DAY, clock=self.clock, telemetry=self.telemetry)

    def standing(self, durable: int = 4) -> AuditStanding:
        for job in self.check.jobs(durable).values():
            job()
        self.check.judge(frozenset())
        return self.check.noted(AuditStanding(log="test"))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_log_in_order_is_valid(watched: Watched) -> None:
    standing = watched.standing()

    assert (standing.is_valid, standing.verified_at) == (True, watched.clock.now())
    assert watched.telemetry.lines == []


def test_before_anything_is_written_nothing_is_verified(watched: Watched) -> None:
    assert watched.standing(durable=-2).is_valid is None
    assert watched.standing(durable=-1).verified_at is None
    assert watched.check.last_jobs(4) == {}


def test_a_damaged_log_is_found_at_the_next_verification_and_not_before(watched: Watched) -> None:
    assert watched.standing().is_valid
    watched.file.write_text(watched.file.read_text().replace("daemon", "nobody", 1))

    watched.clock.advance(DAY - timedelta(seconds=1))
    assert watched.standing().is_valid
    watched.clock.advance(timedelta(seconds=1))

    assert watched.standing().is_valid is False
    assert {event for _, event, _ in watched.telemetry.lines} == {"audit log is damaged"}


def test_a_log_that_was_cut_short_with_its_checkpoints_is_found_by_the_witness(
    watched: Watched,
) -> None:
    watched.file.write_text("".join(watched.file.read_text().splitlines(keepends=True)[:3]))
    watched.file.with_name("audit.jsonl.checkpoints").write_text("")

    assert watched.standing().is_valid is False
    assert any("MISSING" in str(fields) for _, _, fields in watched.telemetry.lines)


def test_a_log_without_checkpoints_is_damaged_only_if_it_had_some_before(
    watched: Watched,
) -> None:
    beside = watched.file.with_name("audit.jsonl.checkpoints")
    note = beside.read_text()
    watched.file.write_bytes(as_file(hourly(5)))
    for place in (beside, watched.witness):
        place.write_text("")
    assert watched.standing().is_valid

    beside.write_text(note)
    watched.clock.advance(DAY)
    watched.standing()
    beside.write_text("")
    watched.clock.advance(DAY)

    assert watched.standing().is_valid is False
    assert "no checkpoint was found" in str(watched.telemetry.lines[-1])


def test_a_line_that_is_being_written_is_no_damage(watched: Watched) -> None:
    with watched.file.open("a") as file:
        file.write('{"action"')

    assert watched.standing().is_valid


def test_a_log_without_a_witness_is_verified_by_its_own_checkpoints(watched: Watched) -> None:
    watched.witness.unlink()

    assert watched.standing().is_valid


def test_a_file_that_cannot_be_read_is_told_of_and_proves_nothing(watched: Watched) -> None:
    watched.file.unlink()

    assert watched.standing().is_valid is None
    assert [event for _, event, _ in watched.telemetry.lines] == ["audit log not verified"]


def test_a_contradicted_checkpoint_is_not_outvoted(watched: Watched) -> None:
    watched.standing()

    assert watched.check.noted(AuditStanding(log="test", is_valid=False)).is_valid is False
