"""Who does the work of the audit log's places: the caller, or a thread for each place.

A write to a disk or a bucket may hang for ever, and a thread cannot be stopped. So
in the daemon each place has a thread of its own, which nobody waits for longer
than the deadline; while it is busy it is given nothing new. docs/decisions/0021
says why these threads are not the engine's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Jobs = Mapping[str, Callable[[], None]]


class Runner(Protocol):
    """Does named jobs beside each other; of one name never two at once."""

    def run(self, jobs: Jobs, *, timeout: timedelta) -> frozenset[str]:
        """Begin the jobs whose names are not busy, and wait for those that were begun.

        Args:
            jobs: What to do, by name.
            timeout: How long to wait; zero for not at all.

        Returns:
            The names that are still busy, with this job or an earlier one.

        Raises:
            Exception: What a job raised, in this call or since the last one.
        """
        ...

    def close(self) -> None:
        """Begin nothing new; a job that hangs is left behind."""
        ...


class InlineRunner:
    """Does each job at once, in the caller's own thread; for tests and simulations."""

    def run(self, jobs: Jobs, *, timeout: timedelta) -> frozenset[str]:
        """Do all jobs, whatever they take; nobody is late here."""
        del timeout
        for job in jobs.values():
            job()
        return frozenset()

    def close(self) -> None:
        """Do nothing: there is nothing to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How what may hang is dealt with.

    Attributes:
        deadline: How long one round waits for what it has begun.
        runner: Who does it; the caller's own thread unless said otherwise.
        monotonic: Seconds that never run backwards, to measure writes with.
    """

    deadline: timedelta = timedelta(seconds=5)
    runner: Runner = field(default_factory=InlineRunner)
    monotonic: Callable[[], float] = lambda: 0.0


class ThreadRunner:
    """Gives each name a thread of its own, made when it is first needed."""

    def __init__(self) -> None:
        """Start with no thread."""
        self._changed = threading.Condition()
        self._busy: dict[str, Callable[[], None]] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._raised: list[Exception] = []
        self._is_closing = False

    def run(self, jobs: Jobs, *, timeout: timedelta) -> frozenset[str]:
        """Hand jobs to their threads, and wait for those that were free."""
        with self._changed:
            begun = self._begin(jobs)
            self._changed.wait_for(lambda: not begun & self._busy.keys(), timeout.total_seconds())
            if self._raised:
                raise self._raised.pop(0)
            return frozenset(jobs.keys() & self._busy.keys())

    def close(self) -> None:
        """End every thread that is free; one that hangs dies with the process."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            free = [thread for name, thread in self._threads.items() if name not in self._busy]
        for thread in free:
            thread.join()

    def _begin(self, jobs: Jobs) -> set[str]:
        begun = set() if self._is_closing else jobs.keys() - self._busy.keys()
        for name in begun:
            self._busy[name] = jobs[name]
            if name not in self._threads:
                self._threads[name] = self._thread(name)
        self._changed.notify_all()
        return begun

    def _thread(self, name: str) -> threading.Thread:
        # A daemon: a write that hangs must not keep the process from ending.
        thread = threading.Thread(
            target=self._serve, args=(name,), name=f"audit-{name}", daemon=True
        )
        thread.start()
        return thread

    def _serve(self, name: str) -> None:
        while (job := self._next(name)) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
                self._end(name, error)
            else:
                self._end(name, None)

    def _next(self, name: str) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or name in self._busy)
            return self._busy.get(name)

    def _end(self, name: str, error: Exception | None) -> None:
        with self._changed:
            del self._busy[name]
            if error is not None:
                self._raised.append(error)
            self._changed.notify_all()
