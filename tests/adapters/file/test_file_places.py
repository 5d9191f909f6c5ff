"""Where a file may be, whose it is, and who may read it."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from rotator.destinations.file.config import FileConfig
from rotator.destinations.file.destination import Files
from rotator.destinations.file.labels import labels_from
from rotator.destinations.file.places import check_holder, side_of
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError, UnavailableError
from rotator.testing.destination_bench import FIRST, SECOND, material, owned, promote, stage
from tests.adapters.file.files import OWNER, FileBench


@pytest.fixture
def bench(tmp_path: Path) -> FileBench:
    return FileBench(tmp_path)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_reads_the_file_and_what_is_kept_beside_it(bench: FileBench) -> None:
    before = os.umask(0)
    try:
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        made = bench.new_ref(create=True)
        bench.destination.prepare(made, not_after=bench.soon())
    finally:
        os.umask(before)
    assert mode_of(Path(ref.name)) == 0o600
    assert mode_of(Path(made.name)) == 0o600
    assert mode_of(side_of(Path(made.name))) == 0o700
    assert mode_of(side_of(Path(ref.name)) / f"{FIRST}.json") == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_whoever_reads_the_file_by_its_group_is_not_locked_out(bench: FileBench, mode: int) -> None:
    ref = bench.new_ref()
    bench.create_by_hand(ref, "{}")
    Path(ref.name).chmod(mode)
    with pytest.raises(RejectedError, match=f"mode is {mode:04o}") as caught:
        bench.destination.prepare(ref, not_after=bench.soon())
    assert f"chmod 600 {ref.name}" in caught.value.hint
    Path(ref.name).chmod(0o600)
    bench.destination.prepare(ref, not_after=bench.soon())


def test_what_is_kept_beside_a_file_is_not_written_where_a_link_leads(
    bench: FileBench, tmp_path: Path
) -> None:
    ref, base = owned(bench)
    side = side_of(Path(ref.name))
    side.rename(tmp_path / "elsewhere")
    side.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RejectedError, match="not rotator's own directory"):
        stage(bench, ref, FIRST, base=base)
    assert [item.name for item in (tmp_path / "elsewhere").iterdir()] == ["labels.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_stays_its_owners(bench: FileBench) -> None:
    ref, base = owned(bench)
    os.chown(ref.name, 12345, 23456)
    stage(bench, ref, FIRST, base=base)
    promote(bench, ref, FIRST, expected=base)
    found = Path(ref.name).stat()
    assert (found.st_uid, found.st_gid) == (12345, 23456)


def test_another_users_file_is_refused(bench: FileBench, monkeypatch: pytest.MonkeyPatch) -> None:
    ref, _ = owned(bench)
    found = Path(ref.name).stat()
    monkeypatch.setattr(os, "geteuid", lambda: found.st_uid + 1)
    with pytest.raises(AccessDeniedError, match="belongs to the user"):
        check_holder(Path(ref.name), found)


def test_a_symbolic_link_is_never_followed(bench: FileBench, tmp_path: Path) -> None:
    ref = bench.new_ref(create=True)
    target = tmp_path / "target.json"
    target.write_text("{}")
    Path(ref.name).symlink_to(target)
    for act in (
        bench.destination.describe,
        lambda ref: bench.destination.prepare(ref, not_after=bench.soon()),
    ):
        with pytest.raises(RejectedError, match="symbolic link"):
            act(ref)
    assert target.read_text() == "{}"


def test_a_directory_in_the_files_place_is_refused(bench: FileBench) -> None:
    ref = bench.new_ref(create=True)
    Path(ref.name).mkdir()
    with pytest.raises(RejectedError, match="no file"):
        bench.destination.describe(ref)


def test_a_link_on_the_way_is_refused_and_the_real_path_told(
    bench: FileBench, tmp_path: Path
) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(real)
    ref = replace(bench.new_ref(create=True), name=str(tmp_path / "link" / "key.json"))
    with pytest.raises(RejectedError) as caught:
        bench.destination.prepare(ref, not_after=bench.soon())
    assert str(real) in caught.value.hint


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_directory_that_others_write_to_is_refused(
    bench: FileBench, tmp_path: Path, mode: int
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    ref = replace(bench.new_ref(create=True), name=str(folder / "key.json"))
    with pytest.raises(RejectedError, match="others may write"):
        bench.destination.prepare(ref, not_after=bench.soon())
    assert list(folder.iterdir()) == []


def test_a_directory_above_that_others_write_to_is_refused(
    bench: FileBench, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    (shared / "own").mkdir(parents=True, mode=0o700)
    shared.chmod(0o707)
    ref = replace(bench.new_ref(create=True), name=str(shared / "own" / "key.json"))
    with pytest.raises(RejectedError, match="others may write"):
        bench.destination.prepare(ref, not_after=bench.soon())


@pytest.mark.parametrize(
    "name", ["../key.json", "./key.json", "a//key.json", ".a.json.rotator/labels.json", "a\x00b"]
)
def test_a_path_that_leads_elsewhere_is_neither_read_nor_written(
    bench: FileBench, tmp_path: Path, name: str
) -> None:
    ref = replace(bench.new_ref(create=True), name=f"{tmp_path}/{name}")
    for act in (
        bench.destination.describe,
        bench.destination.published_key_id,  # type: ignore[attr-defined]
        lambda ref: bench.destination.prepare(ref, not_after=bench.soon()),
    ):
        with pytest.raises(RejectedError) as caught:
            act(ref)
        assert caught.value.code == "bad_path"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_not_made(bench: FileBench, tmp_path: Path) -> None:
    ref = replace(bench.new_ref(create=True), name=str(tmp_path / "nowhere" / "key.json"))
    assert not bench.destination.describe(ref).exists
    with pytest.raises(NotFoundError, match="directory"):
        bench.destination.prepare(ref, not_after=bench.soon())


def test_a_file_that_is_no_text_or_too_long_is_refused(bench: FileBench) -> None:
    ref, _ = owned(bench)
    for content in (b"\xff\xfe", b"x" * (2 << 20)):
        Path(ref.name).write_bytes(content)
        with pytest.raises(RejectedError) as caught:
            bench.destination.published_key_id(ref)  # type: ignore[attr-defined]
        assert caught.value.code in {"binary", "too_large"}


def test_labels_that_somebody_broke_are_told_and_not_guessed(bench: FileBench) -> None:
    ref, _ = owned(bench)
    for text in ("no json", "[]", "{}"):
        (side_of(Path(ref.name)) / "labels.json").write_text(text)
        with pytest.raises(RejectedError, match="cannot be read"):
            bench.destination.describe(ref)


def test_a_file_system_that_fails_is_no_answer_about_the_file(bench: FileBench) -> None:
    ref, _ = owned(bench)
    labels = side_of(Path(ref.name)) / "labels.json"
    labels.unlink()
    labels.mkdir()
    with pytest.raises(UnavailableError):
        bench.destination.describe(ref)


def test_the_published_key_of_a_missing_file_is_not_found(bench: FileBench) -> None:
    with pytest.raises(NotFoundError):
        bench.destination.published_key_id(bench.new_ref())  # type: ignore[attr-defined]


def test_a_version_that_lost_its_label_is_not_read_as_pending(bench: FileBench) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    stage(bench, ref, SECOND, base=base, key=material(2))
    with pytest.raises(RejectedError, match="not pending"):
        bench.destination.read_staged(ref, FIRST)  # type: ignore[attr-defined]


def test_old_versions_are_forgotten_and_those_that_matter_are_kept(bench: FileBench) -> None:
    ref, current = owned(bench)
    versions = [type(FIRST)(f"00000000-0000-5000-8000-{number:012d}") for number in range(9)]
    for number, version in enumerate(versions):
        stage(bench, ref, version, base=current, key=material(number))
        promote(bench, ref, version, expected=current)
        place = side_of(Path(ref.name)) / f"{version}.json"
        os.utime(place, ns=(number * 10**9, number * 10**9))
        current = version
    state = bench.destination.describe(ref)
    assert (state.current, state.previous) == (versions[-1], versions[-2])
    assert {versions[-1], versions[-2]} <= state.versions
    assert versions[0] not in state.versions


def test_labels_hold_no_secret(bench: FileBench) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    promote(bench, ref, FIRST, expected=base)
    text = (side_of(Path(ref.name)) / "labels.json").read_text()
    assert labels_from(text).pending is None
    assert material().secret.reveal() not in text
    assert set(json.loads(text)) == {"owner", "pending", "published"}


def test_a_process_that_only_reads_writes_nothing(bench: FileBench) -> None:
    ref, base = owned(bench)
    reader = Files(FileConfig(owner=OWNER, read_only=True), bench.clock)
    before = sorted(side_of(Path(ref.name)).iterdir())
    for act in (
        lambda: reader.stage(ref, FIRST, material(), base=base, not_after=bench.soon()),
        lambda: reader.prepare(bench.new_ref(create=True), not_after=bench.soon()),
    ):
        with pytest.raises(RejectedError, match="only reads"):
            act()  # type: ignore[no-untyped-call]
    assert sorted(side_of(Path(ref.name)).iterdir()) == before
