"""A picture of the past rests on a record of the log, not on what the journal says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.cli.report_ground import check_in_log
from rotator.core.chain import seal
from rotator.core.events import SealedRecord
from rotator.errors import TamperError
from tests.audit.logs import LOG, as_file, chained, records
from tests.cli.desk import Desk
from tests.cli.test_report import TODAY, at_noon, keep_picture
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = records(5)
LINES = chained(RECORDS)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(as_file(LINES))
    return path


def recorded(seq: int, line: str) -> SealedRecord:
    return SealedRecord(seq=seq, line=line, hash="")


@pytest.mark.parametrize("seq", [0, 2, 4])
def test_a_record_that_the_log_has_is_believed(log: Path, seq: int) -> None:
    check_in_log(recorded(seq, LINES[seq]), log)


def test_a_record_that_was_changed_in_the_journal_is_told_of(log: Path) -> None:
    forged = seal(RECORDS[2], seq=2, prev="0" * 64, log=LOG)

    with pytest.raises(TamperError, match="record 2 of the journal is not the one"):
        check_in_log(forged, log)


def test_what_the_log_has_not_yet_or_not_here_says_nothing(log: Path) -> None:
    check_in_log(recorded(5, "later"), log)
    check_in_log(recorded(0, "elsewhere"), log.with_name("missing"))
    check_in_log(None, log)


def test_a_report_on_a_record_that_the_log_has_not_is_refused(tmp_path: Path, log: Path) -> None:
    desk = Desk(tmp_path)
    Files(tmp_path).write(CONFIGURATION + f"audit: {{file: {log.name}, logName: rotator}}\n")
    at_noon(desk)
    keep_picture(desk)

    result = desk.run("report", "compliance", "--at", TODAY)

    assert result.exit_code == 1
    assert "of the journal is not the one that the log has" in result.stderr
    assert result.stdout == ""
