"""The same worlds over SQLite and PostgreSQL: what holds in memory holds on a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.journal.opening import upgrade_journal
from tests.simulation.campaign import ByNumber, play
from tests.simulation.faults import Fault
from tests.simulation.journals import SqlVolume
from tests.simulation.lives import ALL_SCENES, live

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = 9
"""Points between two power cuts in the long run; `make chaos` plays every cell on each journal."""

SPARSE = {"plain": 36, "operator-rolls-back": 120, "healed": 240}
"""The same in the short run: a life on a disk takes a second or two."""

SEEDS = range(2_000, 2_003)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqlVolume]:
    """A journal in a file."""
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade_journal(url)
    yield from opened(url)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[SqlVolume]:
    """A journal on the shared server."""
    yield from opened(postgres_url)


def opened(url: str) -> Iterator[SqlVolume]:
    volume = SqlVolume(url)
    try:
        yield volume
    finally:
        volume.close()


def violations_of_cuts(name: str, volume: SqlVolume, *, every: int) -> list[str]:
    """Cut the power at each so many points, one life for each."""
    scene = ALL_SCENES[name]
    reached = play(scene, volume=volume).points.reached
    assert reached == play(scene).points.reached
    found = []
    for number in range(every // 2, len(reached), every):
        world = play(scene, ByNumber({number: Fault.CUT}), volume)
        found += [f"{name}, cut at {number}: {item}" for item in world.violations]
    return found


@pytest.mark.parametrize("name", SPARSE)
def test_no_power_cut_breaks_an_invariant_on_sqlite(name: str, sqlite: SqlVolume) -> None:
    assert violations_of_cuts(name, sqlite, every=SPARSE[name]) == []


@pytest.mark.parametrize("name", SPARSE)
def test_no_power_cut_breaks_an_invariant_on_postgres(name: str, postgres: SqlVolume) -> None:
    assert violations_of_cuts(name, postgres, every=SPARSE[name]) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_random_life_on_sqlite_breaks_an_invariant(seed: int, sqlite: SqlVolume) -> None:
    # Its leases are by the callers' clocks, so the life is another one than in memory.
    assert live(f"life:{seed}", sqlite).violations == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_life_on_postgres_is_the_one_in_memory(seed: int, postgres: SqlVolume) -> None:
    here, there = live(f"life:{seed}", postgres), live(f"life:{seed}")
    assert (here.violations, here.struck, here.points) == ((), there.struck, there.points)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPARSE)
def test_no_power_cut_at_many_points_breaks_an_invariant_on_sqlite(
    name: str, sqlite: SqlVolume
) -> None:
    assert violations_of_cuts(name, sqlite, every=EVERY) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SPARSE)
def test_no_power_cut_at_many_points_breaks_an_invariant_on_postgres(
    name: str, postgres: SqlVolume
) -> None:
    assert violations_of_cuts(name, postgres, every=EVERY) == []
