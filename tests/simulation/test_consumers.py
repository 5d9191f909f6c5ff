"""Consumers in a cluster: trouble there, people, faults and power cuts, and mutants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.consumers import WORKLOADS, ConsumerKind, Rung
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase
from rotator.testing.fake_provider import FakeProviderWithoutUse
from rotator.testing.wire import Actor, Failure
from tests.simulation.campaign import ByNumber, Campaign, cut, play
from tests.simulation.consumers import EAGER, WEEKLY_JOB
from tests.simulation.faults import WIRE, Cell, Fault, can_strike, freezing
from tests.simulation.matrix import PATIENCE
from tests.simulation.scene import Human, Scene, after, before
from tests.simulation.scenes import CLUSTER
from tests.simulation.wrapping import overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.consumers import ConsumerRef, ConsumersReading, ConsumerState
    from rotator.core.ids import Instant
    from rotator.core.terms import Terms
    from rotator.ports.consumers import Consumers
    from rotator.ports.journal import Journal
    from tests.simulation.world import World

OUTAGE = timedelta(hours=27)
"""Longer than the shortest grace."""

CUTS = 16
"""Power cuts in each scene; `consumers` of the sweep is cut at every point."""

SLOWLY = timedelta(days=2)


def workloads_of(world: World) -> list[ConsumerRef]:
    home = world.focus.home
    assert home is not None
    return [ref for ref in home.named.refs if ref.kind in WORKLOADS]


def cannot_be_asked(failure: Failure) -> Callable[[World], None]:
    """Make the cluster refuse every reading for longer than a grace."""

    def go_away(world: World) -> None:
        world.wire.break_next("read", failure, times=1_000_000)
        world.do_later(OUTAGE, lambda it: it.wire.break_next("read", failure))

    return go_away


def breaks(world: World) -> None:
    """Let no rollout end for longer than a grace."""
    for ref in workloads_of(world):
        world.town.living[ref].is_broken = True

    def repair(world: World) -> None:
        for ref in workloads_of(world):
            world.town.living[ref].is_broken = False

    world.do_later(OUTAGE, repair)


def takes_back(world: World) -> None:
    """Let a controller take each restart back, until a person stops it and restarts all."""
    world.town.healer = timedelta(seconds=20)

    def stop(world: World) -> None:
        world.town.healer = None
        for ref in workloads_of(world):
            world.town.restart_by_hand(ref)

    world.do_later(OUTAGE, stop)


def restarts_too_soon(world: World) -> None:
    """Restart everything before the new key has come to the cluster."""
    for ref in workloads_of(world):
        world.town.restart_by_hand(ref)


def restarts_the_last(world: World) -> None:
    world.town.restart_by_hand(workloads_of(world)[-1])


def rolls_back_for_an_hour(world: World) -> None:
    """Publish the old key again inside the grace, and the new one an hour later."""
    there = world.destination.objects[world.ref.id]
    new, old = there.current, there.previous
    if new is None or old is None:
        return
    world.destination.make_current_by_hand(world.ref, old)

    def come_back(world: World) -> None:
        world.destination.make_current_by_hand(world.ref, new)

    world.do_later(timedelta(hours=1), come_back)


def goes_wrong_there(offset: timedelta) -> Callable[[World], None]:
    """Let the cluster's clock be off for longer than a grace."""

    def set_clock(world: World) -> None:
        world.town.offset = offset
        world.do_later(OUTAGE, lambda it: setattr(it.town, "offset", timedelta(0)))

    return set_clock


BASE = Scene(named=CLUSTER, consumers=(EAGER,), patience=PATIENCE)
UNTOLD = replace(
    BASE, provider=FakeProviderWithoutUse, consumers=(), pods=WEEKLY_JOB, may_hold=True
)
"""Nobody tells of uses, so that nothing but the consumers can prove anything."""


def where(act: Callable[[World], None], *, base: Scene = UNTOLD) -> Scene:
    return replace(base, humans=(Human(at=after("destination.promote"), act=act),))


