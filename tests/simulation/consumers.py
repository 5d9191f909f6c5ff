"""Who uses the keys: workloads that re-read the destination at their own pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import Instant

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.testing.fake_destination import WriteOnlyFakeDestination
    from rotator.testing.fake_provider import BareFakeProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a consumer behaves.

    Attributes:
        every: How often it uses its key.
        refresh: How old its copy may get before it reads the destination again.
    """

    name: str
    every: timedelta
    refresh: timedelta


EAGER = Habit(name="eager", every=timedelta(hours=5), refresh=timedelta(0))
HOURLY = Habit(name="hourly", every=timedelta(hours=7), refresh=timedelta(hours=1))
DAILY = Habit(name="daily", every=timedelta(hours=6), refresh=timedelta(hours=22))
SERVICE = Habit(name="service", every=timedelta(hours=5), refresh=timedelta(days=3650))
WEEKLY_JOB = Habit(name="weekly job", every=timedelta(days=7), refresh=timedelta(days=3650))
CLINGER = Habit(name="clinger", every=timedelta(hours=8), refresh=timedelta(days=4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A consumer's call that the provider refused."""

    at: Instant
    habit: Habit
    key: KeyId


@dataclass(slots=True, kw_only=True)
class Consumer:
    """One workload with its copy of the key, which it first got from somebody's hand."""

    habit: Habit
    ref: DestinationRef
    material: KeyMaterial
    next_at: Instant
    read_at: Instant | None = None

    def tick(
        self, now: Instant, provider: BareFakeProvider, destination: WriteOnlyFakeDestination
    ) -> Refusal | None:
        """Read again if the copy is old, use the key, and say so if it was refused."""
        self.next_at = Instant(now + self.habit.every)
        if self.read_at is None or now - self.read_at >= self.habit.refresh:
            self._read(now, destination)
        if provider.use(self.material):
            return None
        return Refusal(at=now, habit=self.habit, key=self.material.key_id)

    def _read(self, now: Instant, destination: WriteOnlyFakeDestination) -> None:
        """Read a key; where none is published yet, the one from the hand stays."""
        found = destination.material(self.ref) if self.ref.id in destination.objects else None
        if found is not None:
            self.read_at, self.material = now, found
