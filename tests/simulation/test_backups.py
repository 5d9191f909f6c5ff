"""The journal comes back from a backup: of this moment, of mid-rotation, of rotations ago."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest

from rotator.core.reasons import Reason
from rotator.journal.opening import upgrade_journal
from rotator.testing.fake_destination import FakeDestination
from tests.simulation import operators
from tests.simulation.aws_world import AwsWorld
from tests.simulation.backups import BEHIND, THRICE, Backup, plans
from tests.simulation.campaign import ByNumber, play
from tests.simulation.faults import Fault
from tests.simulation.journals import SqlVolume
from tests.simulation.points import EFFECTS, When
from tests.simulation.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulation.points import Point
    from tests.simulation.world import World

SEED = 20_261_122
EACH = 10
"""Plans of each distance that are drawn in memory; the long test plays many more."""

MANY = 120
ON_A_DISK = 5
AT_AWS = 4


@cache
def reached(name: str) -> tuple[Point, ...]:
    return tuple(play(THRICE[name]).points.reached)


def drawn(name: str, behind: int, number: int) -> list[tuple[int, int]]:
    every = list(plans(list(reached(name)), behind))
    return Random(f"{SEED}:{name}:{behind}").sample(every, min(number, len(every)))


def lived(name: str, plan: tuple[int, int], volume: SqlVolume | None = None) -> list[str]:
    """Live a life in which the journal goes back from one point to another; say what broke."""
    director = Backup(*plan)
    world = play(replace(THRICE[name], may_hold=True), director, volume)
    missed = [] if director.struck else [f"{name} {plan}: nothing was lost"]
    return missed + [f"{name} {plan} {director.struck[0]}: {it}" for it in world.violations]


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", THRICE)
def test_no_backup_of_effects_or_rotations_ago_breaks_an_invariant(name: str, behind: int) -> None:
    found = [line for plan in drawn(name, behind, EACH) for line in lived(name, plan)]
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", THRICE)
def test_none_of_very_many_backups_breaks_an_invariant(name: str, behind: int) -> None:
    found = [line for plan in drawn(name, behind, MANY) for line in lived(name, plan)]
    assert found == []


def on_a_disk(url: str) -> list[str]:
    volume = SqlVolume(url)
    dice = Random(SEED)
    try:
        some = [plan for behind in BEHIND for plan in drawn("plain", behind, EACH)]
        return [it for plan in dice.sample(some, ON_A_DISK) for it in lived("plain", plan, volume)]
    finally:
        volume.close()


def test_what_holds_in_memory_holds_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade_journal(url)

    assert on_a_disk(url) == []


def test_what_holds_in_memory_holds_on_postgres(postgres_url: str) -> None:
    assert on_a_disk(postgres_url) == []


# -------------------------------------------------------------------- the real AWS adapters


def at_aws(scene: str, numbers: Iterator[int] | list[int], fault: Fault) -> list[str]:
    found = []
    for number in numbers:
        director = ByNumber({number: fault})
        told = replace(SCENES[scene], may_hold=fault is not Fault.RESTORED_FRESH)
        world = AwsWorld(told, director=director)
        director.world = world
        world.run()
        found += [f"{number} {director.struck}: {item}" for item in world.violations]
        assert director.struck
    return found


@pytest.mark.parametrize("fault", [Fault.RESTORED_FRESH, Fault.RESTORED_STALE])
def test_a_restored_journal_breaks_no_invariant_at_aws(fault: Fault) -> None:
    points = AwsWorld(SCENES["plain"]).run().points.reached
    effects = [
        number
        for number, point in enumerate(points)
        if point.name in EFFECTS and point.when is When.AFTER
    ]
    others = Random(SEED).sample(range(len(points)), AT_AWS)

    assert at_aws("plain", effects + others, fault) == []


# ----------------------------------------------- what an operator does about what it ends in


def held_after_a_later_rotation() -> World:
    """Restore from between stage and promote, when the next rotation's grace has begun."""
    points = reached("plain")
    made = next(it for it, point in enumerate(points) if point.detail == "intent:verify")
    promoted = [it for it, point in enumerate(points) if point.detail == "outcome:promote"]
    return play(replace(THRICE["plain"], may_hold=True), Backup(made, promoted[2] + 2))


def test_a_key_that_a_later_rotation_replaced_is_not_discarded_but_held_for_a_person() -> None:
    world = held_after_a_later_rotation()

    (credential,) = world.book.credentials()
    assert world.violations == []
    assert credential.hold is not None
    assert credential.hold.reason is Reason.DRIFT
    enabled = [it for it in world.provider.keys.values() if it.is_enabled_at(world.clock.now())]
    assert len(enabled) == 2


def test_the_person_who_gives_the_rotation_up_keeps_what_is_published_and_hears_of_the_other() -> (
    None
):
    world = held_after_a_later_rotation()
    acts = len(world.wire.acts)
    operators.gives_up(world)
    world.end()

    (credential,) = world.book.credentials()
    (former,) = {it.new_key_id for it in world.book.rotations()}
    assert world.violations == []
    assert isinstance(world.destination, FakeDestination)
    assert credential.current_key_id == world.destination.published_key_id(world.ref) != former
    assert credential.hold is not None
    assert credential.hold.reason is Reason.SLOTS_FULL
    assert f"{former} (foreign, enabled" in credential.hold.detail
    assert world.wire.acts[acts:] == []
