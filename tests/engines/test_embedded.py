"""The embedded engine: the contract, and what is its own."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from rotator.core.ids import CredentialId
from rotator.engines.embedded import EmbeddedEngine, EmbeddedSettings
from rotator.errors import TamperError, UnavailableError
from rotator.testing.engine_contract import (
    AT_ONCE,
    FIRST,
    PATIENCE,
    SECOND,
    THIRD,
    EngineContract,
    running,
)
from rotator.testing.memory_evidence import QuietTelemetry
from rotator.testing.scripted_work import PATIENCE_SECONDS, ScriptedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.ports.engine import Engine, Work

NEVER = timedelta(days=1)
QUICK = EmbeddedSettings(
    sweep_interval=timedelta(seconds=0.05),
    seal_interval=timedelta(seconds=0.05),
    notify_interval=timedelta(seconds=0.05),
    reload_interval=timedelta(seconds=0.05),
    workers=2,
)
SLOW = EmbeddedSettings(
    sweep_interval=NEVER,
    scan_interval=NEVER,
    seal_interval=NEVER,
    notify_interval=NEVER,
    reload_interval=NEVER,
    workers=2,
)


def make(
    work: Work,
    settings: EmbeddedSettings = QUICK,
    *,
    telemetry: QuietTelemetry | None = None,
    on_idle: Callable[[], None] | None = None,
) -> EmbeddedEngine:
    ticks = count()
    return EmbeddedEngine(
        work,
        telemetry or QuietTelemetry(),
        monotonic=lambda: float(next(ticks)),
        settings=settings,
        on_idle=on_idle,
    )


class FailingWork(ScriptedWork):
    """Work whose rounds fail, each with its own error."""

    def __init__(self, *due: CredentialId, **errors: Exception) -> None:
        super().__init__(*due)
        self._errors = errors

    def due(self, limit: int) -> Sequence[CredentialId]:
        found = super().due(limit)
        self._raise("due")
        return found

    def scan(self) -> None:
        super().scan()
        self._raise("scan")

    def seal(self) -> None:
        super().seal()
        self._raise("seal")

    def notify(self) -> None:
        super().notify()
        self._raise("notify")

    def _raise(self, name: str) -> None:
        if name in self._errors:
            raise self._errors[name]


class SlowScan(ScriptedWork):
    """Work whose scan lasts until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def scan(self) -> None:
        super().scan()
        assert self.let_go.wait(PATIENCE_SECONDS)


class Alarm(QuietTelemetry):
    """A telemetry that wakes a test when something is counted."""

    def __init__(self) -> None:
        super().__init__()
        self._counted = threading.Condition()

    def count(self, name: str, /, **labels: str) -> None:
        with self._counted:
            super().count(name, **labels)
            self._counted.notify_all()

    def wait_for(self, name: str, **labels: str) -> bool:
        with self._counted:
            return self._counted.wait_for(
                lambda: self.counted(name, **labels) > 0, PATIENCE_SECONDS
            )


class TestEmbeddedEngine(EngineContract):
    def make_engine(self, work: Work) -> Engine:
        return make(work)


def test_no_more_passes_run_at_once_than_there_are_workers() -> None:
    work = ScriptedWork(FIRST, SECOND, THIRD)
    gates = [work.block(name) for name in (FIRST, SECOND, THIRD)]

    with running(make(work)):
        assert work.wait_inside(FIRST)
        assert work.wait_inside(SECOND)
        asked = work.sweeps
        assert work.wait_for(lambda it: it.sweeps > asked + 1)
        for gate in gates:
            gate.set()
        assert work.wait_for(lambda it: THIRD in it.looks)

    assert work.most_at_once == 2


def test_a_full_batch_is_followed_by_a_sweep_at_once() -> None:
    names = [CredentialId(f"credential-{number}") for number in range(25)]
    work = ScriptedWork(*names)
    settings = EmbeddedSettings(sweep_interval=NEVER, batch=4, workers=2)

    with running(make(work, settings)):
        assert work.wait_for(lambda it: set(it.looks) == set(names))


