"""`rotator provider test` where something comes between, and what it says beforehand."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.stage5.seeding import seed
from rotator.simulators.stage5.shapes import AccessKeySeed, FaultKind, FaultRule, WorkspaceSeed
from tests.cli.api_desk import NAMELESS, ApiDesk
from tests.cli.live_stage5 import STAGE5, Live, desk, live

if TYPE_CHECKING:
    from rotator.providers.http.conformance_report import Check

__all__ = ["desk", "live"]

OF_THE_ACCOUNT = ("provider", "test", "--account", "hub")


def closed(_: object, check: Check, **__: object) -> None:
    """Stand in for a screen that is gone after a few lines."""
    if check.what.startswith("a second key"):
        raise BrokenPipeError


def test_what_was_not_consented_to_is_not_written_down_as_done(live: Live) -> None:
    live.configure()
    live.desk.can_ask = True

    assert live.desk.run(*OF_THE_ACCOUNT, answer="n\n").exit_code == 1
    live.desk.can_ask = False
    assert live.desk.run(*OF_THE_ACCOUNT).exit_code == 2
    assert live.desk.records() == []


def test_the_record_names_every_key_that_was_made_and_every_one_that_was_left_before(
    live: Live,
) -> None:
    live.configure()
    old = next(iter(live.server.world.workspaces["ws_acme"].keys.values()), None)
    assert old is not None

    assert live.desk.run(*OF_THE_ACCOUNT, "--yes").exit_code == 0

    keys = live.server.world.workspaces["ws_acme"].keys
    evidence = live.desk.records()[-1].evidence
    made = [key.id for key in keys.values() if key.name.endswith(("-a", "-b"))]
    assert sorted(f"{evidence['keys_made']} {evidence['left_over']}".split()) == sorted(made)


def test_a_screen_that_is_gone_ends_the_run_and_its_keys(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.configure()
    monkeypatch.setattr("rotator.cli.provider_test._show", closed)

    result = live.desk.run(*OF_THE_ACCOUNT, "--yes")

    assert (result.exit_code, live.names) == (1, ["rotator"])
    assert live.desk.records()[-1].outcome == "success"


def test_a_key_that_is_left_behind_shows_in_the_exit_code_of_a_run_that_nobody_reads(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError

    live.test("--yes")
    stand = "rotator.providers.http.conformance_stand"
    monkeypatch.setattr("rotator.telemetry.clock.SystemClock.sleep", lambda *_: None)
    monkeypatch.setattr(f"{stand}._LEAST_WAIT", timedelta(milliseconds=10))
    monkeypatch.setattr(f"{stand}._PATIENCE", 0)
    monkeypatch.setattr("rotator.cli.provider_test._tell", gone)
    rule = FaultRule(kind=FaultKind.ACCESS_DENIED, operation="revoke-access-key", times=None)
    live.server.world.faults.add(rule)

    assert live.test("--yes").exit_code == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_interrupted_without_a_screen_ends_its_keys(
    live: Live, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object, check: Check, **__: object) -> None:
        if check.what.startswith("a second key"):
            os.kill(os.getpid(), number)

    def no_screen(*_: object, **more: object) -> None:
        if more.get("err"):
            raise OSError

    monkeypatch.setattr("rotator.cli.provider_test._show", interrupted)
    monkeypatch.setattr("rotator.cli.provider_test.click.echo", no_screen)
    live.test("--yes")

    assert live.names == ["rotator"]


def test_keys_can_be_tried_that_are_like_another(live: Live) -> None:
    crm = AccessKeySeed(name="crm", scopes=("people:read",))
    seed(live.server.world, WorkspaceSeed(workspace_id="ws_acme", access_keys=(crm,)))

    result = live.test("--yes", "--like", "crm")

    assert result.exit_code == 0
    assert "they may do what crm (key_" in result.stdout
    keys = live.server.world.workspaces["ws_acme"].keys.values()
    made = [key for key in keys if key.name.startswith("rotator-test") and key.name[-2:] == "-b"]
    assert {key.scopes for key in made} == {("people:read",)}
    missing = live.test("--yes", "--like", "cmr")
    assert (missing.exit_code, "did you mean crm?" in missing.stderr) == (1, True)


@pytest.mark.parametrize(("most", "is_told"), [(2, True), (3, False), (None, False)])
def test_too_little_room_for_two_keys_is_told_before_any_is_made(
    desk: ApiDesk, live: Live, most: int | None, *, is_told: bool
) -> None:
    text = STAGE5.read_text(encoding="utf-8")
    text = text.replace("  name: name\n", "").replace('        name: "${new.name}"\n', "")
    limit = "" if most is None else f"maxActiveKeys: {most}\n"
    (desk.folder / "few.yaml").write_text(
        text.replace("params:\n", f'principal: "all"\n{limit}params:\n', 1), encoding="utf-8"
    )

    result = desk.run("provider", "test", str(desk.folder / "few.yaml"), *live.given)

    assert result.exit_code == 2
    assert ("2 of 2 keys are there" in result.stdout) is is_told


def test_a_spec_that_copies_powers_asks_for_a_key_to_copy_first(desk: ApiDesk) -> None:
    text = NAMELESS.replace('"${new.scopes|optional}"', '"${old.policies}"')
    text = text.replace("  scopes: scopes\n", "  extra: {policies: policies}\n")
    (desk.folder / "hub.yaml").write_text(text, encoding="utf-8")

    result = desk.run(*OF_THE_ACCOUNT, "--yes")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "add --like KEY" in result.stderr
