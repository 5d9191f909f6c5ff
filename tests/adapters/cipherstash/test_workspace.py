"""A workspace by hand: access keys, keysets, clients, and who may do what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.core.secret import Secret
from rotator.core.workspace import AccessRole
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from rotator.ports.workspace import CanTryKeys, Workspace
from rotator.providers.cipherstash.config import ApiKind, usual_paths
from rotator.providers.cipherstash.workspace import CipherStashWorkspace
from rotator.simulators.cipherstash.shapes import FaultKind, WorkspaceSeed
from tests.adapters.cipherstash.scripted import Script
from tests.adapters.cipherstash.service import ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cipherstash.service import Service

NOBODY = KeyId("00000000-0000-4000-8000-000000000000")


@pytest.fixture
def workspace(service: Service) -> CipherStashWorkspace:
    return CipherStashWorkspace(service.admission)


def entered_with(service: Service, key: str) -> CipherStashWorkspace:
    """Enter with another key than the administrator's."""
    config = replace(service.new_config(), admin=lambda: service.access_key(key))
    return CipherStashWorkspace(service.new_admission(config))


def test_it_is_a_workspace_that_can_try_keys(workspace: CipherStashWorkspace) -> None:
    assert isinstance(workspace, Workspace)
    assert isinstance(workspace, CanTryKeys)
    assert workspace.account == ACCOUNT


