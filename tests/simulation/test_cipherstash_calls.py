"""CipherStash's single calls under faults, and people who act at the service by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytest

from rotator.core.ids import destination_id
from rotator.core.reasons import Reason
from rotator.core.workspace import AccessRole
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.simulators.cipherstash.shapes import FaultKind, FaultRule
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Actor, Failure
from tests.simulation.aws_world import CutAt
from tests.simulation.campaign import cut, play
from tests.simulation.cipherstash_bundle import BUNDLE, PART
from tests.simulation.cipherstash_people import TENANT
from tests.simulation.cipherstash_truth import READING
from tests.simulation.cipherstash_vendors import CipherStashSide
from tests.simulation.cipherstash_wire import TARGETS, CipherStashWire
from tests.simulation.consumers import Habit
from tests.simulation.scene import Break, Human, Scene, after, before
from tests.simulation.subject import KIND
from tests.simulation.subject import NAMES as NAMES_OF_SUBJECTS
from tests.simulation.wrapping import PORTS, methods, offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.cipherstash_people import AccessKeys, ClientKeys
    from tests.simulation.vendors import Vendors
    from tests.simulation.world import World

KINDS = {"access keys": (ACCESS_KEYS,), "client keys": (CLIENT_KEYS,)}
NAMES = tuple(KINDS)

FAULTS = (
    FaultKind.LOSE_REQUEST,
    FaultKind.LOSE_ANSWER,
    FaultKind.LAND_LATE,
    FaultKind.THROTTLE,
    FaultKind.SERVER_ERROR,
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.GARBLE,
    FaultKind.ACCESS_DENIED,
    FaultKind.CREDENTIAL_REVOKED,
    FaultKind.PAYMENT_REQUIRED,
    FaultKind.NOT_FOUND,
    FaultKind.NOT_ALLOWED,
)
LATE_SECONDS = 240
OUTAGE = timedelta(hours=6)
FORGED = str(UUID(int=0xF0F))
STEADY = Habit(name="steady", every=timedelta(minutes=10), refresh=timedelta(hours=1))


class Stage:
    """Plays a scene on a side of its own, which is kept to be looked at."""

    def __init__(self, name: str, scene: Scene = PART) -> None:
        self.name, self.scene = name, scene
        self.faults: list[FaultRule] = []
        self.cut: CutAt | None = None
        self.side: CipherStashSide | None = None

    def play(self) -> World:
        return play(replace(self.scene, vendors=self._vendors))

    def _vendors(self, scene: Scene, clock: ManualClock) -> Vendors:
        self.side = side = CipherStashSide(scene, clock, kinds=KINDS[self.name])
        for rule in self.faults:
            ours = replace_caller(rule, side.wire.ours)
            side.stash.world.faults.add(ours)
        if self.cut is not None:
            side.on_request = self.cut
        return side.start(clock)


def replace_caller(rule: FaultRule, caller: str) -> FaultRule:
    return rule.model_copy(update={"caller": caller})


@cache
def calls(name: str) -> tuple[str, ...]:
    """Name the calls that we make in an undisturbed life, in order."""
    stage = Stage(name)
    stage.play()
    assert stage.side is not None
    return tuple(stage.side.calls)


@cache
def own_calls(name: str) -> tuple[str, ...]:
    """Name those that are made with our own key: trials of others' are left out."""
    stage = Stage(name)
    stage.play()
    assert stage.side is not None
    ours = stage.side.wire.ours
    return tuple(it.operation for it in stage.side.stash.world.calls if it.caller == ours)


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


def test_every_method_that_calls_the_service_names_what_its_failures_hit() -> None:
    ports = {method for port in PORTS["provider"] for method in methods(port)}
    side = CipherStashSide(PART, play_clock(), kinds=(ACCESS_KEYS, CLIENT_KEYS))
    for system in side.start(side.destination.wire.clock).systems:
        named = TARGETS[system.truth.add_principal("svc").provider].keys()
        assert named <= ports
        assert offered(system.port, "provider").keys() - named <= {"own_key"}


def play_clock() -> ManualClock:
    return play(replace(PART, patience=timedelta(0), may_hold=True)).clock


