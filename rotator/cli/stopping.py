"""Being told to stop, from the first moment of a process."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """A wish to stop, which may come before there is anything to stop."""

    def __init__(self) -> None:
        """Begin without a wish."""
        self._is_wished = False
        self._action: Callable[[], object] | None = None

    def wish(self) -> None:
        """Stop, now or as soon as it is known what to do."""
        self._is_wished = True
        if self._action is not None:
            self._action()

    def calls(self, action: Callable[[], object]) -> None:
        """Say what to do; done at once if the wish has come already."""
        self._action = action
        if self._is_wished:
            action()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Hear SIGTERM and SIGINT; in another thread than the main one, leave signals alone."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: object) -> None:
        del number, frame
        stop.wish()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
