"""The power fails at every single point, and in pairs: invariants I1 to I6, I10."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.testing.wire import Failure
from tests.simulation import matrix
from tests.simulation.campaign import Campaign, cut, play, undisturbed
from tests.simulation.faults import Cell, Fault
from tests.simulation.points import EXEMPT, expected
from tests.simulation.scene import Break, Scene
from tests.simulation.scenes import PLAIN, SCENES

WITHIN = 6
"""How far behind a power cut the next one comes, at most."""


def cuts_everywhere(scene: Scene, *, again_after: int = 0, every: int = 1) -> Campaign:
    """Cut the power at each point of a scene, one life for each; once more soon after."""
    campaign = Campaign()
    for number in range(0, len(play(scene).points.reached), every):
        numbers = (number, number + again_after) if again_after else (number,)
        world = cut(scene, *numbers)
        struck = [Cell(Fault.CUT, world.points.reached[item]) for item in numbers]
        campaign.add(world, struck, f"cut at {numbers}")
    return campaign


@pytest.mark.parametrize("name", SCENES)
def test_an_undisturbed_world_rotates_without_a_violation(name: str) -> None:
    world = undisturbed(name)
    assert world.violations == []
    assert world.checker.completed() == SCENES[name].completes


@pytest.mark.parametrize("name", SCENES)
def test_no_single_power_cut_breaks_an_invariant(name: str) -> None:
    campaign = cuts_everywhere(SCENES[name])
    assert campaign.runs > 100
    assert campaign.found == []


def test_every_point_of_the_ports_is_one_at_which_the_power_is_cut() -> None:
    # The sweep cuts at each point of each scene; the matrix has a cell for each of its points.
    swept = {point.bare for name in SCENES for point in undisturbed(name).points.reached}
    in_cells = {cell.point.bare for cell in matrix.cells() if cell.fault is Fault.CUT}
    assert sorted(map(str, expected() - swept - in_cells)) == []


def test_no_exempted_method_is_reached_as_a_write_by_accident() -> None:
    reached = {point.name for name in SCENES for point in undisturbed(name).points.reached}
    writes = {name for name, why in EXEMPT.items() if not why.startswith("reads")}
    assert reached & writes == set()


@pytest.mark.parametrize("distance", range(1, WITHIN + 1))
def test_no_power_cut_during_the_recovery_from_another_breaks_an_invariant(distance: int) -> None:
    assert cuts_everywhere(PLAIN, again_after=distance).found == []


LOST = [
    ("create_key", Failure.LOST_ANSWER),
    ("stage", Failure.LATE),
    ("promote", Failure.LATE),
    ("disable_key", Failure.LATE),
    ("delete_key", Failure.LOST_ANSWER),
]


@pytest.mark.parametrize(("method", "failure"), LOST)
def test_no_power_cut_after_a_lost_answer_breaks_an_invariant(
    method: str, failure: Failure
) -> None:
    broken = replace(SCENES["without-marks"], breaks=(Break(method=method, failure=failure),))
    # A call has two sides, so every third point is now before a call and now after one.
    assert cuts_everywhere(broken, every=3).found == []


@pytest.mark.slow
@pytest.mark.parametrize(("method", "failure"), LOST)
def test_no_power_cut_anywhere_after_a_lost_answer_breaks_an_invariant(
    method: str, failure: Failure
) -> None:
    broken = replace(SCENES["without-marks"], breaks=(Break(method=method, failure=failure),))
    assert cuts_everywhere(broken).found == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_no_two_power_cuts_break_an_invariant(name: str) -> None:
    found = [cuts_everywhere(SCENES[name], again_after=item).found for item in range(1, 13)]
    assert [line for lines in found for line in lines] == []
