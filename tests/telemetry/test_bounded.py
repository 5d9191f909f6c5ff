"""Nobody waits for an answer longer than he can."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from rotator.errors import UnavailableError
from rotator.telemetry.bounded import Bounded

PLENTY = timedelta(seconds=30)


def test_the_answer_is_given_as_it_is() -> None:
    assert Bounded(lambda: 42, limit=PLENTY).answer() == 42


def test_what_the_question_raises_is_raised() -> None:
    def broken() -> None:
        raise ValueError("no such word")

    with pytest.raises(ValueError, match="no such word"):
        Bounded(broken, limit=PLENTY).answer()


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    free = threading.Event()

    with pytest.raises(UnavailableError) as caught:
        Bounded(free.wait, limit=timedelta(0)).answer()

    assert caught.value.code == "too_slow"
    free.set()


def test_whoever_comes_while_a_question_is_open_shares_its_answer() -> None:
    free, begun = threading.Event(), threading.Semaphore(0)

    def ask() -> None:
        begun.release()
        free.wait()

    bounded = Bounded(ask, limit=timedelta(0))
    for _ in range(3):
        with pytest.raises(UnavailableError):
            bounded.answer()

    assert begun.acquire(timeout=30)
    assert not begun.acquire(blocking=False)
    free.set()
