"""CipherStash under the simulation's faults: both kinds of keys, and a bundle of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest

from rotator.testing.wire import Actor
from tests.simulation import cipherstash_on_aws, cipherstash_vendors, humans, operators
from tests.simulation.campaign import ByNumber, play
from tests.simulation.cipherstash_bundle import BUNDLE, PART, cells
from tests.simulation.faults import DISTURBING, Fault
from tests.simulation.interleaved import Interleaved, Weather
from tests.simulation.points import EXEMPT, Point, When
from tests.simulation.scene import Human, Scene, after, before

if TYPE_CHECKING:
    from tests.simulation.violation import Violation
    from tests.simulation.world import World

SEED = 20_261_121
PORTIONS = 4
"""Tests that share a scene's cells among workers."""

PAIRS = 30
"""Pairs of power cuts in each scene; the long tests play many more."""

WITHIN = 12
"""How far behind a power cut the next one comes, at most."""

SCENES: dict[str, Scene] = {
    "access keys": replace(PART, vendors=cipherstash_vendors.access_keys),
    "client keys": replace(PART, vendors=cipherstash_vendors.client_keys),
    "bundle of fakes": BUNDLE,
    "bundle": replace(BUNDLE, vendors=cipherstash_vendors.bundle),
}
PLAYED = ("access keys", "client keys", "bundle of fakes")
"""Every cell of these is played each time; the real bundle's in the long tests."""


@cache
def undisturbed(name: str) -> World:
    return play(SCENES[name])


@cache
def cells_of(name: str) -> tuple[tuple[int, Fault], ...]:
    return tuple(cells(undisturbed(name).points.reached, parts=SCENES[name].subjects))


def lived(scene: Scene, *plan: tuple[int, Fault]) -> list[str]:
    """Live a life in which these strike at the points of these numbers; say what was broken."""
    may_hold = scene.may_hold or any(fault in DISTURBING for _, fault in plan)
    director = ByNumber(dict(plan))
    world = play(replace(scene, may_hold=may_hold), director)
    struck = " + ".join(map(str, director.struck))
    missed = [] if director.struck else [f"{plan}: nothing struck"]
    return missed + [
        f"{plan} {struck}: {item}" for item in world.violations if not known(world, item)
    ]


def known(world: World, violation: Violation) -> bool:
    """Whether a name was given anew while listings still told of its last holder.

    Access keys are revoked by name and not by id, so nothing can tell the two apart.
    """
    lag = world.provider.habits.list_lag
    keys = world.subjects[0].system.truth.keys
    return any(
        f"delete_key of a human's {act.key}:" in violation.what
        and act.at - keys[act.key].created_at <= lag
        for act in world.wire.acts
        if act.verb == "delete_key" and act.actor is Actor.ROTATOR and act.key in keys
    )


def completed(world: World) -> list[int]:
    return [subject.checker.completed() for subject in world.subjects]


def pairs_of(name: str, number: int) -> list[tuple[int, int]]:
    """Draw pairs of points, the second soon after the first; the same ones every day."""
    dice, points = Random(SEED), len(undisturbed(name).points.reached)
    firsts = [dice.randrange(points) for _ in range(number)]
    return [(first, first + dice.randint(1, WITHIN)) for first in firsts]


@pytest.mark.parametrize("name", SCENES)
def test_an_undisturbed_world_rotates_every_part_without_a_violation(name: str) -> None:
    world = undisturbed(name)
    assert world.violations == []
    assert completed(world) == [1] * len(world.subjects)


@pytest.mark.parametrize("portion", range(PORTIONS))
@pytest.mark.parametrize("name", PLAYED)
def test_every_fault_at_every_point_breaks_no_invariant(name: str, portion: int) -> None:
    some = cells_of(name)[portion::PORTIONS]
    assert [line for cell in some for line in lived(SCENES[name], cell)] == []


@pytest.mark.slow
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_every_fault_at_every_point_of_the_real_bundle_breaks_no_invariant(portion: int) -> None:
    some = cells_of("bundle")[portion::PORTIONS]
    assert [line for cell in some for line in lived(SCENES["bundle"], cell)] == []


