"""CloudTrail's files in a directory: all of them, or a refusal, and never too much."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from rotator.audit.trail_files import log_files, records
from rotator.errors import UnavailableError
from tests.core.trail import iam_event

if TYPE_CHECKING:
    from pathlib import Path


def delivered(directory: Path, *events: dict[str, Any], name: str = "a.json.gz") -> Path:
    folder = directory / "AWSLogs" / "111122223333" / "CloudTrail" / "us-east-1" / "2026" / "01"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"Records": events}).encode()
    (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return folder / name


def test_every_record_of_every_file_is_read_in_the_order_of_the_files(tmp_path: Path) -> None:
    delivered(tmp_path, iam_event("3"), name="b.json")
    delivered(tmp_path, iam_event("1"), iam_event("2"))
    (tmp_path / "README.txt").write_text("not a log")

    assert [record["requestID"] for record in records(tmp_path)] == ["1", "2", "3"]


def test_digests_and_insights_are_passed_over(tmp_path: Path) -> None:
    delivered(tmp_path, iam_event("1"))
    digest = tmp_path / "AWSLogs" / "CloudTrail-Digest" / "d.json.gz"
    digest.parent.mkdir()
    digest.write_bytes(gzip.compress(b'{"digestStartTime": "x"}'))

    assert [file.name for file in log_files(tmp_path)] == ["a.json.gz"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.json.gz", b"not gzip", "BadGzipFile"),
        ("x.json.gz", gzip.compress(b'{"Records": []}')[:-9], "EOFError"),
        ("x.json.gz", gzip.compress(b"x" * 64)[:10] + b"\xff" * 30, "error"),
        ("x.json", b'{"Records": [', "it is not JSON"),
        ("x.json", b"\xff\xfe", "it is not JSON"),
        ("x.json", b"[" * 200_000, "it is not JSON"),
        ("x.json", b"[]", "not a log file"),
        ("x.json", b"{}", "not a log file"),
        ("x.json", b'{"Records": [1]}', "not a log file"),
    ],
    ids=["gzip", "cut", "corrupt", "json", "bytes", "deep", "list", "object", "rows"],
)
def test_a_broken_file_stops_the_reading_and_is_named(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UnavailableError) as caught:
        list(records(tmp_path))
    assert why in caught.value.diagnostics()
    assert name in caught.value.diagnostics()
    assert caught.value.code == "unreadable"


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path: Path) -> None:
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b" " * 10_000_000))

    with pytest.raises(UnavailableError, match="unpacks to more than 1000 bytes"):
        list(records(tmp_path, limit=1000))


def test_a_file_up_to_the_limit_is_read(tmp_path: Path) -> None:
    file = delivered(tmp_path, iam_event("1"), name="a.json")

    assert len(list(records(tmp_path, limit=file.stat().st_size))) == 1


@pytest.mark.parametrize("name", ["absent", "file.json"])
def test_what_is_not_a_directory_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.json").write_text("{}")

    with pytest.raises(UnavailableError, match="it is not a directory"):
        list(records(tmp_path / name))


def test_a_directory_without_log_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="holds no log file"):
        list(records(tmp_path))
