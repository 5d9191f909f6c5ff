"""The gate of evidence in a simulated world: the real sealer, and one place that can fail.

The sealer works on a queue of its own, into which the journal's records are copied, so
that whoever judges a world still finds all of them in the journal. It seals whenever the
gate is asked, for in a daemon it does so every second; until the place is in trouble for the
first time nothing can wait, so nothing is sealed before.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.audit.running import InlineRunner, Patience
from rotator.audit.sealer import Sealer
from rotator.core.chain import sealed_at
from rotator.core.ids import Instant
from rotator.core.terms import Limits
from rotator.errors import UnavailableError
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_evidence import MemorySink, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.audit.running import Jobs
    from rotator.core.events import SealedRecord
    from rotator.ports.clock import Clock
    from rotator.ports.journal import AuditQueue

MARGIN = timedelta(minutes=4)
"""Time that may pass between the question and the intent, on a sick disk."""

_SECONDS_OF_A_SLOW_WRITE = 4.0
_EVERYTHING = 1_000_000


class Trouble(StrEnum):
    """What is wrong with the place that keeps the audit log."""

    NONE = "none"
    FAILS = "fails"
    HANGS = "hangs"
    FULL = "full"
    SLOW = "slow"


class TroubledSink(MemorySink):
    """A place that keeps records until it is in trouble."""

    trouble = Trouble.NONE

    def write(self, records: Sequence[SealedRecord]) -> None:
        """Keep the records, or as many as there is room for."""
        if self.trouble is Trouble.FULL:
            if room := records[: len(records) // 2]:
                super().write(room)
            raise UnavailableError("no space is left", code="io_error")
        if self.trouble is Trouble.FAILS:
            raise UnavailableError("the sink is down")
        super().write(records)


class _Runner(InlineRunner):
    """Never sees a place that hangs come back, and measures how slow one is."""

    def __init__(self, sink: TroubledSink) -> None:
        self._sink = sink
        self._seconds = 0.0

    def run(self, jobs: Jobs, *, timeout: timedelta) -> frozenset[str]:
        if self._sink.trouble is Trouble.HANGS:
            return frozenset(jobs)
        return super().run(jobs, timeout=timeout)

    def monotonic(self) -> float:
        if self._sink.trouble is Trouble.SLOW:
            self._seconds += _SECONDS_OF_A_SLOW_WRITE
        return self._seconds


class SealedGate:
    """The real sealer's gate over a journal; a fault may also shut it by itself."""

    def __init__(self, journal: AuditQueue, clock: Clock) -> None:
        """Watch a journal's records."""
        self._sink = TroubledSink()
        self._was_troubled = False
        self.margin = MARGIN
        self._journal, self._clock = journal, clock
        self._queue = MemoryJournal(SeededChance())
        self._copied: set[str] = set()
        self._shut_since: Instant | None = None
        runner = _Runner(self._sink)
        self._sealer = Sealer(
            self._queue,
            [self._sink],
            log_name="simulation",
            lag_limit=Limits().audit_lag,
            telemetry=QuietTelemetry(),
            patience=Patience(runner=runner, monotonic=runner.monotonic),
        )

    def trouble(self, trouble: Trouble) -> None:
        """Let something be wrong with the place from now on; what was written before is kept."""
        self._seal()
        self._was_troubled = True
        self._sink.trouble = trouble

    @property
    def blocked(self) -> bool:
        """Whether somebody has shut the gate by hand."""
        return self._shut_since is not None

    @blocked.setter
    def blocked(self, value: bool) -> None:
        self._shut_since = self._clock.now() if value else None

    def is_blocked(self, now: Instant) -> bool:
        """Whether the gate is shut, as a daemon would see it just now."""
        del now
        return self.blocked or self._is_lagging(self._clock.now())

    def has_long_been_shut(self) -> bool:
        """Whether the gate was shut already when whoever acts now has asked, for sure."""
        before = Instant(self._clock.now() - self.margin)
        is_by_hand = self._shut_since is not None and self._shut_since < before
        return is_by_hand or self._has_lagged_since(before)

    def _has_lagged_since(self, before: Instant) -> bool:
        """Whether it was shut then, too, by the age of a record.

        One that a replica with a wrong clock has dated in the future shuts it only from
        the moment in which it was written, and nobody knows that moment.
        """
        if not self._is_lagging(self._clock.now()):
            return False
        waiting = self._queue.sealed_after(self._sink.last().seq, limit=1)
        return bool(waiting) and sealed_at(waiting[0]) < before - Limits().audit_lag

    def _is_lagging(self, now: Instant) -> bool:
        if not self._was_troubled:
            return False
        self._seal()
        return self._sealer.is_blocked(now)

    def _seal(self) -> None:
        waiting = self._journal.unsealed(limit=_EVERYTHING)
        fresh = tuple(it for it in waiting if it.id not in self._copied)
        self._copied.update(it.id for it in fresh)
        self._queue.append(fresh)
        self._sealer.seal()
