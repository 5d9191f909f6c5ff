"""The embedded engine: everything in this process, ticks by APScheduler.

APScheduler starts five fixed jobs and knows nothing of credentials. Its sweep
tick only raises a wish; a sweeper thread asks the journal what is due and a
bounded pool looks at it. Nothing here is remembered that the journal does not
tell again after a restart, so the engine may be killed at any instruction.

One condition guards all state. Its lock is reentrant and `run` only waits under
it, so that a signal handler in the thread of `run` may call `drain`.
"""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor as TickExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from rotator.errors import FatalError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from apscheduler.events import JobEvent

    from rotator.core.ids import CredentialId
    from rotator.ports.engine import Work
    from rotator.ports.evidence import Telemetry

_FAULTS = {
    EVENT_JOB_ERROR: "crashed",
    EVENT_JOB_MISSED: "missed",
    EVENT_JOB_MAX_INSTANCES: "overlapped",
}
_JOBS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedSettings:
    """How often the engine ticks and how much it does at once.

    Attributes:
        sweep_interval: Between two questions to the journal for what is due.
        scan_interval: Between two scans of all accounts; one runs at the start.
        seal_interval: Between two rounds of the sealer.
        notify_interval: Between two rounds of telling people.
        reload_interval: Between two looks whether the policy has changed.
        workers: Most passes in flight at once; 1 or more.
        batch: Most credentials that one sweep takes up; 1 or more.
    """

    sweep_interval: timedelta = timedelta(seconds=5)
    scan_interval: timedelta = timedelta(hours=1)
    seal_interval: timedelta = timedelta(seconds=1)
    notify_interval: timedelta = timedelta(seconds=15)
    reload_interval: timedelta = timedelta(seconds=5)
    workers: int = 4
    batch: int = 100


