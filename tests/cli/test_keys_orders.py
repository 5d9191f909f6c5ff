from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.rotation import Action, Phase, Role, Trigger
from rotator.testing.fake_workspace import WORKSPACE
from tests.builders import credential, principal, rotation
from tests.cli.workspace_desk import SECTION, WorkspaceDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROVIDER = "cipherstash-client-key"


@pytest.fixture
def desk(tmp_path: Path) -> WorkspaceDesk:
    """Give a desk with a keyset, and a confirmed workspace."""
    desk = WorkspaceDesk(tmp_path)
    desk.can_ask = True
    desk.vault.add_keyset("orders")
    desk.confirm_vault()
    return desk


def orders(desk: WorkspaceDesk) -> str:
    return next(it.id for it in desk.vault.sets.values() if it.name == "orders")


def fill(desk: WorkspaceDesk) -> None:
    """Make a managed client, one under way, a reported, a stranger's, a device, another's."""
    keyset = orders(desk)
    desk.manage("checkout", desk.vault.add_client("checkout", keyset).key_id, PROVIDER)
    busy_key = desk.vault.add_client("batch", keyset).key_id
    owner = principal("batch", provider=PROVIDER, account=WORKSPACE, uid="batch")
    busy = credential("batch", principal=owner, current_key_id=busy_key)
    desk.manage("batch", busy_key, PROVIDER)
    desk.keep(busy, rotation=rotation(busy, phase=Phase.CREATED))
    desk.vault.add_client("stranger", keyset)
    desk.vault.add_client("jane", keyset, is_device=True)
    desk.vault.add_client("elsewhere")


def ordered(desk: WorkspaceDesk) -> dict[str, Trigger]:
    return {
        row.principal.name: row.requested
        for row in desk.app.journal.credentials()
        if row.requested is not None
    }


def test_a_keysets_clients_are_shown_then_asked_for_then_ordered(
    desk: WorkspaceDesk, golden: Callable[[str, str], None]
) -> None:
    fill(desk)

    result = desk.run("keys", "rotate", "--keyset", "orders", answer="y\n")

    assert result.exit_code == 3
    assert ordered(desk) == {"checkout": Trigger.MANUAL}
    golden("tests/golden/keys_rotate_keyset.txt", result.stdout)


def test_revoking_a_keyset_orders_urgent_rotations_in_the_operators_words(
    desk: WorkspaceDesk,
) -> None:
    fill(desk)

    arguments = ("keys", "revoke", "--keyset", orders(desk), "--reason", "laptop stolen")
    result = desk.run(*arguments, "--yes", "--json")

    assert result.exit_code == 3
    assert ordered(desk) == {"checkout": Trigger.TAINT}
    (record,) = [it for it in desk.records() if it.action is AuditAction.OPERATOR_ROTATE]
    assert (record.reason, record.trigger) == ("ordered: laptop stolen", "taint")
    told = {row["client"]: row["ordered"] for row in json.loads(result.stdout)}
    assert told == {"checkout": True, "batch": False, "stranger": False, "jane": False}


def test_an_emergency_says_what_ends_when_and_what_is_sooner(
    desk: WorkspaceDesk, golden: Callable[[str, str], None]
) -> None:
    fill(desk)

    result = desk.run("keys", "revoke", "--keyset", "orders", answer="n\n")

    assert (result.exit_code, ordered(desk)) == (1, {})
    golden("tests/golden/keys_revoke_keyset.txt", result.stdout)


def test_an_order_that_waits_for_the_end_of_a_pause_says_so(desk: WorkspaceDesk) -> None:
    fill(desk)
    desk.run("pause", "--everything", "--reason", "audit", "--yes")

    people = desk.run("keys", "revoke", "--keyset", "orders", "--yes")
    machines = desk.run("keys", "revoke", "--keyset", "orders", "--yes", "--json")

    assert "once it is not paused: rotator resume --everything" in people.stdout
    told = {row["client"]: row["isPaused"] for row in json.loads(machines.stdout)}
    assert told == {"checkout": True, "batch": False, "stranger": False, "jane": False}
    assert ordered(desk) == {"checkout": Trigger.TAINT}


def test_a_keysets_name_does_not_control_the_terminal(desk: WorkspaceDesk) -> None:
    made = desk.vault.add_keyset("quiet")
    desk.vault.sets[made] = replace(desk.vault.sets[made], name="a\x1b[2Jb")

    assert "a?[2Jb" in desk.run("keys", "rotate", "--keyset", made).stdout


def test_where_every_client_is_managed_nothing_is_left_to_a_person(desk: WorkspaceDesk) -> None:
    desk.manage("checkout", desk.vault.add_client("checkout", orders(desk)).key_id, PROVIDER)

    result = desk.run("keys", "rotate", "--keyset", "orders", "--yes")

    assert result.exit_code == 0
    assert "not ordered" not in result.stdout


