"""The power fails at every single point, and in pairs: invariants I1 to I6, I10."""

from __future__ import annotations

import pytest

from rotator.testing.wire import Failure
from tests.simulation.campaign import break_and_cut, cut_once, cut_twice, undisturbed
from tests.simulation.points import EXEMPT, expected
from tests.simulation.scenes import SCENES

WITHIN = 6
"""How far behind a power cut the next one comes, at most."""


@pytest.mark.parametrize("name", SCENES)
def test_an_undisturbed_world_rotates_without_a_violation(name: str) -> None:
    world = undisturbed(name)
    assert world.violations == []
    assert world.checker.completed() == 1


@pytest.mark.parametrize("name", SCENES)
def test_no_single_power_cut_breaks_an_invariant(name: str) -> None:
    campaign = cut_once(name)
    assert campaign.runs > 100
    assert campaign.found == []


def test_every_point_of_the_ports_was_cut_somewhere() -> None:
    cut = {point for name in SCENES for point in cut_once(name).cut}
    cut |= cut_twice("plain", within=WITHIN).cut
    missed = sorted(map(str, expected() - cut))
    assert missed == []


def test_no_exempted_method_is_reached_as_a_write_by_accident() -> None:
    reached = {point.name for name in SCENES for point in undisturbed(name).points.reached}
    writes = {name for name, why in EXEMPT.items() if not why.startswith("reads")}
    assert reached & writes == set()


def test_no_power_cut_during_the_recovery_from_another_breaks_an_invariant() -> None:
    assert cut_twice("plain", within=WITHIN).found == []


@pytest.mark.parametrize(
    ("method", "failure"),
    [
        ("create_key", Failure.LOST_ANSWER),
        ("stage", Failure.LATE),
        ("promote", Failure.LATE),
        ("disable_key", Failure.LATE),
        ("delete_key", Failure.LOST_ANSWER),
    ],
)
def test_no_power_cut_after_a_lost_answer_breaks_an_invariant(
    method: str, failure: Failure
) -> None:
    assert break_and_cut("without-marks", method, failure).found == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_no_two_power_cuts_break_an_invariant(name: str) -> None:
    assert cut_twice(name, within=12).found == []
