from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.rotation import Role, Trigger
from rotator.core.workspace import AccessRole
from rotator.testing.fake_workspace import WORKSPACE
from rotator.testing.wire import Failure
from tests.builders import at
from tests.cli.workspace_desk import OTHER, SECOND, SECTION, WorkspaceDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROVIDER = "cipherstash-access-key"


@pytest.fixture
def desk(tmp_path: Path) -> WorkspaceDesk:
    return WorkspaceDesk(tmp_path)


def fill(desk: WorkspaceDesk) -> None:
    desk.vault.add_access_key("AccessKeyOne", at=at(days=1, seconds=56.723))
    made = desk.vault.add_access_key("AccessKeyTwo", AccessRole.ADMIN, at=at(days=5))
    desk.vault.try_access_key(made.secret)


class TestListing:
    def test_the_columns_are_those_of_the_vendor(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)

        result = desk.run("keys", "list", "--workspace", "vault")

        assert result.exit_code == 0
        golden("tests/golden/keys_list_workspace.txt", result.stdout)

    def test_machines_are_told_the_role_and_whose_key_it_is(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.manage("AccessKeyOne", desk.vault.keys["AccessKeyOne"].key_id, PROVIDER)

        result = desk.run("keys", "list", "--workspace", WORKSPACE, "--json")

        golden("tests/golden/keys_list_workspace.json", result.stdout)

    def test_an_empty_workspace_says_so(self, desk: WorkspaceDesk) -> None:
        result = desk.run("keys", "list", "--workspace", "vault")

        assert result.stdout == f"workspace {WORKSPACE} (vault) has no access keys\n"

    def test_without_a_workspace_the_journal_is_read_as_ever(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        assert "no key is known yet" in desk.run("keys", "list").stdout
        assert desk.vault.wire.sent == ["try_access_key"]

    def test_the_service_lists_no_key_that_is_gone(self, desk: WorkspaceDesk) -> None:
        assert desk.run("keys", "list", "--workspace", "vault", "--all").exit_code == 2


class TestChoosing:
    def test_a_profile_stands_for_its_workspace(self, desk: WorkspaceDesk) -> None:
        desk.configure(SECTION + SECOND)
        desk.profile("work", OTHER)
        desk.lab.add_access_key("theirs")

        assert "theirs" in desk.run("keys", "list", "--profile", "work").stdout

    def test_a_profile_that_is_missing_names_its_file(self, desk: WorkspaceDesk) -> None:
        result = desk.run("keys", "list", "--profile", "nobody")

        assert result.exit_code == 1
        assert ".cipherstash/nobody/profile-config.json" in result.stderr

    def test_a_profile_of_an_unconfigured_workspace_is_told(self, desk: WorkspaceDesk) -> None:
        desk.profile("work", OTHER)

        result = desk.run("keys", "list", "--profile", "work")

        assert f"{OTHER}: no such workspace is configured" in result.stderr

    def test_one_of_several_has_to_be_named(self, desk: WorkspaceDesk) -> None:
        desk.configure(SECTION + SECOND)

        result = desk.run("keys", "create", "--name", "ci")

        assert result.exit_code == 2
        assert f"{WORKSPACE} (vault), {OTHER} (lab); add --workspace" in result.stderr

    def test_a_profile_and_a_workspace_are_one_too_many(self, desk: WorkspaceDesk) -> None:
        result = desk.run("keys", "list", "--workspace", "vault", "--profile", "work")

        assert result.exit_code == 2

    def test_where_no_workspace_is_configured_it_says_where_to_add_one(
        self, desk: WorkspaceDesk
    ) -> None:
        desk.configure("mode: enforce\n")

        result = desk.run("keys", "create", "--name", "ci")

        assert "add it to `cipherstash.workspaces`" in result.stderr


class TestRevoking:
    def test_a_name_that_two_keys_have_ends_neither(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        one, two = desk.vault.keys["AccessKeyOne"], desk.vault.keys["AccessKeyTwo"]
        desk.vault.keys["AccessKeyTwo"] = replace(two, name="AccessKeyOne")

        result = desk.run("keys", "revoke", "--name", "AccessKeyOne", "--yes")

        assert result.exit_code == 1
        assert f"several access keys have this name: {one.key_id}, {two.key_id}" in result.stderr
        assert "revoke_access_key" not in desk.vault.wire.sent

    def test_a_name_that_rotations_have_replaced_leads_to_what_there_is(
        self, desk: WorkspaceDesk
    ) -> None:
        name = "one.rotator-00000000-0000-4000-8000-000000000001"
        desk.vault.add_access_key(name)

        result = desk.run("keys", "revoke", "--name", "one", "--yes")

        assert f"rotations have put others in its place: {name}" in result.stderr

    def test_it_is_shown_then_asked_then_done(
        self, desk: WorkspaceDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.can_ask = True

        result = desk.run("keys", "revoke", "--name", "AccessKeyOne", answer="y\n")

        assert (result.exit_code, list(desk.vault.keys)) == (0, ["AccessKeyTwo"])
        assert [it.action for it in desk.records()] == [AuditAction.OPERATOR_REVOKE_KEY] * 2
        golden("tests/golden/keys_revoke.txt", result.stdout)

    def test_no_is_no(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.can_ask = True

        assert desk.run("keys", "revoke", "--name", "AccessKeyOne", answer="n\n").exit_code == 1
        assert len(desk.vault.keys) == 2

    def test_where_nobody_can_be_asked_consent_is_needed(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        assert desk.run("keys", "revoke", "--name", "AccessKeyOne").exit_code == 2
        assert desk.run("keys", "revoke", "--name", "AccessKeyOne", "--yes").exit_code == 0

    def test_machines_are_told_what_was_revoked(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        result = desk.run("keys", "revoke", "--name", "AccessKeyTwo", "--yes", "--json")

        told = json.loads(result.stdout)
        assert (told["name"], told["role"], told["revoked"]) == ("AccessKeyTwo", "admin", True)

    def test_a_mistyped_name_is_guessed_and_nothing_is_revoked(self, desk: WorkspaceDesk) -> None:
        fill(desk)

        result = desk.run("keys", "revoke", "--name", "AccesKeyOne", "--yes")

        assert "did you mean AccessKeyOne?" in result.stderr
        assert len(desk.vault.keys) == 2

    @pytest.mark.parametrize("role", [Role.CURRENT, Role.PREVIOUS, Role.PENDING])
    def test_a_key_that_somebody_counts_on_is_not_revoked_by_consent_alone(
        self, desk: WorkspaceDesk, role: Role
    ) -> None:
        fill(desk)
        desk.manage("one", desk.vault.keys["AccessKeyOne"].key_id, PROVIDER, role)
        arguments = ("keys", "revoke", "--name", "AccessKeyOne", "--yes")

        for given in ((), ("--now",), ("--reason", "leaked")):
            result = desk.run(*arguments, *given)
            assert result.exit_code == 1
            assert f"rotator keys rotate one --account {WORKSPACE}" in result.stderr
        assert len(desk.vault.keys) == 2

        ordered = desk.run(*arguments, "--now", "--reason", "leaked")
        assert (ordered.exit_code, len(desk.vault.keys)) == (0, 1)
        assert "everybody who reads it" in ordered.stdout

    def test_who_is_given_a_key_that_is_ended_by_order_gets_a_successor(
        self, desk: WorkspaceDesk
    ) -> None:
        fill(desk)
        desk.confirm_vault()
        desk.manage("one", desk.vault.keys["AccessKeyOne"].key_id, PROVIDER)
        arguments = ("--name", "AccessKeyOne", "--yes", "--now", "--reason", "leaked")

        result = desk.run("keys", "revoke", *arguments)

        (credential,) = desk.app.journal.credentials()
        assert credential.requested is Trigger.TAINT
        assert "successor  ordered before" in result.stdout
        actions = [it.action for it in desk.records()]
        assert actions == [AuditAction.OPERATOR_ROTATE, *[AuditAction.OPERATOR_REVOKE_KEY] * 2]

    def test_where_no_successor_can_be_ordered_it_is_said_beforehand(
        self, desk: WorkspaceDesk
    ) -> None:
        fill(desk)
        desk.manage("one", desk.vault.keys["AccessKeyOne"].key_id, PROVIDER)
        arguments = ("--name", "AccessKeyOne", "--now", "--reason", "leaked")
        desk.can_ask = True

        result = desk.run("keys", "revoke", *arguments, answer="n\n")

        assert "none is ordered, so publish a key by hand" in result.stdout
        assert "its account is not confirmed" in result.stdout

    def test_a_key_that_rotator_only_saw_needs_plain_consent(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.manage("one", desk.vault.keys["AccessKeyOne"].key_id, PROVIDER, Role.FOREIGN)

        result = desk.run("keys", "revoke", "--name", "AccessKeyOne", "--yes")

        assert "rotator knows it as a key of one: foreign" in result.stdout
        assert len(desk.vault.keys) == 1

    def test_our_own_key_is_not_revoked(self, desk: WorkspaceDesk) -> None:
        desk.vault.add_access_key("rotator-admin", AccessRole.ADMIN)

        result = desk.run("keys", "revoke", "--name", "rotator-admin", "--yes")

        assert (result.exit_code, len(desk.vault.keys)) == (1, 1)
        assert desk.records()[-1].error == "own_key"

    def test_a_lost_answer_says_where_to_look(self, desk: WorkspaceDesk) -> None:
        fill(desk)
        desk.vault.wire.break_next("revoke_access_key", Failure.LOST_REQUEST)

        result = desk.run("keys", "revoke", "--name", "AccessKeyOne", "--yes")

        assert f"rotator keys list --workspace {WORKSPACE}" in result.stderr

    @pytest.mark.parametrize(
        "given", [(), ("--name", "a", "--keyset", "b"), ("--keyset", "b", "--now")]
    )
    def test_it_is_one_key_or_one_keyset(self, desk: WorkspaceDesk, given: tuple[str, ...]) -> None:
        assert desk.run("keys", "revoke", *given).exit_code == 2