def test_after_a_failure_the_next_sweep_waits_for_its_tick() -> None:
    work, idle = ScriptedWork(FIRST), threading.Event()
    work.fail(FIRST, RuntimeError("unforeseen"))
    telemetry = Alarm()

    with running(make(work, SLOW, telemetry=telemetry, on_idle=idle.set)):
        assert telemetry.wait_for("engine_faults", job="pass", fault="crashed")

    assert work.sweeps == 1
    assert not idle.is_set()


def test_a_nudge_needs_no_tick() -> None:
    work = ScriptedWork()
    engine = make(work, SLOW)

    with running(engine):
        assert work.wait_for(lambda it: it.sweeps == 1)
        engine.nudge([FIRST])
        assert work.wait_for(lambda it: it.looks == [FIRST])


def test_a_nudge_before_the_start_is_kept() -> None:
    work = ScriptedWork()
    engine = make(work, SLOW)
    engine.nudge([FIRST])

    with running(engine):
        assert work.wait_for(lambda it: it.looks == [FIRST])


def test_a_nudge_during_a_pass_leads_to_one_more() -> None:
    work = ScriptedWork(FIRST)
    gate = work.block(FIRST)
    engine = make(work, SLOW)

    with running(engine):
        assert work.wait_inside(FIRST)
        engine.nudge([FIRST])
        gate.set()
        assert work.wait_for(lambda it: it.looks == [FIRST, FIRST])


def test_evidence_is_sealed_once_before_the_first_pass() -> None:
    class Watching(ScriptedWork):
        def reconcile(self, credential: CredentialId) -> None:
            assert self.seals > 0
            super().reconcile(credential)

    work = Watching(FIRST)

    with running(make(work)):
        assert work.wait_for(lambda it: it.looks == [FIRST])


def test_idleness_is_told_and_the_next_sweep_follows_at_once() -> None:
    idle = []

    def on_idle() -> None:
        idle.append(tuple(work.looks))
        if len(idle) == 1:
            work.make_due(SECOND)

    work = ScriptedWork(FIRST)
    with running(make(work, SLOW, on_idle=on_idle)):
        assert work.wait_for(lambda it: it.sweeps > 4)

    assert idle[0] == (FIRST,)
    assert idle[1] == (FIRST, SECOND)


def test_nobody_is_told_of_idleness_while_a_pass_runs() -> None:
    work = ScriptedWork(FIRST)
    gate, idle = work.block(FIRST), threading.Event()

    with running(make(work, on_idle=idle.set)):
        assert work.wait_inside(FIRST)
        asked = work.sweeps
        assert work.wait_for(lambda it: it.sweeps > asked + 2)
        assert not idle.is_set()
        gate.set()
        assert idle.wait(PATIENCE_SECONDS)


def test_the_one_who_is_told_of_idleness_may_drain() -> None:
    drained = []
    work = ScriptedWork()
    engine = make(work, SLOW, on_idle=lambda: drained.append(engine.drain(PATIENCE)))

    with running(engine) as runner:
        assert runner.has_returned()

    assert drained == [True]


def test_a_failure_is_told_by_type_code_and_place_and_not_in_its_words() -> None:
    work, telemetry = ScriptedWork(FIRST), Alarm()
    work.fail(FIRST, UnavailableError("hunter2", code="locked"))

    with running(make(work, telemetry=telemetry)):
        assert telemetry.wait_for("engine_faults", job="pass", fault="crashed")

    ((level, event, fields),) = telemetry.lines
    assert (level, event) == ("error", "job failed")
    assert str(fields.pop("where")).startswith("scripted_work.py:")
    assert fields == {
        "job": "pass",
        "credential": FIRST,
        "error": "UnavailableError",
        "code": "locked",
    }


def test_a_journal_that_cannot_be_asked_is_asked_again() -> None:
    work, telemetry = FailingWork(due=RuntimeError("down")), Alarm()
    idle = threading.Event()

    with running(make(work, telemetry=telemetry, on_idle=idle.set)):
        assert telemetry.wait_for("engine_faults", job="sweep", fault="crashed")
        assert work.wait_for(lambda it: it.sweeps > 2)

    assert not idle.is_set()


def test_people_are_told_again_and_again_and_a_failure_stops_nothing() -> None:
    work, telemetry = FailingWork(FIRST, notify=RuntimeError("down")), Alarm()

    with running(make(work, telemetry=telemetry)) as runner:
        assert telemetry.wait_for("engine_faults", job="notify", fault="crashed")
        assert work.wait_for(lambda it: it.notifies > 2 and it.looks == [FIRST])

    assert runner.error is None


