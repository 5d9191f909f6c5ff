"""`rotator audit export`: nothing is left out silently, and nothing is overwritten."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core.audit_csv import COLUMNS
from rotator.core.events import AuditAction
from rotator.testing.builders import at
from tests.core.exported import a_line, line_of, outcome_of

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

LINES = [
    a_line(0, at=at(days=1)),
    line_of(outcome_of(AuditAction.KEY_CREATE, at=at(days=2)), 1),
    a_line(2, at=at(days=3), reason="=HYPERLINK(1)"),
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8")
    return file


def export(*arguments: object) -> Result:
    """Run the command as an auditor does who has no configuration."""
    env = {"ROTATOR_CONFIG": "/nowhere/rotator.yaml"}
    words = ["audit", "export", *(str(it) for it in arguments)]
    return CliRunner().invoke(cli, words, env=env, obj=Invocation())


def test_the_native_form_is_the_log_byte_for_byte(log: Path) -> None:
    result = export(log, "--format", "native")

    assert result.exit_code == 0
    assert result.stdout == log.read_text()


def test_ocsf_is_one_event_a_line_with_the_record_in_it(log: Path) -> None:
    result = export(log, "--format", "ocsf")
    events = [json.loads(line) for line in result.stdout.splitlines()]

    assert [event["raw_data"] for event in events] == LINES
    assert {event["class_uid"] for event in events} == {3004}


def test_csv_is_one_row_a_record_under_the_names_of_its_columns(log: Path) -> None:
    result = export(log, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))

    assert result.stdout.splitlines()[0] == ",".join(COLUMNS)
    assert [row["seq"] for row in rows] == ["0", "1", "2"]
    assert rows[2]["reason"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (("--since", "2026-01-03"), [1, 2]),
        (("--until", "2026-01-03"), [0]),
        (("--since", "2026-01-03T00:00:00Z", "--until", "2026-01-04"), [1]),
        (("--since", "2027-01-01"), []),
    ],
    ids=["since", "until", "both", "none"],
)
def test_only_the_records_of_the_span_are_written(
    log: Path, span: tuple[str, ...], expected: list[int]
) -> None:
    result = export(log, "--format", "native", *span)

    assert [json.loads(line)["seq"] for line in result.stdout.splitlines()] == expected
    assert result.exit_code == 0


def test_a_folder_of_a_buckets_objects_is_read_in_order(tmp_path: Path) -> None:
    for seq in (2, 0, 1):
        (tmp_path / f"{seq:012}.jsonl").write_text(f"{LINES[seq]}\n", encoding="utf-8")

    assert export(tmp_path, "--format", "native").stdout.splitlines() == LINES


def test_lines_that_are_no_records_are_counted_and_the_exit_says_so(log: Path) -> None:
    log.write_bytes(b"no record\n\xff\xfe\n\n" + log.read_bytes())
    result = export(log, "--format", "ocsf")

    assert len(result.stdout.splitlines()) == 3
    assert "3 lines left out: run `rotator audit verify`" in result.stderr
    assert result.exit_code == 1


def test_the_output_is_written_to_a_new_file(log: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    result = export(log, "--format", "csv", "--output", output)

    assert (result.exit_code, result.stdout) == (0, "")
    assert len(output.read_text().splitlines()) == 4


def test_a_file_that_exists_is_left_alone_even_the_log_itself(log: Path) -> None:
    before = log.read_bytes()
    result = export(log, "--format", "csv", "--output", log)

    assert result.exit_code == 2
    assert "is left alone" in result.stderr
    assert log.read_bytes() == before


def test_an_output_that_cannot_be_written_is_told(log: Path, tmp_path: Path) -> None:
    result = export(log, "--format", "csv", "--output", tmp_path / "absent" / "out.csv")

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_log_that_cannot_be_read_exits_with_2(tmp_path: Path) -> None:
    result = export(tmp_path / "absent.jsonl", "--format", "native")

    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
