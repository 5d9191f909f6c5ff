"""One simulated world: vendors, consumers, people, and our shell between them.

The shell is the real one; the clock is ours, so weeks take milliseconds. When
the power fails, everything in the shell's memory is gone and a new one starts
over the same journal and the same vendors. While one process is frozen, another
one works.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.core.ownership import Ownership
from rotator.core.policy import Decision
from rotator.core.rotation import Action, Trigger
from rotator.core.terms import Schedule, Terms
from rotator.errors import RotatorError
from rotator.ports.destination import CanReadBack
from rotator.reconcile.judging import Territory
from rotator.reconcile.parts import Parts
from rotator.reconcile.reconciler import Reconciler
from rotator.reconcile.scan import Scanner
from rotator.testing.fake_provider import LISTING_MARGIN
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import QuietTelemetry
from tests.simulation.journals import Book
from tests.simulation.points import Director, Point, Points, PowerCut, When, pointed
from tests.simulation.replica import Replica, ReplicaClock, by_database_time, by_own_clock
from tests.simulation.resting import is_held_for_good, is_idle, may_go_on
from tests.simulation.sealing import SealedGate
from tests.simulation.subject import AGE, KIND, Subject
from tests.simulation.town import Town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rotator.core.facts import DestinationRef, Principal
    from rotator.core.rotation import Credential
    from rotator.core.tags import Tags
    from rotator.ports.consumers import Consumers
    from rotator.ports.provider import KeyProvider
    from rotator.testing.fake_provider import BareFakeProvider
    from tests.simulation.checker import Checker
    from tests.simulation.consumers import Consumer
    from tests.simulation.journals import SqlVolume
    from tests.simulation.scene import Scene
    from tests.simulation.vendors import KeySystem
    from tests.simulation.violation import Violation

LEAD = timedelta(days=1)
REBOOT = timedelta(seconds=30)
SHORTLY = timedelta(minutes=4)
STUCK = timedelta(minutes=1)
RESCAN = timedelta(minutes=30)
REST = timedelta(days=1)
BACKUP_EVERY = timedelta(days=1)
MOST_PASSES = 5_000

LATEST = timedelta(minutes=5)
"""How late a request to the destination may land, however quick the provider is."""


@dataclass(slots=True)
class Later:
    """Something that a human does at a time."""

    at: Instant
    act: Callable[[World], None]


class World:
    """One run of one scene."""

    def __init__(
        self, scene: Scene, *, director: Director | None = None, volume: SqlVolume | None = None
    ) -> None:
        """Set the scene, with old keys that are in use.

        Args:
            scene: How the world begins.
            director: Decides what happens at each point; nothing by default.
            volume: Where the journal is kept; in memory by default.
        """
        self.scene = scene
        self.clock = ManualClock()
        self.chance = SeededChance(scene.seed)
        vendors = scene.vendors(scene, self.clock)
        self.wire, self.destination = vendors.wire, vendors.destination
        self.systems = vendors.systems
        self._ports = vendors
        self.town = Town(self.clock, self.wire, destination=self.destination)
        self.volume = volume.emptied(self.chance) if volume else scene.volume(self.chance)
        self.journal = self.volume.journal
        self.book = Book(self.journal)
        self.telemetry = QuietTelemetry()
        self.gate = SealedGate(self.journal, self.clock)
        self.points = Points(director=director or Director(), watch=self._pass_point)
        self.later: list[Later] = []
        self.acted_at = self.clock.now()
        self.quiet_since: Instant | None = None
        self.orders_left = scene.rotations - 1
        self.restores = 0
        self._waiting = list(scene.humans)
        self._passed: dict[Point, int] = {}
        self._backed_up_at: Instant | None = None
        self.subjects = [Subject.settle(self, number) for number in range(scene.subjects)]
        self.clock.advance(AGE)
        for subject in self.subjects:
            subject.begin(self)
        self._live_before()
        if scene.shortly_before is not None:
            scene.shortly_before(self)
            self.clock.advance(SHORTLY)
        for item in scene.breaks:
            self.wire.break_next(item.method, item.failure, times=item.times, skip=item.skip)
        self.replica = self.new_replica()
        self.began_at = self.clock.now()

    def run(self) -> World:
        """Live until everything has come to rest, and let the checker judge."""
        self.begin()
        return self.end()

    def begin(self) -> None:
        """Find the principals; from then on there is a backup."""
        self._until_up(self._enrol)
        self.backup()

    def end(self) -> World:
        """Go on until everything has come to rest, and let the checker judge."""
        ends = self.clock.now() + self.scene.patience
        for _ in range(MOST_PASSES):
            self._live()
            self._tick()
            if self.clock.now() >= ends or self._is_at_rest():
                break
            self._advance()
        self._close()
        for subject in self.subjects:
            subject.checker.finish(self._lines(), self.clock.now())
            for mirror in subject.mirrors:
                mirror.finish(self.clock.now())
        return self

    @property
    def focus(self) -> Subject:
        """The first principal that is neither spoilt nor held; most scenes have only one."""
        held = {item.principal.name for item in self.book.credentials() if item.hold}
        free = (
            item for item in self.subjects if not item.is_lost and item.principal.name not in held
        )
        return next(free, self.subjects[0])

    @property
    def provider(self) -> BareFakeProvider:
        """The truth about the keys that people have in mind."""
        return self.focus.system.truth

    @property
    def principal(self) -> Principal:
        """The principal that people have in mind."""
        return self.focus.principal

    @property
    def ref(self) -> DestinationRef:
        """Where the key is published that people have in mind."""
        return self.focus.ref

    @property
    def checker(self) -> Checker:
        """Who judges the keys that people have in mind."""
        return self.focus.checker

    @property
    def consumers(self) -> list[Consumer]:
        """Everybody who uses a key."""
        return [consumer for subject in self.subjects for consumer in subject.consumers]

    @property
    def violations(self) -> list[Violation]:
        """What the checkers found."""
        return [item for subject in self.subjects for item in subject.checker.violations]

    def do_later(self, period: timedelta, act: Callable[[World], None]) -> None:
        """Let a human do something after a period."""
        self.later.append(Later(at=Instant(self.clock.now() + period), act=act))

    def disturbed(self) -> None:
        """Note that something has just happened: whoever rests is to look again."""
        self.quiet_since, self.acted_at = None, self.clock.now()

    def terms(self, system: KeySystem) -> Terms:
        """Tell the terms of a credential whose keys are of this kind."""
        return Terms(
            owner=self.destination.owner,
            grace=self.scene.grace,
            schedule=Schedule(),
            traits=system.truth.traits.landing_within(LATEST),
            limits=self.scene.limits,
            can_read_back=isinstance(self._ports.destination_port, CanReadBack),
        )

    def _terms_for(self, credential: Credential) -> Terms:
        provider, name = credential.principal.provider, credential.principal.name
        alike = [item for item in self.subjects if item.principal.provider == provider]
        found = next((item for item in alike if item.principal.name == name), alike[0])
        terms = replace(self.terms(found.system), followers=found.followers)
        if found.home is not None:
            terms = replace(terms, consumers=found.home.named)
        return self.scene.around_terms(terms)

    # What happens to processes and journals.

    def new_replica(self) -> Replica:
        """Make a process that has not started."""
        return Replica(clock=ReplicaClock(self.clock), start=self._start)

    def freeze(self, period: timedelta) -> None:
        """Stop the process that runs; meanwhile the world goes on, and another one works."""
        sleeper, ends = self.replica, Instant(self.clock.now() + period)
        self.replica = self.new_replica()
        while self.clock.now() < ends:
            if self.scene.replicas > 1:
                self._work()
            self._tick()
            self._advance(until=ends)
        self.replica.down()
        self.replica = sleeper

    def backup(self) -> None:
        """Keep a copy of the journal."""
        self.volume.backup()
        self._backed_up_at = self.clock.now()

    def last_backup(self) -> None:
        """Keep a copy of the journal, after which nobody makes another one."""
        self.backup()
        self._backed_up_at = None

    def restore(self, *, oldest: bool = False) -> None:
        """Go back to the last backup, or to the first one."""
        self.volume.restore(oldest=oldest)
        self.restores += 1
        self.book.turn()
        for subject in self.subjects:
            subject.checker.may_forget = True
            subject.checker.forgot_at = self.clock.now()
        # The scan, which goes on all the time, finds again whom the journal has forgotten.
        self.do_later(RESCAN, lambda it: it._until_up(it._scan))

    def restore_at_once(self) -> None:
        """Make a backup and go back to it: nothing may be lost by that."""
        self.backup()
        self.volume.restore()
        self.book.turn()

    def lists_go_stale(self) -> None:
        """Let listings be as old as the vendor's documents allow."""
        for system in self.systems:
            system.truth.habits = replace(system.truth.habits, list_lag=LISTING_MARGIN)

    # How it begins.

    def _live_before(self) -> None:
        ends = Instant(self.clock.now() + LEAD)
        while self.clock.now() < ends:
            self._tick()
            self.clock.advance_to(min([ends, *(item.next_at for item in self.consumers)]))

    def _start(self, replica: Replica) -> Parts:
        journal = self.journal
        if self.volume.has_own_clock:
            journal = by_database_time(journal, replica.clock)
        ports = self._ports.started(replica.clock) if self._ports.started else self._ports
        destination = by_own_clock(ports.destination_port, "destination", replica.clock)
        destination = pointed(destination, "destination", self.points)
        return Parts(
            journal=self.scene.around_journal(pointed(journal, "journal", self.points), self),
            providers={
                subject.principal.provider: self._provider(system, replica.clock)
                for subject, system in zip(self.subjects, ports.systems, strict=False)
            },
            destinations={KIND: self.scene.around_destination(destination)},
            clock=replica.clock,
            chance=self.chance,
            terms_for=self._terms_for,
            gate=self.scene.around_gate(self.gate),
            telemetry=self.telemetry,
            consumers=self._consumers(replica.clock) if self.scene.named.refs else None,
        )

    def _consumers(self, clock: ReplicaClock) -> Consumers:
        port: Consumers = by_own_clock(self.town, "consumers", clock)
        return self.scene.around_consumers(pointed(port, "consumers", self.points))

    def _provider(self, system: KeySystem, clock: ReplicaClock) -> KeyProvider:
        # An adapter that was started holds its limits by its process's clock itself.
        is_fake = self._ports.started is None
        port = by_own_clock(system.port, "provider", clock) if is_fake else system.port
        return self.scene.around_provider(pointed(port, "provider", self.points))

    def _enrol(self) -> None:
        self._scan()
        if self.scene.ordered:
            self._order(self.replica.up())

    def _scan(self) -> None:
        parts = self.replica.up()
        places = {(item.principal.provider, item.principal.account) for item in self.subjects}
        Scanner(
            territories=tuple(
                Territory(name=provider, provider=parts.providers[provider], account=account)
                for provider, account in sorted(places)
            ),
            decide=self._decide,
            ownership=Ownership(managed_tags=()),
            journal=parts.journal,
            clock=parts.clock,
            telemetry=self.telemetry,
        ).scan()
        if len(self.book.credentials()) < len(self.subjects):
            self.clock.advance(RESCAN)
            raise PowerCut("the scan failed; it is made again")

    def _order(self, parts: Parts) -> None:
        for credential in self.book.credentials():
            parts.journal.request(credential.id, Trigger.MANUAL, now=self.clock.now())

    def _begin_again(self) -> None:
        """Order the next round, in which people do again what they did in the first."""
        self._waiting = list(self.scene.humans)
        self._passed.clear()
        if self.scene.newcomer:
            newcomer = Subject.settle(self, len(self.subjects))
            newcomer.begin(self)
            self.subjects.append(newcomer)
            self._until_up(self._enrol)
        self._until_up(lambda: self._order(self.replica.up()))

    def _decide(self, principal: Principal, tags: Tags | None = None) -> Decision:
        found = next(item for item in self.subjects if item.principal.name == principal.name)
        return Decision(
            rule="everything",
            action=Action.ROTATE,
            schedule=Schedule(),
            grace=self.scene.grace,
            destination=found.ref,
        )

    # How it goes on.

    def _live(self) -> None:
        """Let everything be done that is due now."""
        self._work()

    def _close(self) -> None:
        """End what still runs, before the judge looks at what is left."""

    def _until_up(self, act: Callable[[], None]) -> None:
        while True:
            try:
                act()
            except (PowerCut, RotatorError):
                self._reboot()
                self._tick()
            else:
                return

    def _work(self) -> None:
        """Let the process that is on do what is due."""
        replica = self.replica
        try:
            parts = replica.up()
            for credential in self.journal.due(now=self.clock.now(), limit=10):
                Reconciler(parts).reconcile(credential)
                if replica.is_draining:
                    self._reboot()
                    break
        except PowerCut:
            self._reboot()
        except RotatorError as error:
            self.checker.crashed(error, self.clock.now())
            self.clock.advance(STUCK)
        self._look()

    def _reboot(self) -> None:
        self.replica.down()
        self.clock.advance(REBOOT)

    def _look(self) -> None:
        for subject in self.subjects:
            subject.look()
        self.scene.judge(self)

    def _tick(self) -> None:
        now = self.wire.land()
        self.town.tick(now)
        for item in [item for item in self.later if item.at <= now]:
            self.later.remove(item)
            self.acted_at = now
            item.act(self)
        for subject in self.subjects:
            subject.tick(now, self.destination)
        if self._backed_up_at is not None and now - self._backed_up_at >= BACKUP_EVERY:
            self.backup()
        if self.orders_left and may_go_on(self):
            self.orders_left -= 1
            if not self.points.director.is_done:
                self._begin_again()

    def _advance(self, until: Instant | None = None) -> None:
        times = [consumer.next_at for consumer in self.consumers]
        times += [item.at for item in self.later]
        times += self._timers()
        others = (self.wire.next_landing(), self.town.next_at(), until)
        times += [moment for moment in others if moment]
        self.clock.advance_to(min(times))

    def _timers(self) -> list[Instant]:
        """Tell when somebody looks at the journal's rows again."""
        soon = Instant(self.clock.now() + STUCK)
        return [max(row.next_at, soon) for row in self.book.credentials()]

    def _pass_point(self, point: Point) -> None:
        if point.name.startswith("journal."):
            self.book.turn()
        bare = point.bare
        passed = self._passed[bare] = self._passed.get(bare, 0) + 1
        for human in [item for item in self._waiting if item.at == bare]:
            if passed > human.after:
                self._waiting.remove(human)
                human.act(self)
        if point.when is When.AFTER or self.wire.next_landing():
            self._look()

    def _is_at_rest(self) -> bool:
        """Nothing is open, nobody is watched and every consumer had time to read again."""
        now = self.clock.now()
        if is_held_for_good(self):
            return True
        if now - self.began_at < self.scene.lasts:
            return False
        if self.later or self.orders_left or not self._is_idle():
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = now
        return self.quiet_since is not None and now - self.quiet_since >= REST

    def _is_idle(self) -> bool:
        return is_idle(self)

    def _lines(self) -> Iterable[object]:
        return [*self.telemetry.lines, *self.telemetry.counts]