@pytest.mark.parametrize("name", SCENES)
def test_the_cells_are_every_fault_at_every_point(name: str) -> None:
    reached = undisturbed(name).points.reached
    points = {point for point in reached if point.name not in EXEMPT}
    listed = {(fault, reached[number]) for number, fault in cells_of(name)}
    assert {point for fault, point in listed if fault is Fault.CUT} == points
    assert {fault for fault, _ in listed} == set(Fault)


@pytest.mark.parametrize("name", SCENES)
def test_no_two_power_cuts_of_a_sample_break_an_invariant(name: str) -> None:
    plans = [((one, Fault.CUT), (two, Fault.CUT)) for one, two in pairs_of(name, PAIRS)]
    assert [line for plan in plans for line in lived(SCENES[name], *plan)] == []


@pytest.mark.slow
@pytest.mark.parametrize("distance", range(1, WITHIN + 1))
@pytest.mark.parametrize("name", SCENES)
def test_no_two_power_cuts_break_an_invariant(name: str, distance: int) -> None:
    points = range(len(undisturbed(name).points.reached))
    plans = [((one, Fault.CUT), (one + distance, Fault.CUT)) for one in points]
    assert [line for plan in plans for line in lived(SCENES[name], *plan)] == []


@pytest.mark.slow
@pytest.mark.parametrize("portion", range(PORTIONS))
@pytest.mark.parametrize("name", SCENES)
def test_no_two_faults_of_a_sample_break_an_invariant(name: str, portion: int) -> None:
    dice, some = Random(SEED + portion), cells_of(name)
    plans = [sorted(dice.sample(some, 2)) for _ in range(200)]
    assert [line for plan in plans for line in lived(SCENES[name], *plan)] == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["bundle of fakes", "bundle"])
def test_replicas_that_take_turns_never_publish_a_mixed_pair(name: str, seed: int) -> None:
    scene = replace(SCENES[name], replicas=3, seed=seed, may_hold=True)
    world = Interleaved(scene, Weather(Random(seed))).run()
    assert [item for item in world.violations if not known(world, item)] == []


@pytest.mark.slow
@pytest.mark.parametrize("portion", range(10))
@pytest.mark.parametrize("name", ["bundle of fakes", "bundle"])
def test_no_random_life_of_a_bundle_breaks_an_invariant(name: str, portion: int) -> None:
    found = []
    for seed in range(1_000 + 40 * portion, 1_040 + 40 * portion):
        scene = replace(SCENES[name], replicas=3, seed=seed, may_hold=True)
        world = Interleaved(scene, Weather(Random(seed))).run()
        found += [f"{seed}: {item}" for item in world.violations if not known(world, item)]
    assert found == []


# The bundle's own promises.


ORDERED_AT = {
    "while the second is minted": (before("provider.create_key"), 1),
    "while the second is staged": (before("destination.stage"), 1),
    "while the second is promoted": (before("destination.promote"), 1),
    "when both are promoted": (after("destination.promote"), 1),
    "when the first is to be deleted": (before("provider.delete_key"), 0),
}
"""When an operator orders one part back: at a point that was passed so often before."""


def back(part: int, moment: str) -> Scene:
    """Order a part back at a moment; two days later it may go on, and is rotated anew."""
    point, passed = ORDERED_AT[moment]
    human = Human(at=point, act=operators.rolls_back_part(part), after=passed)
    return replace(BUNDLE, humans=(human,), may_hold=True)


def promoted(world: World) -> list[dict[str, str]]:
    """Return what each promote of ours made current, in order."""
    (found,) = world.destination.objects.values()
    acts = [act for act in world.wire.acts if (act.actor, act.verb) == (Actor.ROTATOR, "promote")]
    return [json.loads(found.versions[act.version]) for act in acts if act.version]


def keys_in(world: World, fields: dict[str, str]) -> list[str]:
    """Say of each part whether these fields hold its first key, or one of ours."""
    return [
        "first" if fields[it.ref.key_id_field] == it.material.key_id else "ours"
        for it in world.subjects
    ]


def refusals(world: World) -> list[str]:
    """Return why orders were refused."""
    events = [event for it in world.book.rotations() for event in world.book.events(it.id)]
    failed = [
        it.detail for it in events if it.kind == "order" and it.detail["outcome"] != "success"
    ]
    return [str(detail["reason"]) for detail in failed]


