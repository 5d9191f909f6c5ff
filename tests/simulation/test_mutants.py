"""The checker sees: each deliberately broken world is reported, by the right invariant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.testing.wire import Failure
from tests.simulation import mutants
from tests.simulation.campaign import play, sweep
from tests.simulation.scene import Break, Human, Scene, after
from tests.simulation.scenes import PLAIN, SCENES

if TYPE_CHECKING:
    from tests.simulation.world import World


def invariants(world: World) -> set[str]:
    return {violation.invariant for violation in world.violations}


def test_a_mint_without_a_durable_intent_is_caught() -> None:
    careful = SCENES["without-marks"]
    careless = replace(careful, around_journal=mutants.without_mint_intent)
    found = sweep(careless, len(play(careless).points.reached)).found
    assert any(": I3 " in line for line in found)


def test_an_intent_without_a_pre_image_is_caught() -> None:
    lost = Break(method="create_key", failure=Failure.LOST_REQUEST)
    careful = replace(SCENES["human-minted-before"], breaks=(lost,))
    assert play(careful).violations == []
    careless = replace(careful, around_journal=mutants.without_pre_image)
    assert "I2" in invariants(play(careless))


def test_a_promote_without_compare_and_swap_is_caught() -> None:
    careful = SCENES["human-writes-before-promote"]
    careless = replace(careful, around_destination=mutants.without_compare_and_swap)
    assert "I6" in invariants(play(careless))


def test_a_grace_that_is_cut_short_is_caught() -> None:
    assert "I4" in invariants(play(replace(PLAIN, around_terms=mutants.without_grace)))


def test_a_quarantine_that_is_cut_short_is_caught() -> None:
    assert "I4" in invariants(play(replace(PLAIN, around_terms=mutants.without_quarantine)))


def test_a_suspect_that_nobody_watches_is_caught() -> None:
    lost = Break(method="create_key", failure=Failure.LOST_ANSWER)
    careful = replace(SCENES["human-mints-without-marks"], breaks=(lost,))
    assert play(careful).violations == []
    careless = replace(careful, around_terms=mutants.without_watching_suspects)
    assert "I2" in invariants(play(careless))


def test_a_promoted_key_that_is_not_accepted_is_caught() -> None:
    def slows_activation(world: World) -> None:
        world.provider.habits = replace(world.provider.habits, activation_lag=timedelta(hours=1))

    scene = Scene(humans=(Human(at=after("journal.commit"), act=slows_activation, after=8),))
    careless = replace(
        scene, around_terms=lambda it: replace(it, limits=replace(it.limits, verify_successes=0))
    )
    assert "I1" in invariants(play(careless))


def test_a_secret_in_a_log_line_is_caught() -> None:
    def logs_the_secret(world: World) -> None:
        world.telemetry.log("info", "published", text=world.destination.read(world.ref))

    scene = replace(PLAIN, humans=(Human(at=after("destination.promote"), act=logs_the_secret),))
    assert invariants(play(scene)) == {"I5"}
