"""What the parts of the simulated cluster share."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rotator.simulators.dice import Dice
from rotator.simulators.fault_book import FaultBook
from rotator.simulators.kubernetes.shapes import Call, FaultRule, RemoteValue, Settings
from rotator.simulators.kubernetes.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.simulators.kubernetes.accounts import Account
    from rotator.simulators.kubernetes.faults import Sighting
    from rotator.simulators.kubernetes.pods import Life
    from rotator.simulators.simulated_time import SimulatedTime

_CALLS_KEPT = 500_000


class World:
    """Clock, settings, objects, accounts, faults and the log of calls.

    One lock serialises everything that reads or changes it.

    Attributes:
        store: The objects.
        accounts: Who may call, by token.
        remotes: What the secret store outside the cluster holds, by name.
        lives: What pods do not say of themselves, by uid.
        broken: The workloads whose pods do not become ready, as kind, namespace, name.
        moved_at: When each workload's rollout last moved, by uid.
        seen_at: When controllers see the latest change of an object, by uid.
        retry_at: When External Secrets that failed are tried again, by uid.
        polled_at: When the Secrets Store CSI driver last looked for new versions.
        settled_at: Up to when controllers have done their work.
    """

    def __init__(
        self,
        time: SimulatedTime,
        *,
        seed: int = 0,
        remote: Callable[[str], RemoteValue | None] | None = None,
    ) -> None:
        """Start empty, with default settings.

        Args:
            time: The cluster's clock.
            seed: Where uids and tokens come from.
            remote: A secret store outside the cluster, asked before `remotes`.
        """
        self.lock = threading.RLock()
        self.time = time
        self._seed, self._remote = seed, remote
        self._held: datetime | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything but the time."""
        self.settings = Settings()
        self.dice = Dice(self._seed)
        self.store = Store()
        self.accounts: dict[str, Account] = {}
        self.remotes: dict[str, RemoteValue] = {}
        self.lives: dict[str, Life] = {}
        self.broken: set[tuple[str, str, str]] = set()
        self.moved_at: dict[str, datetime] = {}
        self.seen_at: dict[str, datetime] = {}
        self.retry_at: dict[str, datetime] = {}
        self.settled_at = self.polled_at = self.time.now()
        self.faults: FaultBook[FaultRule, Sighting] = FaultBook()
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)

    def now(self) -> datetime:
        """Return the exact simulated instant; while controllers catch up, theirs."""
        return self._held or self.time.now()

    @contextmanager
    def held_at(self, instant: datetime) -> Iterator[None]:
        """Let it be an instant that has passed already, for what happened then."""
        before, self._held = self._held, instant
        try:
            yield
        finally:
            self._held = before

    def stamp(self) -> str:
        """Return the present as the API writes it, in whole seconds."""
        return as_stamp(self.now())

    def remote(self, name: str) -> RemoteValue | None:
        """Return what the secret store outside the cluster holds; None when there is none."""
        found = self._remote(name) if self._remote is not None else None
        return found or self.remotes.get(name)


def as_stamp(instant: datetime) -> str:
    """Write an instant as the API does."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_stamp(text: str) -> datetime:
    """Read an instant that the API wrote."""
    return datetime.fromisoformat(text)