def test_a_part_whose_sibling_was_promoted_later_is_not_rolled_back_over_it() -> None:
    world = play(back(0, "when both are promoted"))
    assert world.violations == []
    assert completed(world) == [1, 1]
    assert [keys_in(world, fields) for fields in promoted(world)] == [
        ["ours", "first"],
        ["ours", "ours"],
    ]
    (why,) = refusals(world)
    assert "the destination was changed since" in why


def test_the_part_that_was_promoted_last_goes_back_alone() -> None:
    world = play(back(1, "when both are promoted"))
    assert world.violations == []
    assert refusals(world) == []
    assert [keys_in(world, fields) for fields in promoted(world)][:3] == [
        ["ours", "first"],
        ["ours", "ours"],
        ["ours", "first"],
    ]


@pytest.mark.parametrize("side", [When.BEFORE, When.AFTER])
@pytest.mark.parametrize("moment", list(ORDERED_AT)[:3])
def test_a_part_that_goes_back_under_its_sibling_leaves_no_mixed_version(
    moment: str, side: When
) -> None:
    """The sibling's process dies half way, and meanwhile the first part goes back."""
    scene = back(0, moment)
    point = replace(ORDERED_AT[moment][0], when=side)
    number = [n for n, it in enumerate(play(scene).points.reached) if it.bare == point][1]
    world = play(scene, ByNumber({number: Fault.CUT}))
    assert world.violations == []
    seen = [keys_in(world, fields) for fields in promoted(world)]
    # Whoever publishes first wins; the other one sees it, and begins anew or is refused.
    assert seen[1] == (["ours", "ours"] if refusals(world) else ["first", "first"])
    assert seen[-1] == ["ours", "ours"]


@pytest.mark.parametrize("moment", ORDERED_AT)
@pytest.mark.parametrize("part", [0, 1])
def test_no_power_cut_beside_a_rollback_of_one_part_breaks_an_invariant(
    part: int, moment: str
) -> None:
    scene = back(part, moment)
    dice = Random(f"{part}{moment}")
    numbers = [dice.randrange(len(play(scene).points.reached)) for _ in range(10)]
    assert [line for it in numbers for line in lived(scene, (it, Fault.CUT))] == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ORDERED_AT)
@pytest.mark.parametrize("part", [0, 1])
def test_no_power_cut_anywhere_beside_a_rollback_breaks_an_invariant(
    part: int, moment: str
) -> None:
    scene = replace(back(part, moment), vendors=cipherstash_vendors.bundle)
    numbers = range(len(play(scene).points.reached))
    assert [line for it in numbers for line in lived(scene, (it, Fault.CUT))] == []


@pytest.mark.parametrize("method", ["destination.stage", "destination.promote"])
@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("name", ["bundle of fakes", "bundle"])
def test_a_field_that_a_person_edits_meanwhile_survives(name: str, method: str, part: int) -> None:
    human = Human(at=before(method), act=humans.writes_a_sibling_field, after=part)
    world = play(replace(SCENES[name], humans=(human,)))
    assert world.violations == []
    assert completed(world)[0] == 1
    assert '"db_host": "elsewhere"' in world.destination.read(world.ref)


ON_AWS = replace(BUNDLE, vendors=cipherstash_on_aws.bundle)


def test_a_bundle_in_a_real_adapters_secret_is_rotated_part_by_part() -> None:
    world = play(ON_AWS)
    assert world.violations == []
    assert completed(world) == [1, 1]


@pytest.mark.parametrize("method", ["destination.stage", "destination.promote"])
@pytest.mark.parametrize("part", [0, 1])
def test_no_power_cut_beside_a_real_adapters_secret_breaks_an_invariant(
    method: str, part: int
) -> None:
    reached = play(ON_AWS).points.reached
    for when in When:
        point = Point(method, when)
        number = [n for n, it in enumerate(reached) if it.bare == point][part]
        assert lived(ON_AWS, (number, Fault.CUT)) == []


def test_parts_may_be_a_month_apart() -> None:
    """The client's age counts from when it was first listed, for nobody tells it."""
    scene = replace(
        SCENES["bundle"], ordered=False, patience=timedelta(days=100), humans=(), may_hold=True
    )
    world = play(scene)
    assert world.violations == []
    assert completed(world)[1] == 1
