"""An attacker's seven edits of a log, each of which is detected and named; and any one byte."""

from __future__ import annotations

import random  # noqa: TID251 - a seed, not chance
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.audit.verification import verify
from rotator.core.checkpoint import read_notes
from tests.audit.logs import SIGNER, STRANGER, as_file, chained, note, notes, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.log_check import LogReport

COUNT = 60
RECORDS = records(COUNT)
LINES = chained(RECORDS)
SIZES = (16, 32, 48, COUNT)
CHECKPOINTS = notes(LINES, *SIZES)
EARLIER = notes(LINES, *SIZES[:-1])


def looked_at(
    lines: Sequence[str], own: str = CHECKPOINTS, *, witness: str = "", expected: int | None = None
) -> LogReport:
    """Verify a log as an auditor does, with the public key only."""
    return verify(
        _lines(as_file(lines)),
        (*read_notes(own), *read_notes(witness)),
        verifiers=(SIGNER.verifier,),
        expected=expected,
    )


def told(report: LogReport) -> list[str]:
    return [str(finding) for finding in report.findings]


def test_the_log_as_it_was_written_is_clean() -> None:
    report = looked_at(LINES, witness=CHECKPOINTS, expected=COUNT)

    assert told(report) == []
    assert (report.records, report.covered, report.is_signed) == (COUNT, COUNT, True)


def test_a_changed_record_is_named() -> None:
    edited = list(LINES)
    edited[20] = edited[20].replace('"outcome":"success"', '"outcome":"failure"')

    assert told(looked_at(edited)) == [
        "INVALID  seq=21    prev does not match the record before it",
        "INVALID  checkpoint size=32, root differs, and so do 2 after it: the log was rewritten",
    ]


def test_a_changed_last_record_is_named_by_the_checkpoint_that_covers_it() -> None:
    edited = [*LINES[:-1], LINES[-1].replace('"outcome":"success"', '"outcome":"failure"')]

    assert told(looked_at(edited)) == [
        "INVALID  checkpoint size=60, root differs: the log was rewritten"
    ]


def test_a_deleted_record_is_a_gap_of_its_number() -> None:
    edited = LINES[:20] + LINES[21:]

    assert told(looked_at(edited)) == [
        "GAP      seq=20    next record found is 21",
        "INVALID  checkpoint size=32, root differs, and so do 2 after it: the log was rewritten",
    ]


def test_an_inserted_record_is_named() -> None:
    edited = [*LINES[:20], chained(records(21))[20].replace("success", "failure"), *LINES[20:]]

    assert told(looked_at(edited))[0] == ("INVALID  seq=20    record 21 should stand here")


def test_reordered_records_are_named() -> None:
    edited = [*LINES[:20], LINES[21], LINES[20], *LINES[22:]]

    assert told(looked_at(edited))[:2] == [
        "GAP      seq=20    next record found is 21",
        "INVALID  seq=20    record 22 should stand here",
    ]


def test_a_log_cut_short_misses_what_its_checkpoint_covers() -> None:
    assert told(looked_at(LINES[:50])) == [
        "MISSING  checkpoint size=60, only 50 records: the log was cut short"
    ]


def test_a_log_chained_anew_differs_from_its_old_checkpoints() -> None:
    forged = [*RECORDS[:20], replace(RECORDS[20], actor="operator:mallory"), *RECORDS[21:]]

    assert told(looked_at(chained(forged))) == [
        "INVALID  checkpoint size=32, root differs, and so do 2 after it: the log was rewritten"
    ]


def test_a_log_cut_short_together_with_its_newest_checkpoint_is_caught_by_the_witness() -> None:
    cut = LINES[:50]

    assert told(looked_at(cut, EARLIER)) == []
    assert told(looked_at(cut, EARLIER, witness=CHECKPOINTS)) == [
        "MISSING  checkpoint size=60, only 50 records: the log was cut short"
    ]


def test_a_log_cut_short_together_with_its_newest_checkpoint_is_caught_by_its_known_size() -> None:
    assert told(looked_at(LINES[:50], EARLIER, expected=COUNT)) == [
        "MISSING  seq=50    60 records expected, 50 found: the log was cut short"
    ]


def test_one_record_less_than_it_is_known_to_have_is_enough() -> None:
    newest = notes(LINES, COUNT - 1)

    assert told(looked_at(LINES[:-1], newest, expected=COUNT - 1)) == []
    assert told(looked_at(LINES[:-1], newest, expected=COUNT)) == [
        "MISSING  seq=59    60 records expected, 59 found: the log was cut short"
    ]


def test_a_log_chained_anew_and_signed_by_another_key_is_not_believed() -> None:
    forged = chained([*RECORDS[:20], replace(RECORDS[20], actor="operator:mallory")])
    report = looked_at(forged, note(forged, 21, STRANGER) + "\n")

    assert told(report) == [
        (
            "INVALID  checkpoint size=21, the checkpoint cannot be believed: "
            "it is not signed with this key"
        )
    ]
    assert report.covered == 0


SMALL = LINES[:24]
LOG_BYTES, NOTE_BYTES = as_file(SMALL), notes(SMALL, 8, 16, 24).encode()


@pytest.mark.parametrize("seed", range(10))
def test_every_change_of_one_byte_is_detected(seed: int) -> None:
    """A thousand of them for each seed, in the log and in the file of its checkpoints."""
    dice = random.Random(seed)  # noqa: S311 - the same seed, the same changes
    for _ in range(1000):
        log, signed = bytearray(LOG_BYTES), bytearray(NOTE_BYTES)
        place = dice.randrange(len(log) + len(signed))
        victim, at = (log, place) if place < len(log) else (signed, place - len(log))
        victim[at] ^= dice.randrange(1, 256)

        report = verify(
            _lines(bytes(log)),
            read_notes(bytes(signed).decode(errors="replace")),
            verifiers=(SIGNER.verifier,),
        )

        assert not report.is_clean, place


def _lines(data: bytes) -> list[bytes]:
    """Split as a file is read: at line feeds only."""
    *whole, rest = data.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])
