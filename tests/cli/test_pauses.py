from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.ids import AccountId
from rotator.core.reasons import Reason
from rotator.core.rotation import Hold, Phase
from tests.builders import ACCOUNT, EPOCH, credential, key_record, principal, rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.desk import Desk

OTHER = AccountId("444455556666")
WHY = ("--reason", "incident 42")


def fill(desk: Desk) -> None:
    """Keep two credentials with a rotation under way and one in another account."""
    for name, phase in (("ci", Phase.PROMOTED), ("web", Phase.STAGED)):
        one = credential(name)
        desk.keep(one, keys=(key_record(one),), rotation=rotation(one, phase=phase))
    there = credential(principal=principal("ci", account=OTHER))
    desk.keep(there, keys=(key_record(there),))


@pytest.mark.parametrize(
    ("name", "scope", "row"),
    [
        ("everything", ["--everything"], "everything"),
        ("account", ["--account", ACCOUNT], f"account:{ACCOUNT}"),
        ("principal", ["--principal", "ci", "--account", ACCOUNT], "credential:"),
    ],
)
def test_a_pause_is_said_then_asked_then_written(
    desk: Desk, name: str, scope: list[str], row: str, golden: Callable[[str, str], None]
) -> None:
    fill(desk)
    desk.can_ask = True

    result = desk.run("pause", *scope, *WHY, answer="y\n")

    assert result.exit_code == 0
    (made,) = desk.app.journal.pauses()
    assert made.scope.startswith(row)
    assert (made.operator, made.reason, made.since) == ("ann", "incident 42", desk.app.clock.now())
    (record,) = desk.app.journal.unsealed(limit=10)
    assert (record.action, record.actor) == (AuditAction.OPERATOR_PAUSE, "operator:ann")
    assert record.evidence == {"scope": made.scope}
    golden(f"tests/golden/pause_{name}.txt", result.stdout)


def test_no_is_no(desk: Desk) -> None:
    desk.can_ask = True

    assert desk.run("pause", "--everything", *WHY, answer="n\n").exit_code == 1
    assert desk.app.journal.pauses() == ()


def test_a_pause_of_the_same_scope_is_replaced_and_that_is_said(desk: Desk) -> None:
    desk.run("pause", "--everything", *WHY, "--yes")

    result = desk.run("pause", "--everything", "--reason", "still on", "--yes")

    assert "the pause of ann since 2026-02-10 00:00Z: incident 42" in result.stdout
    assert [item.reason for item in desk.app.journal.pauses()] == ["still on"]


@pytest.mark.parametrize(
    ("scope", "exit_code", "words"),
    [
        ([], 2, "name one scope"),
        (["--everything", "--account", ACCOUNT], 2, "name one scope"),
        (["--account", "9"], 1, "no such account"),
        (["--principal", "zzz"], 1, "no such principal"),
        (["--principal", "ci"], 2, "several accounts"),
        (["--account", ACCOUNT, "--provider", "x"], 2, "add --principal"),
    ],
)
@pytest.mark.parametrize("command", [["pause", *WHY], ["resume"]])
def test_a_scope_that_is_none_is_refused(
    desk: Desk, command: list[str], scope: list[str], exit_code: int, words: str
) -> None:
    fill(desk)

    result = desk.run(*command, *scope, "--yes")

    assert result.exit_code == exit_code
    assert words in result.stderr
    assert desk.app.journal.pauses() == ()


def test_a_pause_is_lifted_and_what_still_holds_is_said(desk: Desk) -> None:
    fill(desk)
    desk.run("pause", "--everything", *WHY, "--yes")
    desk.run("pause", "--principal", "web", *WHY, "--yes")

    result = desk.run("resume", "--everything", "--reason", "over", "--yes")

    assert result.exit_code == 0
    assert "the pause of ann since 2026-02-10 00:00Z: incident 42" in result.stdout
    assert f"by another pause: web in account {ACCOUNT}" in result.stdout
    assert len(desk.app.journal.pauses()) == 1
    record = desk.app.journal.unsealed(limit=10)[-1]
    assert (record.action, record.reason) == (AuditAction.OPERATOR_UNPAUSE, "over")
    assert "still paused" not in desk.run("resume", "--principal", "web", "--yes").stdout


def test_what_nobody_paused_cannot_be_resumed(desk: Desk) -> None:
    desk.run("pause", "--everything", *WHY, "--yes")
    fill(desk)

    result = desk.run("resume", "--account", ACCOUNT, "--yes")

    assert result.exit_code == 1
    assert "rotator pauses" in result.stderr
    assert len(desk.app.journal.pauses()) == 1


def test_pauses_are_listed(desk: Desk, golden: Callable[[str, str], None]) -> None:
    assert desk.run("pauses").stdout == "nothing is paused\n"
    fill(desk)
    desk.run("pause", "--principal", "web", "--reason", "release day", "--yes")
    desk.run("pause", "--account", OTHER, "--reason", "moving", "--yes")

    golden("tests/golden/pauses.txt", desk.run("pauses").stdout)
    golden("tests/golden/pauses.json", desk.run("pauses", "--json").stdout)


def test_machines_get_what_was_paused_and_resumed(desk: Desk) -> None:
    paused = json.loads(desk.run("pause", "--everything", *WHY, "--yes", "--json").stdout)
    resumed = json.loads(desk.run("resume", "--everything", "--yes", "--json").stdout)

    assert paused == resumed
    assert paused["resume"] == "rotator resume --everything"


def test_many_rotations_under_way_are_counted(desk: Desk) -> None:
    for number in range(5):
        one = credential(f"ci-{number}")
        desk.keep(one, rotation=rotation(one, phase=Phase.PROMOTED))

    assert "; and 2 more" in desk.run("pause", "--everything", *WHY, "--yes").stdout


def test_a_pause_is_shown_wherever_it_holds_something_back(desk: Desk) -> None:
    fill(desk)
    held = credential("held", hold=Hold(reason=Reason.PAUSED, since=EPOCH))
    desk.keep(held, keys=(key_record(held),))
    desk.run("pause", "--account", ACCOUNT, *WHY, "--yes")

    keys, listed = desk.run("keys", "list").stdout, desk.run("rotations", "list").stdout

    line = f"paused: account {ACCOUNT} by ann since 2026-02-10 00:00Z: incident 42"
    assert line in keys
    assert line in listed
    assert "rotation promoted, paused" in keys
    assert "hold: paused" in keys
    assert "hold: paused, paused" not in keys
    assert f"rotator resume --account {ACCOUNT}" in keys
    rows = json.loads(desk.run("rotations", "list", "--json").stdout)
    assert [row["isPaused"] for row in rows] == [True, True]
    shown = desk.run("rotations", "show", rows[0]["id"]).stdout
    assert f"account {ACCOUNT} is paused by ann" in shown
