"""What operators do by hand where something comes between: a signal, or a screen that is gone."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.cli.handover import hand_over
from rotator.cli.invocation import Invocation
from rotator.cli.stopping import interrupted_by
from rotator.core.api_keys import ApiKeyWish
from rotator.core.secret import Secret
from rotator.testing.fake_api_keys import FakeApiKeys
from tests.builders import at
from tests.cli.api_desk import ApiDesk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rotator.core.events import Scalar

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _as_a_process_starts() -> Iterator[None]:
    """Let nobody listen to signals: coverage.py does, where it measures."""
    before = {it: signal.signal(it, signal.SIG_DFL) for it in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def desk(tmp_path: Path) -> ApiDesk:
    return ApiDesk(tmp_path)


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, signal.Signals], list[object]]:
    """Let a signal come while a call of the fake is under way; return what it was called with."""

    def arm(method: str, number: signal.Signals) -> list[object]:
        usual, calls = getattr(FakeApiKeys, method), []

        def interrupted(self: FakeApiKeys, of: object) -> object:
            calls.append(of)
            answer = usual(self, of)
            os.kill(os.getpid(), number)
            return answer

        monkeypatch.setattr(FakeApiKeys, method, interrupted)
        return calls

    return arm


@pytest.mark.parametrize("number", SIGNALS)
def test_a_making_that_is_interrupted_is_written_down_and_says_where_to_look(
    desk: ApiDesk, number: signal.Signals, interrupt: Callable[..., list[object]]
) -> None:
    interrupt("create_api_key", number)

    result = desk.run("keys", "create", "ci", "--account", "hub")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "interrupted; it may have been done all the same" in result.stderr
    assert "rotator keys list --account hub-prod" in result.stderr
    intent, outcome = desk.records()
    assert (intent.outcome, outcome.outcome) == ("pending", "unknown")
    assert (outcome.evidence["account"], outcome.evidence["name"]) == ("hub-prod", "ci")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_revocation_that_is_interrupted_is_written_down_with_its_key(
    desk: ApiDesk, number: signal.Signals, interrupt: Callable[..., list[object]]
) -> None:
    made = desk.hub.add(ApiKeyWish(name="ci"))
    interrupt("revoke_api_key", number)

    result = desk.run("keys", "revoke", "ci", "--account", "hub", "--yes")

    assert result.exit_code == 1
    assert desk.records()[-1].outcome == "unknown"
    assert desk.records()[-1].evidence["key_id"] == made.key.key_id


@pytest.mark.parametrize("number", SIGNALS)
def test_whoever_interrupts_a_pruning_ends_no_further_key(
    desk: ApiDesk, number: signal.Signals, interrupt: Callable[..., list[object]]
) -> None:
    for name in ("one", "two", "three"):
        desk.hub.add(ApiKeyWish(name=name, lifetime=timedelta(days=1)), at(days=1))
    ended = interrupt("revoke_api_key", number)

    result = desk.run("keys", "prune", "--account", "hub", "--expired", "--yes")

    assert (result.exit_code, len(ended), len(desk.hub.keys)) == (1, 1, 2)
    assert "interrupted" in result.stderr


def test_a_signal_that_somebody_listens_to_or_ignores_is_left_alone() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_by([signal.SIGHUP]):
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_after_the_block_a_signal_does_what_it_did_before() -> None:
    with interrupted_by(SIGNALS):
        assert callable(signal.getsignal(signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("record", [None, {"name": "ci"}], ids=["people", "machines"])
def test_a_key_is_not_said_to_be_shown_where_standard_output_is_closed(
    record: dict[str, object] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Scalar] = {}
    monkeypatch.setattr(sys, "stdout", None)

    hand_over({"SECRET_KEY": Secret("fk_1")}, record=record, told=told)

    assert told == {"shown": False}


def test_a_closed_standard_output_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    assert not Invocation().is_terminal
