"""One simulated world: vendors, consumers, people, and our shell between them.

The shell is the real one; the clock is ours, so weeks take milliseconds. When
the power fails, everything in the shell's memory is gone and a new one starts
over the same journal and the same vendors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import DestinationRef
from rotator.core.ids import Instant
from rotator.core.policy import Decision
from rotator.core.rotation import Action, Role, Trigger
from rotator.core.terms import Schedule, Terms
from rotator.errors import RotatorError
from rotator.ports.destination import CanReadBack
from rotator.reconcile.parts import Parts
from rotator.reconcile.reconciler import Reconciler
from rotator.reconcile.scan import Scanner, Territory
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Wire
from tests.simulation.checker import Checker
from tests.simulation.consumers import Consumer
from tests.simulation.points import Point, Points, PowerCut, When, pointed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rotator.core.facts import Principal
    from rotator.core.rotation import Credential
    from tests.simulation.checker import Violation
    from tests.simulation.scene import Scene

AGE = timedelta(days=79)
LEAD = timedelta(days=1)
REBOOT = timedelta(seconds=30)
SHORTLY = timedelta(minutes=2)
STUCK = timedelta(minutes=1)
REST = timedelta(days=1)
KIND = "fake-secrets"
MOST_PASSES = 5_000


@dataclass(slots=True)
class Later:
    """Something that a human does at a time."""

    at: Instant
    act: Callable[[World], None]


class World:
    """One run of one scene."""

    def __init__(self, scene: Scene, *, cuts: Iterable[int] = ()) -> None:
        """Set the scene, with an old key that is in use.

        Args:
            scene: How the world begins.
            cuts: Numbers of the points at which the power fails.
        """
        self.scene = scene
        self.clock = ManualClock()
        self.wire = Wire(clock=self.clock)
        self.chance = SeededChance()
        self.provider = scene.provider(self.clock, habits=scene.habits, wire=self.wire)
        self.destination = scene.destination(self.clock, wire=self.wire)
        self.journal = MemoryJournal(self.chance)
        self.telemetry = QuietTelemetry()
        self.gate = MemoryGate()
        self.points = Points(cuts=frozenset(cuts), watch=self._pass_point)
        self.principal: Principal = self.provider.add_principal("svc-app")
        self.ref = _ref(scene)
        self.later: list[Later] = []
        self.quiet_since: Instant | None = None
        self._waiting = list(scene.humans)
        self._passed: dict[Point, int] = {}
        self.checker = self._judge()
        self.consumers = self._publish()
        self._live_before()
        if scene.shortly_before is not None:
            scene.shortly_before(self)
            self.clock.advance(SHORTLY)
        for item in scene.breaks:
            self.wire.break_next(item.method, item.failure, times=item.times, skip=item.skip)
        self.parts = self._start()

    def run(self) -> World:
        """Live until everything has come to rest, and let the checker judge."""
        ends = self.clock.now() + self.scene.patience
        self._until_up(self._enrol)
        for _ in range(MOST_PASSES):
            self._work()
            self._tick()
            if self.clock.now() >= ends or self._is_at_rest():
                break
            self._advance()
        self.checker.finish(self._lines(), self.clock.now())
        return self

    @property
    def violations(self) -> list[Violation]:
        """What the checker found."""
        return self.checker.violations

    def do_later(self, period: timedelta, act: Callable[[World], None]) -> None:
        """Let a human do something after a period."""
        self.later.append(Later(at=Instant(self.clock.now() + period), act=act))

    def terms(self) -> Terms:
        """Tell the terms of the scene's only credential."""
        return Terms(
            owner=self.destination.owner,
            grace=self.scene.grace,
            schedule=Schedule(),
            traits=self.provider.traits,
            limits=self.scene.limits,
            can_read_back=isinstance(self.destination, CanReadBack),
        )

    def _terms_for(self, credential: Credential) -> Terms:
        del credential
        return self.scene.around_terms(self.terms())

    # How it begins.

    def _judge(self) -> Checker:
        return Checker(
            provider=self.provider,
            destination=self.destination,
            journal=self.journal,
            ref=self.ref,
            terms=self.terms(),
            may_hold=self.scene.may_hold,
        )

    def _publish(self) -> list[Consumer]:
        """Mint the old key by hand, publish it, and let it be used as it grows old."""
        material = self.provider.mint_by_hand(self.principal)
        self.checker.managed.add(material.key_id)
        if self.scene.exists:
            fields = {
                **self.scene.content,
                self.ref.key_id_field: material.key_id,
                self.ref.secret_field: material.secret.reveal(),
            }
            self.destination.create_by_hand(self.ref, json.dumps(fields))
        self.clock.advance(AGE)
        now = self.clock.now()
        return [
            Consumer(habit=habit, ref=self.ref, material=material, next_at=now)
            for habit in self.scene.consumers
        ]

    def _live_before(self) -> None:
        ends = Instant(self.clock.now() + LEAD)
        while self.clock.now() < ends:
            self._tick()
            self.clock.advance_to(min([ends, *(item.next_at for item in self.consumers)]))

    def _start(self) -> Parts:
        journal = pointed(self.journal, "journal", self.points)
        destination = pointed(self.destination, "destination", self.points)
        return Parts(
            journal=self.scene.around_journal(journal),
            providers={self.principal.provider: pointed(self.provider, "provider", self.points)},
            destinations={KIND: self.scene.around_destination(destination)},
            clock=self.clock,
            chance=self.chance,
            terms_for=self._terms_for,
            gate=self.gate,
            telemetry=self.telemetry,
        )

    def _enrol(self) -> None:
        provider = self.parts.providers[self.principal.provider]
        Scanner(
            territories=(Territory(provider=provider, account=ACCOUNT),),
            decide=self._decide,
            journal=self.parts.journal,
            clock=self.clock,
            telemetry=self.telemetry,
        ).scan()
        if not self.journal.credentials():
            raise PowerCut("the scan failed; it is made again")
        if self.scene.ordered:
            credential = self.journal.credentials()[0]
            self.parts.journal.request(credential.id, Trigger.MANUAL, now=self.clock.now())

    def _decide(self, principal: Principal) -> Decision:
        del principal
        return Decision(
            rule="everything",
            action=Action.ROTATE,
            schedule=Schedule(),
            grace=self.scene.grace,
            destination=self.ref,
        )

    # How it goes on.

    def _until_up(self, act: Callable[[], None]) -> None:
        while True:
            try:
                act()
            except PowerCut:
                self.clock.advance(REBOOT)
                self.parts = self._start()
            else:
                return

    def _work(self) -> None:
        try:
            for credential in self.journal.due(now=self.clock.now(), limit=10):
                Reconciler(self.parts).reconcile(credential)
        except PowerCut:
            self.clock.advance(REBOOT)
            self.parts = self._start()
        except RotatorError as error:
            self.checker.crashed(error, self.clock.now())
            self.clock.advance(STUCK)
        self.checker.look()

    def _tick(self) -> None:
        now = self.wire.land()
        for item in [item for item in self.later if item.at <= now]:
            self.later.remove(item)
            item.act(self)
        for consumer in self.consumers:
            if consumer.next_at <= now:
                self.checker.look()
                refusal = consumer.tick(now, self.provider, self.destination)
                if refusal is not None:
                    self.checker.refused(refusal)

    def _advance(self) -> None:
        now = self.clock.now()
        times = [consumer.next_at for consumer in self.consumers]
        times += [item.at for item in self.later]
        times += [max(row.next_at, Instant(now + STUCK)) for row in self.journal.credentials()]
        landing = self.wire.next_landing()
        self.clock.advance_to(min([*times, *([landing] if landing else [])]))

    def _pass_point(self, point: Point) -> None:
        passed = self._passed[point] = self._passed.get(point, 0) + 1
        for human in [item for item in self._waiting if item.at == point]:
            if passed > human.after:
                self._waiting.remove(human)
                human.act(self)
        if point.when is When.AFTER or self.wire.next_landing():
            self.checker.look()

    def _is_at_rest(self) -> bool:
        """Nothing is open, nobody is watched and every consumer had time to read again."""
        now = self.clock.now()
        is_busy = (
            bool(self.later)
            or any(item.is_open for item in self.journal.rotations())
            or any(item.role is Role.SUSPECT for item in self.journal.keys(None))
            or any(item.hold is not None for item in self.journal.credentials())
            or not self.journal.rotations()
        )
        if is_busy:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = now
        return self.quiet_since is not None and now - self.quiet_since >= REST

    def _lines(self) -> list[object]:
        return [*self.telemetry.lines, *self.telemetry.counts]


def _ref(scene: Scene) -> DestinationRef:
    return DestinationRef(
        kind=KIND,
        account=ACCOUNT,
        region="eu-central-1",
        name="svc/app",
        merge=scene.merge,
        create=not scene.exists,
    )
