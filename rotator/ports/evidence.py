"""What the shell needs from audit and telemetry, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.chain import Link
    from rotator.core.events import ProviderCall, Scalar, SealedRecord
    from rotator.core.ids import Instant
    from rotator.core.secret import Secret


class AuditGate(Protocol):
    """Whether evidence can be written at present (I7)."""

    def is_blocked(self, now: Instant) -> bool:
        """Whether records wait longer for a durable sink than the limit allows."""
        ...


class AuditSink(Protocol):
    """A durable place for sealed records."""

    def last(self) -> Link:
        """Return the place of the last record that is durably there; `GENESIS` when empty."""
        ...

    def write(self, records: Sequence[SealedRecord]) -> None:
        """Append records in order; returns only when they are durable.

        Raises:
            UnavailableError: They are not, or not all of them; ask `last`.
        """
        ...


class Telemetry(Protocol):
    """Counters and log lines; a failure here never reaches the caller."""

    def count(self, name: str, /, **labels: str) -> None:
        """Raise a counter of `rotator.telemetry.metrics` by one."""
        ...

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        """Add one duration to a histogram of `rotator.telemetry.metrics`."""
        ...

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        """Write one structured line; `event` is a constant in the past tense."""
        ...


class CallTrail(Protocol):
    """Which requests were sent to vendors by whoever asks, so that its records can name them."""

    def taken(self) -> tuple[ProviderCall, ...]:
        """Return what this thread has sent since it last asked, in order, and forget it."""
        ...

    def has_change(self) -> bool:
        """Whether something of that may have changed something, so that it must be told."""
        ...


class Fingerprints(Protocol):
    """Tells whether two secrets are one, without keeping either."""

    def of(self, secret: Secret) -> str | None:
        """Return a keyed fingerprint as ``hmac-sha256:<key name>:<hex>``; None without a key."""
        ...
