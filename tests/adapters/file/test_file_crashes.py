"""Whenever the power goes, a file is the old one or the new one, and the next try ends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rotator.destinations.file.config import FileConfig
from rotator.destinations.file.destination import Files
from rotator.destinations.file.places import side_of
from rotator.errors import ConflictError, OutcomeUnknownError, UnavailableError
from rotator.testing.destination_bench import FIRST, material, owned, promote, published, stage
from tests.adapters.file.files import OWNER, FileBench
from tests.adapters.file.power import (
    BusyDisk,
    DyingDisk,
    FullDisk,
    LooseDisk,
    PowerCutError,
    SlowDisk,
)

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import VersionId
    from rotator.destinations.file.disk import Disk

OLD = {"AccessKeyId": "AKIAOLD", "SecretAccessKey": "old", "note": "kept"}


@pytest.fixture
def bench(tmp_path: Path) -> FileBench:
    return FileBench(tmp_path)


def on(bench: FileBench, disk: Disk) -> Files:
    return Files(FileConfig(owner=OWNER), bench.clock, disk)


def made(bench: FileBench) -> tuple[DestinationRef, VersionId]:
    return owned(bench, merge=True, content=json.dumps(OLD))


def new_content(ref: DestinationRef) -> dict[str, str]:
    return {**OLD, **published(ref, material())}


def rotate(files: Files, bench: FileBench, ref: DestinationRef, base: VersionId) -> None:
    """Do what the shell does, going on from where the file and its labels are."""
    files.prepare(ref, not_after=bench.soon())
    if files.describe(ref).current == base:
        files.stage(ref, FIRST, material(), base=base, not_after=bench.soon())
    files.promote(ref, FIRST, expected=base, not_after=bench.soon())
    files.unstage(ref, base, not_after=bench.soon())


@pytest.mark.parametrize("keeps_names", [True, False])
def test_a_power_cut_after_any_step_leaves_the_old_file_or_the_new_one(
    bench: FileBench, *, keeps_names: bool
) -> None:
    for steps in range(1, 200):
        ref, base = made(bench)
        try:
            rotate(on(bench, DyingDisk(steps, keeps_names=keeps_names)), bench, ref, base)
        except PowerCutError:
            pass
        else:
            break
        assert json.loads(bench.read(ref)) in (OLD, new_content(ref))
        rotate(on(bench, bench.disk), bench, ref, base)
        state = bench.destination.describe(ref)
        assert (state.current, state.pending, state.previous) == (FIRST, frozenset(), None)
        assert json.loads(bench.read(ref)) == new_content(ref)
    else:  # pragma: no cover - only where a rotation has become very long
        pytest.fail("a rotation takes more steps than were tried")
    assert steps > 10


def test_a_power_cut_while_a_file_is_made_leaves_none_or_an_empty_object(
    bench: FileBench,
) -> None:
    for steps in range(1, 40):
        ref = bench.new_ref(create=True)
        files = on(bench, DyingDisk(steps, keeps_names=True))
        try:
            files.prepare(ref, not_after=bench.soon())
        except PowerCutError:
            pass
        else:
            break
        path = Path(ref.name)
        assert not path.exists() or path.read_text() == "{}"
        bench.destination.prepare(ref, not_after=bench.soon())
        assert bench.destination.describe(ref).owner == OWNER
        assert path.read_text() == "{}"
    assert steps > 5


def test_a_full_disk_changes_nothing(bench: FileBench) -> None:
    codes = []
    for writes in range(10):
        ref, base = made(bench)
        before = bench.destination.describe(ref)
        files = on(bench, FullDisk(writes))
        try:
            files.stage(ref, FIRST, material(), base=base, not_after=bench.soon())
        except UnavailableError as error:
            codes.append(error.code)
        else:
            break
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (before.current, before.pending)
        assert json.loads(bench.read(ref)) == OLD
    # What was there, what is new, the labels.
    assert codes == ["disk_full"] * 3


def test_a_disk_that_is_full_at_the_pivot_leaves_consumers_the_old_key(bench: FileBench) -> None:
    for writes in range(2):
        ref, base = made(bench)
        stage(bench, ref, FIRST, base=base)
        with pytest.raises(UnavailableError, match="full"):
            on(bench, FullDisk(writes)).promote(ref, FIRST, expected=base, not_after=bench.soon())
        assert json.loads(bench.read(ref)) == OLD
        promote(bench, ref, FIRST, expected=base)
        assert json.loads(bench.read(ref)) == new_content(ref)


def test_nothing_with_a_secret_is_left_of_a_write_that_failed(bench: FileBench) -> None:
    ref, base = made(bench)
    with pytest.raises(UnavailableError):
        on(bench, FullDisk(1)).stage(ref, FIRST, material(), base=base, not_after=bench.soon())
    secret = material().secret.reveal()
    left = [item for item in side_of(Path(ref.name)).iterdir() if secret in item.read_text()]
    assert left == []


def test_what_a_crash_left_is_swept_by_the_next_stage(bench: FileBench) -> None:
    ref, base = made(bench)
    leftover = side_of(Path(ref.name)) / "coming.new"
    leftover.write_text("half of a sec")
    stage(bench, ref, FIRST, base=base)
    assert not leftover.exists()


def test_a_replacement_that_may_not_last_is_an_unknown_outcome(bench: FileBench) -> None:
    ref, base = made(bench)
    stage(bench, ref, FIRST, base=base)
    with pytest.raises(OutcomeUnknownError):
        on(bench, LooseDisk(1)).promote(ref, FIRST, expected=base, not_after=bench.soon())
    promote(bench, ref, FIRST, expected=base)
    assert bench.destination.describe(ref).pending == frozenset()


def test_labels_that_cannot_be_taken_off_after_the_pivot_do_not_undo_it(bench: FileBench) -> None:
    ref, base = made(bench)
    stage(bench, ref, FIRST, base=base)
    on(bench, LooseDisk(2)).promote(ref, FIRST, expected=base, not_after=bench.soon())
    state = bench.destination.describe(ref)
    assert state.current == FIRST


def test_what_took_too_long_to_write_takes_nobodys_place(bench: FileBench) -> None:
    ref, base = made(bench)
    stage(bench, ref, FIRST, base=base)
    with pytest.raises(ConflictError):
        on(bench, SlowDisk(bench.clock)).promote(ref, FIRST, expected=base, not_after=bench.soon())
    assert json.loads(bench.read(ref)) == OLD
    promote(bench, ref, FIRST, expected=base)
    assert json.loads(bench.read(ref)) == new_content(ref)


def test_somebody_who_writes_meanwhile_is_not_overwritten(bench: FileBench) -> None:
    ref, base = made(bench)
    stage(bench, ref, FIRST, base=base)
    theirs = '{"note": "somebody else\'s, and longer than before"}'
    with pytest.raises(ConflictError):
        on(bench, BusyDisk(Path(ref.name), theirs)).promote(
            ref, FIRST, expected=base, not_after=bench.soon()
        )
    assert bench.read(ref) == theirs
