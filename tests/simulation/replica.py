"""One process of ours: its memory is a list of parts, and gone when the power is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from rotator.core.ids import Instant
from tests.simulation.wrapping import LIMITED, offered, overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.ids import CredentialId
    from rotator.core.rotation import Claim
    from rotator.ports.clock import Clock
    from rotator.ports.journal import Change, Journal
    from rotator.reconcile.parts import Parts


PortT = TypeVar("PortT")


@dataclass(slots=True)
class ReplicaClock:
    """What one process takes for the time; sleeping is for the world to arrange."""

    true: Clock
    offset: timedelta = timedelta(0)

    def now(self) -> Instant:
        """Return the true time, off by what somebody did to this clock."""
        return Instant(self.true.now() + self.offset)

    def sleep(self, seconds: float) -> None:
        """Let the world go on."""
        self.true.sleep(seconds)


@dataclass(slots=True)
class Replica:
    """One process that works on the journal.

    Attributes:
        start: Makes its parts anew, as a process does when it starts.
        is_draining: Whether it was told to end after what it has begun.
    """

    clock: ReplicaClock
    start: Callable[[Replica], Parts]
    parts: Parts | None = None
    is_draining: bool = False

    def up(self) -> Parts:
        """Return the parts, made if the process has just begun."""
        if self.parts is None:
            self.is_draining = False
            self.parts = self.start(self)
        return self.parts

    def down(self) -> None:
        """End: nothing in memory is left."""
        self.parts = None

    def drain(self) -> None:
        """End after the pass that runs."""
        self.is_draining = True


def by_own_clock(port: PortT, room: str, clock: ReplicaClock) -> PortT:
    """Let `not_after` be by the caller's clock, as an adapter in its process holds it."""

    def limited(call: Callable[..., object]) -> Callable[..., object]:
        def send(*args: Any, not_after: Instant, **kwargs: Any) -> object:  # noqa: ANN401
            return call(*args, not_after=Instant(not_after - clock.offset), **kwargs)

        return send

    calls = offered(port, room)
    return overriding(
        port, room, **{name: limited(call) for name, call in calls.items() if name in LIMITED}
    )


def by_database_time(journal: Journal, clock: ReplicaClock) -> Journal:
    """Let leases be by the server's clock, as PostgreSQL's are, whatever the caller's says."""

    def true(moment: Instant) -> Instant:
        return Instant(moment - clock.offset)

    def due(*, now: Instant, limit: int) -> tuple[CredentialId, ...]:
        return journal.due(now=true(now), limit=limit)

    def acquire(credential: CredentialId, *, now: Instant, lease_until: Instant) -> Claim | None:
        claim = journal.acquire(credential, now=true(now), lease_until=true(lease_until))
        return claim and replace(claim, lease_until=lease_until)

    def commit(claim: Claim, change: Change) -> Claim:
        by_server = replace(change, lease_until=true(change.lease_until), now=true(change.now))
        held = journal.commit(claim, by_server)
        return replace(held, lease_until=change.lease_until)

    return overriding(journal, "journal", due=due, acquire=acquire, commit=commit)
