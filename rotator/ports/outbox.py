"""The durable outbox of notices: what people are still to be told, and on which channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rotator.core.ids import Instant
    from rotator.core.notices import Noted, Outgoing


class Noting(Protocol):
    """What notices were made of; each change is noted once.

    Every write is one transaction, as in `rotator.ports.journal`.
    """

    def noted(self) -> Noted:
        """Return up to where notices were made."""
        ...

    def enqueue(self, notices: Sequence[Outgoing], *, before: Noted, after: Noted) -> bool:
        """Note what is to be told, and up to where.

        A notice whose id is known already is left as it is.

        Returns:
            False if `before` does not hold any more, for another replica was here
            first; nothing was written.
        """
        ...

    def known(self, ids: Collection[str]) -> frozenset[str]:
        """Say which of these notices were noted before, whatever became of them."""
        ...


class Telling(Protocol):
    """Notices on their way; each is told at least once."""

    def take(
        self, channel: str, *, now: Instant, until: Instant, limit: int
    ) -> tuple[Outgoing, ...]:
        """Take a channel's notices whose time has come, oldest first.

        Nobody else gets them before `until`, unless they are settled.
        """
        ...

    def settle(self, notice: Outgoing) -> None:
        """Write what came of a try: told, to be tried again at `next_at`, or given up."""
        ...

    def waiting(self) -> tuple[Outgoing, ...]:
        """Every notice that is neither told nor forgotten, the given-up ones too, oldest first."""
        ...

    def again(self, channel: str | None, *, now: Instant) -> int:
        """Try what waits or was given up anew, from the first attempt; return how many.

        Args:
            channel: Whose notices; None for those of every channel.
            now: From when on.
        """
        ...

    def prune(self, before: Instant) -> int:
        """Forget what was told or given up and was made before an instant; return how many."""
        ...


class Outbox(Noting, Telling, Protocol):
    """All of it."""
