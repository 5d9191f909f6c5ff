"""A bundle: an access key and a client key of one workspace, as fields of one object.

Each part is rotated on its own schedule. Whoever reads the object at any instant must
find parts that belong together and work, and everything else in it as people left it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from rotator.core.terms import Grace
from rotator.testing.fake_grants import FakeProviderWithGrants, KnowingOwn
from rotator.testing.fake_provider import ReportingUse
from rotator.testing.wire import Wire
from tests.simulation import humans
from tests.simulation.consumers import DAILY, EAGER
from tests.simulation.faults import WIRE, Fault, can_strike
from tests.simulation.points import EXEMPT
from tests.simulation.scene import REALISTIC, Scene
from tests.simulation.vendors import KeySystem, Vendors
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.ports.clock import Clock
    from rotator.testing.fake_keys import FakeKey, Habits
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.points import Point
    from tests.simulation.subject import Subject
    from tests.simulation.world import World

CRN = "CS_WORKSPACE_CRN"
SIBLINGS = {CRN: "crn:us-east-1.aws:ABCDEFGHIJKLMNOP"}
WORKSPACE_HABITS = replace(REALISTIC, marks_keys=True, max_keys=None)
"""Names carry the rotation, and there may be any number of keys."""

_FAR_APART = 500_001


class FakeAccessKeys(ReportingUse, KnowingOwn):
    """A provider that can what CipherStash's access keys can; its ids are no client's."""

    def __init__(
        self, clock: Clock, *, habits: Habits | None = None, wire: Wire | None = None
    ) -> None:
        """Start without principals; see `BareFakeProvider`."""
        super().__init__(clock, habits=habits, wire=wire)
        self._numbers = count(_FAR_APART)


def fakes(scene: Scene, clock: ManualClock) -> Vendors:
    """Make both kinds of keys and one destination, on one wire."""
    wire = Wire(clock=clock)
    access = FakeAccessKeys(clock, habits=replace(scene.habits, name="access"), wire=wire)
    clients = FakeProviderWithGrants(clock, habits=replace(scene.habits, name="clients"), wire=wire)
    destination = scene.destination(clock, wire=wire)
    return Vendors(
        provider=access,
        destination=destination,
        provider_port=access,
        destination_port=destination,
        wire=wire,
        others=(KeySystem(truth=clients, port=clients),),
    )


def judge(world: World) -> None:
    """Judge the version that consumers would read at this very instant."""
    _one_writer(world)
    found = world.destination.objects[world.subjects[0].ref.id]
    if found.current is None:
        return
    fields = _fields(found.versions[found.current])
    if {name: fields.get(name) for name in SIBLINGS} != SIBLINGS:
        _report(world, world.subjects[0], "I6", f"{found.current} lost a sibling field")
    for subject in world.subjects:
        _judge_part(world, subject, fields)


@lru_cache(maxsize=64)
def _fields(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _judge_part(world: World, subject: Subject, fields: dict[str, Any]) -> None:
    secret = fields.get(subject.ref.secret_field)
    owner = next((key for key in subject.system.truth.keys.values() if key.secret == secret), None)
    if owner is None:
        _report(world, subject, "I1", f"{subject.ref.secret_field} is no key's")
        return
    if subject.ref.key_id_field and fields.get(subject.ref.key_id_field) != owner.key_id:
        told = fields.get(subject.ref.key_id_field)
        _report(world, subject, "I1", f"{told} stands beside the secret of {owner.key_id}")
    if not _works(world, owner) and not _is_peoples_doing(subject, owner):
        _report(world, subject, "I1", f"{owner.key_id} is published and does not work")


def _works(world: World, key: FakeKey) -> bool:
    now = world.clock.now()
    return key.exists_at(now) and key.is_enabled_at(now)


def _is_peoples_doing(subject: Subject, key: FakeKey) -> bool:
    checker = subject.checker
    checker.look()  # what it has not judged yet may be a person's act
    return key.key_id in checker.ended_by_hand | checker.brought_back


def _one_writer(world: World) -> None:
    """Whoever has not promoted yet has the object for itself."""
    still = Counter(item.destination.id for item in world.book.rotations() if item.is_unpromoted)
    if any(number > 1 for number in still.values()):
        _report(world, world.subjects[0], "I6", "two unpromoted rotations of one object")


def _report(world: World, subject: Subject, invariant: str, what: str) -> None:
    found = Violation(invariant, world.clock.now(), what)
    if found not in subject.checker.violations:
        subject.checker.violations.append(found)


PART = Scene(
    vendors=fakes,
    habits=WORKSPACE_HABITS,
    merge=True,
    content=SIBLINGS,
    grace=Grace(accept_blind=True),
    patience=timedelta(days=60),
    consumers=(EAGER, DAILY),
    ordered=True,
)
"""One kind of keys in an object with other fields; listings of clients tell no ages."""

BUNDLE = replace(
    PART,
    subjects=2,
    shares_object=True,
    # Else the version before the first one would be a person's half-written one.
    shortly_before=humans.writes_another_field,
    judge=judge,
)


AGAIN = frozenset({Fault.CUT, *WIRE})
"""What strikes also the second part when it comes to a point."""


def cells(reached: Sequence[Point], *, parts: int) -> Iterator[tuple[int, Fault]]:
    """Yield faults with the numbers of the first points at which they can strike.

    Args:
        reached: The points of an undisturbed life, in order.
        parts: How many parts come to a point, one after the other.
    """
    passed: Counter[Point] = Counter()
    for number, point in enumerate(reached):
        if point.name in EXEMPT:
            continue
        passed[point] += 1
        if passed[point] > parts:
            continue
        faults = Fault if passed[point] == 1 else AGAIN
        yield from ((number, fault) for fault in faults if can_strike(fault, point))
