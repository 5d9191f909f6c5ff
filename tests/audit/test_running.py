"""A thread for each place: who hangs is left alone, and nobody else waits for it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.audit.running import InlineRunner, ThreadRunner
from rotator.errors import TamperError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENT = timedelta(seconds=30)
AT_ONCE = timedelta(0)


@pytest.fixture
def runner() -> Iterator[ThreadRunner]:
    runner = ThreadRunner()
    yield runner
    runner.close()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def audit_threads() -> list[threading.Thread]:
    return [it for it in threading.enumerate() if it.name.startswith("audit-")]


def test_jobs_are_done_beside_each_other(runner: ThreadRunner) -> None:
    both = threading.Barrier(2)
    jobs = {"a": lambda: none(both.wait(30)), "b": lambda: none(both.wait(30))}

    assert runner.run(jobs, timeout=PATIENT) == frozenset()


def none(_: object) -> None:
    return None


def test_a_job_that_hangs_is_late_and_the_others_are_done(
    runner: ThreadRunner, gate: threading.Event
) -> None:
    done = threading.Event()

    late = runner.run({"hung": lambda: none(gate.wait()), "good": done.set}, timeout=AT_ONCE)

    assert "hung" in late
    assert done.wait(30)


def test_a_busy_name_is_given_nothing_new_and_nobody_waits_for_it_again(
    runner: ThreadRunner, gate: threading.Event
) -> None:
    again = list[str]()
    runner.run({"hung": lambda: none(gate.wait())}, timeout=AT_ONCE)

    # Would wait for half a minute if it waited for what it did not begin.
    late = runner.run({"hung": lambda: again.append("hung")}, timeout=PATIENT)

    assert late == {"hung"}
    assert again == []


def test_a_name_that_ended_late_takes_the_next_job(
    runner: ThreadRunner, gate: threading.Event
) -> None:
    ended, again = threading.Event(), list[str]()

    def slow() -> None:
        gate.wait()
        ended.set()

    runner.run({"slow": slow}, timeout=AT_ONCE)
    gate.set()
    assert ended.wait(30)
    while "slow" in runner.run({"slow": lambda: again.append("done")}, timeout=PATIENT):
        pass

    assert again == ["done"]


def test_what_a_job_raises_is_raised_to_the_caller(runner: ThreadRunner) -> None:
    def cut() -> None:
        raise TamperError("cut")

    with pytest.raises(TamperError):
        runner.run({"a": cut}, timeout=PATIENT)

    assert runner.run({"a": lambda: None}, timeout=PATIENT) == frozenset()


def test_no_thread_is_left_over_but_the_one_that_hangs(gate: threading.Event) -> None:
    runner = ThreadRunner()
    runner.run({"free": lambda: None}, timeout=PATIENT)
    runner.run({"hung": lambda: none(gate.wait())}, timeout=AT_ONCE)

    runner.close()

    assert [(it.name, it.daemon) for it in audit_threads()] == [("audit-hung", True)]
    gate.set()
    audit_threads_end()
    assert runner.run({"free": lambda: None}, timeout=PATIENT) == frozenset()


def audit_threads_end() -> None:
    for thread in audit_threads():
        thread.join(30)
    assert audit_threads() == []


def test_without_threads_a_job_is_done_where_it_is_asked_for() -> None:
    seen = list[str]()
    runner = InlineRunner()

    late = runner.run({"a": lambda: seen.append(threading.current_thread().name)}, timeout=AT_ONCE)
    runner.close()

    assert late == frozenset()
    assert seen == [threading.current_thread().name]
