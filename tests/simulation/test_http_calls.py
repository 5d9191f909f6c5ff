"""Single calls of a described API under faults, lists that lie, and people at the service."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest

from rotator.simulators.stage5.shapes import FaultKind, FaultRule
from rotator.testing.wire import Actor, Failure
from tests.simulation import tampering
from tests.simulation.aws_world import CutAt
from tests.simulation.campaign import play
from tests.simulation.http_own_key import OWN
from tests.simulation.http_scenes import SCENES, STAGE5
from tests.simulation.http_vendors import PAGE, TARGETS, HttpSide, Stage5Side
from tests.simulation.robot_people import RobotSide
from tests.simulation.scene import Break, Human, Scene, before
from tests.simulation.wrapping import offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.simulator_wire import SimulatorWire
    from tests.simulation.stage5_people import AccessKeys
    from tests.simulation.tampering import Tamper, TamperedStage5
    from tests.simulation.vendors import Vendors
    from tests.simulation.world import World

SIDES: dict[str, Callable[[Scene, ManualClock], HttpSide]] = {
    "stage5": Stage5Side,
    "robots": RobotSide,
}
READING = frozenset({"", "list-access-keys", "get-me", "list", "whoami"})

FAULTS = (
    FaultKind.LOSE_REQUEST,
    FaultKind.LOSE_ANSWER,
    FaultKind.LAND_LATE,
    FaultKind.THROTTLE,
    FaultKind.SERVER_ERROR,
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.GARBLE,
    FaultKind.REDIRECT,
    FaultKind.ACCESS_DENIED,
    FaultKind.CREDENTIAL_REVOKED,
    FaultKind.PLAN_LIMIT,
    FaultKind.NOT_FOUND,
)
LATE_SECONDS = 50
OUTAGE = timedelta(hours=6)
FORGED = str(UUID(int=0xF0F))

every_side = pytest.mark.parametrize("name", SIDES)


class Stage:
    """Plays a scene on a side of its own, which is kept to be looked at."""

    def __init__(self, name: str, scene: Scene | None = None) -> None:
        self.name, self.scene = name, scene or SCENES[name]
        self.faults: list[FaultRule] = []
        self.cut: CutAt | None = None
        self.sides: list[HttpSide] = []

    @property
    def side(self) -> HttpSide:
        return self.sides[-1]

    def play(self) -> World:
        return play(replace(self.scene, vendors=self._vendors))

    def _vendors(self, scene: Scene, clock: ManualClock) -> Vendors:
        side = SIDES[self.name](scene, clock)
        self.sides.append(side)
        for rule in self.faults:
            ours = rule.model_copy(update={"caller": side.wire.ours})
            side.simulator.world.faults.add(ours)
        if self.cut is not None:
            side.on_request = self.cut
        return side.start(clock)


@cache
def calls(name: str) -> tuple[str, ...]:
    """Name the calls that we make in an undisturbed life, in order."""
    stage = Stage(name)
    stage.play()
    return tuple(stage.side.calls)


@cache
def own_calls(name: str) -> tuple[str, ...]:
    """Name those that are made with our own credential: trials of keys are left out."""
    is_trial = {"stage5": "get-me", "robots": "whoami"}[name]
    stage = Stage(name)
    if name == "robots":
        return tuple(it for it in calls(name) if it != is_trial)
    stage.play()
    ours, seen = stage.side.wire.ours, stage.side.simulator.world.calls
    return tuple(it.operation for it in seen if it.caller == ours)


def changes(told: tuple[str, ...]) -> list[int]:
    return [number for number, call in enumerate(told) if call not in READING]


def broken(name: str, numbers: list[int], kind: FaultKind, *, times: int = 1) -> list[str]:
    """Break our calls from a number on, one life for each number; say what that broke."""
    found = []
    for number in numbers:
        stage = Stage(name)
        stage.faults = [FaultRule(kind=kind, skip=number, times=times, seconds=LATE_SECONDS)]
        world = stage.play()
        found += [f"{number} {own_calls(name)[number]}: {it}" for it in world.violations]
    return found


def cut_at(name: str, numbers: list[int]) -> list[str]:
    """Cut the power on both sides of these calls, one life for each."""
    found = []
    for number in numbers:
        for is_over in (False, True):
            stage = Stage(name)
            stage.cut = cut = CutAt(number, is_over)
            world = stage.play()
            assert cut.cut == calls(name)[number]
            found += [f"{number} {cut.cut} {is_over}: {it}" for it in world.violations]
    return found


@every_side
def test_every_method_that_calls_the_service_names_what_its_failures_hit(name: str) -> None:
    stage = Stage(name)
    stage.play()
    port = stage.side.start(stage.side.clock).provider_port
    assert offered(port, "provider").keys() == TARGETS[stage.side.spec.name].keys()


@every_side
def test_the_same_life_makes_the_same_calls(name: str) -> None:
    stage = Stage(name)
    stage.play()
    assert tuple(stage.side.calls) == calls(name)


@every_side
def test_no_power_cut_at_a_change_breaks_an_invariant(name: str) -> None:
    assert cut_at(name, changes(calls(name))) == []


@pytest.mark.slow
@every_side
def test_no_power_cut_at_any_call_breaks_an_invariant(name: str) -> None:
    assert cut_at(name, list(range(len(calls(name))))) == []


@pytest.mark.parametrize("kind", FAULTS)
@every_side
def test_no_broken_change_breaks_an_invariant(name: str, kind: FaultKind) -> None:
    assert broken(name, changes(own_calls(name)), kind) == []


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", FAULTS)
@every_side
def test_no_broken_call_breaks_an_invariant(name: str, kind: FaultKind, times: int) -> None:
    assert broken(name, list(range(len(own_calls(name)))), kind, times=times) == []


@every_side
def test_a_lost_mint_ends_with_one_key_of_ours_and_no_orphan(name: str) -> None:
    lost = Break(method="create_key", failure=Failure.LOST_ANSWER)
    world = Stage(name, replace(SCENES[name], breaks=(lost,))).play()
    now = world.clock.now()
    left = [key for key in world.provider.keys.values() if key.exists_at(now)]
    assert [key.minter for key in left] == [Actor.ROTATOR]
    assert world.violations == []


# Lists that lie.


def stage5_of(world: World) -> TamperedStage5:
    return cast("TamperedStage5", cast("SimulatorWire", world.wire).simulator)


def lying(tamper: Tamper, period: timedelta | None) -> Callable[[World], None]:
    """Make a service whose lists lie from now on, or for a while."""

    def begin(world: World) -> None:
        simulator = stage5_of(world)
        simulator.tamper = tamper
        if period is not None:
            world.do_later(period, lambda it: setattr(stage5_of(it), "tamper", None))

    return begin


TAMPERS = (tampering.ends_early, tampering.loses_the_pointer)
MOMENTS = ("list_keys", "create_key", "verify", "last_used", "delete_key")
"""Before which methods a list begins to be cut short."""


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_list_that_is_cut_short_holds_everything_until_it_is_whole_again(
    tamper: Tamper, moment: str
) -> None:
    human = Human(at=before(f"provider.{moment}"), act=lying(tamper, OUTAGE))
    world = play(replace(STAGE5, humans=(human,)))
    assert stage5_of(world).lies > 0
    assert world.violations == []
    assert world.checker.completed() == 1


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("tamper", TAMPERS)
def test_nothing_is_ended_on_the_word_of_a_list_that_is_cut_short(
    tamper: Tamper, moment: str
) -> None:
    human = Human(at=before(f"provider.{moment}"), act=lying(tamper, None))
    scene = replace(STAGE5, humans=(human,), may_hold=True, patience=timedelta(days=20))
    world = play(scene)
    # A delete that was meant already when the list began to lie is sent all the same.
    ended = [it for it in world.wire.acts if (it.verb, it.actor) == ("delete_key", Actor.ROTATOR)]
    assert len(ended) <= (moment == "delete_key")
    assert world.violations == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_list_that_lies_about_its_length_too_makes_us_end_no_key_that_is_in_use(
    moment: str,
) -> None:
    """Nothing shows such a lie; what it says is gone may be left, and nothing else is touched."""
    human = Human(at=before(f"provider.{moment}"), act=lying(tampering.tells_of_fewer, OUTAGE))
    world = play(replace(STAGE5, humans=(human,), may_hold=True))
    assert {it.invariant for it in world.violations} <= {"I3", "I10"}


def test_a_list_has_more_pages_than_one() -> None:
    stage = Stage("stage5")
    stage.play()
    workspace = stage.side.simulator.world.workspaces["ws_acme"]
    now = stage.side.simulator.now()
    assert sum(key.status(now) == "active" for key in workspace.keys.values()) > PAGE
    told = stage.side.calls
    assert any(pair == ("list-access-keys",) * 2 for pair in itertools.pairwise(told))


# People, and our own key.


@pytest.mark.parametrize("point", ["create_key", "delete_key"])
def test_a_key_that_a_person_named_as_we_do_is_left_alone(point: str) -> None:
    def forges_our_name(world: World) -> None:
        name = f"{world.principal.name}.rotator-{FORGED}"
        cast("AccessKeys", world.provider).mint_as(name)

    human = Human(at=before(f"provider.{point}"), act=forges_our_name)
    world = play(replace(STAGE5, humans=(human,), may_hold=True))
    assert world.violations == []
    (theirs,) = [key for key in list(world.provider.keys.values())[1:] if key.minter is Actor.HUMAN]
    assert theirs.deleted_at is None


@pytest.mark.parametrize("point", ["list_keys", "create_key", "verify", "delete_key"])
@every_side
def test_an_admin_credential_that_is_revoked_in_the_middle_is_no_occasion_to_end_a_key(
    name: str, point: str
) -> None:
    def revoked(world: World) -> None:
        world.wire.break_everything(Failure.DENIED)

    human = Human(at=before(f"provider.{point}"), act=revoked)
    scene = replace(SCENES[name], humans=(human,), may_hold=True, patience=timedelta(days=20))
    world = play(scene)
    held = [it.hold for it in world.book.credentials()]
    ended = [it for it in world.wire.acts if (it.verb, it.actor) == ("delete_key", Actor.ROTATOR)]
    assert ended == []
    assert all(held)
    assert world.violations == []


def test_the_daemons_own_key_is_rotated_last_and_ended_by_its_successor() -> None:
    world = play(OWN)
    assert world.violations == []
    assert [subject.checker.completed() for subject in world.subjects] == [1, 1]
    promoted = [act.destination for act in world.wire.acts if act.verb == "promote"]
    assert promoted == [subject.ref.id for subject in world.subjects]


def test_the_secrets_that_are_looked_for_are_really_in_what_would_show_them() -> None:
    for name in SIDES:
        stage = Stage(name)
        stage.play()
        truth: Any = stage.side.truth
        made = truth.mint_by_hand(truth.add_principal("svc-app"))
        marks = stage.side.start(stage.side.clock).marks
        assert any(mark in made.secret.reveal() for mark in marks)
