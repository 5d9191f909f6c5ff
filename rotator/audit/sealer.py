"""The sealer: gives waiting audit records their place in the chain and feeds the sinks.

Any replica may seal, and several may try at once: the journal refuses the second
place-taking (`ConflictError`) and the loser simply goes on to feed its sinks.
Nothing is remembered that the journal and the sinks do not tell again after a
restart, except how far a sink was durable when it last answered.

What may hang, a sink or a place for checkpoints, is left to a `Runner`, so that
one of them never holds up the others, and the caller for no longer than a deadline.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from rotator.audit.feeding import BATCH, UNSEEN, Feed
from rotator.audit.running import Patience
from rotator.core.chain import GENESIS, Link, seal, sealed_at
from rotator.core.standing import AuditStanding
from rotator.errors import ConflictError, OutcomeUnknownError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta

    from rotator.audit.running import Jobs
    from rotator.core.events import SealedRecord
    from rotator.core.ids import Instant
    from rotator.ports.evidence import AuditSink, Telemetry
    from rotator.ports.journal import AuditQueue

    Copy = Callable[[Sequence[SealedRecord]], None]

_PATIENCE = Patience()


class Companion(Protocol):
    """Something that is done beside the log, such as signing it."""

    def jobs(self, durable: int) -> Jobs:
        """Name what is to be done now; each job tells of its own failures.

        Args:
            durable: Number of the last record that a sink holds for sure.
        """
        ...

    def last_jobs(self, durable: int) -> Jobs:
        """Name what is to be done before the process ends."""
        ...

    def judge(self, busy: frozenset[str]) -> None:
        """Hear which jobs have not ended in time."""
        ...

    def noted(self, standing: AuditStanding) -> AuditStanding:
        """Add what it knows of how the log stands."""
        ...


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
        patience: Patience = _PATIENCE,
        copy: Copy | None = None,
        companions: Sequence[Companion] = (),
    ) -> None:
        """Take what is to be fed.

        Args:
            queue: Where records wait, and where the chain is kept.
            sinks: Durable places; without any, the gate is always closed.
            log_name: Name of the log, written into each line.
            lag_limit: How long a record may wait for its first durable sink.
            telemetry: Counts records written and sinks failed.
            patience: How long a round waits for what may hang, and who does it.
            copy: Is given each record that we numbered, once; keeps nothing for sure.
            companions: What else is done with the log, after the sinks were fed.
        """
        self._queue = queue
        self._log_name = log_name
        self._lag_limit = lag_limit
        self._telemetry = telemetry
        self._deadline = patience.deadline
        self._runner = patience.runner
        self._copy = copy
        self._companions = tuple(companions)
        self._feeds = tuple(
            Feed(name, sink, queue, telemetry, patience.monotonic) for name, sink in _named(sinks)
        )
        self._sealing = threading.Lock()

    def seal(self) -> None:
        """Number what waits, then give each sink what it lacks.

        A sink that fails, or does not answer in time, is counted and tried again
        next time; it stops neither the other sinks nor the caller. A journal that
        cannot answer is told of and left for the next time, too.

        Raises:
            FatalError: A sink says that the process cannot go on safely.
        """
        with self._sealing:
            self._round()
            for companion in self._companions:
                self._run(companion, companion.jobs(self._last_durable()))

    def finish(self) -> None:
        """Seal once more, and do what belongs to the end of a run."""
        with self._sealing:
            self._round()
            for companion in self._companions:
                self._run(companion, companion.last_jobs(self._last_durable()))

    def is_blocked(self, now: Instant) -> bool:
        """Whether a record has waited too long for every sink, or nobody can tell (I8).

        The journal is asked each time, so that the answer is true in whichever
        replica or thread it is given, and whatever the clock has done meanwhile.
        """
        durable = self._last_durable()
        if durable == UNSEEN:
            return True
        try:
            oldest = self._oldest_waiting(durable)
        except (UnavailableError, ValueError):
            return True
        # A time to come was written by a clock that was wrong: nobody can tell the lag.
        return oldest is not None and abs(now - oldest) > self._lag_limit

    def standing(self) -> AuditStanding:
        """Say how the log stands, as far as this process knows."""
        sinks = tuple(feed.standing() for feed in self._feeds)
        standing = AuditStanding(log=self._log_name, sinks=sinks)
        for companion in self._companions:
            standing = companion.noted(standing)
        return standing

    def failing(self) -> tuple[str, ...]:
        """Name the sinks that refused, or were too slow, when they were last written."""
        return tuple(feed.name for feed in self._feeds if feed.standing().is_failing)

    def _round(self) -> None:
        try:
            self._number()
        except ConflictError:
            self._telemetry.log("debug", "another sealer was first")
        except (OutcomeUnknownError, UnavailableError) as error:
            self._telemetry.log("error", "audit records not numbered", code=error.code)
        except ValueError:
            # A newer release wrote it, and numbers it; what it numbered is fed as ever.
            self._telemetry.log("error", "audit records not numbered", code="newer_release")
        jobs = {feed.name: feed.run for feed in self._feeds}
        busy = self._runner.run(jobs, timeout=self._deadline)
        for feed in self._feeds:
            feed.judge(is_busy=feed.name in busy)

    def _run(self, companion: Companion, jobs: Jobs) -> None:
        if jobs:
            companion.judge(self._runner.run(jobs, timeout=self._deadline))

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
            if self._copy is not None:
                self._copy([sealed for _, sealed in places])

    def _last_durable(self) -> int:
        return max((feed.durable for feed in self._feeds), default=UNSEEN)

    def _oldest_waiting(self, durable: int) -> Instant | None:
        """When the oldest record was made that no sink holds; None if all are held."""
        sealed = self._queue.sealed_after(durable, limit=1)
        if sealed:
            return sealed_at(sealed[0])
        unsealed = self._queue.unsealed(limit=1)
        return unsealed[0].at if unsealed else None


def _named(sinks: Iterable[AuditSink]) -> list[tuple[str, AuditSink]]:
    """Name each sink by its kind, ``file`` for `FileSink`; a second one is ``file-2``."""
    named: dict[str, AuditSink] = {}
    for sink in sinks:
        kind = type(sink).__name__.removesuffix("Sink").lower()
        count = 1
        while (name := kind if count == 1 else f"{kind}-{count}") in named:
            count += 1
        named[name] = sink
    return list(named.items())
