"""The contract of `rotator.ports.engine.Engine`: one suite for every engine.

An engine may lose, repeat, delay and reorder; what it may not do is stop, let
one failure stop another's work, or look at one credential twice at one time.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import CredentialId
from rotator.errors import InvariantError
from rotator.testing.scripted_work import PATIENCE_SECONDS, ScriptedWork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.ports.engine import Engine, Work

PATIENCE = timedelta(seconds=PATIENCE_SECONDS)
AT_ONCE = timedelta(0)

FIRST = CredentialId("first")
SECOND = CredentialId("second")
THIRD = CredentialId("third")


class Running:
    """An engine that runs in a thread, and what came of it."""

    def __init__(self, engine: Engine) -> None:
        """Start `run` in a thread of its own."""
        self.engine = engine
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.engine.run()
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            self.error = error

    def has_returned(self) -> bool:
        """Wait for `run` to return or raise; False if it never did."""
        self._thread.join(PATIENCE_SECONDS)
        return not self._thread.is_alive()


@contextmanager
def running(engine: Engine) -> Iterator[Running]:
    """Run an engine for the length of a block, then drain it."""
    runner = Running(engine)
    try:
        yield runner
    finally:
        engine.drain(PATIENCE)
        assert runner.has_returned()


class EngineContract:
    """Subclass it and say how to make an engine that sweeps several times a second."""

    def make_engine(self, work: Work) -> Engine:
        """Make an engine that has not been run, with at least two workers."""
        raise NotImplementedError

    def test_every_due_credential_is_looked_at(self) -> None:
        """At least once each, however many there are."""
        names = [CredentialId(f"credential-{number}") for number in range(25)]
        work = ScriptedWork(*names)

        with running(self.make_engine(work)):
            assert work.wait_for(lambda it: set(it.looks) == set(names))

    def test_what_becomes_due_later_is_looked_at(self) -> None:
        """The engine asks again and again."""
        work = ScriptedWork(FIRST)

        with running(self.make_engine(work)):
            assert work.wait_for(lambda it: FIRST in it.looks)
            work.make_due(SECOND)
            assert work.wait_for(lambda it: SECOND in it.looks)

    def test_one_failing_credential_stops_no_other(self) -> None:
        """Whatever it raises."""
        work = ScriptedWork(FIRST, SECOND, THIRD)
        work.fail(FIRST, RuntimeError("unforeseen"))

        with running(self.make_engine(work)) as runner:
            assert work.wait_for(lambda it: {SECOND, THIRD} <= set(it.looks))

        assert runner.error is None

    def test_a_credential_that_hangs_stops_no_other(self) -> None:
        """As long as a worker is free."""
        work = ScriptedWork(FIRST, SECOND, THIRD)
        gate = work.block(FIRST)

        with running(self.make_engine(work)):
            assert work.wait_for(lambda it: {SECOND, THIRD} <= set(it.looks))
            gate.set()

    def test_a_nudged_credential_is_looked_at(self) -> None:
        """Though the journal does not call it due."""
        work = ScriptedWork()
        engine = self.make_engine(work)

        with running(engine):
            assert work.wait_for(lambda it: it.sweeps > 0)
            engine.nudge([SECOND])
            assert work.wait_for(lambda it: SECOND in it.looks)

    def test_one_credential_is_never_looked_at_twice_at_one_time(self) -> None:
        """Neither by nudges nor by what the journal says."""
        work = ScriptedWork(FIRST)
        gate = work.block(FIRST)
        engine = self.make_engine(work)

        with running(engine):
            assert work.wait_inside(FIRST)
            engine.nudge([FIRST, FIRST])
            work.make_due(FIRST)
            asked = work.sweeps
            assert work.wait_for(lambda it: it.sweeps > asked + 1)
            gate.set()

        assert work.collisions == []

    def test_a_fatal_error_stops_the_engine(self) -> None:
        """`run` raises it."""
        work = ScriptedWork(FIRST)
        fatal = InvariantError("outside the table")
        work.fail(FIRST, fatal)

        with running(self.make_engine(work)) as runner:
            assert runner.has_returned()

        assert runner.error is fatal

    def test_scans_and_seals_are_carried(self) -> None:
        """Both soon after the start."""
        work = ScriptedWork()

        with running(self.make_engine(work)):
            assert work.wait_for(lambda it: it.scans > 0 and it.seals > 0)

    def test_the_policy_is_looked_at_again_and_again(self) -> None:
        """It is changed while we run."""
        work = ScriptedWork()

        with running(self.make_engine(work)):
            assert work.wait_for(lambda it: it.reloads > 1)

    def test_drain_waits_for_the_pass_that_runs(self) -> None:
        """And then `run` returns."""
        work = ScriptedWork(FIRST)
        gate = work.block(FIRST)
        engine = self.make_engine(work)

        with running(engine) as runner:
            assert work.wait_inside(FIRST)
            assert not engine.drain(AT_ONCE)
            gate.set()
            assert engine.drain(PATIENCE)
            assert runner.has_returned()

        assert runner.error is None

    def test_no_work_is_taken_after_drain(self) -> None:
        """Neither what is due nor what is nudged."""
        work = ScriptedWork()
        engine = self.make_engine(work)

        with running(engine) as runner:
            assert work.wait_for(lambda it: it.sweeps > 0)
            assert engine.drain(PATIENCE)
            work.make_due(FIRST)
            engine.nudge([SECOND])
            assert runner.has_returned()

        assert work.looks == []

    def test_an_engine_that_was_drained_first_returns_at_once(self) -> None:
        """A signal may come before the start."""
        work = ScriptedWork(FIRST)
        engine = self.make_engine(work)
        engine.drain(PATIENCE)

        with running(engine) as runner:
            assert runner.has_returned()

        assert work.looks == []