SCENES: dict[str, Scene] = {
    "untold": UNTOLD,
    "two-of-them": replace(UNTOLD, subjects=2),
    "away": where(cannot_be_asked(Failure.UNAVAILABLE)),
    "forbidden": where(cannot_be_asked(Failure.DENIED)),
    "broken": where(breaks),
    "broken-and-idle": where(breaks, base=replace(BASE, pods=WEEKLY_JOB)),
    "broken-at-the-restart": replace(
        UNTOLD, humans=(Human(at=before("consumers.restart"), act=breaks),)
    ),
    "taken-back": where(takes_back),
    "restarted-too-soon": where(restarts_too_soon),
    "restarted-by-somebody-else": replace(
        UNTOLD, humans=(Human(at=before("consumers.restart"), act=restarts_the_last),)
    ),
    "rolled-back-for-an-hour": where(rolls_back_for_an_hour),
    "rolled-back-after-the-refresh": replace(
        UNTOLD, humans=(Human(at=after("consumers.refresh"), act=rolls_back_for_an_hour),)
    ),
    "clock-ahead-there": where(goes_wrong_there(timedelta(seconds=25))),
    "clock-behind-there": where(goes_wrong_there(timedelta(seconds=-25))),
    "clock-wrong-there": where(goes_wrong_there(timedelta(hours=1))),
}


def restarts(world: World) -> list[ConsumerRef | None]:
    """Name whom we restarted, in order."""
    acts = world.wire.acts
    return [it.consumer for it in acts if it.verb == "restart" and it.actor is Actor.ROTATOR]


@pytest.mark.parametrize("name", SCENES)
def test_trouble_with_consumers_delays_the_end_of_the_old_key_and_breaks_nothing(
    name: str,
) -> None:
    world = play(SCENES[name])
    assert world.violations == []
    assert [subject.checker.completed() for subject in world.subjects] == [1] * len(world.subjects)


@pytest.mark.parametrize("name", SCENES)
def test_no_power_cut_in_the_midst_of_it_breaks_an_invariant(name: str) -> None:
    campaign = Campaign()
    reached = play(SCENES[name]).points.reached
    for number in range(0, len(reached), max(1, len(reached) // CUTS)):
        struck = [Cell(Fault.CUT, reached[number])]
        campaign.add(cut(SCENES[name], number), struck, f"cut at {number}")
    assert campaign.runs >= CUTS
    assert campaign.found == []


@pytest.mark.parametrize("name", ["taken-back", "broken-at-the-restart"])
def test_no_power_cut_near_a_restart_that_does_not_hold_breaks_an_invariant(name: str) -> None:
    campaign = Campaign()
    reached = play(SCENES[name]).points.reached
    first = [str(point) for point in reached].index("before consumers.restart")
    for number in range(first - 12, first + 24):
        struck = [Cell(Fault.CUT, reached[number])]
        campaign.add(cut(SCENES[name], number), struck, f"cut at {number}")
    assert campaign.found == []


@pytest.mark.parametrize("fault", WIRE)
def test_no_fault_on_the_wire_to_a_cluster_breaks_an_invariant(fault: Fault) -> None:
    campaign = Campaign()
    for number, point in enumerate(play(UNTOLD).points.reached):
        if point.name.startswith("consumers.") and can_strike(fault, point):
            director = ByNumber({number: fault})
            campaign.add(play(UNTOLD, director), director.struck, f"at {number}")
    assert campaign.runs >= (0 if fault is Fault.HALFWAY else 3)
    assert campaign.found == []


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LATE])
def test_no_power_cut_after_a_restart_without_an_answer_breaks_an_invariant(fault: Fault) -> None:
    campaign = Campaign()
    points = play(UNTOLD).points.reached
    lost = [str(point) for point in points].index("before consumers.restart")
    for number in range(lost + 1, lost + 24):
        director = ByNumber({lost: fault, number: Fault.CUT})
        campaign.add(play(UNTOLD, director), director.struck, f"cut at {number}")
    assert campaign.found == []


