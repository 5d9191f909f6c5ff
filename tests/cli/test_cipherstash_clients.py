from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.rotation import Trigger
from rotator.core.workspace import AccessRole
from rotator.testing.fake_workspace import WORKSPACE
from rotator.testing.wire import Failure
from tests.cli.workspace_desk import SECTION, WorkspaceDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from rotator.core.ids import KeyId

PROVIDER = "cipherstash-client-key"


@pytest.fixture
def desk(tmp_path: Path) -> WorkspaceDesk:
    """Give a desk whose operator may be asked, and two keysets."""
    desk = WorkspaceDesk(tmp_path)
    desk.can_ask = True
    desk.vault.add_keyset("orders")
    desk.vault.add_keyset("staging")
    return desk


def client(desk: WorkspaceDesk, *arguments: str, answer: str = "y\n") -> Result:
    return desk.run("cipherstash", "client", *arguments, answer=answer)


def named(desk: WorkspaceDesk, name: str) -> str:
    return next(it.id for it in desk.vault.sets.values() if it.name == name)


def only(desk: WorkspaceDesk) -> KeyId:
    (made,) = desk.vault.members
    return made


class TestCreating:
    def test_both_variables_are_alone_on_standard_output(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        result = client(desk, "create", "checkout", "--keyset", "orders", "--keyset", "staging")

        assert result.exit_code == 0
        made = desk.vault.members[only(desk)]
        assert (made.name, made.bound) == ("checkout", named(desk, "orders"))
        assert made.grants == frozenset({named(desk, "orders"), named(desk, "staging")})
        first, second = result.stdout.splitlines()
        assert first == f"CS_CLIENT_ID={made.client_id}"
        assert second.startswith("CS_CLIENT_KEY=a4")
        golden("tests/golden/client_create.txt", result.output)

    def test_one_that_would_read_two_environments_is_a_finding_beforehand(
        self, desk: WorkspaceDesk
    ) -> None:
        keysets = ("--keyset", "orders", "--keyset", "staging")

        result = client(desk, "create", "checkout", *keysets, answer="n\n")

        assert "checkout (new) is granted keysets of production and staging" in result.stderr
        assert desk.vault.members == {}

    def test_a_keyset_that_is_disabled_is_said_to_be_so(self, desk: WorkspaceDesk) -> None:
        desk.vault.disable_keyset(named(desk, "orders"))

        result = client(desk, "create", "checkout", "--keyset", "orders")

        assert "orders: nobody can use it until it is enabled" in result.stderr

    def test_without_a_keyset_it_is_bound_to_the_default_one(self, desk: WorkspaceDesk) -> None:
        result = client(desk, "create", "checkout")

        assert desk.vault.members[only(desk)].bound == named(desk, "default")
        assert "the default keyset" in result.stderr

    def test_machines_get_one_object(self, desk: WorkspaceDesk) -> None:
        result = client(desk, "create", "checkout", "--keyset", "orders", "--yes", "--json")

        told = json.loads(result.stdout)
        assert set(told["variables"]) == {"CS_CLIENT_ID", "CS_CLIENT_KEY"}
        assert told["keysets"] == [named(desk, "orders")]
        assert (told["name"], told["workspace"]) == ("checkout", WORKSPACE)

    def test_the_key_is_in_no_record(self, desk: WorkspaceDesk) -> None:
        key = client(desk, "create", "checkout").stdout.splitlines()[1].partition("=")[2]

        created = desk.records()[-1]
        assert created.action is AuditAction.OPERATOR_CREATE_CLIENT
        assert created.evidence["client_id"] == only(desk)
        assert key not in repr(desk.records())

    def test_a_grant_that_fails_says_what_exists_after_the_key_was_shown(
        self, desk: WorkspaceDesk
    ) -> None:
        desk.vault.wire.break_next("grant_keyset", Failure.LOST_REQUEST)

        result = client(desk, "create", "checkout", "--keyset", "orders", "--keyset", "staging")

        made = only(desk)
        assert result.exit_code == 1
        assert f"CS_CLIENT_ID={made}" in result.stdout
        assert f"the client exists ({made}), but is not granted staging yet" in result.stderr
        assert f"keyset grant {named(desk, 'staging')} {made}" in result.stderr

    def test_a_lost_answer_says_that_nobody_has_the_key(self, desk: WorkspaceDesk) -> None:
        desk.vault.wire.break_next("create_client", Failure.LOST_ANSWER)

        result = client(desk, "create", "checkout")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "nobody has its key" in result.stderr
        assert f"client delete checkout --workspace {WORKSPACE}" in result.stderr

    def test_a_client_whose_key_nobody_could_read_is_granted_nothing_more(
        self, desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise BrokenPipeError

        monkeypatch.setattr("rotator.cli.handover.print_json", broken)

        keysets = ("--keyset", "orders", "--keyset", "staging")
        result = client(desk, "create", "checkout", *keysets, "--yes", "--json")

        assert "nobody has its secret" in result.stderr
        assert desk.vault.granted(only(desk)) == frozenset({named(desk, "orders")})

    def test_a_second_client_of_one_name_is_not_made(self, desk: WorkspaceDesk) -> None:
        taken = desk.vault.add_client("checkout").key_id

        result = client(desk, "create", "checkout")

        assert f"the name is taken, by {taken}" in result.stderr
        assert "create_client" not in desk.vault.wire.sent

    def test_a_client_is_not_made_beside_one_that_rotations_have_renamed(
        self, desk: WorkspaceDesk
    ) -> None:
        desk.vault.add_client("checkout.rotator-00000000-0000-4000-8000-000000000001")

        assert "the name is taken" in client(desk, "create", "checkout").stderr

    def test_an_unknown_keyset_is_told_before_the_client_is_made(self, desk: WorkspaceDesk) -> None:
        assert "no such keyset" in client(desk, "create", "a", "--keyset", "nowhere").stderr
        assert desk.vault.members == {}

    def test_a_key_of_role_control_makes_no_client(self, desk: WorkspaceDesk) -> None:
        desk.vault.role = AccessRole.CONTROL

        assert client(desk, "create", "checkout").exit_code == 1
        assert desk.records()[-1].error == "wrong_role"


class TestListing:
    def fill(self, desk: WorkspaceDesk) -> KeyId:
        """Make a managed client, a device, and one that crosses two environments."""
        managed = desk.vault.add_client("checkout", named(desk, "orders")).key_id
        desk.manage("checkout", managed, PROVIDER)
        desk.vault.add_client("jane", is_device=True)
        return managed

    def test_each_client_shows_what_it_may_use(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        self.fill(desk)

        result = client(desk, "list")

        assert result.exit_code == 0
        golden("tests/golden/client_list.txt", result.stdout)
        golden("tests/golden/client_list.json", client(desk, "list", "--json").stdout)

    def test_a_client_of_two_environments_is_a_finding(self, desk: WorkspaceDesk) -> None:
        managed = self.fill(desk)
        desk.vault.grant_keyset(named(desk, "staging"), managed)

        people, machines = client(desk, "list"), client(desk, "list", "--json")

        assert people.exit_code == machines.exit_code == 3
        assert "finding: client checkout" in people.stdout
        (row,) = [it for it in json.loads(machines.stdout) if it["clientId"] == managed]
        assert "production and staging" in row["findings"][0]
        assert "finding: " in machines.stderr

    def test_a_grant_that_would_join_two_environments_says_so_beforehand(
        self, desk: WorkspaceDesk
    ) -> None:
        self.fill(desk)

        result = desk.run("cipherstash", "keyset", "grant", "staging", "checkout", answer="n\n")

        assert "is granted keysets of production and staging" in result.stdout

    def test_grants_that_are_not_told_are_said_to_be_unread(self, desk: WorkspaceDesk) -> None:
        desk.configure(SECTION.replace("environments:", "accessKeyRoles: {} #"))
        self.fill(desk)
        desk.vault.does_tell_grants = False

        assert "cannot be read" in client(desk, "list").stdout
        row = json.loads(client(desk, "list", "--json").stdout)[0]
        assert (row["grants"], row["keysets"]) == (None, None)

    def test_an_empty_workspace_says_so(self, desk: WorkspaceDesk) -> None:
        result = client(desk, "list")

        assert result.stdout == f"workspace {WORKSPACE} (vault) has no clients\n"


class TestDeleting:
    def test_a_developers_client_is_deleted_alone(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        desk.vault.add_client("jane", is_device=True)
        kept = desk.vault.add_client("john", is_device=True).key_id

        result = client(desk, "delete", "jane")

        assert (result.exit_code, only(desk)) == (0, kept)
        golden("tests/golden/client_delete.txt", result.stdout)

    def test_a_client_that_consumers_use_needs_an_order(self, desk: WorkspaceDesk) -> None:
        desk.manage("checkout", desk.vault.add_client("checkout").key_id, PROVIDER)

        refused = client(desk, "delete", "checkout", "--yes")
        assert f"rotator keys rotate checkout --account {WORKSPACE} --provider {PROVIDER}" in (
            refused.stderr
        )
        assert len(desk.vault.members) == 1

        desk.confirm_vault()
        ordered = client(desk, "delete", "checkout", "--yes", "--now", "--reason", "leaked")
        assert (ordered.exit_code, desk.vault.members) == (0, {})
        assert [it.requested for it in desk.app.journal.credentials()] == [Trigger.TAINT]
        assert desk.records()[-1].reason == "leaked"

    def test_a_clients_name_makes_no_line_of_its_own(self, desk: WorkspaceDesk) -> None:
        made = desk.vault.add_client("a\x1b[2J\nclient prod is deleted").key_id

        said = client(desk, "delete", made).stdout.splitlines()

        assert said[-1] == f"client a?[2J; client prod is deleted ({made}) is deleted"

    def test_machines_are_told_what_is_gone(self, desk: WorkspaceDesk) -> None:
        made = desk.vault.add_client("old").key_id
        desk.vault.revoke_keyset(named(desk, "default"), made)

        told = json.loads(client(desk, "delete", made, "--yes", "--json").stdout)

        assert (told["clientId"], told["deleted"], told["keysets"]) == (made, True, [])

    def test_a_lost_answer_says_where_to_look(self, desk: WorkspaceDesk) -> None:
        desk.vault.add_client("old")
        desk.vault.wire.break_next("delete_client", Failure.LOST_ANSWER)

        result = client(desk, "delete", "old")

        assert f"rotator cipherstash client list --workspace {WORKSPACE}" in result.stderr