class TestAccessKeys:
    def test_a_new_key_is_listed_and_admits(self, workspace: CipherStashWorkspace) -> None:
        made = workspace.create_access_key("ci", AccessRole.CONTROL)
        listed = {key.name: key for key in workspace.access_keys()}
        assert listed["ci"].key_id == made.key_id
        assert listed["ci"].last_used_at is None
        admitted = workspace.try_access_key(made.secret)
        assert (admitted.workspace, admitted.key_id) == (ACCOUNT, made.key_id)
        assert admitted.role is AccessRole.CONTROL
        assert {key.name: key for key in workspace.access_keys()}["ci"].last_used_at is not None

    def test_a_name_is_given_once(self, workspace: CipherStashWorkspace) -> None:
        with pytest.raises(RejectedError) as caught:
            workspace.create_access_key("the-member", AccessRole.MEMBER)
        assert caught.value.code == "name_taken"

    def test_a_revoked_key_is_gone_and_refused(self, workspace: CipherStashWorkspace) -> None:
        made = workspace.create_access_key("ci", AccessRole.MEMBER)
        workspace.revoke_access_key("ci")
        assert "ci" not in {key.name for key in workspace.access_keys()}
        with pytest.raises(AccessDeniedError) as caught:
            workspace.try_access_key(made.secret)
        assert caught.value.subject == made.key_id

    def test_a_name_that_nobody_has_is_not_found(self, workspace: CipherStashWorkspace) -> None:
        with pytest.raises(NotFoundError):
            workspace.revoke_access_key("nobody")

    def test_our_own_key_is_not_revoked(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        with pytest.raises(RejectedError) as caught:
            workspace.revoke_access_key("rotator-admin")
        assert caught.value.code == "own_key"
        assert "adminKey" in caught.value.hint
        assert service.calls("revoke-access-key") == []

    def test_the_key_that_admitted_us_before_ends_by_its_successors_authority(
        self, service: Service
    ) -> None:
        service.configure(keys_may_revoke_themselves=False)
        stored = [Secret(service.seeded.admin.access_key)]
        config = replace(service.new_config(), admin=lambda: stored[-1])
        workspace = CipherStashWorkspace(service.new_admission(config))
        stored.append(workspace.create_access_key("successor", AccessRole.ADMIN).secret)
        workspace.revoke_access_key("rotator-admin")
        assert service.state.access_key("rotator-admin") is None

    def test_what_is_no_whole_key_is_not_sent(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        for text in ("CSAKABC", "CSAKABC.", "AKIAIOSFODNN7EXAMPLE", "'CSAKABC.def'"):
            with pytest.raises(RejectedError) as caught:
                workspace.try_access_key(Secret(text))
            assert caught.value.code == "malformed_key"
            assert text not in caught.value.diagnostics()
        assert service.calls() == []

    def test_a_key_of_another_workspace_is_told_as_such(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        other = service.process.seed(WorkspaceSeed(workspace_id=OTHER_ACCOUNT))
        assert workspace.try_access_key(Secret(other.admin.access_key)).workspace == OTHER_ACCOUNT

    def test_a_try_that_could_not_be_made_says_nothing_of_the_key(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        with service.failing(FaultKind.THROTTLE), pytest.raises(TransientError):
            workspace.try_access_key(service.access_key("the-member"))

    def test_behind_the_legacy_interface_a_key_has_no_role(self) -> None:
        script = Script()
        script.on("cts:CreateAccessKey", (200, "CSAKNEW.secret"))
        admission = script.admission(
            kind=ApiKind.LEGACY,
            paths=usual_paths(ApiKind.LEGACY),
            admin=lambda: Secret("a person's token"),
        )
        made = CipherStashWorkspace(admission).create_access_key("ci", AccessRole.MEMBER)
        assert made.key_id == "NEW"
        assert script.sent[-1].body == {"keyName": "ci", "workspaceId": ACCOUNT}

    def test_what_the_legacy_interface_does_not_tell_is_what_was_asked(self) -> None:
        script = Script()
        script.on("cts:Authorise", (200, {"accessToken": "opaque", "expiry": 4_000_000_000}))
        admission = script.admission(kind=ApiKind.LEGACY)
        admitted = CipherStashWorkspace(admission).try_access_key(Secret("CSAKABC.def"))
        assert (admitted.workspace, admitted.key_id, admitted.role) == (ACCOUNT, "ABC", None)


class TestKeysets:
    def test_the_steps_of_making_one_and_granting_it(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        client = service.new_client("api").key_id
        made = workspace.create_keyset("my_automated_keyset", "automated")
        assert made in workspace.keysets()
        workspace.grant_keyset(made.id, client)
        workspace.grant_keyset(made.id, client)
        assert service.client(client).grants == {service.keyset(), made.id}
        workspace.revoke_keyset(made.id, client)
        workspace.revoke_keyset(made.id, client)
        assert service.client(client).grants == {service.keyset()}

    def test_a_disabled_one_is_listed_and_can_be_enabled(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        tenant = service.keyset("tenant-a")
        workspace.disable_keyset(tenant)
        assert {one.id: one.is_disabled for one in workspace.keysets()}[tenant]
        workspace.enable_keyset(tenant)
        assert not {one.id: one.is_disabled for one in workspace.keysets()}[tenant]

    def test_a_missing_keyset_is_named(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        client = service.new_client("api").key_id
        for call in (
            lambda: workspace.grant_keyset(NOBODY, client),
            lambda: workspace.disable_keyset(NOBODY),
            lambda: workspace.enable_keyset(NOBODY),
            lambda: workspace.create_client("b", "d", NOBODY),
        ):
            with pytest.raises(NotFoundError) as caught:
                call()
            assert caught.value.subject == NOBODY

    def test_a_lost_answer_is_said_to_be_lost(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        service.fault(FaultKind.LOSE_ANSWER, "create-keyset")
        with pytest.raises(OutcomeUnknownError):
            workspace.create_keyset("tenant-c", "d")
        assert "tenant-c" in {one.name for one in workspace.keysets()}

    def test_a_control_key_is_enough(self, service: Service) -> None:
        workspace = entered_with(service, "the-control")
        made = workspace.create_keyset("tenant-c", "d")
        workspace.grant_keyset(made.id, service.new_client("api").key_id)
        assert workspace.clients()


class TestClients:
    def test_a_new_one_is_bound_and_listed(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        tenant = service.keyset("tenant-a")
        made = workspace.create_client("worker", "of the queue", tenant)
        (client,) = workspace.clients()
        assert (client.client_id, client.name) == (made.key_id, "worker")
        assert (client.bound, client.grants) == (tenant, frozenset({tenant}))
        assert made.secret.reveal() == service.client(made.key_id).client_key

    def test_without_a_keyset_it_gets_the_default_one(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        workspace.create_client("worker", "of the queue", None)
        assert workspace.clients()[0].bound == service.keyset()

    def test_a_developers_client_ends_without_touching_another(
        self, service: Service, workspace: CipherStashWorkspace
    ) -> None:
        device = service.new_client("laptop", is_device=True).key_id
        kept = service.new_client("api").key_id
        assert {one.client_id: one.is_device for one in workspace.clients()}[device]
        workspace.delete_client(device)
        assert [one.client_id for one in workspace.clients()] == [kept]

    def test_one_that_is_not_there_is_not_found(self, workspace: CipherStashWorkspace) -> None:
        with pytest.raises(NotFoundError):
            workspace.delete_client(NOBODY)


ADMINISTRATION: dict[str, Callable[[CipherStashWorkspace], object]] = {
    "access_keys": lambda workspace: workspace.access_keys(),
    "create_access_key": lambda workspace: workspace.create_access_key("x", AccessRole.MEMBER),
    "revoke_access_key": lambda workspace: workspace.revoke_access_key("the-member"),
    "create_client": lambda workspace: workspace.create_client("x", "d", None),
    "delete_client": lambda workspace: workspace.delete_client(NOBODY),
}
OF_KEYSETS: dict[str, Callable[[CipherStashWorkspace], object]] = {
    "keysets": lambda workspace: workspace.keysets(),
    "create_keyset": lambda workspace: workspace.create_keyset("x", "d"),
    "grant_keyset": lambda workspace: workspace.grant_keyset(NOBODY, NOBODY),
    "revoke_keyset": lambda workspace: workspace.revoke_keyset(NOBODY, NOBODY),
    "enable_keyset": lambda workspace: workspace.enable_keyset(NOBODY),
    "disable_keyset": lambda workspace: workspace.disable_keyset(NOBODY),
}


@pytest.mark.parametrize("name", ADMINISTRATION)
def test_a_control_key_is_refused_what_only_an_administrator_may(
    service: Service, name: str
) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        ADMINISTRATION[name](entered_with(service, "the-control"))
    assert caught.value.code == "wrong_role"
    assert "cannot authenticate cryptographic operations" in str(caught.value)
    assert {one.operation for one in service.calls()} == {"authorise"}


@pytest.mark.parametrize("name", [*ADMINISTRATION, *OF_KEYSETS])
def test_a_member_key_is_refused_before_anything_is_sent(service: Service, name: str) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        {**ADMINISTRATION, **OF_KEYSETS}[name](entered_with(service, "the-member"))
    assert caught.value.code == "wrong_role"
    assert {one.operation for one in service.calls()} == {"authorise"}