class EmbeddedEngine:
    """Carries work inside one process; implements `rotator.ports.engine.Engine`."""

    def __init__(
        self,
        work: Work,
        telemetry: Telemetry,
        *,
        monotonic: Callable[[], float],
        settings: EmbeddedSettings | None = None,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        """Take what is driven; nothing starts before `run`.

        Args:
            work: What to drive.
            telemetry: Is told of passes and ticks that failed.
            monotonic: Seconds that never run backwards, for `last_tick`.
            settings: Periods and bounds.
            on_idle: Called when a sweep found nothing due while nothing ran; the
                next sweep follows at once, as does one after the last pass. A
                demonstration moves its clock there.
        """
        self._work = work
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._settings = settings or EmbeddedSettings()
        self._on_idle = on_idle
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(self._settings.workers, thread_name_prefix="pass")
        self._running: set[CredentialId] = set()
        self._waiting: dict[CredentialId, None] = {}
        self._ticks = 0
        self._is_started = False
        self._is_draining = False
        self._is_over = False
        self._wants_sweep = False
        self._sweeps_again = False
        self._fatal: FatalError | None = None
        self._last_tick = monotonic()

    def run(self) -> None:
        """Carry work until `drain` has ended; one run in an engine's life.

        Raises:
            FatalError: Work said that the process cannot go on; passes may still
                run, and `drain` waits for them.
        """
        # Before the first pass, for it asks whether evidence can be written (I7).
        self._guarded("seal", self._work.seal)
        scheduler = self._make_scheduler()
        self._start(scheduler)
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or self._fatal)
        finally:
            self._stop(scheduler)
        if self._fatal is not None:
            raise self._fatal

    def nudge(self, credentials: Sequence[CredentialId]) -> None:
        """Look at these soon; one that is being looked at is looked at once more."""
        with self._changed:
            self._enqueue(credentials)

    def drain(self, timeout: timedelta) -> bool:
        """Take no more work and wait for what runs; False if some still ran at the end.

        After False the process may be ended hard: a pass survives a power cut.
        """
        with self._changed:
            self._is_draining = True
            self._waiting.clear()
            self._changed.notify_all()
            is_done = self._changed.wait_for(
                lambda: not self._running and not self._ticks, timeout.total_seconds()
            )
            self._is_over = True
            self._changed.notify_all()
        return is_done

    def last_tick(self) -> float:
        """Return the reading of `monotonic` when the engine last looked for work."""
        return self._last_tick

    def _make_scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": TickExecutor(_JOBS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_listener(self._on_fault, mask=sum(_FAULTS))
        settings = self._settings
        for name, action, interval in (
            ("sweep", self._wish_sweep, settings.sweep_interval),
            ("scan", self._tick(self._work.scan), settings.scan_interval),
            ("seal", self._tick(self._work.seal), settings.seal_interval),
            ("notify", self._tick(self._work.notify), settings.notify_interval),
            ("reload", self._tick(self._work.reload), settings.reload_interval),
        ):
            scheduler.add_job(action, id=name, trigger=_now_and_every(interval))
        return scheduler

    def _start(self, scheduler: BackgroundScheduler) -> None:
        with self._changed:
            self._is_started = True
            self._last_tick = self._monotonic()
            self._dispatch()
        scheduler.start()
        threading.Thread(target=self._sweep_on_demand, name="sweeper", daemon=True).start()

    def _stop(self, scheduler: BackgroundScheduler) -> None:
        with self._changed:
            self._is_draining = True
            self._waiting.clear()
            self._changed.notify_all()
        scheduler.shutdown(wait=False)
        self._pool.shutdown(wait=False)

    def _tick(self, action: Callable[[], None]) -> Callable[[], None]:
        """Make a job that counts as running, and does nothing once we drain."""

        def job() -> None:
            with self._occupied() as may_run:
                if may_run:
                    action()

        return job

    @contextmanager
    def _occupied(self) -> Iterator[bool]:
        """Count as something that `drain` waits for, unless it came before us."""
        with self._changed:
            may_run = not self._is_draining
            self._ticks += may_run
        try:
            yield may_run
        finally:
            with self._changed:
                self._ticks -= may_run
                self._changed.notify_all()

    def _wish_sweep(self) -> None:
        with self._changed:
            self._wants_sweep = True
            self._changed.notify_all()

    def _sweep_on_demand(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wants_sweep or self._is_draining)
                self._wants_sweep = False
            with self._occupied() as may_run:
                if not may_run:
                    return
                is_idle = self._sweep()
            # Outside, so that it may call `drain` without waiting for itself.
            if is_idle and self._on_idle is not None:
                self._guarded("on_idle", self._on_idle)
                self._wish_sweep()

    def _sweep(self) -> bool:
        """Take up what is due; True if there was nothing and nothing runs."""
        with self._changed:
            was_quiet = self._is_quiet()
        due = self._ask_for_due()
        with self._changed:
            self._last_tick = self._monotonic()
            if due is None:
                return False
            has_more = len(due) >= self._settings.batch
            self._sweeps_again = has_more or self._on_idle is not None
            self._enqueue(name for name in due if name not in self._running)
            return was_quiet and not due and self._is_quiet()

    def _ask_for_due(self) -> Sequence[CredentialId] | None:
        """Return what is due; None when that could not be learned."""
        found: list[Sequence[CredentialId]] = []
        self._guarded("sweep", lambda: found.append(self._work.due(self._settings.batch)))
        return found[0] if found else None

    def _is_quiet(self) -> bool:
        return not self._running and not self._waiting

    def _enqueue(self, credentials: Iterable[CredentialId]) -> None:
        if not self._is_draining:
            self._waiting.update(dict.fromkeys(credentials))
            self._dispatch()

    def _dispatch(self) -> None:
        """Hand waiting credentials to free workers; never one that is being looked at."""
        free = self._settings.workers - len(self._running)
        if not self._is_started or free <= 0:
            return
        for name in [item for item in self._waiting if item not in self._running][:free]:
            del self._waiting[name]
            self._running.add(name)
            self._pool.submit(self._pass, name)

    def _pass(self, name: CredentialId) -> None:
        is_done = False
        try:
            is_done = self._guarded("pass", lambda: self._work.reconcile(name), name)
        finally:
            with self._changed:
                self._finish(name, is_done=is_done)

    def _finish(self, name: CredentialId, *, is_done: bool) -> None:
        self._running.discard(name)
        # After a failure the next tick is soon enough: to ask again at once for
        # what has just failed would spin.
        self._sweeps_again = self._sweeps_again and is_done
        if not self._is_draining:
            self._dispatch()
            self._wants_sweep = self._wants_sweep or (self._sweeps_again and self._is_quiet())
        self._changed.notify_all()

    def _guarded(self, job: str, action: Callable[[], None], subject: str = "") -> bool:
        """Run something that must not stop the rest; False if it failed."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - one failure stops no other work
            self._tell(job, error, subject)
            return False
        return True

    def _on_fault(self, event: JobEvent) -> None:
        """Hear of a tick that failed or was left out."""
        error = getattr(event, "exception", None)
        if error is not None:
            self._tell(event.job_id, error)
        else:
            self._telemetry.count("engine_faults", job=event.job_id, fault=_FAULTS[event.code])

    def _tell(self, job: str, error: Exception, subject: str = "") -> None:
        """Report a failure by type, code and place; its words may hold anything."""
        if isinstance(error, FatalError):
            with self._changed:
                self._fatal = self._fatal or error
                self._changed.notify_all()
        self._telemetry.count("engine_faults", job=job, fault="crashed")
        self._telemetry.log(
            "error",
            "job failed",
            job=job,
            credential=subject or None,
            error=type(error).__name__,
            code=error.code if isinstance(error, RotatorError) else "unexpected",
            where=_place(error),
        )


def _now_and_every(interval: timedelta) -> OrTrigger:
    """Fire once at the start and then at every interval."""
    seconds = interval.total_seconds()
    return OrTrigger([DateTrigger(timezone=UTC), IntervalTrigger(seconds=seconds, timezone=UTC)])


def _place(error: Exception) -> str:
    """Name the line that raised, as ``file.py:12``."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "unknown"
