from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.rotation import Role
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
    """Give a desk whose operator may be asked, and who says yes."""
    desk = WorkspaceDesk(tmp_path)
    desk.can_ask = True
    return desk


def keyset(desk: WorkspaceDesk, *arguments: str, answer: str = "y\n") -> Result:
    return desk.run("cipherstash", "keyset", *arguments, answer=answer)


def named(desk: WorkspaceDesk, name: str) -> str:
    """Return the id of the keyset of a name."""
    return next(it.id for it in desk.vault.sets.values() if it.name == name)


def fill(desk: WorkspaceDesk) -> tuple[KeyId, KeyId]:
    """Make two clients, and the keysets of two environments; return the clients."""
    orders, staging = desk.vault.add_keyset("orders"), desk.vault.add_keyset("staging")
    checkout = desk.vault.add_client("checkout", orders).key_id
    jane = desk.vault.add_client("jane", staging, is_device=True).key_id
    return checkout, jane


class TestCreating:
    def test_a_keyset_is_made_and_granted(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        checkout, _ = fill(desk)

        result = keyset(desk, "create", "tenants/company-a", "--grant", "checkout")

        assert result.exit_code == 0
        assert named(desk, "tenants/company-a") in desk.vault.granted(checkout)
        assert [it.action for it in desk.records()] == [
            *[AuditAction.OPERATOR_CREATE_KEYSET] * 2,
            *[AuditAction.OPERATOR_GRANT_KEYSET] * 2,
        ]
        golden("tests/golden/keyset_create.txt", result.stdout)

    def test_it_needs_a_client_that_may_use_it(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        assert keyset(desk, "create", "tenants/company-a").exit_code == 2

    @pytest.mark.parametrize("name", ["default", "Company A", "x" * 65, "", "tenants.a", "münchen"])
    def test_a_name_that_the_service_refuses_is_never_sent(
        self, desk: WorkspaceDesk, name: str
    ) -> None:
        result = keyset(desk, "create", name, "--grant", "checkout")

        assert result.exit_code == 1
        assert desk.vault.wire.sent == []

    def test_a_description_that_is_too_long_is_never_sent(self, desk: WorkspaceDesk) -> None:
        result = keyset(desk, "create", "a", "--grant", "b", "--description", "x" * 257)

        assert "1 to 256 characters, this one 257" in result.stderr
        assert desk.vault.wire.sent == []

    def test_an_unknown_client_is_told_before_the_keyset_is_made(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        result = keyset(desk, "create", "a", "--grant", "checkot")

        assert "did you mean checkout?" in result.stderr
        assert "create_keyset" not in desk.vault.wire.sent

    def test_a_create_whose_grant_fails_says_what_exists_and_is_finished_by_repeating_it(
        self, desk: WorkspaceDesk
    ) -> None:
        checkout, jane = fill(desk)
        desk.vault.wire.break_next("grant_keyset", Failure.UNAVAILABLE, skip=1)
        arguments = ("create", "a", "--grant", "checkout", "--grant", jane)

        first = keyset(desk, *arguments)

        made = named(desk, "a")
        assert first.exit_code == 1
        assert f"the keyset exists ({made}), but is not granted to jane yet" in first.stderr
        assert f"rotator cipherstash keyset grant {made} {jane}" in first.stderr

        second = keyset(desk, *arguments)

        assert second.exit_code == 0
        assert desk.vault.wire.sent.count("create_keyset") == 1
        assert desk.vault.granted(checkout) >= {made} <= desk.vault.granted(jane)
        assert f"keyset {made}, which is not made again" in second.stdout

        third = keyset(desk, *arguments)
        assert "is there already" in third.stdout
        assert desk.vault.wire.sent.count("grant_keyset") == 3

    def test_a_keyset_that_others_use_is_not_taken_for_half_done(self, desk: WorkspaceDesk) -> None:
        checkout, jane = fill(desk)
        theirs = desk.vault.add_keyset("tenants/company-a")
        desk.vault.grant_keyset(theirs, jane)

        result = keyset(desk, "create", "tenants/company-a", "--grant", "checkout", "--yes")

        assert result.exit_code == 1
        assert "which others may use: jane" in result.stderr
        assert f"rotator cipherstash keyset grant {theirs} {checkout}" in result.stderr
        assert theirs not in desk.vault.granted(checkout)

    def test_a_keyset_of_which_nobody_can_tell_who_uses_it_is_not_taken_for_half_done(
        self, desk: WorkspaceDesk
    ) -> None:
        fill(desk)
        desk.vault.add_keyset("tenants/company-a")
        desk.vault.does_tell_grants = False

        result = keyset(desk, "create", "tenants/company-a", "--grant", "checkout", "--yes")

        assert (result.exit_code, "which others may use: jane" in result.stderr) == (1, True)

    def test_a_lost_answer_is_finished_by_repeating_it(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.vault.wire.break_next("create_keyset", Failure.LOST_ANSWER)

        first = keyset(desk, "create", "a", "--grant", "checkout")
        assert "it may have been done all the same" in first.stderr
        assert "the same command again finishes" in first.stderr

        assert keyset(desk, "create", "a", "--grant", "checkout").exit_code == 0
        assert desk.vault.wire.sent.count("create_keyset") == 1

    def test_machines_are_told_what_there_is_now(self, desk: WorkspaceDesk) -> None:
        checkout, _ = fill(desk)

        result = keyset(desk, "create", "a", "--grant", "checkout", "--yes", "--json")

        told = json.loads(result.stdout)
        assert (told["name"], told["keysetId"], told["created"]) == ("a", named(desk, "a"), True)
        assert told["clients"] == [{"id": checkout, "name": "checkout"}]

    def test_plan_mode_makes_nothing(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.configure(SECTION.replace("enforce", "plan"))

        assert keyset(desk, "create", "a", "--grant", "checkout").exit_code == 1
        assert desk.vault.wire.sent == []

    def test_a_key_of_role_control_is_enough(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.vault.role = AccessRole.CONTROL

        assert keyset(desk, "create", "a", "--grant", "checkout").exit_code == 0


class TestListing:
    def test_each_keyset_shows_its_environment_and_its_clients(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.vault.disable_keyset(named(desk, "staging"))

        golden("tests/golden/keyset_list.txt", keyset(desk, "list").stdout)
        golden("tests/golden/keyset_list.json", keyset(desk, "list", "--json").stdout)

    def test_clients_whose_grants_are_not_told_are_named(self, desk: WorkspaceDesk) -> None:
        checkout, _ = fill(desk)
        desk.vault.does_tell_grants = False

        assert "it cannot be read which keysets they are granted: checkout, jane" in (
            keyset(desk, "list").stdout
        )
        row = json.loads(keyset(desk, "list", "--json").stdout)[0]
        assert row["clientsUnread"][0] == {"id": checkout, "name": "checkout"}


class TestGranting:
    def test_a_grant_by_name_is_asked_for_and_done(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        checkout, _ = fill(desk)

        result = keyset(desk, "grant", "staging", "checkout")

        assert named(desk, "staging") in desk.vault.granted(checkout)
        golden("tests/golden/keyset_grant.txt", result.stdout)

    def test_ids_are_as_good_as_names(self, desk: WorkspaceDesk) -> None:
        checkout, _ = fill(desk)
        staging = named(desk, "staging")

        assert keyset(desk, "grant", staging.upper(), checkout).exit_code == 0
        assert staging in desk.vault.granted(checkout)

    def test_what_is_granted_already_is_not_sent(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        result = keyset(desk, "grant", "orders", "checkout", answer="")

        assert result.stdout == "nothing to do: keyset orders is granted to client checkout\n"
        assert "grant_keyset" not in desk.vault.wire.sent

    def test_where_grants_are_not_told_it_is_sent(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.vault.does_tell_grants = False

        assert keyset(desk, "grant", "orders", "checkout").exit_code == 0
        assert "grant_keyset" in desk.vault.wire.sent

    def test_an_ambiguous_name_lists_the_ids(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        twin = desk.vault.add_client("checkout").key_id

        result = keyset(desk, "grant", "staging", "checkout")

        assert result.exit_code == 2
        assert twin in result.stderr
        assert "write the id" in result.stderr

    def test_a_developers_device_and_a_disabled_keyset_are_pointed_out(
        self, desk: WorkspaceDesk
    ) -> None:
        fill(desk)
        desk.vault.disable_keyset(named(desk, "orders"))

        result = keyset(desk, "grant", "orders", "jane")

        assert "a developer's device" in result.stdout
        assert "disabled: nobody can use it" in result.stdout

    def test_a_managed_client_is_said_to_hand_the_grant_on(self, desk: WorkspaceDesk) -> None:
        checkout, _ = fill(desk)
        desk.manage("checkout", checkout, PROVIDER)

        assert "a rotation gives its successor whatever it is granted" in (
            keyset(desk, "grant", "staging", "checkout").stdout
        )

    def test_a_lost_answer_may_be_repeated(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.vault.wire.break_next("grant_keyset", Failure.LOST_ANSWER)

        assert "repeating it does no harm" in keyset(desk, "grant", "staging", "checkout").stderr


class TestRevoking:
    def test_the_bound_keyset_is_pointed_out_and_the_way_back_named(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        checkout, _ = fill(desk)

        result = keyset(desk, "revoke", "orders", "checkout", "--reason", "ticket 1")

        assert desk.vault.granted(checkout) == frozenset()
        assert desk.records()[-1].reason == "ticket 1"
        golden("tests/golden/keyset_revoke.txt", result.stdout)

    def test_the_other_key_of_an_open_rotation_is_named(self, desk: WorkspaceDesk) -> None:
        old, _ = fill(desk)
        new = desk.vault.add_client("checkout.next", named(desk, "orders")).key_id
        desk.manage("checkout", old, PROVIDER, Role.PREVIOUS)
        desk.manage("checkout", new, PROVIDER)
        desk.manage("jane", desk.vault.add_client("third", named(desk, "orders")).key_id, PROVIDER)

        result = keyset(desk, "revoke", "orders", old)

        assert f"take it from checkout.next ({new}), too" in result.stdout

    def test_a_managed_client_is_named(self, desk: WorkspaceDesk) -> None:
        checkout, _ = fill(desk)
        desk.manage("shop", checkout, PROVIDER)

        assert "as shop" in keyset(desk, "revoke", "orders", "checkout").stdout

    def test_machines_are_told_whether_it_changed(self, desk: WorkspaceDesk) -> None:
        checkout, _ = fill(desk)
        arguments = ("revoke", "orders", "checkout", "--yes", "--json")

        changed, again = (json.loads(keyset(desk, *arguments).stdout) for _ in range(2))

        assert changed == {
            "workspace": WORKSPACE,
            "keysetId": named(desk, "orders"),
            "keyset": "orders",
            "client": "checkout",
            "clientId": checkout,
            "isGranted": False,
            "changed": True,
        }
        assert again == changed | {"changed": False}


class TestSwitching:
    def test_disabling_names_everybody_whom_it_hits(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)

        result = keyset(desk, "disable", "orders")

        assert desk.vault.sets[named(desk, "orders")].is_disabled
        golden("tests/golden/keyset_disable.txt", result.stdout)

    def test_enabling_is_the_way_back(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.vault.disable_keyset(named(desk, "orders"))

        result = keyset(desk, "enable", "orders")

        assert not desk.vault.sets[named(desk, "orders")].is_disabled
        assert result.stdout.endswith("keyset orders is enabled\n")
        assert desk.records()[-1].action is AuditAction.OPERATOR_ENABLE_KEYSET

    def test_machines_are_told_how_it_stands_afterwards(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        told = json.loads(keyset(desk, "disable", "orders", "--yes", "--json").stdout)

        assert (told["isDisabled"], told["changed"]) == (True, True)
        assert told["environments"] == ["production"]

    def test_what_is_so_already_is_not_sent(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        result = keyset(desk, "enable", "orders", "--json", answer="")

        assert json.loads(result.stdout)["changed"] is False
        assert "enable_keyset" not in desk.vault.wire.sent
        assert keyset(desk, "enable", "orders", answer="").stdout.startswith("nothing to do: ")

    def test_the_default_keyset_is_said_to_be_it(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        result = keyset(desk, "disable", "default", answer="n\n")

        assert "the default keyset: most programs open it" in result.stdout
        assert "none that is known" in result.stdout
        assert "disable_keyset" not in desk.vault.wire.sent
