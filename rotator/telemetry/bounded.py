"""A question whose answer nobody waits for longer than he can."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

T = TypeVar("T")


class Bounded(Generic[T]):
    """Asks in a thread of its own, so that an answer that never comes holds up nobody.

    While a question is open it is not asked again: whoever comes shares its answer.
    """

    def __init__(self, ask: Callable[[], T], *, limit: timedelta) -> None:
        """Take what is asked, and how long an answer is waited for."""
        self._ask = ask
        self._limit = limit
        self._guard = threading.Lock()
        self._open: Future[T] | None = None

    def answer(self) -> T:
        """Return the answer, or raise what the question raised.

        Raises:
            UnavailableError: There was no answer in time.
        """
        with self._guard:
            asked = self._open
            if asked is None or asked.done():
                asked = self._open = self._start()
        try:
            return asked.result(self._limit.total_seconds())
        except TimeoutError as error:
            msg = "no answer in time"
            raise UnavailableError(msg, code="too_slow") from error

    def _start(self) -> Future[T]:
        asked: Future[T] = Future()
        # A daemon: a process that ends does not wait for it either.
        threading.Thread(target=self._run, args=(asked,), name="rotator-ask", daemon=True).start()
        return asked

    def _run(self, asked: Future[T]) -> None:
        try:
            asked.set_result(self._ask())
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
            asked.set_exception(error)
