"""What a simulated world is like: its vendors, its consumers and its people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.terms import Grace, Limits, Terms
from rotator.testing.fake_destination import FakeDestination, WriteOnlyFakeDestination
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import BareFakeProvider, FakeProvider
from tests.simulation.consumers import DAILY, EAGER, HOURLY, Habit
from tests.simulation.points import Point, When

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.destination import Destination
    from rotator.ports.journal import Journal
    from rotator.testing.wire import Failure
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


def _same_journal(journal: Journal) -> Journal:
    return journal


def _same_destination(destination: Destination) -> Destination:
    return destination


def _same_terms(terms: Terms) -> Terms:
    return terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How a world begins.

    Attributes:
        provider: The kind of provider, and so its capabilities.
        destination: The kind of destination, and so its capabilities.
        content: Other fields of the published object; kept when `merge` is true.
        exists: Whether the destination object exists, with the key in it.
        ordered: An operator orders the rotation instead of the key's age.
        breaks: Requests that fail.
        may_hold: Whether a hold with a reason is as good an end as a rotation.
        shortly_before: What a human does two minutes before we first look.
        around_journal: A journal that a mutant puts in place of the real one.
        around_destination: A destination that a mutant puts in place of the real one.
        around_terms: Terms that a mutant gives the shell, not the checker.
    """

    provider: type[BareFakeProvider] = FakeProvider
    habits: Habits = REALISTIC
    destination: type[WriteOnlyFakeDestination] = FakeDestination
    merge: bool = False
    content: dict[str, str] = field(default_factory=dict)
    exists: bool = True
    ordered: bool = False
    grace: Grace = field(default_factory=Grace)
    limits: Limits = PATIENT
    consumers: tuple[Habit, ...] = (EAGER, HOURLY, DAILY)
    humans: tuple[Human, ...] = ()
    breaks: tuple[Break, ...] = ()
    may_hold: bool = False
    patience: timedelta = timedelta(days=30)
    shortly_before: Callable[[World], None] | None = None
    around_journal: Callable[[Journal], Journal] = _same_journal
    around_destination: Callable[[Destination], Destination] = _same_destination
    around_terms: Callable[[Terms], Terms] = _same_terms


def before(name: str) -> Point:
    """Name the point before a call."""
    return Point(name, When.BEFORE)


def after(name: str) -> Point:
    """Name the point after a call."""
    return Point(name, When.AFTER)