def test_a_receiver_that_hangs_holds_no_pass_back() -> None:
    hanging, is_told = threading.Event(), threading.Event()

    class Hanging(ScriptedWork):
        def notify(self) -> None:
            is_told.set()
            hanging.wait(PATIENCE_SECONDS)

    work = Hanging()
    with running(make(work)):
        assert is_told.wait(PATIENCE_SECONDS)
        work.make_due(FIRST)
        assert work.wait_for(lambda it: it.looks == [FIRST] and it.seals > 2)
        hanging.set()


def test_a_scan_or_seal_that_fails_is_told_and_tried_again() -> None:
    work = FailingWork(scan=RuntimeError("down"), seal=RuntimeError("down"))
    telemetry = Alarm()

    with running(make(work, telemetry=telemetry)) as runner:
        assert telemetry.wait_for("engine_faults", job="scan", fault="crashed")
        assert telemetry.wait_for("engine_faults", job="seal", fault="crashed")
        assert work.wait_for(lambda it: it.seals > 2)

    assert runner.error is None


def test_a_fatal_error_of_a_scan_stops_the_engine() -> None:
    fatal = TamperError("cut")

    with running(make(FailingWork(scan=fatal))) as runner:
        assert runner.has_returned()

    assert runner.error is fatal


def test_a_fatal_error_before_the_start_stops_the_engine() -> None:
    fatal = TamperError("cut")

    with running(make(FailingWork(seal=fatal))) as runner:
        assert runner.has_returned()

    assert runner.error is fatal


def test_a_scan_that_overlaps_its_next_start_is_left_out_and_counted() -> None:
    work, telemetry = SlowScan(), Alarm()
    settings = EmbeddedSettings(scan_interval=timedelta(seconds=0.05))

    with running(make(work, settings, telemetry=telemetry)):
        assert telemetry.wait_for("engine_faults", job="scan", fault="overlapped")
        assert work.scans == 1
        work.let_go.set()


def test_drain_waits_for_a_scan() -> None:
    work = SlowScan()
    engine = make(work, SLOW)

    with running(engine):
        assert work.wait_for(lambda it: it.scans == 1)
        assert not engine.drain(AT_ONCE)
        work.let_go.set()
        assert engine.drain(PATIENCE)


def test_a_tick_that_comes_after_the_drain_does_nothing() -> None:
    work = ScriptedWork()
    engine = make(work)
    engine.drain(PATIENCE)

    engine._tick(work.scan)()

    assert work.scans == 0


def test_a_signal_handler_in_the_thread_of_run_may_drain() -> None:
    work = ScriptedWork(FIRST)
    gate = work.block(FIRST)
    engine = make(work)
    drained = []

    def interrupt() -> None:
        assert work.wait_inside(FIRST)
        os.kill(os.getpid(), signal.SIGUSR1)
        gate.set()

    previous = signal.signal(signal.SIGUSR1, lambda *_: drained.append(engine.drain(PATIENCE)))
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        engine.run()
    finally:
        signal.signal(signal.SIGUSR1, previous)

    assert drained == [True]


def test_waiting_credentials_are_dropped_by_a_drain() -> None:
    work = ScriptedWork(FIRST, SECOND, THIRD)
    gates = [work.block(name) for name in (FIRST, SECOND)]
    engine = make(work, SLOW)

    with running(engine):
        assert work.wait_inside(FIRST)
        assert work.wait_inside(SECOND)
        engine.drain(AT_ONCE)
        for gate in gates:
            gate.set()
        assert engine.drain(PATIENCE)

    assert THIRD not in work.looks


def test_the_last_tick_moves_with_each_sweep() -> None:
    work = ScriptedWork()
    engine = make(work)
    before = engine.last_tick()

    with running(engine):
        assert work.wait_for(lambda it: it.sweeps > 1)
        assert engine.last_tick() > before


def test_no_thread_is_left_when_the_engine_has_ended() -> None:
    engine = make(ScriptedWork(FIRST))
    with running(engine):
        pass

    engine._pool.shutdown(wait=True)
    names = {thread.name.split("_")[0] for thread in threading.enumerate()}

    assert not names & {"APScheduler", "pass"}
