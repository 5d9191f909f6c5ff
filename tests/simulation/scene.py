"""What a simulated world is like: its vendors, its consumers and its people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.consumers import Consumers as Named
from rotator.core.terms import Grace, Limits, Terms
from rotator.testing.fake_destination import FakeDestination, WriteOnlyFakeDestination
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import BareFakeProvider, FakeProvider
from tests.simulation.consumers import DAILY, EAGER, HOURLY, SERVICE, Habit
from tests.simulation.journals import MemoryVolume
from tests.simulation.points import Point, When
from tests.simulation.vendors import fakes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Chance
    from rotator.ports.consumers import Consumers
    from rotator.ports.destination import Destination
    from rotator.ports.evidence import AuditGate
    from rotator.ports.journal import Journal
    from rotator.ports.provider import KeyProvider
    from rotator.testing.manual_clock import ManualClock
    from rotator.testing.wire import Failure
    from tests.simulation.journals import Volume
    from tests.simulation.vendors import Vendors
    from tests.simulation.world import World

REALISTIC = Habits(
    list_lag=timedelta(seconds=20),
    activation_lag=timedelta(seconds=8),
    revocation_lag=timedelta(seconds=4),
    report_lag=timedelta(minutes=30),
)
"""About what is known of AWS IAM."""

PATIENT = Limits(check_interval=timedelta(hours=12), inspect_interval=timedelta(hours=12))
"""Longer looks at waits, so that a simulated week has few passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Human:
    """Somebody who acts out of band, once, when the world comes to a point.

    Attributes:
        at: Where; the act happens before the call goes on.
        act: What is done.
        after: How many times the point is passed before.
    """

    at: Point
    act: Callable[[World], None]
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One broken request: the `skip`-th next of a method."""

    method: str
    failure: Failure
    skip: int = 0
    times: int = 1


def _same_journal(journal: Journal, world: World) -> Journal:
    del world
    return journal


def _same_provider(provider: KeyProvider) -> KeyProvider:
    return provider


def _same_destination(destination: Destination) -> Destination:
    return destination


def _same_consumers(consumers: Consumers) -> Consumers:
    return consumers


def _same_terms(terms: Terms) -> Terms:
    return terms


def _same_gate(gate: AuditGate) -> AuditGate:
    return gate


def _judges_nothing(world: World) -> None:
    del world


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How a world begins.

    Attributes:
        provider: The kind of provider, and so its capabilities.
        destination: The kind of destination, and so its capabilities.
        content: Other fields of the published object; kept when `merge` is true.
        exists: Whether the destination object exists, with the key in it.
        subjects: Principals, each with a key, an object and consumers of its own.
        shares_object: Whether the subjects are fields of one object.
        followers: How many places follow the first one; the first of them carries the key
            from the beginning, the others are to be made.
        named: The consumers in a cluster that policy names; none without a cluster.
        pods: How the workloads among them use their keys.
        replicas: Processes; a second one works while the first is frozen.
        rotations: How many come after another; those after the first are ordered.
        newcomer: Whether another principal appears for the second round.
        vendors: Who is on the other side.
        volume: Where the journal is kept.
        seed: What the drawn ids come from.
        ordered: An operator orders the rotation instead of the key's age.
        breaks: Requests that fail.
        may_hold: Whether a hold with a reason is as good an end as a rotation.
        completes: How many rotations go through if nothing else happens.
        lasts: How long it goes on at least, though nothing is left to be done.
        shortly_before: What a human does two minutes before we first look.
        around_journal: A journal that a mutant puts in place of the real one.
        around_provider: A provider that a mutant puts in place of the real one.
        around_destination: A destination that a mutant puts in place of the real one.
        around_consumers: A cluster that a mutant puts in place of the real one.
        around_terms: Terms that a mutant gives the shell, not the checker.
        around_gate: A gate of evidence that a mutant puts in place of the real one.
        judge: Looks at the whole world whenever the checkers look at their keys.
    """

    provider: type[BareFakeProvider] = FakeProvider
    habits: Habits = REALISTIC
    destination: type[WriteOnlyFakeDestination] = FakeDestination
    merge: bool = False
    content: dict[str, str] = field(default_factory=dict)
    exists: bool = True
    subjects: int = 1
    shares_object: bool = False
    followers: int = 0
    named: Named = field(default_factory=Named)
    pods: Habit = SERVICE
    replicas: int = 2
    rotations: int = 1
    newcomer: bool = False
    vendors: Callable[[Scene, ManualClock], Vendors] = fakes
    volume: Callable[[Chance], Volume] = MemoryVolume
    seed: int = 0
    ordered: bool = False
    grace: Grace = field(default_factory=Grace)
    limits: Limits = PATIENT
    consumers: tuple[Habit, ...] = (EAGER, HOURLY, DAILY)
    humans: tuple[Human, ...] = ()
    breaks: tuple[Break, ...] = ()
    may_hold: bool = False
    completes: int = 1
    patience: timedelta = timedelta(days=30)
    lasts: timedelta = timedelta(0)
    shortly_before: Callable[[World], None] | None = None
    around_journal: Callable[[Journal, World], Journal] = _same_journal
    around_provider: Callable[[KeyProvider], KeyProvider] = _same_provider
    around_destination: Callable[[Destination], Destination] = _same_destination
    around_consumers: Callable[[Consumers], Consumers] = _same_consumers
    around_terms: Callable[[Terms], Terms] = _same_terms
    around_gate: Callable[[AuditGate], AuditGate] = _same_gate
    judge: Callable[[World], None] = _judges_nothing


def before(name: str) -> Point:
    """Name the point before a call."""
    return Point(name, When.BEFORE)


def after(name: str) -> Point:
    """Name the point after a call."""
    return Point(name, When.AFTER)
