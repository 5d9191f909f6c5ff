"""The real AWS adapters under the simulation's faults: what the fakes promise, AWS keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from rotator.clients.aws_calls import is_reading
from rotator.core.reasons import Reason
from rotator.ports.provider import CanKeepGrants, CanTellOwn
from rotator.providers.aws_iam import AwsIamProviderWithTrail
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.testing.wire import Actor, Failure
from tests.simulation import humans
from tests.simulation.aws_wire import TARGETS
from tests.simulation.aws_world import AwsWorld, CutAt
from tests.simulation.points import PowerCut
from tests.simulation.scene import REALISTIC, Break, Human, Scene, after, before
from tests.simulation.scenes import SCENES
from tests.simulation.wrapping import PORTS, methods

if TYPE_CHECKING:
    from tests.simulation.world import World

SAME = (
    "plain",
    "clinger",
    "ordered",
    "merging",
    "missing-object",
    "human-writes-before-stage",
    "human-writes-before-promote",
    "human-rolls-back",
    "human-disables-the-new-key",
    "fast-clock-at-the-provider",
    "refresh-is-daily",
)
"""Scenes that need nothing that AWS lacks or has too few of."""

KINDS = (
    FaultKind.LOSE_REQUEST,
    FaultKind.LOSE_ANSWER,
    FaultKind.LAND_LATE,
    FaultKind.THROTTLE,
    FaultKind.SERVER_ERROR,
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.ACCESS_DENIED,
    FaultKind.CREDENTIAL_REVOKED,
)
LATE_SECONDS = 240
STALEST = replace(REALISTIC, list_lag=timedelta(seconds=60))


@cache
def calls(name: str) -> tuple[str, ...]:
    """Name the calls of an undisturbed run, in order."""
    world = AwsWorld(SCENES[name]).run()
    return tuple(call.operation for call in world.side.calls())


def changes(name: str) -> list[int]:
    """Number the calls that change something."""
    return [number for number, call in enumerate(calls(name)) if not is_reading(call)]


def broken(name: str, number: int, kind: FaultKind, *, times: int = 1) -> FaultRule:
    """Break the calls from a number on."""
    assert number < len(calls(name))
    return FaultRule(kind=kind, skip=number, times=times, seconds=LATE_SECONDS)


def cut_everywhere(name: str, numbers: list[int]) -> list[str]:
    """Cut the power on both sides of these calls, one run for each."""
    found = []
    for number in numbers:
        for is_over in (False, True):
            cut = CutAt(number, is_over)
            world = AwsWorld(SCENES[name], cut=cut).run()
            assert cut.cut == calls(name)[number]
            found += [f"{number} {cut.cut} {is_over}: {item}" for item in world.violations]
    return found


def minted(world: AwsWorld) -> list[str]:
    """Name the keys that we made and that are left."""
    now = world.clock.now()
    keys = world.provider.keys.values()
    return [key.key_id for key in keys if key.minter is Actor.ROTATOR and key.exists_at(now)]


def test_every_method_of_the_ports_names_the_calls_that_its_failures_hit() -> None:
    elsewhere = {CanKeepGrants, CanTellOwn}
    ports = {*PORTS["provider"], *PORTS["destination"]} - elsewhere
    assert TARGETS.keys() == {method for port in ports for method in methods(port)}


@pytest.mark.parametrize("name", SAME)
def test_undisturbed_world_rotates_without_a_violation(name: str) -> None:
    world = AwsWorld(SCENES[name]).run()
    assert world.violations == []
    assert world.checker.completed() == 1


def test_same_scene_makes_the_same_calls_each_time() -> None:
    runs = [AwsWorld(SCENES["plain"]).run().side.calls() for _ in range(2)]
    assert runs[0] == runs[1]


def test_no_power_cut_at_a_change_breaks_an_invariant() -> None:
    assert cut_everywhere("plain", changes("plain")) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "merging", "missing-object"])
def test_no_power_cut_at_any_call_breaks_an_invariant(name: str) -> None:
    assert cut_everywhere(name, list(range(len(calls(name))))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_broken_change_breaks_an_invariant(kind: FaultKind) -> None:
    found = []
    for number in changes("plain"):
        world = AwsWorld(SCENES["plain"], faults=[broken("plain", number, kind)]).run()
        found += [f"{number} {calls('plain')[number]}: {item}" for item in world.violations]
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "merging", "missing-object"])
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_no_broken_call_breaks_an_invariant(name: str, kind: FaultKind, times: int) -> None:
    found = []
    for number, call in enumerate(calls(name)):
        rule = broken(name, number, kind, times=times)
        world = AwsWorld(SCENES[name], faults=[rule]).run()
        found += [f"{number} {call}: {item}" for item in world.violations]
    assert found == []


def test_pending_label_that_could_not_be_taken_off_is_taken_off_later() -> None:
    moves = [
        number
        for number in changes("plain")
        if calls("plain")[number] == "UpdateSecretVersionStage"
    ]
    rule = broken("plain", moves[1], FaultKind.THROTTLE)
    world = AwsWorld(SCENES["plain"], faults=[rule]).run()
    (found,) = world.destination.objects.values()
    assert found.pending is None
    assert world.violations == []


@pytest.mark.parametrize("kind", [FaultKind.LOSE_ANSWER, FaultKind.SERVER_ERROR_AFTER])
def test_repeats_of_the_sdk_break_no_invariant(kind: FaultKind) -> None:
    """A repeat may meet its own effect, and be refused for it."""
    found = []
    for number in changes("plain"):
        rule = broken("plain", number, kind)
        world = AwsWorld(SCENES["plain"], faults=[rule], attempts=4).run()
        found += [f"{number} {calls('plain')[number]}: {item}" for item in world.violations]
    assert found == []


@pytest.mark.parametrize(
    ("method", "failure"),
    [
        ("create_key", Failure.LOST_ANSWER),
        ("create_key", Failure.LATE),
        ("stage", Failure.LATE),
        ("promote", Failure.LATE),
        ("promote", Failure.HALFWAY),
        ("unstage", Failure.HALFWAY),
        ("disable_key", Failure.LOST_ANSWER),
        ("delete_key", Failure.LATE),
        ("list_keys", Failure.DENIED),
        ("describe", Failure.UNAVAILABLE),
        ("last_used", Failure.THROTTLED),
        ("prepare", Failure.THROTTLED),
        ("verify", Failure.UNAVAILABLE),
    ],
)
def test_no_broken_method_breaks_an_invariant(method: str, failure: Failure) -> None:
    for skip in (0, 1):
        item = Break(method=method, failure=failure, skip=skip)
        world = AwsWorld(replace(SCENES["plain"], breaks=(item,))).run()
        assert world.violations == []
        assert world.checker.completed() == 1


def test_lost_mint_ends_with_one_key_and_no_orphan() -> None:
    lost = Break(method="create_key", failure=Failure.LOST_ANSWER)
    world = AwsWorld(replace(SCENES["plain"], breaks=(lost,))).run()
    assert world.side.wire.struck == [("create_key", Failure.LOST_ANSWER)]
    assert len(minted(world)) == 1
    assert world.violations == []


@pytest.mark.parametrize("name", ["plain", "merging"])
def test_lists_as_old_as_they_may_be_break_no_invariant(name: str) -> None:
    lost = Break(method="create_key", failure=Failure.LATE)
    for breaks in ((), (lost,)):
        world = AwsWorld(replace(SCENES[name], habits=STALEST, breaks=breaks)).run()
        assert world.violations == []
        assert len(minted(world)) == 1


@pytest.mark.parametrize(
    "point",
    [
        "provider.create_key",
        "destination.stage",
        "destination.promote",
        "provider.disable_key",
        "provider.delete_key",
    ],
)
def test_user_that_is_made_again_ends_in_a_hold_and_its_keys_are_left_alone(point: str) -> None:
    human = Human(at=before(point), act=humans.makes_the_user_again)
    world = AwsWorld(Scene(humans=(human,), may_hold=True)).run()
    assert world.violations == []
    theirs = [
        key.key_id
        for key in world.provider.keys.values()
        if key.minter is Actor.HUMAN and key.owner_uid in world.checker.namesakes
    ]
    acts = [(act.actor, act.verb) for act in world.wire.acts if act.key in theirs]
    assert acts == [(Actor.HUMAN, "create_key")]
    assert minted(world) == []


def test_late_mint_that_lands_on_a_namesake_is_named_by_the_halt() -> None:
    late = Break(method="create_key", failure=Failure.LATE)
    human = Human(at=after("provider.create_key"), act=humans.makes_the_user_again)
    world = AwsWorld(Scene(breaks=(late,), humans=(human,), may_hold=True)).run()
    assert world.violations == []


def test_trail_tells_whose_a_lost_mint_was() -> None:
    lost = Break(method="create_key", failure=Failure.LOST_ANSWER)
    scene = replace(SCENES["plain"], breaks=(lost,))
    world = AwsWorld(scene, kind=AwsIamProviderWithTrail).run()
    assert "minted_by" in world.wire.sent
    assert "LookupEvents" in {call.operation for call in world.side.calls()}
    assert len(minted(world)) == 1
    assert world.violations == []


def test_human_in_the_second_slot_is_waited_for() -> None:
    human = Human(at=before("provider.create_key"), act=humans.mints_a_key)
    world = AwsWorld(Scene(humans=(human,), may_hold=True)).run()
    (credential,) = world.journal.credentials()
    assert credential.hold is not None
    assert credential.hold.reason is Reason.SLOTS_FULL
    assert world.violations == []


def test_revoked_admin_credential_is_a_hold_until_it_is_given_back() -> None:
    def revoke(world: World) -> None:
        world.wire.break_everything(Failure.DENIED)
        world.do_later(timedelta(hours=6), lambda it: it.wire.break_everything(None))

    human = Human(at=before("destination.stage"), act=revoke)
    world = AwsWorld(Scene(humans=(human,))).run()
    errors = {call.error for call in world.side.calls()}
    assert errors >= {"InvalidClientTokenId", "UnrecognizedClientException"}
    assert world.violations == []
    assert world.checker.completed() == 1


def test_everything_may_break_for_the_length_of_a_block() -> None:
    world = AwsWorld(SCENES["plain"])
    with world.wire.breaking(Failure.UNAVAILABLE), pytest.raises(PowerCut):
        world._enrol()
    assert world.run().violations == []
