"""How evidence stands in one process: what is sealed, delivered, signed and verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStanding:
    """How far one sink of the audit log is.

    Attributes:
        name: The sink's kind, such as ``file``; unique within a process.
        records: How many records are durable there; None while it has never answered.
        is_failing: Whether it refused, or was too slow, when it was last written.
    """

    name: str
    records: int | None
    is_failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditStanding:
    """How the audit log stands, as this process knows it.

    Attributes:
        log: The log's name.
        sinks: Every durable sink; also every other place for checkpoints, whose `records`
            stay None.
        checkpoint_records: How many records the newest checkpoint covers; None without one.
        checkpoint_at: When it was signed.
        is_valid: What the last verification of the log found; None before the first.
        verified_at: When that was.
    """

    log: str
    sinks: tuple[SinkStanding, ...] = ()
    checkpoint_records: int | None = None
    checkpoint_at: Instant | None = None
    is_valid: bool | None = None
    verified_at: Instant | None = None