def test_no_is_no(desk: WorkspaceDesk) -> None:
    fill(desk)

    assert desk.run("keys", "rotate", "--keyset", "orders", answer="n\n").exit_code == 1
    assert ordered(desk) == {}


def test_a_keyset_that_nobody_is_granted_is_said_to_be_so(desk: WorkspaceDesk) -> None:
    result = desk.run("keys", "rotate", "--keyset", "orders")

    assert (result.exit_code, result.stdout) == (0, "no client is granted keyset orders\n")


def test_a_client_whose_grants_cannot_be_read_is_not_ordered(desk: WorkspaceDesk) -> None:
    desk.manage("checkout", desk.vault.add_client("checkout", orders(desk)).key_id, PROVIDER)
    desk.vault.does_tell_grants = False

    result = desk.run("keys", "rotate", "--keyset", "orders")

    assert result.exit_code == 3
    assert "its grants cannot be read" in result.stdout
    assert "not ordered: 1" in result.stdout


def test_a_key_that_is_no_longer_current_is_not_what_is_rotated(desk: WorkspaceDesk) -> None:
    old = desk.vault.add_client("checkout", orders(desk)).key_id
    desk.manage("checkout", old, PROVIDER, Role.SUSPECT)

    assert "it is no longer the current key but suspect" in (
        desk.run("keys", "rotate", "--keyset", "orders").stdout
    )


def test_what_policy_only_reports_is_not_ordered(desk: WorkspaceDesk) -> None:
    key = desk.vault.add_client("checkout", orders(desk)).key_id
    known = desk.manage("checkout", key, PROVIDER)
    desk.app.journal.register(replace(known, action=Action.REPORT, note="a person's"))

    assert "a person's" in desk.run("keys", "rotate", "--keyset", "orders").stdout


def test_plan_mode_orders_nothing(desk: WorkspaceDesk) -> None:
    fill(desk)
    desk.configure(SECTION.replace("enforce", "plan"))

    result = desk.run("keys", "rotate", "--keyset", "orders")

    assert result.exit_code == 3
    assert "plan mode changes nothing" in result.stdout
    assert ordered(desk) == {}


@pytest.mark.parametrize(
    "given",
    [(), ("ci", "--keyset", "orders"), ("ci", "--workspace", "vault"), ("--account", WORKSPACE)],
)
def test_it_is_one_principal_or_one_keyset(desk: WorkspaceDesk, given: tuple[str, ...]) -> None:
    assert desk.run("keys", "rotate", *given).exit_code == 2


def test_a_name_at_two_providers_is_told_apart_by_the_provider(desk: WorkspaceDesk) -> None:
    desk.manage("checkout", desk.vault.add_client("checkout").key_id, PROVIDER)
    access = desk.vault.add_access_key("checkout").key_id
    desk.manage("checkout", access, "cipherstash-access-key")

    ambiguous = desk.run("keys", "rotate", "checkout")
    assert ambiguous.exit_code == 2
    assert "add --provider" in ambiguous.stderr

    chosen = ("keys", "rotate", "checkout", "--provider", "cipherstash-access-key")
    result = desk.run(*chosen, "--reason", "ticket 1", "--json")
    assert json.loads(result.stdout) == {
        "name": "checkout",
        "account": WORKSPACE,
        "provider": "cipherstash-access-key",
        "keyId": access,
        "reason": "ticket 1",
    }


def test_providers_are_listed_where_they_tell_keys_apart(desk: WorkspaceDesk) -> None:
    key = desk.vault.add_client("checkout").key_id
    desk.manage("checkout", key, PROVIDER)
    assert "PROVIDER" not in desk.run("keys", "list").stdout

    access = desk.vault.add_access_key("checkout").key_id
    desk.manage("checkout", access, "cipherstash-access-key")

    titles, *rows = desk.run("keys", "list").stdout.splitlines()
    assert titles.split()[:5] == ["NAME", "KEY", "ID", "PROVIDER", "ACCOUNT"]
    assert {tuple(row.split()[1:4]) for row in rows[:2]} == {
        (key, PROVIDER, WORKSPACE),
        (access, "cipherstash-access-key", WORKSPACE),
    }
    assert {row["provider"] for row in json.loads(desk.run("keys", "list", "--json").stdout)} == {
        PROVIDER,
        "cipherstash-access-key",
    }


def test_one_of_two_namesakes_is_paused_and_resumed_by_its_provider(desk: WorkspaceDesk) -> None:
    client = desk.manage("checkout", desk.vault.add_client("checkout").key_id, PROVIDER)
    access = desk.vault.add_access_key("checkout").key_id
    desk.manage("checkout", access, "cipherstash-access-key")
    named = ("--principal", "checkout", "--provider", PROVIDER, "--yes")

    paused = desk.run("pause", *named, "--reason", "audit")

    assert [it.credential for it in desk.app.journal.pauses()] == [client.id]
    assert f"--account {WORKSPACE} --provider {PROVIDER}" in paused.stdout
    assert desk.run("resume", *named).exit_code == 0
