"""Being told to stop before there is anything to stop."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rotator.cli.stopping import SIGNALS, Stop, stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.settings.settings import Settings
    from tests.cli.desk import Desk, StubApp


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_app_is_opened_stops_it_before_it_runs(
    desk: Desk, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = desk.app.open

    @contextmanager
    def opened(settings: Settings, *, read_only: bool) -> Iterator[StubApp]:
        os.kill(os.getpid(), number)
        with usual(settings, read_only=read_only) as app:
            yield app

    monkeypatch.setattr(desk.app, "open", opened)

    result = desk.run("run")

    assert result.exit_code == 0
    assert desk.app.calls == ["open tests", "stop", "run"]


def test_a_signal_while_it_runs_stops_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.app, "run", lambda: os.kill(os.getpid(), signal.SIGTERM))

    assert desk.run("run").exit_code == 0
    assert desk.app.calls == ["open tests", "stop"]


def test_signals_are_as_they_were_afterwards() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    with stop_on_signals():
        assert [signal.getsignal(number) for number in SIGNALS] != before

    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_only_the_main_thread_can_hear_signals() -> None:
    heard: list[Stop] = []
    before = signal.getsignal(signal.SIGTERM)

    def listen() -> None:
        with stop_on_signals() as stop:
            heard.append(stop)

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()

    assert len(heard) == 1
    assert signal.getsignal(signal.SIGTERM) is before
