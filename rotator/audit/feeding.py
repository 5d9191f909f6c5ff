"""Feeding one durable sink: what it lacks is read from the journal and given to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.chain import GENESIS, leaf_hash
from rotator.core.standing import SinkStanding
from rotator.errors import FatalError, RotatorError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.core.chain import Link
    from rotator.core.events import SealedRecord
    from rotator.ports.evidence import AuditSink, Telemetry
    from rotator.ports.journal import AuditQueue

BATCH = 200
"""Records that one transaction numbers and one write takes."""

UNSEEN = -2
"""Below the -1 of an empty sink: the sink has not answered since we started."""

TOO_SLOW = "too_slow"
"""The code of a place that is busy for longer than it may be."""

NO_ANSWER = "it did not answer within audit.deadline"
"""What is told of such a place."""


class Feed:
    """One sink, how far it is, and whether it keeps up.

    Attributes:
        name: The sink's name in metrics and logs.
        durable: Number of the last record that it holds for sure; `UNSEEN` before
            its first answer. It may grow in another thread at any time.
    """

    def __init__(
        self,
        name: str,
        sink: AuditSink,
        queue: AuditQueue,
        telemetry: Telemetry,
        monotonic: Callable[[], float],
    ) -> None:
        """Take the sink and where its records come from; nothing is asked yet."""
        self.name = name
        self.durable = UNSEEN
        self._sink = sink
        self._queue = queue
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._agreed = GENESIS
        self._writes = self._judged_writes = 0
        self._error = self._why = ""
        self._told = ""

    def run(self) -> None:
        """Give the sink what it lacks; a failure is kept for `judge`.

        Raises:
            FatalError: The sink says that the process cannot go on safely.
        """
        try:
            self._deliver()
        except FatalError:
            raise
        except RotatorError as error:
            self._error, self._why = error.code, error.diagnostics()
        else:
            self._error = ""

    def judge(self, *, is_busy: bool) -> None:
        """Tell what came of the last run, once for each change.

        Args:
            is_busy: The run has not ended. It is too slow then, unless a write
                of a long backlog has ended since it was last judged.
        """
        is_stuck = is_busy and self._writes == self._judged_writes
        self._judged_writes = self._writes
        if is_busy and not is_stuck:
            return
        error, why = (TOO_SLOW, NO_ANSWER) if is_stuck else (self._error, self._why)
        if error:
            self._telemetry.count("audit_records", sink=self.name, outcome="failure")
        if error and error != self._told:
            self._telemetry.log("error", "audit sink failed", sink=self.name, code=error, error=why)
        elif self._told and not error:
            self._telemetry.log("info", "audit sink recovered", sink=self.name)
        self._told = error

    def standing(self) -> SinkStanding:
        """Say how far the sink is, and whether it failed when it was last judged."""
        records = None if self.durable == UNSEEN else self.durable + 1
        return SinkStanding(name=self.name, records=records, is_failing=self._told != "")

    def _deliver(self) -> None:
        while records := self._lacking():
            started = self._monotonic()
            self._sink.write(records)
            self._writes += 1
            seconds = self._monotonic() - started
            self._telemetry.observe("audit_write_duration", seconds, sink=self.name)
            for _ in records:
                self._telemetry.count("audit_records", sink=self.name, outcome="success")

    def _lacking(self) -> Sequence[SealedRecord]:
        last = self._sink.last()
        if last not in {GENESIS, self._agreed}:
            self._agree(last)
            self._agreed = last
        self.durable = last.seq
        return self._queue.sealed_after(last.seq, limit=BATCH)

    def _agree(self, last: Link) -> None:
        """Refuse a sink whose last record is not the journal's of that number.

        Then the journal was restored from a backup, or the sink is another
        log's: to number on would give two records one place. Once the journal has
        as many records again, only their hashes tell.
        """
        head = self._queue.head()
        if last.seq > (head.seq if head else GENESIS.seq):
            raise _unlike("sink_ahead", f"record {last.seq}, which the journal does not know")
        ours = self._queue.sealed_after(last.seq - 1, limit=1)
        if leaf_hash(ours[0].line) != last.hash:
            raise _unlike("sink_differs", f"another record {last.seq} than the journal")


def _unlike(code: str, problem: str) -> UnavailableError:
    hint = "keep the old log and point the sink at a new one"
    return UnavailableError(f"the sink holds {problem}", code=code, hint=hint)
