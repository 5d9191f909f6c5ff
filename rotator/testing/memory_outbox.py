"""An outbox in memory, with the same promises as the one in SQL."""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

from rotator.core.notices import Delivery, Noted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from rotator.core.ids import Instant
    from rotator.core.notices import Outgoing


class MemoryOutbox:
    """Implements `rotator.ports.outbox.Outbox`."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = RLock()
        self._noted = Noted()
        self._rows: dict[str, Outgoing] = {}
        self._taken: dict[str, Instant] = {}

    def noted(self) -> Noted:
        """Return up to where notices were made."""
        return self._noted

    def enqueue(self, notices: Sequence[Outgoing], *, before: Noted, after: Noted) -> bool:
        """Note what is to be told, and up to where; False if another replica was first."""
        with self._lock:
            if before != self._noted:
                return False
            self._noted = after
            for item in notices:
                self._rows.setdefault(item.id, item)
            return True

    def take(
        self, channel: str, *, now: Instant, until: Instant, limit: int
    ) -> tuple[Outgoing, ...]:
        """Take a channel's notices whose time has come, oldest first."""
        with self._lock:
            found = self._sorted(
                lambda it: (
                    it.delivery is Delivery.WAITING
                    and it.channel == channel
                    and it.next_at <= now
                    and (it.id not in self._taken or self._taken[it.id] <= now)
                )
            )[:limit]
            self._taken.update({item.id: until for item in found})
            return found

    def settle(self, notice: Outgoing) -> None:
        """Write what came of a try."""
        with self._lock:
            self._taken.pop(notice.id, None)
            if notice.id in self._rows:
                self._rows[notice.id] = notice

    def waiting(self) -> tuple[Outgoing, ...]:
        """Every notice that is neither told nor forgotten, oldest first."""
        with self._lock:
            return self._sorted(lambda it: it.delivery is not Delivery.TOLD)

    def known(self, ids: Collection[str]) -> frozenset[str]:
        """Say which of these notices were noted before."""
        with self._lock:
            return frozenset(ids) & self._rows.keys()

    def again(self, channel: str | None, *, now: Instant) -> int:
        """Try what waits or was given up anew, from the first attempt."""
        with self._lock:
            chosen = [item for item in self.waiting() if channel in {None, item.channel}]
            for item in chosen:
                fresh = {"delivery": Delivery.WAITING, "attempts": 0, "next_at": now}
                self.settle(replace(item, **fresh))  # type: ignore[arg-type]
            return len(chosen)

    def prune(self, before: Instant) -> int:
        """Forget what was told or given up and was made before an instant."""
        with self._lock:
            old = self._sorted(
                lambda it: it.delivery is not Delivery.WAITING and it.made_at < before
            )
            for item in old:
                del self._rows[item.id]
            return len(old)

    def _sorted(self, is_wanted: Callable[[Outgoing], bool]) -> tuple[Outgoing, ...]:
        found = (item for item in self._rows.values() if is_wanted(item))
        return tuple(sorted(found, key=lambda item: (item.made_at, item.id)))
