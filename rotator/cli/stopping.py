"""Being told to stop, from the first moment of a process."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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

    @property
    def is_wished(self) -> bool:
        """Whether the wish has come."""
        return self._is_wished

    def calls(self, action: Callable[[], object]) -> None:
        """Say what to do; done at once if the wish has come already."""
        self._action = action
        if self._is_wished:
            action()


@contextmanager
def stop_on_signals(numbers: Sequence[signal.Signals] = SIGNALS) -> Iterator[Stop]:
    """Hear signals; in another thread than the main one, leave them alone."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: object) -> None:
        del number, frame
        stop.wish()

    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_by(numbers: Sequence[signal.Signals]) -> Iterator[None]:
    """Let signals that would end the process interrupt the block, as Ctrl-C does.

    A signal that somebody listens to already, or ignores, is left alone; in another
    thread than the main one, all are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    ours = [it for it in numbers if signal.getsignal(it) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
