from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId, KeyId
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Role, Trigger
from tests.builders import (
    ACCOUNT,
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    at,
    credential,
    key_record,
    principal,
    rotation,
)
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.desk import Desk

OTHER = AccountId("444455556666")


def fill(desk: Desk) -> None:
    """Keep one credential of every kind."""
    idle = credential("ci-idle", due_at=at(days=60))
    desk.keep(
        idle,
        keys=(
            key_record(idle, last_used_at=at(days=39)),
            key_record(idle, KeyId("AKIASTRANGER"), role=Role.FOREIGN, enabled=False),
            key_record(idle, KeyId("AKIAGONE"), role=Role.GONE, enabled=False),
        ),
    )
    busy = credential("ci-busy", next_at=at(days=41))
    desk.keep(
        busy,
        keys=(
            key_record(busy, role=Role.PREVIOUS, enabled=False),
            key_record(busy, NEW_KEY, created_at=at(days=39.5)),
        ),
        rotation=rotation(busy, phase=Phase.DISABLED),
    )
    held = credential("ci-held", hold=Hold(reason=Reason.SLOTS_FULL, since=EPOCH))
    desk.keep(held, keys=(key_record(held),))
    asked = credential("ci-asked", requested=Trigger.MANUAL)
    desk.keep(asked, keys=(key_record(asked),))
    report = credential(
        "jane", action=Action.REPORT, note="a person's", destination=None, current_key_id=None
    )
    desk.keep(report, keys=(key_record(report, role=Role.FOREIGN),))
    desk.keep(credential("new", rule="ci"))


def test_keys_are_listed_with_what_comes_next(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    fill(desk)

    result = desk.run("keys", "list")

    assert result.exit_code == 0
    assert desk.app.calls == ["open tests read-only"]
    golden("tests/golden/keys_list.txt", result.stdout)


def test_a_suspect_says_when_its_time_comes_and_that_it_is_overdue(desk: Desk) -> None:
    one = credential("ci", hold=Hold(reason=Reason.SLOTS_FULL, since=EPOCH))
    keys = (
        key_record(one),
        key_record(one, KeyId("AKIAYOUNG"), role=Role.SUSPECT, suspect_since=at(days=39.5)),
        key_record(one, KeyId("AKIAHELD"), role=Role.SUSPECT, suspect_since=at(days=30)),
        key_record(
            one, KeyId("AKIAOFF"), role=Role.SUSPECT, enabled=False, disabled_at=at(days=38)
        ),
    )
    desk.keep(one, keys=keys)

    rows = json.loads(desk.run("keys", "list", "--json").stdout)

    found = {row["keyId"]: (row["next"], row["nextAt"]) for row in rows}
    assert found["AKIAYOUNG"] == (
        "disable if unused 2026-02-10 12:00Z",
        "2026-02-10T12:00:00Z",
    )
    assert found["AKIAHELD"] == (
        "hold: disable if unused, overdue since 2026-02-01 00:00Z; see the log",
        "2026-02-01T00:00:00Z",
    )
    assert found["AKIAOFF"][0] == "delete if unused 2026-02-15 00:00Z"
    assert found[OLD_KEY][0] == "hold: slots_full"


def test_machines_get_the_same_as_json(desk: Desk, golden: Callable[[str, str], None]) -> None:
    fill(desk)

    golden("tests/golden/keys_list.json", desk.run("keys", "list", "--json").stdout)


def test_keys_that_are_gone_are_listed_on_request_only(desk: Desk) -> None:
    fill(desk)

    assert "AKIAGONE" not in desk.run("keys", "list").stdout
    (row,) = [
        row
        for row in json.loads(desk.run("keys", "list", "--all", "--json").stdout)
        if row["keyId"] == "AKIAGONE"
    ]

    assert (row["status"], row["ageSeconds"], row["next"]) == ("gone", None, "")


def test_an_empty_journal_says_how_to_fill_it(desk: Desk) -> None:
    assert "rotator once" in desk.run("keys", "list").stdout
    assert json.loads(desk.run("keys", "list", "--json").stdout) == []


def test_a_terminal_gets_a_drawn_table_with_colours(desk: Desk) -> None:
    fill(desk)
    desk.is_terminal = True

    coloured = desk.run("keys", "list").stdout
    plain = desk.run("--no-color", "keys", "list").stdout

    assert "─" in coloured
    assert "─" in plain
    assert "\x1b[" not in plain


def test_an_id_is_whole_even_in_a_narrow_window(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(desk)
    desk.is_terminal = True
    monkeypatch.setenv("COLUMNS", "60")

    assert desk.run("keys", "list").stdout.count(OLD_KEY) == 5


def test_a_line_is_a_row_and_nothing_is_cut_when_the_output_is_piped(desk: Desk) -> None:
    long = "x" * 300
    desk.keep(credential(long), keys=(key_record(credential(long)),))

    lines = desk.run("keys", "list").stdout.splitlines()

    assert len(lines) == 2
    assert long in lines[1]
    assert OLD_KEY in lines[1]


def test_control_characters_never_reach_the_terminal(desk: Desk) -> None:
    evil = credential("a\x1b[2Jb")
    desk.keep(evil, keys=(key_record(evil),))

    assert "a?[2Jb" in desk.run("keys", "list").stdout


# --------------------------------------------------------------------------- rotate


def test_an_order_is_written_to_the_journal(desk: Desk) -> None:
    desk.keep(credential("ci", next_at=at(days=90)), keys=(key_record(credential("ci")),))

    result = desk.run("keys", "rotate", "ci")

    assert result.exit_code == 0
    assert "ordered" in result.stdout
    (row,) = desk.app.journal.credentials()
    assert row.requested is Trigger.MANUAL
    assert row.next_at == desk.app.clock.now()


def test_an_unknown_name_is_refused_with_the_closest_one(desk: Desk) -> None:
    desk.keep(credential("ci-deployer"))

    close = desk.run("keys", "rotate", "ci-deployr")
    far = desk.run("keys", "rotate", "zzz")

    assert close.exit_code == far.exit_code == 1
    assert "did you mean ci-deployer?" in close.stderr
    assert "rotator keys list" in far.stderr


def test_a_name_in_several_accounts_needs_one_of_them(desk: Desk) -> None:
    there = credential(principal=principal("ci", account=OTHER))
    desk.keep(credential("ci"))
    desk.keep(there)
    desk.confirm(OTHER)

    unclear = desk.run("keys", "rotate", "ci")
    clear = desk.run("keys", "rotate", "ci", "--account", OTHER)

    assert unclear.exit_code == 2
    assert OTHER in unclear.stderr
    assert clear.exit_code == 0
    assert [row.id for row in desk.app.journal.credentials() if row.requested] == [there.id]


def test_an_account_goes_by_its_name_as_well_as_by_its_id(desk: Desk) -> None:
    here = credential("ci")
    desk.keep(here)
    desk.keep(credential(principal=principal("ci", account=OTHER)))
    named = ("--account", "prod")

    assert desk.run("keys", "rotate", "ci", *named).exit_code == 0
    assert [row.id for row in desk.app.journal.credentials() if row.requested] == [here.id]
    paused = desk.run("pause", *named, "--reason", "incident 123", "--yes")
    assert f"account {ACCOUNT}" in paused.stdout
    assert desk.run("pause", "--principal", "ci", *named, "--reason", "x", "--yes").exit_code == 0
    assert {it.account for it in desk.app.journal.pauses()} == {ACCOUNT, None}
    assert desk.run("resume", *named, "--reason", "over", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"action": Action.REPORT, "note": "a person's"}, "a person's"),
        ({"action": Action.REPORT}, "policy only reports it"),
    ],
)
def test_an_order_against_policy_is_refused(
    desk: Desk, changes: dict[str, object], words: str
) -> None:
    desk.keep(credential("jane", **changes))

    result = desk.run("keys", "rotate", "jane")

    assert result.exit_code == 1
    assert words in result.stderr
    assert desk.app.journal.credentials()[0].requested is None