@pytest.mark.parametrize("name", NAMES)
def test_the_same_life_makes_the_same_calls(name: str) -> None:
    stage = Stage(name)
    stage.play()
    assert stage.side is not None
    assert tuple(stage.side.calls) == calls(name)


@pytest.mark.parametrize("name", NAMES)
def test_no_power_cut_at_a_change_breaks_an_invariant(name: str) -> None:
    assert cut_at(name, changes(calls(name))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_power_cut_at_any_call_breaks_an_invariant(name: str) -> None:
    assert cut_at(name, list(range(len(calls(name))))) == []


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_broken_change_breaks_an_invariant(name: str, kind: FaultKind) -> None:
    assert broken(name, changes(own_calls(name)), kind) == []


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_broken_call_breaks_an_invariant(name: str, kind: FaultKind, times: int) -> None:
    assert broken(name, list(range(len(own_calls(name)))), kind, times=times) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_mint_ends_with_one_key_of_ours_and_no_orphan(name: str) -> None:
    lost = Break(method="create_key", failure=Failure.LOST_ANSWER)
    world = Stage(name, replace(PART, breaks=(lost,))).play()
    now = world.clock.now()
    left = [key for key in world.provider.keys.values() if key.exists_at(now)]
    assert [key.minter for key in left] == [Actor.ROTATOR]
    assert world.violations == []


# People.


def stops_paying(world: World) -> None:
    """Let all our calls be answered 402 for some hours."""
    wire = world.wire
    assert isinstance(wire, CipherStashWire)
    rule = FaultRule(kind=FaultKind.PAYMENT_REQUIRED, caller=wire.ours, times=None)
    wire.stash.world.faults.add(rule)

    def pays(world: World) -> None:
        del world
        wire.stash.world.faults.remove(rule)

    world.do_later(OUTAGE, pays)


@pytest.mark.parametrize("point", ["create_key", "verify", "delete_key", "list_keys"])
@pytest.mark.parametrize("name", NAMES)
def test_a_workspace_that_is_not_paid_for_is_no_occasion_to_rotate(name: str, point: str) -> None:
    human = Human(at=before(f"provider.{point}"), act=stops_paying)
    world = Stage(name, replace(PART, humans=(human,))).play()
    assert world.violations == []
    assert [it.phase.value for it in world.book.rotations()] == ["completed"]


def forges_our_name(world: World) -> None:
    cast("AccessKeys", world.provider).mint_as_if_ours(world.principal, FORGED)


@pytest.mark.parametrize("point", ["create_key", "delete_key"])
def test_a_key_that_a_person_named_as_we_do_is_left_alone(point: str) -> None:
    human = Human(at=before(f"provider.{point}"), act=forges_our_name)
    world = Stage("access keys", replace(PART, humans=(human,), may_hold=True)).play()
    assert world.violations == []
    (theirs,) = [key for key in list(world.provider.keys.values())[1:] if key.minter is Actor.HUMAN]
    assert theirs.deleted_at is None


@pytest.mark.parametrize("point", ["provider.create_key", "provider.delete_key"])
def test_a_name_that_is_given_anew_is_not_revoked_when_listings_are_current(point: str) -> None:
    """While they lag, nothing can tell the two holders of the name apart."""

    def gives_the_name_anew(world: World) -> None:
        truth, principal = world.provider, world.principal
        truth.delete_by_hand(principal, world.focus.material.key_id)
        truth.mint_by_hand(principal)

    habits = replace(PART.habits, list_lag=timedelta(0))
    human = Human(at=before(point), act=gives_the_name_anew)
    scene = replace(PART, habits=habits, humans=(human,), may_hold=True)
    world = Stage("access keys", scene).play()
    assert world.violations == []


def test_a_consumer_that_lives_on_its_token_is_never_refused() -> None:
    """It authorises every quarter of an hour at most, and only that is ever reported."""
    world = Stage("access keys", replace(PART, consumers=(STEADY,))).play()
    assert world.violations == []
    assert world.checker.completed() == 1


# The daemon's own key.


def enters_by_its_own_key(scene: Scene, clock: ManualClock) -> Vendors:
    """Let the daemon read the key by which it enters from one of the secrets that it writes."""
    side = CipherStashSide(scene, clock, kinds=(ACCESS_KEYS,))
    cast("AccessKeys", side.truths[ACCESS_KEYS]).role = "admin"
    side.roles = (("*", AccessRole.ADMIN),)
    secret = destination_id(KIND, ACCOUNT, "eu-central-1", f"svc/{NAMES_OF_SUBJECTS[1]}")

    def read() -> str:
        found = side.destination.objects.get(secret)
        if found is None or found.current is None:
            return side.seeded.admin.access_key
        return str(json.loads(found.versions[found.current])["CS_CLIENT_ACCESS_KEY"])

    side.admin = read
    return side.start(clock)


OWN = replace(PART, vendors=enters_by_its_own_key, subjects=2, merge=False, content={})


def test_the_daemons_own_key_is_rotated_last_and_ended_by_its_successor() -> None:
    world = play(OWN)
    assert world.violations == []
    assert [subject.checker.completed() for subject in world.subjects] == [1, 1]
    promoted = [act.destination for act in world.wire.acts if act.verb == "promote"]
    assert promoted == [subject.ref.id for subject in world.subjects]


@pytest.mark.parametrize("portion", range(2))
def test_no_power_cut_while_the_daemons_own_key_is_rotated_breaks_an_invariant(
    portion: int,
) -> None:
    numbers = range(portion, len(play(OWN).points.reached), 8)
    found = [f"{it}: {what}" for it in numbers for what in cut(OWN, it).violations]
    assert found == []


def clients(world: World) -> ClientKeys:
    return cast("ClientKeys", world.provider)


def grants_the_old_client_a_tenant(world: World) -> None:
    clients(world).grant_by_hand(world.focus.material.key_id, "tenant-b")


def grants_the_new_client_a_tenant(world: World) -> None:
    clients(world).grant_by_hand(list(world.provider.keys)[-1], "tenant-c")


def takes_the_tenant_from_both(world: World) -> None:
    truth = clients(world)
    truth.needed.remove(TENANT)
    for key in list(truth.keys):
        truth.take_by_hand(key, TENANT)


GRANTING: tuple[tuple[str, Callable[[World], None]], ...] = (
    ("before provider.create_key", grants_the_old_client_a_tenant),
    ("before destination.promote", grants_the_old_client_a_tenant),
    ("after destination.promote", grants_the_old_client_a_tenant),
    ("before provider.disable_key", grants_the_old_client_a_tenant),
    ("after destination.promote", grants_the_new_client_a_tenant),
    ("after destination.promote", takes_the_tenant_from_both),
)


@pytest.mark.parametrize(("moment", "act"), GRANTING)
def test_what_people_grant_meanwhile_the_published_client_has_in_the_end(
    moment: str, act: Callable[[World], None]
) -> None:
    side, _, method = moment.partition(" ")
    point = before(method) if side == "before" else after(method)
    world = Stage("client keys", replace(PART, humans=(Human(at=point, act=act),))).play()
    published = world.destination.material(world.ref)
    assert published is not None
    assert published.key_id != world.focus.material.key_id
    assert clients(world).granted(published.key_id) >= clients(world).promised
    assert world.violations == []


def test_a_client_that_is_gone_before_its_grants_were_read_is_not_replaced() -> None:
    def deletes_it(world: World) -> None:
        world.provider.delete_by_hand(world.principal, world.focus.material.key_id)

    human = Human(at=after("provider.create_key"), act=deletes_it)
    world = Stage("client keys", replace(PART, humans=(human,), may_hold=True)).play()
    (credential,) = world.book.credentials()
    assert credential.hold is not None
    assert credential.hold.reason is Reason.GRANTS_UNREADABLE
    assert world.checker.completed() == 0


def test_the_secrets_that_are_looked_for_are_really_in_what_would_show_them() -> None:
    for scene in (PART, BUNDLE):
        side = CipherStashSide(scene, play_clock(), kinds=(ACCESS_KEYS, CLIENT_KEYS))
        for system in side.start(side.destination.wire.clock).systems:
            made = system.truth.mint_by_hand(system.truth.add_principal("svc"))
            assert any(mark in made.secret.reveal() for mark in system.marks)
