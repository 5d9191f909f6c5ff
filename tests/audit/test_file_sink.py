"""The file of sealed records: durable when it says so, whole after a power cut."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

import pytest

from rotator.audit import file_sink as file_sink_module
from rotator.audit.file_sink import FileSink
from rotator.core.chain import GENESIS, Link, seal, verify_chain
from rotator.errors import UnavailableError
from rotator.testing.builders import audit_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.core.events import SealedRecord


def records(count: int) -> list[SealedRecord]:
    link, made = GENESIS, []
    for seq in range(count):
        made.append(seal(audit_record(seq), seq=seq, prev=link.hash, log="test"))
        link = Link(seq=seq, hash=made[-1].hash)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def fail_once(
    monkeypatch: pytest.MonkeyPatch, name: str, error: OSError, *, after: int = 0
) -> None:
    """Make one call of an `os` function fail, the first that comes after some good ones."""
    real: Callable[..., object] = getattr(os, name)
    calls = 0

    def failing(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == after + 1:
            raise error
        return real(*arguments)

    monkeypatch.setattr(os, name, failing)


def watch_syncs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Keep for each sync whether it was a directory's."""
    real, kinds = os.fsync, list[bool]()

    def fsync(fd: int) -> None:
        kinds.append(stat.S_ISDIR(os.fstat(fd).st_mode))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return kinds


def test_a_new_log_is_empty_and_only_its_owners(path: Path) -> None:
    assert FileSink(path).last().seq == -1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_records_are_written_byte_for_byte_one_to_a_line(path: Path) -> None:
    made = records(5)
    sink = FileSink(path)

    sink.write(made[:2])
    sink.write(made[2:])

    assert path.read_bytes() == "".join(f"{it.line}\n" for it in made).encode()
    assert sink.last().seq == FileSink(path).last().seq == 4
    assert verify_chain(lines(path)).findings == ()


def test_a_write_is_synced_before_it_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink, real, synced = FileSink(path), os.fsync, []
    sink.last()

    def fsync(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    sink.write(records(2))

    assert synced == [path.stat().st_size]


def test_a_new_log_is_synced_with_its_directory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = watch_syncs(monkeypatch)
    FileSink(path).last()

    assert kinds == [True, False]


def test_what_an_earlier_process_wrote_is_synced_before_it_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileSink(path).write(records(1))
    fail_once(monkeypatch, "fsync", OSError(errno.EIO, "input/output error"))
    sink = FileSink(path)

    with pytest.raises(UnavailableError):
        sink.last()

    assert sink.last().seq == 0


@pytest.mark.parametrize("torn", [b"{", b'{"action":"key.cre', b"\0" * 5000, "é".encode()[:1]])
def test_a_torn_last_line_is_cut_off_and_written_again(path: Path, torn: bytes) -> None:
    made = records(3)
    FileSink(path).write(made[:2])
    with path.open("ab") as file:
        file.write(torn)
    sink = FileSink(path)

    assert sink.last().seq == 1
    sink.write(made[2:])

    assert lines(path) == [it.line for it in made]


def test_every_cut_inside_a_record_is_survived(path: Path) -> None:
    made = records(2)
    whole = f"{made[1].line}\n".encode()

    for size in range(len(whole)):
        path.unlink(missing_ok=True)
        FileSink(path).write(made[:1])
        with path.open("ab") as file:
            file.write(whole[:size])
        sink = FileSink(path)
        sink.write(records(3)[sink.last().seq + 1 :])
        assert verify_chain(lines(path)).findings == ()


def test_a_torn_only_line_leaves_an_empty_log(path: Path) -> None:
    path.write_bytes(b'{"action"')
    sink = FileSink(path)

    assert sink.last().seq == -1
    sink.write(records(1))

    assert lines(path) == [records(1)[0].line]


def test_a_whole_record_without_its_line_feed_is_kept(path: Path) -> None:
    made = records(3)
    path.write_text(f"{made[0].line}\n{made[1].line}")
    sink = FileSink(path)

    assert sink.last().seq == 1
    sink.write(made[2:])

    assert lines(path) == [it.line for it in made]


def test_a_log_longer_than_one_chunk_is_read_from_its_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sink_module, "_CHUNK_BYTES", 100)
    FileSink(path).write(records(9))

    assert FileSink(path).last().seq == 8


def test_a_last_line_that_is_no_record_is_left_for_a_person(path: Path) -> None:
    path.write_text("what is this\n")
    sink = FileSink(path)

    with pytest.raises(UnavailableError) as caught:
        sink.write(records(1))

    assert caught.value.code == "unreadable_log"
    assert path.read_text() == "what is this\n"


def test_records_that_do_not_follow_the_log_are_refused(path: Path) -> None:
    made = records(3)
    sink = FileSink(path)
    sink.write(made[:1])

    with pytest.raises(UnavailableError, match="GAP") as caught:
        sink.write(made[2:])

    assert caught.value.code == "chain_mismatch"
    assert sink.last().seq == 0


def test_a_full_disk_is_unavailable_and_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sink = records(2), FileSink(path)
    sink.write(made[:1])
    fail_once(monkeypatch, "write", OSError(errno.ENOSPC, "no space left on device"))

    with pytest.raises(UnavailableError, match="no space left on device"):
        sink.write(made[1:])

    sink.write(made[1:])
    assert lines(path) == [it.line for it in made]


def test_a_failed_sync_takes_the_records_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, sink = records(2), FileSink(path)
    sink.write(made[:1])
    fail_once(monkeypatch, "fsync", OSError(errno.EIO, "input/output error"))

    with pytest.raises(UnavailableError):
        sink.write(made[1:])

    assert lines(path) == [made[0].line]
    assert sink.last().seq == 0


def test_half_a_write_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, sink, real = records(2), FileSink(path), os.write
    sink.write(made[:1])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: real(fd, data[: len(data) // 2]))
        with pytest.raises(UnavailableError) as caught:
            sink.write(made[1:])

    assert caught.value.code == "short_write"
    assert lines(path) == [made[0].line]


def test_a_second_writer_is_held_off(path: Path) -> None:

    sink = FileSink(path)
    sink.last()
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UnavailableError):
            sink.write(records(1))

    assert path.read_bytes() == b""


def test_a_missing_directory_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be used") as caught:
        FileSink(tmp_path / "missing" / "audit.jsonl").last()

    assert caught.value.subject.endswith("missing/audit.jsonl")


def test_a_new_log_whose_name_is_not_durable_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_once(monkeypatch, "fsync", OSError(errno.EIO, "input/output error"))

    sink = FileSink(path)

    with pytest.raises(UnavailableError):
        sink.last()
    kinds = watch_syncs(monkeypatch)
    sink.last()

    assert kinds == [True, False]
