"""Places for checkpoints: each is kept once, as a whole, and beside nothing that is another's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rotator.audit.checkpoint_places import CheckpointBucket, CheckpointFile
from rotator.audit.signing import Signer, generate
from rotator.core.checkpoint import Checkpoint, read_notes
from rotator.errors import RotatorError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.clients.aws_bucket import AwsBucket

SIGNER = Signer.read(generate(), "test")


def note(size: int) -> str:
    return SIGNER.sign(Checkpoint(origin="test", size=size, root=bytes([size] * 32)))


def file_of(path: Path) -> CheckpointFile:
    return CheckpointFile(path, name="file-checkpoints", origin="test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl.checkpoints"


def test_a_file_keeps_every_checkpoint_once(path: Path) -> None:
    for size in (1, 2, 2, 3):
        file_of(path).put(size, note(size))

    assert read_notes(path.read_text()) == (note(1), note(2), note(3))
    assert file_of(path).newest() == note(3)


def test_every_cut_inside_a_checkpoint_is_survived(path: Path) -> None:
    file_of(path).put(1, note(1))
    whole = path.read_bytes()
    added = f"{note(2)}\n".encode()

    for cut in range(len(added)):
        path.write_bytes(whole + added[:cut])
        assert file_of(path).newest() == note(1)
        file_of(path).put(2, note(2))
        assert read_notes(path.read_text()) == (note(1), note(2))


def test_a_torn_only_checkpoint_leaves_an_empty_file(path: Path) -> None:
    path.write_text(note(1)[:20])

    assert file_of(path).newest() is None
    file_of(path).put(1, note(1))

    assert path.read_text() == f"{note(1)}\n"


def test_a_file_that_is_something_else_is_left_alone(path: Path) -> None:
    path.write_text("root:x:0:0:root:/root:/bin/bash\n")

    for act in (file_of(path).newest, lambda: file_of(path).put(1, note(1))):
        with pytest.raises(UnavailableError) as caught:
            act()
        assert caught.value.code == "unreadable"

    assert path.read_text() == "root:x:0:0:root:/root:/bin/bash\n"


def test_a_file_that_is_not_there_yet_has_no_checkpoint(path: Path) -> None:
    assert file_of(path).newest() is None
    assert not path.exists()


def test_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        file_of(tmp_path / "missing" / "witness").put(1, note(1))


def test_half_a_checkpoint_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    file_of(path).put(1, note(1))
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda fd, data: real(fd, data[:40]))
        with pytest.raises(UnavailableError) as caught:
            file_of(path).put(2, note(2))

    assert caught.value.code == "short_write"
    assert path.read_text() == f"{note(1)}\n"


def test_a_bucket_keeps_every_checkpoint_once(bucket: AwsBucket) -> None:
    assert CheckpointBucket(bucket).newest() is None
    for size in (1, 3, 3, 20):
        CheckpointBucket(bucket).put(size, note(size))

    assert CheckpointBucket(bucket).newest() == note(20)
    assert len(bucket.names_after("", folder="checkpoints/").names) == 3


def test_another_checkpoint_of_one_size_is_told_of_and_kept(bucket: AwsBucket) -> None:
    CheckpointBucket(bucket).put(3, note(3))

    with pytest.raises(RotatorError) as caught:
        CheckpointBucket(bucket).put(3, note(4))

    assert caught.value.code == "other_checkpoint"
    assert CheckpointBucket(bucket).newest() == note(3)
