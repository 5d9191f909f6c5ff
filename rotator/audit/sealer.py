"""The sealer: gives waiting audit records their place in the chain and feeds the sinks.

Any replica may seal, and several may try at once: the journal refuses the second
place-taking (`ConflictError`) and the loser simply goes on to feed its sinks.
Nothing is remembered that the journal and the sinks do not tell again after a
restart, except how far a sink was durable when it last answered.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rotator.core.chain import GENESIS, Link, seal, sealed_at
from rotator.errors import (
    ConflictError,
    FatalError,
    OutcomeUnknownError,
    RotatorError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rotator.core.ids import Instant
    from rotator.ports.evidence import AuditSink, Telemetry
    from rotator.ports.journal import AuditQueue

BATCH = 200
"""Records that one transaction numbers and one write takes."""

_UNSEEN = -2
"""Below the -1 of an empty sink: the sink has not answered since we started."""


class Sealer:
    """Numbers, chains and delivers audit records; also the gate of invariant I7."""

    def __init__(
        self,
        queue: AuditQueue,
        sinks: Sequence[AuditSink],
        *,
        log_name: str,
        lag_limit: timedelta,
        telemetry: Telemetry,
    ) -> None:
        """Take what is to be fed.

        Args:
            queue: Where records wait, and where the chain is kept.
            sinks: Durable places; without any, the gate is always closed.
            log_name: Name of the log, written into each line.
            lag_limit: How long a record may wait for its first durable sink.
            telemetry: Counts records written and sinks failed.
        """
        self._queue = queue
        self._sinks = tuple(sinks)
        self._log_name = log_name
        self._lag_limit = lag_limit
        self._telemetry = telemetry
        self._durable = [_UNSEEN] * len(self._sinks)
        self._sealing = threading.Lock()

    def seal(self) -> None:
        """Number what waits, then give each sink what it lacks.

        A sink that fails is counted and tried again next time; it stops neither
        the other sinks nor the caller. A journal that cannot answer is told of
        and left for the next time, too.
        """
        with self._sealing:
            try:
                self._number()
            except ConflictError:
                self._telemetry.log("debug", "another sealer was first")
            except (OutcomeUnknownError, UnavailableError) as error:
                self._telemetry.log("error", "audit records not numbered", code=error.code)
            for index, sink in enumerate(self._sinks):
                self._feed(index, sink)

    def is_blocked(self, now: Instant) -> bool:
        """Whether a record has waited too long for every sink, or nobody can tell (I8).

        The journal is asked each time, so that the answer is true in whichever
        replica or thread it is given, and whatever the clock has done meanwhile.
        """
        durable = max(self._durable, default=_UNSEEN)
        if durable == _UNSEEN:
            return True
        try:
            oldest = self._oldest_waiting(durable)
        except (UnavailableError, ValueError):
            return True
        return oldest is not None and now - oldest > self._lag_limit

    def _number(self) -> None:
        while records := self._queue.unsealed(limit=BATCH):
            head = self._queue.head()
            link = Link(seq=head.seq, hash=head.hash) if head else GENESIS
            places = []
            for record in records:
                sealed = seal(record, seq=link.seq + 1, prev=link.hash, log=self._log_name)
                places.append((record.id, sealed))
                link = Link(seq=sealed.seq, hash=sealed.hash)
            self._queue.seal(tuple(places))

    def _feed(self, index: int, sink: AuditSink) -> None:
        label = _label(sink)
        try:
            self._deliver(index, sink, label)
        except FatalError:
            raise
        except RotatorError as error:
            self._telemetry.count("audit_records", sink=label, outcome="failure")
            self._telemetry.log("error", "audit sink failed", sink=label, code=error.code)

    def _deliver(self, index: int, sink: AuditSink, label: str) -> None:
        last = self._agreed_seq(sink)
        self._durable[index] = last
        while records := self._queue.sealed_after(last, limit=BATCH):
            sink.write(records)
            last = records[-1].seq
            self._durable[index] = last
            for _ in records:
                self._telemetry.count("audit_records", sink=label, outcome="success")

    def _agreed_seq(self, sink: AuditSink) -> int:
        """Ask a sink how far it is; one that is ahead of the journal is not to be used.

        Then the journal was restored from a backup, or the sink is another
        log's: to number on would give two records one place.
        """
        last = sink.last_seq()
        head = self._queue.head()
        if last > (head.seq if head else GENESIS.seq):
            msg = f"the sink holds record {last}, which the journal does not know"
            raise UnavailableError(
                msg, code="sink_ahead", hint="keep the old log and point the sink at a new one"
            )
        return last

    def _oldest_waiting(self, durable: int) -> Instant | None:
        """When the oldest record was made that no sink holds; None if all are held."""
        sealed = self._queue.sealed_after(durable, limit=1)
        if sealed:
            return sealed_at(sealed[0])
        unsealed = self._queue.unsealed(limit=1)
        return unsealed[0].at if unsealed else None


def _label(sink: AuditSink) -> str:
    """Name a sink's kind for metrics: ``file`` for `FileSink`."""
    return type(sink).__name__.removesuffix("Sink").lower()
