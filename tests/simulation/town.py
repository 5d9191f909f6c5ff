"""A cluster in which pods read the destination, and what each of them really holds.

An operator copies the destination into the cluster every hour, and when it is told to.
Pods read that copy when they start and never again. Both are worked out from the acts
that took effect, so nothing here believes what the port tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.consumers import WORKLOADS, ConsumerKind, Consumers
from rotator.core.ids import Instant
from rotator.testing.fake_consumers import FakeConsumers
from tests.simulation.consumers import Consumer

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerRef, ConsumersReading, ConsumerState
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import VersionId
    from rotator.core.secret import KeyMaterial
    from rotator.testing.fake_destination import WriteOnlyFakeDestination
    from rotator.testing.fake_provider import BareFakeProvider
    from tests.simulation.consumers import Habit, Refusal

EVERY = timedelta(hours=1)
"""How often the operator copies by itself."""


@dataclass(slots=True, kw_only=True)
class Home:
    """Where the consumers of one principal live.

    Attributes:
        named: What policy says of them.
        pivot: What the operator copies.
    """

    named: Consumers
    pivot: DestinationRef


@dataclass(slots=True, kw_only=True)
class Town(FakeConsumers):
    """The cluster of one world.

    Attributes:
        homes: Whose a consumer is.
        offset: How far the cluster's clock is ahead.
        healer: How soon somebody takes a restart back; None for never.
    """

    destination: WriteOnlyFakeDestination
    homes: dict[ConsumerRef, Home] = field(default_factory=dict)
    offset: timedelta = timedelta(0)
    healer: timedelta | None = None

    def settle(self, named: Consumers, pivot: DestinationRef, number: int) -> Home:
        """Let the consumers of one principal be there; namesakes are told apart by number."""
        refs = tuple(replace(ref, name=f"{ref.name}-{number}") for ref in named.refs)
        home = Home(named=replace(named, refs=refs), pivot=pivot)
        for ref in refs:
            self.add(ref)
            self.homes[ref] = home
        return home

    def pods(self, home: Home, habit: Habit, given: KeyMaterial, at: Instant) -> list[Pods]:
        """Let the workloads among the consumers use keys from then on."""
        return [
            Pods(habit=habit, ref=home.pivot, material=given, next_at=at, town=self, who=ref)
            for ref in home.named.refs
            if ref.kind in WORKLOADS
        ]

    def read(self, refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        """Read every consumer, by the cluster's own clock."""
        reading = FakeConsumers.read(self, refs, mounts)
        states = tuple(self._by_own_clock(state) for state in reading.states)
        return replace(reading, states=states, told_at=Instant(reading.told_at + self.offset))

    def tick(self, now: Instant) -> None:
        """Let whoever takes restarts back do so."""
        for ref, living in self.living.items():
            began = living.began_at
            is_due = self.healer is not None and began is not None and now >= began + self.healer
            if is_due and ref.kind in WORKLOADS:
                self.take_back_by_hand(ref)

    def next_at(self) -> Instant | None:
        """Tell when somebody acts by himself again."""
        if self.healer is None:
            return None
        begun = [item.began_at for ref, item in self.living.items() if ref.kind in WORKLOADS]
        return min((Instant(item + self.healer) for item in begun if item), default=None)

    def is_rolling(self, ref: ConsumerRef, at: Instant) -> bool:
        """Whether some pods are of before a restart that began no later than then."""
        living = self.living[ref]
        began = living.began_at
        return began is not None and began <= at and not self._settle(living, at, living.rollout)

    def held(self, ref: ConsumerRef, at: Instant) -> list[VersionId]:
        """Name the versions that a workload's pods hold, the oldest pods' first."""
        living = self.living[ref]
        self._settle(living, at, living.rollout)
        births = [living.settled_at, *([living.began_at] if living.began_at else [])]
        found = [self._copied(ref, born) for born in births]
        return [version for version in found if version]

    def _copied(self, ref: ConsumerRef, at: Instant) -> VersionId | None:
        """Name the version that lay in the cluster then."""
        fetched = self._fetched(ref, at)
        pivot = self.homes[ref].pivot.id
        moves = [
            act
            for act in self.wire.acts
            if act.verb in {"promote", "write"} and act.destination == pivot
        ]
        # Who has run since before the world began was given the first one by hand.
        before = [act for act in moves if act.at <= fetched] or moves[:1]
        return before[-1].version if before else None

    def _fetched(self, ref: ConsumerRef, at: Instant) -> Instant:
        """Say when the copy was made that lay there then."""
        feeds = [it for it in self.homes[ref].named.refs if it.kind is ConsumerKind.EXTERNAL_SECRET]
        told = [
            act.at
            for act in self.wire.acts
            if act.verb == "refresh" and act.consumer in feeds and act.at <= at
        ]
        return max([self._by_itself(at), *told])

    def _by_itself(self, at: Instant) -> Instant:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return Instant(at - (at - midnight) % EVERY)

    def _state(self, ref: ConsumerRef, mounts: str, at: Instant) -> ConsumerState:
        living = self.living.get(ref)
        if living is not None and ref.kind is ConsumerKind.EXTERNAL_SECRET:
            living.settled_at = max(living.settled_at, self._by_itself(at))
        return FakeConsumers._state(self, ref, mounts, at)

    def _by_own_clock(self, state: ConsumerState) -> ConsumerState:
        refreshed, started = state.refreshed_at, state.started_at
        return replace(
            state,
            refreshed_at=refreshed and Instant(refreshed + self.offset),
            started_at=started and Instant(started + self.offset),
        )


@dataclass(slots=True, kw_only=True)
class Pods(Consumer):
    """The pods of one workload as users of keys: they use what their oldest pod holds."""

    town: Town
    who: ConsumerRef

    def tick(
        self, now: Instant, provider: BareFakeProvider, destination: WriteOnlyFakeDestination
    ) -> Refusal | None:
        """Use the key of the oldest pod, whatever the destination carries by now."""
        found = self._oldest(now, destination)
        self.material = found or self.material
        self.read_at = now
        return Consumer.tick(self, now, provider, destination)

    def _oldest(self, now: Instant, destination: WriteOnlyFakeDestination) -> KeyMaterial | None:
        versions = self.town.held(self.who, now)
        return destination.material(self.ref, versions[0]) if versions else None
