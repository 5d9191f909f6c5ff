"""Whoever reads a destination in a cluster: read together, refreshed and restarted one by one.

Every method raises the classes of `rotator.errors` and nothing else. A method that
changes something takes `not_after`: no request may be *sent* later than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerRef, ConsumersReading, ConsumerState
    from rotator.core.ids import Instant


@runtime_checkable
class Consumers(Protocol):
    """Tells how consumers are, and brings them onto a new key."""

    def read(self, refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        """Read every consumer, in the order of `refs`; times are the cluster's.

        One that does not exist is a state (`exists` false), not an error. A refusal of
        one is an error for all: whoever is not seen has not moved.

        Args:
            refs: Whom to read; none twice.
            mounts: The object whose version a mount's pods have, where its `mounts` is empty,
                and that an ExternalSecret must not be pinned to a version of.
        """
        ...

    def refresh(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        """Have the value taken over from where it is published; repeating is harmless.

        Afterwards `asked_at` is `at`, to the second. That it was asked says nothing of
        whether it was done.

        Raises:
            NotFoundError: It does not exist.
            RejectedError: It cannot be refreshed.
        """
        ...

    def restart(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        """Have a workload's pods replaced, as gently as it says itself; waits for none.

        It is done to the very edition that was read: a request that lands late, or after
        somebody changed the workload, does nothing. Afterwards `asked_at` is `at`, to the second.

        Raises:
            ConflictError: It is another edition by now; nothing was done.
            NotFoundError: It does not exist.
            RejectedError: It cannot be restarted.
        """
        ...
