"""Every fault at every point, and a sample of the ordered pairs; `make chaos` plays all of them."""

from __future__ import annotations

from random import Random

import pytest

from tests.simulation import matrix
from tests.simulation.faults import Fault, can_strike
from tests.simulation.lives import Outcome, live
from tests.simulation.points import EXEMPT

SEED = 20_261_121
PAIRS = 240
PORTIONS = 8
"""Tests that share a scene's cells, or the sample, among workers."""


def home(number: int) -> str:
    """Name the plainest scene that comes to a cell's point."""
    point = matrix.cells()[number].point
    return next(name for name in matrix.SCENES if point in matrix.places(name))


def sampled() -> list[tuple[int, int]]:
    """Draw some ordered pairs of the paired cells, the same ones every day."""
    dice, cells = Random(SEED), len(matrix.paired())
    return [(dice.randrange(cells), dice.randrange(cells)) for _ in range(PAIRS)]


@pytest.mark.parametrize("portion", range(PORTIONS))
@pytest.mark.parametrize("scene", matrix.SCENES)
def test_every_fault_at_every_point_is_reached_and_breaks_no_invariant(
    scene: str, portion: int
) -> None:
    numbers = [item for item in range(len(matrix.cells())) if home(item) == scene]
    outcomes = [live(f"cell:{scene}:{item}") for item in numbers[portion::PORTIONS]]
    assert [item.handle for item in outcomes if not item.is_reached] == []
    assert [(item.handle, item.violations) for item in outcomes if item.violations] == []


def lived(first: int, second: int) -> Outcome:
    """Play a pair in the plainest scene in which both strike, as `make chaos` does."""
    cells = matrix.paired()
    for name in matrix.homes(cells[first], cells[second]):
        outcome = live(f"pair:{name}:{first}:{second}")
        if outcome.is_reached or outcome.violations:
            break
    return outcome


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_a_sample_of_the_ordered_pairs_is_reached_and_breaks_no_invariant(portion: int) -> None:
    outcomes = [lived(*pair) for pair in sampled()[portion::PORTIONS]]
    assert [(item.handle, item.violations) for item in outcomes if item.violations] == []
    assert [item.handle for item in outcomes if not item.is_reached] == []


def test_a_cell_is_listed_for_each_fault_at_each_point_at_which_it_can_strike() -> None:
    points = {point for name in matrix.SCENES for point in matrix.places(name)}
    listed = {(cell.fault, cell.point) for cell in matrix.cells()}
    assert len(listed) == len(matrix.cells())
    assert listed == {
        (fault, point) for fault in Fault for point in points if can_strike(fault, point)
    }


def test_every_fault_has_cells_and_the_power_is_cut_at_every_point() -> None:
    points = {point for name in matrix.SCENES for point in matrix.places(name)}
    assert {cell.fault for cell in matrix.cells()} == set(Fault)
    assert {cell.point for cell in matrix.cells() if cell.fault is Fault.CUT} == points
    assert not {point.name for point in points} & EXEMPT.keys()


def test_every_ordered_pair_has_a_scene_that_comes_to_both_points() -> None:
    points = {cell.point for cell in matrix.paired()}
    assert {cell.fault for cell in matrix.paired()} == set(Fault)
    reached = [points & matrix.places(name) for name in matrix.PLAIN]
    assert [
        (str(first), str(second))
        for first in points
        for second in points
        if not any({first, second} <= places for places in reached)
    ] == []
    assert sum(1 for _ in matrix.pairs()) == len(matrix.paired()) ** 2