@pytest.mark.parametrize("period", [timedelta(minutes=3), timedelta(minutes=10), SLOWLY])
def test_a_process_that_is_late_restarts_nobody_a_second_time(period: timedelta) -> None:
    campaign = Campaign()
    for number, point in enumerate(play(UNTOLD).points.reached):
        if point.name in {"consumers.read", "consumers.refresh", "consumers.restart"}:
            director = ByNumber({number: Fault.FROZEN}, strikes=freezing(period))
            world = play(UNTOLD, director)
            campaign.add(world, director.struck, f"frozen at {number}")
            assert sorted(map(str, restarts(world))) == sorted(map(str, workloads_of(world)))
    assert campaign.runs > 10
    assert campaign.found == []


def test_a_restart_that_is_taken_back_is_made_once_and_told() -> None:
    def goes_on(world: World) -> None:
        world.town.healer = timedelta(seconds=20)

    world = play(replace(where(goes_on), may_hold=True))
    rotation, (credential,) = world.book.rotations()[0], world.book.credentials()
    assert restarts(world) == workloads_of(world)
    assert rotation.phase is Phase.PROMOTED
    assert credential.hold is not None
    assert credential.hold.reason is Reason.CONSUMERS_BEHIND
    assert world.violations == []


def test_a_rollout_that_never_ends_keeps_the_old_key_and_every_other_workload_as_it_is() -> None:
    def breaks_for_good(world: World) -> None:
        world.town.living[workloads_of(world)[0]].is_broken = True

    human = Human(at=before("consumers.restart"), act=breaks_for_good)
    world = play(replace(UNTOLD, may_hold=True, humans=(human,)))
    rotation = world.book.rotations()[0]
    assert restarts(world) == workloads_of(world)[:1]
    assert (rotation.phase, rotation.disabled_at) == (Phase.PROMOTED, None)
    assert world.violations == []


def ignores_the_rung(terms: Terms) -> Terms:
    """Ask consumers for nothing before the old key goes."""
    return replace(terms, consumers=replace(terms.consumers, evidence=Rung.TIME))


def restarts_all_at_once(terms: Terms) -> Terms:
    """Restart whoever is left, however many roll."""
    hasty = replace(terms.consumers.restarting, batch=99)
    return replace(terms, consumers=replace(terms.consumers, restarting=hasty))


def forgets_the_copy(terms: Terms) -> Terms:
    """Restart pods whether or not the new key has come to the cluster."""
    refs = tuple(it for it in terms.consumers.refs if it.kind is not ConsumerKind.EXTERNAL_SECRET)
    return replace(terms, consumers=replace(terms.consumers, refs=refs))


def forgets_restarts(journal: Journal, world: World) -> Journal:
    """Know of no restart but from what the cluster shows."""
    del world
    return overriding(journal, "journal", events=lambda _: ())


def takes_refreshed_for_restarted(consumers: Consumers) -> Consumers:
    """Take pods for new as soon as the copy is."""

    def read(refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        reading = consumers.read(refs, mounts)
        newest = max(filter(None, (state.refreshed_at for state in reading.states)))
        states = tuple(_young(state, newest) for state in reading.states)
        return replace(reading, states=states)

    return overriding(consumers, "consumers", read=read)


def _young(state: ConsumerState, since: Instant) -> ConsumerState:
    return replace(state, started_at=since) if state.ref.kind in WORKLOADS else state


MUTANTS: dict[str, tuple[str, Callable[[Scene], Scene], str]] = {
    "guard ignores the rung": (
        "broken-and-idle",
        lambda it: replace(it, around_terms=ignores_the_rung),
        "I4",
    ),
    "all restarted at once": (
        "untold",
        lambda it: replace(it, around_terms=restarts_all_at_once),
        "batch",
    ),
    "restarted in each pass": (
        "taken-back",
        lambda it: replace(it, around_journal=forgets_restarts),
        "restarts",
    ),
    "refreshed counts as restarted": (
        "untold",
        lambda it: replace(it, around_consumers=takes_refreshed_for_restarted),
        "I4",
    ),
    "pods restarted before the copy": (
        "untold",
        lambda it: replace(it, around_terms=forgets_the_copy),
        "I4",
    ),
}
"""What is broken by whom, in which scene, and which promise the judge names."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_seen(name: str) -> None:
    scene, mutate, promise = MUTANTS[name]
    world = play(mutate(SCENES[scene]))
    assert promise in {violation.invariant for violation in world.violations}
