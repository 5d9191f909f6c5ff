"""What the shell needs from audit and telemetry, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.events import Scalar, SealedRecord
    from rotator.core.ids import Instant


class AuditGate(Protocol):
    """Whether evidence can be written at present (I7)."""

    def is_blocked(self, now: Instant) -> bool:
        """Whether records wait longer for a durable sink than the limit allows."""
        ...


class AuditSink(Protocol):
    """A durable place for sealed records."""

    def last_seq(self) -> int:
        """Return the number of the last record that is durably there; -1 when empty."""
        ...

    def write(self, records: Sequence[SealedRecord]) -> None:
        """Append records in order; returns only when they are durable.

        Raises:
            UnavailableError: They are not, or not all of them; ask `last_seq`.
        """
        ...


class Telemetry(Protocol):
    """Counters and log lines; a failure here never reaches the caller."""

    def count(self, name: str, /, **labels: str) -> None:
        """Raise a counter of `rotator.telemetry.metrics` by one."""
        ...

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        """Write one structured line; `event` is a constant in the past tense."""
        ...
