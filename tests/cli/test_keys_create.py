"""Access keys made by hand: shown once, to whoever asked, and found again if that fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction, Stage
from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.workspace import AccessRole
from rotator.errors import UnavailableError
from rotator.testing.fake_workspace import WORKSPACE
from rotator.testing.wire import Failure
from tests.cli.workspace_desk import SECOND, SECTION, WorkspaceDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> WorkspaceDesk:
    return WorkspaceDesk(tmp_path)


def test_the_whole_key_is_alone_on_standard_output(
    desk: WorkspaceDesk, golden: Callable[[str, str], None]
) -> None:
    desk.profile("ABC1234", WORKSPACE)

    result = desk.run("keys", "create", "--name", "MyAccessKey", "--profile", "ABC1234")

    assert result.exit_code == 0
    (key,) = desk.vault.keys.values()
    assert result.stdout == f"CS_CLIENT_ACCESS_KEY={desk.vault.secrets[key.key_id]}\n"
    assert (key.name, key.role) == ("MyAccessKey", AccessRole.MEMBER)
    golden("tests/golden/keys_create.txt", result.output)


def test_a_terminal_sees_the_same_words(desk: WorkspaceDesk) -> None:
    desk.is_terminal = True

    result = desk.run("keys", "create", "--name", "ci", "--role", "control")

    assert "Access key created!" in result.stderr
    assert result.stdout.startswith("CS_CLIENT_ACCESS_KEY=CSAK")


def test_machines_get_one_object(desk: WorkspaceDesk) -> None:
    result = desk.run("keys", "create", "--name", "ci", "--json")

    (key,) = desk.vault.keys.values()
    assert json.loads(result.stdout) == {
        "name": "ci",
        "keyId": key.key_id,
        "workspace": WORKSPACE,
        "role": "member",
        "variables": {"CS_CLIENT_ACCESS_KEY": desk.vault.secrets[key.key_id]},
    }


def test_the_former_console_calls_its_variable_otherwise(desk: WorkspaceDesk) -> None:
    desk.configure(SECTION + SECOND)

    result = desk.run("keys", "create", "--name", "ci", "--workspace", "lab")

    assert result.stdout.startswith("CS_IDP_CLIENT_SECRET=CSAK")
    assert list(desk.lab.keys) == ["ci"]
    assert "(role" not in result.stderr


def test_where_keys_have_no_roles_none_is_promised(desk: WorkspaceDesk) -> None:
    desk.configure(SECTION + SECOND)

    result = desk.run("keys", "create", "--name", "a", "--workspace", "lab", "--role", "admin")

    assert (result.exit_code, desk.lab.keys) == (2, {})
    assert "have no roles" in result.stderr


def test_it_is_written_down_before_and_after_without_the_secret(desk: WorkspaceDesk) -> None:
    desk.run("keys", "create", "--name", "ci", "--reason", "ticket 1")

    intent, outcome = desk.records()
    (key,) = desk.vault.keys.values()
    assert {intent.action, outcome.action} == {AuditAction.OPERATOR_CREATE_KEY}
    assert (intent.stage, outcome.stage) == (Stage.INTENT, Stage.OUTCOME)
    assert (intent.outcome, outcome.outcome) == ("pending", "success")
    assert (outcome.actor, outcome.reason) == ("operator:ann", "ticket 1")
    assert intent.evidence["deed"] == outcome.evidence["deed"]
    assert outcome.evidence["key_id"] == key.key_id
    assert "S" * 48 not in repr(desk.records())


def test_a_lost_answer_says_how_to_look_and_is_recorded_as_unknown(desk: WorkspaceDesk) -> None:
    desk.vault.wire.break_next("create_access_key", Failure.LOST_ANSWER)

    result = desk.run("keys", "create", "--name", "ci")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "it may have been done all the same" in result.stderr
    assert f"rotator keys revoke --workspace {WORKSPACE} --name ci" in result.stderr
    assert desk.records()[-1].outcome == "unknown"


@pytest.mark.parametrize("taken", ["ci", "ci.rotator-00000000-0000-4000-8000-000000000001"])
def test_a_taken_name_is_told_before_anything_is_sent(desk: WorkspaceDesk, taken: str) -> None:
    desk.vault.add_access_key(taken)

    result = desk.run("keys", "create", "--name", "ci")

    assert result.exit_code == 1
    assert "ci: the name is taken" in result.stderr
    assert desk.vault.wire.sent == ["access_keys"]


def test_a_refusal_is_recorded_as_a_failure(desk: WorkspaceDesk) -> None:
    desk.vault.wire.break_next("create_access_key", Failure.DENIED)

    assert desk.run("keys", "create", "--name", "ci").exit_code == 1
    failed = desk.records()[-1]
    assert (failed.outcome, failed.error) == ("failure", "access_denied")


def test_a_key_is_printed_though_nobody_reads_what_is_said_beside_it(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("rotator.cli.handover.print_folded", broken)

    result = desk.run("keys", "create", "--name", "ci")

    (key,) = desk.vault.keys.values()
    assert (result.exit_code, desk.records()[-1].outcome) == (0, "success")
    assert result.stdout == f"CS_CLIENT_ACCESS_KEY={desk.vault.secrets[key.key_id]}\n"


@pytest.mark.parametrize("odd", ["\x1b[2J", "\nPATH=/tmp", "\u202e"])
def test_what_cannot_be_a_key_is_not_put_on_a_terminal(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    made = KeyMaterial(key_id=KeyId("ABC"), secret=Secret(f"CSAKABC.S{odd}"))
    monkeypatch.setattr(type(desk.vault), "create_access_key", lambda *_: made)

    result = desk.run("keys", "create", "--name", "ci")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "nobody has its secret" in result.stderr
    assert "rotator keys revoke" in result.stderr


def test_whoever_interrupts_it_is_told_where_to_look(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(desk.vault), "create_access_key", interrupted)

    result = desk.run("keys", "create", "--name", "ci")

    assert (result.exit_code, desk.records()[-1].outcome) == (1, "unknown")
    assert "interrupted; it may have been done all the same" in result.stderr
    assert f"rotator keys revoke --workspace {WORKSPACE} --name ci" in result.stderr


def test_a_key_that_nobody_could_read_is_said_to_exist(
    desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("rotator.cli.handover.print_json", broken)

    result = desk.run("keys", "create", "--name", "ci", "--json")

    assert result.exit_code == 1
    assert "nobody has its secret" in result.stderr
    assert "rotator keys revoke" in result.stderr
    (key,) = desk.vault.keys.values()
    made = desk.records()[-1]
    assert made.outcome == "success"
    assert (made.evidence["key_id"], made.evidence["shown"]) == (key.key_id, False)


@pytest.mark.parametrize("name", [" ", "a\x1bb"])
def test_what_cannot_be_a_name_is_refused_before_anything_is_sent(
    desk: WorkspaceDesk, name: str
) -> None:
    assert desk.run("keys", "create", "--name", name).exit_code == 1
    assert desk.vault.wire.sent == []


def test_a_name_as_rotations_give_it_is_refused(desk: WorkspaceDesk) -> None:
    name = "ci.rotator-00000000-0000-4000-8000-000000000001"

    result = desk.run("keys", "create", "--name", name)

    assert "kept for what rotations make" in result.stderr
    assert desk.vault.wire.sent == []


def test_plan_mode_creates_nothing(desk: WorkspaceDesk) -> None:
    desk.configure(SECTION.replace("mode: enforce", "mode: plan"))

    result = desk.run("keys", "create", "--name", "ci")

    assert "plan mode changes nothing" in result.stderr
    assert desk.vault.wire.sent == []


def test_nothing_is_sent_while_there_is_no_journal(desk: WorkspaceDesk) -> None:
    desk.app.missing = UnavailableError("there is no journal yet", code="journal_missing")

    assert desk.run("keys", "create", "--name", "ci").exit_code == 1
    assert desk.vault.wire.sent == []


def test_another_role_than_admin_is_refused(desk: WorkspaceDesk) -> None:
    desk.vault.role = AccessRole.CONTROL

    result = desk.run("keys", "create", "--name", "ci")

    assert (result.exit_code, desk.vault.keys) == (1, {})
    assert "our key has another role" in result.stderr
