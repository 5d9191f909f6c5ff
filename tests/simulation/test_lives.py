"""Lives by their handles: pauses of every length at every point, and the same life again."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import undisturbed
from tests.simulation.interleaved import FREEZES
from tests.simulation.lives import live

EVERY = 7
"""Points between two at which a process is stopped here; `make chaos` stops it at each."""


@pytest.mark.parametrize("length", range(len(FREEZES)))
def test_no_pause_of_a_process_breaks_an_invariant_while_another_one_works(length: int) -> None:
    # Each length begins at another point, so that the twelve of them leave none out.
    points = range(length % EVERY, len(undisturbed("plain").points.reached), EVERY)
    outcomes = [live(f"freeze:plain:{number}:{length}") for number in points]
    assert all(outcome.is_reached for outcome in outcomes)
    assert [(item.handle, item.violations) for item in outcomes if item.violations] == []


@pytest.mark.parametrize(
    "handle",
    [
        "cell:twice:40",
        "pair:twice:1:2",
        "point:merging:40:LOST_ANSWER",
        "point:human-rolls-back:100:CONSOLE_ROLLBACK",
        "freeze:plain:30:7",
        "life:12",
        "mutant:no fence:3",
    ],
)
def test_a_life_is_the_same_life_whenever_it_is_lived(handle: str) -> None:
    assert live(handle) == live(handle)


@pytest.mark.parametrize("handle", ["", "life", "cell:twice", "lives:3", "pair:twice:1"])
def test_what_names_no_life_is_refused(handle: str) -> None:
    with pytest.raises(ValueError, match="no life is called"):
        live(handle)
