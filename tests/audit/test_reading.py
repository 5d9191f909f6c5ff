"""Logs where they are kept: a file, a folder of objects, a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.audit.reading import FileLog, lines, notes, notes_of
from rotator.audit.verification import verify
from rotator.core.checkpoint import read_notes
from rotator.core.log_check import LONGEST_LINE
from rotator.errors import UnavailableError
from tests.audit.logs import SIGNER, STRANGER, as_file, chained, note, records
from tests.audit.logs import notes as signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

LINES = chained(records(10))


def folder(at: Path) -> Path:
    """Write a log as a bucket's objects."""
    (at / "checkpoints").mkdir(parents=True)
    for first in (0, 4, 8):
        (at / f"{first:020}.jsonl").write_bytes(as_file(LINES[first : first + 4]))
    for size in (4, 10):
        (at / "checkpoints" / f"{size:020}.note").write_text(note(LINES, size))
    return at


def test_a_file_is_read_with_the_checkpoints_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(as_file(LINES))
    log = FileLog(path)

    assert list(log.lines()) == [as_file([line]) for line in LINES]
    assert log.notes() == ()

    (tmp_path / "audit.jsonl.checkpoints").write_text(signed(LINES, 4, 10))
    assert log.notes() == (note(LINES, 4), note(LINES, 10))


def test_the_folder_of_a_file_is_read_like_the_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(as_file(LINES))
    (tmp_path / "audit.jsonl.checkpoints").write_text(signed(LINES, 4, 10))

    assert list(lines(tmp_path)) == list(lines(path))
    assert notes(tmp_path) == notes(path)


def test_a_folder_with_a_buckets_objects_is_read_in_the_order_of_their_numbers(
    tmp_path: Path,
) -> None:
    place = folder(tmp_path)
    report = verify(lines(place), notes(place), verifiers=(SIGNER.verifier,))

    assert report.is_clean
    assert (report.records, report.covered, report.checkpoints) == (10, 10, 2)


def test_an_object_that_is_missing_is_a_gap(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / f"{4:020}.jsonl").unlink()

    report = verify(lines(place), notes(place), verifiers=(SIGNER.verifier,))

    assert [str(it) for it in report.findings] == [
        "GAP      seq=4     next record found is 8",
        "INVALID  checkpoint size=10, root differs: the log was rewritten",
    ]


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"x" * (LONGEST_LINE + 1))

    assert [len(piece) for piece in lines(path)] == [LONGEST_LINE, 1]


@pytest.mark.parametrize("read", [lines, notes_of])
def test_a_log_that_is_not_there_cannot_be_read(
    read: Callable[[Path], Iterable[object]], tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match="the audit log cannot be read") as raised:
        list(read(tmp_path / "none"))

    assert raised.value.subject == str(tmp_path / "none")


def test_a_log_is_believed_under_any_of_several_keys() -> None:
    both = (note(LINES, 4, STRANGER), note(LINES, 10))
    raw = [as_file([line]) for line in LINES]

    assert verify(raw, both, verifiers=(SIGNER.verifier, STRANGER.verifier)).is_clean
    assert not verify(raw, both, verifiers=(SIGNER.verifier,)).is_clean


def test_without_a_key_checkpoints_are_compared_and_nothing_is_called_signed() -> None:
    raw = [as_file([line]) for line in LINES]
    report = verify(raw, (note(LINES, 4, STRANGER),))

    assert (report.is_clean, report.is_signed, report.covered) == (True, False, 4)
    assert [str(it) for it in verify(raw, ("damaged",)).findings] == [
        (
            "INVALID  checkpoint number 1: the checkpoint cannot be read: "
            "there is no signature under the text"
        )
    ]


def test_a_damaged_checkpoint_is_named_by_its_place() -> None:
    damaged = signed(LINES, 4, 10).replace("\n\n", "\n", 1)
    report = verify([], read_notes(damaged), verifiers=(SIGNER.verifier,))

    assert str(report.findings[0]).startswith("INVALID  checkpoint number 1: ")


def test_a_log_that_a_known_key_signs_and_that_has_no_checkpoint_is_told_of() -> None:
    raw = [as_file([line]) for line in chained(records(61))]

    assert [str(it) for it in verify(raw, verifiers=(SIGNER.verifier,)).findings] == [
        "MISSING  no checkpoint was found: every one is gone, or none was ever signed"
    ]
    assert verify(raw[:60], verifiers=(SIGNER.verifier,)).is_clean
    assert verify(raw).is_clean
    assert verify([], verifiers=(SIGNER.verifier,)).is_clean