def test_an_order_in_plan_mode_is_refused_because_it_would_fire_later(desk: Desk) -> None:
    Files(desk.folder).write(CONFIGURATION)
    desk.keep(credential("ci"))

    result = desk.run("keys", "rotate", "ci")

    assert result.exit_code == 1
    assert "mode: enforce" in result.stderr
    assert desk.app.journal.credentials()[0].requested is None


def test_an_order_in_an_account_that_is_not_confirmed_is_refused(desk: Desk) -> None:
    desk.keep(credential(principal=principal("ci", account=OTHER)))

    result = desk.run("keys", "rotate", "ci")

    assert result.exit_code == 1
    assert f"rotator accounts confirm {OTHER}" in result.stderr
    assert desk.app.journal.credentials()[0].requested is None


def test_an_order_during_a_rotation_is_refused_because_it_would_start_another(desk: Desk) -> None:
    busy = credential("ci")
    desk.keep(busy, rotation=rotation(busy, phase=Phase.STAGED))

    result = desk.run("keys", "rotate", "ci")

    assert result.exit_code == 1
    assert "under way already, staged" in result.stderr
    assert rotation(busy).id in result.stderr


def test_a_key_that_its_provider_has_ended_is_called_expired(desk: Desk) -> None:
    one = credential("ci")
    gone = key_record(one, KeyId("AKIAGONE"), role=Role.GONE, expires_at=at(days=1))
    desk.keep(one, keys=(key_record(one, expires_at=at(days=39)), gone))

    rows = json.loads(desk.run("keys", "list", "--all", "--json").stdout)

    told = {row["keyId"]: (row["status"], row["expiresAt"]) for row in rows}
    assert told == {
        OLD_KEY: ("current, expired", "2026-02-09T00:00:00Z"),
        "AKIAGONE": ("gone", "2026-01-02T00:00:00Z"),
    }
