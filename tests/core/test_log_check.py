"""A log gone through line by line: what is told of it, and of bytes that are no record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core import log_check
from rotator.core.chain import leaf_hash
from rotator.core.checkpoint import Checkpoint
from rotator.core.events import AuditAction, Stage
from rotator.core.ids import RotationId
from rotator.core.log_check import LogCheck, LogReport
from rotator.core.tree import Tree
from rotator.testing.builders import at, audit_record
from tests.audit.logs import LOG, as_file, chained, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.ids import Instant

LINES = chained(records(8))


def looked_at(
    raw: Sequence[bytes],
    *checkpoints: Checkpoint,
    since: Instant | None = None,
    is_signed: bool = False,
) -> LogReport:
    check = LogCheck(checkpoints, since=since, is_signed=is_signed)
    for line in raw:
        check.read(line)
    return check.finish()


def raw(lines: Sequence[str] = LINES) -> list[bytes]:
    return [as_file([line]) for line in lines]


def told(report: LogReport) -> list[str]:
    return [str(finding) for finding in report.findings]


def root(size: int, *, of: Sequence[str] = LINES) -> Checkpoint:
    tree = Tree.empty().extended(leaf_hash(line) for line in of[:size])
    return Checkpoint(origin=LOG, size=size, root=tree.root())


def test_an_empty_log_is_clean() -> None:
    report = looked_at([], root(0))

    assert report.is_clean
    assert (report.records, report.last_at, report.covered) == (0, None, 0)


@pytest.mark.parametrize(
    ("damaged", "detail"),
    [
        (b"\n", "the line is empty"),
        (raw()[3].removesuffix(b"\n") + b"\r\n", "the line is not canonical JSON"),
        (b"\xff\xfe\n", "the line is not UTF-8"),
        (b"{\n", "the line is not JSON"),
        (b"{}\n", "the line is not a record of rotator.audit/v1"),
    ],
)
def test_bytes_that_are_no_record_are_told_of_with_their_number(
    damaged: bytes, detail: str
) -> None:
    lines = raw()
    lines[3] = damaged

    assert told(looked_at(lines))[0] == f"INVALID  seq=3     {detail}"


def test_a_last_line_without_its_line_feed_is_told_of_once() -> None:
    *lines, last = raw()

    assert told(looked_at([*lines, last.removesuffix(b"\n")])) == [
        "INVALID  seq=7     the line is not ended by a line feed"
    ]
    assert len(looked_at([*lines, last[:40]]).findings) == 1


def test_a_doubled_record_is_told_of() -> None:
    lines = raw()

    assert told(looked_at([*lines[:4], lines[3], *lines[4:]])) == [
        "INVALID  seq=3     record 4 should stand here",
    ]


def test_a_record_without_a_time_is_told_of() -> None:
    line = raw()[0].replace(b'"time":"2026-01-01T00:00:00.000Z"', b'"time":"soon"')

    assert told(looked_at([line])) == ["INVALID  seq=0     the record has no time"]


def test_findings_beyond_what_a_person_reads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_check, "MOST_FINDINGS", 2)

    report = looked_at([b"{\n"] * 5)

    assert (len(report.findings), report.more) == (2, 3)


def test_only_what_is_wrong_from_a_time_on_is_told() -> None:
    lines = raw()
    del lines[6], lines[2]

    assert told(looked_at(lines, since=at(minutes=5))) == [
        "GAP      seq=6     next record found is 7"
    ]
    assert looked_at(lines, since=at(minutes=5)).untold == 1


def test_what_has_no_time_is_told_of_unless_what_follows_it_is_too_early() -> None:
    lines = raw()
    lines[2], lines[6], lines[7] = b"{\n", b"{\n", b"{\n"

    report = looked_at(lines, since=at(minutes=7))

    assert told(report) == [
        "INVALID  seq=6     the line is not JSON",
        "INVALID  seq=7     the line is not JSON",
    ]
    assert report.untold == 2, "the second, and the one after it, which does not follow it"


def test_more_damage_before_a_time_than_is_kept_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_check, "MOST_FINDINGS", 1)
    damaged = [b"{\n", b"{\n"]

    before = looked_at([*damaged, *raw()[2:]], since=at(days=1))
    at_the_end = looked_at([*raw(), *damaged], since=at(days=1))

    assert (before.is_clean, before.untold) == (True, 3)
    assert (len(at_the_end.findings), at_the_end.more) == (1, 1)


def hourly(count: int) -> list[str]:
    """Chain records that are half an hour apart."""
    told = records(count)
    return chained(
        replace(record, at=at(minutes=30 * number)) for number, record in enumerate(told)
    )


def test_records_that_were_not_signed_for_an_hour_are_told_of() -> None:
    """An end that was forged, and the checkpoints that covered it taken out."""
    lines = hourly(8)

    report = looked_at(raw(lines), root(4, of=lines), is_signed=True)

    assert told(report) == [
        (
            "MISSING  seq=4     no checkpoint covers this record and later ones: "
            "they are gone, or never were"
        )
    ]


def test_records_that_may_be_signed_yet_are_in_order() -> None:
    lines = hourly(8)

    assert looked_at(raw(lines), root(6, of=lines), is_signed=True).is_clean
    assert looked_at(raw(lines), root(4, of=lines)).is_clean, "nobody knows a key"
    check = LogCheck([root(4, of=lines)], is_signed=True, is_signing_behind=True)
    for line in raw(lines):
        check.read(line)
    assert check.finish().is_clean


def test_a_checkpoint_is_told_of_whenever_the_log_is_looked_at_from() -> None:
    assert told(looked_at(raw(), root(9, of=[*LINES, "x"]), since=at(days=9))) == [
        "MISSING  checkpoint size=9, only 8 records: the log was cut short"
    ]


def test_only_the_first_of_the_checkpoints_that_differ_is_told_of() -> None:
    other = chained(replace(it, actor="operator:mallory") for it in records(8))
    stated = [root(size, of=other) for size in (2, 4, 8)]

    assert told(looked_at(raw(), root(1), *stated)) == [
        "INVALID  checkpoint size=2, root differs, and so do 2 after it: the log was rewritten"
    ]


def test_of_two_roots_for_one_size_one_differs() -> None:
    other = chained(replace(it, actor="operator:mallory") for it in records(8))
    report = looked_at(raw(), root(4), root(4, of=other))

    assert told(report) == ["INVALID  checkpoint size=4, root differs: the log was rewritten"]
    assert report.covered == 4


def begun(hours: float) -> list[bytes]:
    """Write an intent, and so much later a last record."""
    of = RotationId("r1")
    intent = audit_record("begun", rotation_id=of)
    lost = audit_record("lost", rotation_id=of, stage=Stage.OUTCOME, outcome="unknown")
    stop = AuditAction.DAEMON_STOP
    end = audit_record("end", at=at(hours=hours), stage=Stage.EVENT, action=stop)
    return raw(chained([intent, lost, end] if hours > 2 else [intent, end]))


def test_an_intent_near_the_logs_end_is_under_way() -> None:
    report = looked_at(begun(0.9))

    assert (report.is_clean, report.under_way) == (True, 1)


def test_an_intent_that_is_older_is_open() -> None:
    report = looked_at(begun(1.1))

    assert told(report) == ["OPEN     seq=0     intent has no outcome (key.create)"]
    assert report.under_way == 0


def test_an_intent_without_an_answer_says_so() -> None:
    assert told(looked_at(begun(3))) == [
        ("OPEN     seq=0     no answer came, and what came of it was never written (key.create)")
    ]


def test_an_open_intent_from_before_the_time_is_not_told() -> None:
    report = looked_at(begun(3), since=at(hours=1))

    assert (report.is_clean, report.untold) == (True, 1)
    assert told(looked_at(begun(3), since=at(hours=-1))) != []
