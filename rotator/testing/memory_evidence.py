"""Doubles of `rotator.ports.evidence` that keep what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.chain import GENESIS, Link, leaf_hash
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.events import Scalar, SealedRecord
    from rotator.core.ids import Instant


class MemoryGate:
    """An `AuditGate` that a test opens and closes; it starts open."""

    def __init__(self) -> None:
        """Start open."""
        self.blocked = False

    def is_blocked(self, now: Instant) -> bool:
        """Whether a test has closed the gate."""
        del now
        return self.blocked


class MemorySink:
    """An `AuditSink` that keeps records in a list and can be down."""

    def __init__(self) -> None:
        """Start empty and up."""
        self.records: list[SealedRecord] = []
        self.down = False

    def last(self) -> Link:
        """Return the last record's place, or `GENESIS`."""
        if not self.records:
            return GENESIS
        last = self.records[-1]
        return Link(seq=last.seq, hash=leaf_hash(last.line))

    def write(self, records: Sequence[SealedRecord]) -> None:
        """Keep the records, which must follow the last one."""
        if self.down:
            raise UnavailableError("the sink is down")
        if records[0].seq != self.last().seq + 1:
            raise UnavailableError("the records do not follow", code="chain_mismatch")
        self.records.extend(records)


class QuietTelemetry:
    """A `Telemetry` that prints nothing and remembers everything."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.counts: list[tuple[str, dict[str, str]]] = []
        self.durations: list[tuple[str, float, dict[str, str]]] = []
        self.lines: list[tuple[str, str, dict[str, Scalar]]] = []

    def count(self, name: str, /, **labels: str) -> None:
        """Remember one count."""
        self.counts.append((name, labels))

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        """Remember one duration."""
        self.durations.append((name, seconds, labels))

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        """Remember one line."""
        self.lines.append((level, event, fields))

    def counted(self, name: str, **labels: str) -> int:
        """Tell how often a counter was raised with at least these labels."""
        return sum(
            1 for found, given in self.counts if found == name and labels.items() <= given.items()
        )
