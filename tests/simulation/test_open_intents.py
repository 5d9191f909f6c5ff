"""Wherever the power fails: once all has come to rest, no intent is without an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.chain import GENESIS, read_line, seal
from rotator.core.events import Stage
from rotator.core.open_intents import OpenIntents
from tests.simulation.campaign import cut, play
from tests.simulation.scenes import SCENES

if TYPE_CHECKING:
    from tests.simulation.world import World

EVERY = 83
"""Of each scene's points so many are passed over; the sweep of violations cuts at each."""


def left_open(world: World) -> list[str]:
    """Read a world's audit records as an auditor does."""
    intents, begun = OpenIntents(), 0
    for seq, record in enumerate(world.checker.journal.unsealed(limit=100_000)):
        line = seal(record, seq=seq, prev=GENESIS.hash, log="log").line
        intents.read(seq, read_line(line).fields)
        begun += record.stage is Stage.INTENT
    assert begun, "nothing was begun"
    return [it.action for it in intents]


@pytest.mark.parametrize("name", SCENES)
def test_an_auditor_finds_an_outcome_for_every_intent_after_a_power_cut(name: str) -> None:
    scene = SCENES[name]
    for number in range(11, len(play(scene).points.reached), EVERY):
        assert left_open(cut(scene, number)) == []
