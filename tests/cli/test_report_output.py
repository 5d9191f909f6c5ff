"""Where a report is written: to a file that is named, and never over the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.desk import Desk
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    Files(tmp_path).write(CONFIGURATION + "audit: {file: audit.jsonl, logName: rotator}\n")
    return made


def test_a_report_can_be_written_to_a_file(desk: Desk) -> None:
    place = desk.folder / "report.html"
    arguments = ("report", "compliance", "--format", "html")

    result = desk.run(*arguments, "--output", str(place))

    assert result.exit_code == 0
    assert result.stdout == ""
    assert place.read_bytes() == desk.run(*arguments).stdout_bytes


@pytest.mark.parametrize("name", ["audit.jsonl", "audit.jsonl.checkpoints", "link"])
def test_a_report_is_never_written_in_place_of_the_log(desk: Desk, name: str) -> None:
    log = desk.folder / "audit.jsonl"
    log.write_text("evidence")
    (desk.folder / "link").symlink_to(log)

    result = desk.run("report", "compliance", "--output", str(desk.folder / name))

    assert result.exit_code == 2
    assert "belongs to the audit log" in result.stderr
    assert log.read_text() == "evidence"


def test_a_file_that_cannot_be_written_is_a_failure(desk: Desk) -> None:
    place = desk.folder / "missing" / "report.html"

    result = desk.run("report", "compliance", "--output", str(place))

    assert result.exit_code == 1
    assert "the report cannot be written" in result.stderr
