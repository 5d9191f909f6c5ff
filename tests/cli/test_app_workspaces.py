"""Workspaces through the real app: two simulators over HTTP, both files, a journal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from rotator.core.accounts import unconfirmed
from rotator.core.rotation import Trigger
from rotator.core.terms import Mode
from rotator.core.workspace import AccessRole
from rotator.errors import NotFoundError, RejectedError
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from tests.cli.app_estate import HOME, VAULT, Installation, installation, simulators

if TYPE_CHECKING:
    from rotator.app import App
    from rotator.core.rotation import Credential


__all__ = ["installation", "simulators"]


def changes(installation: Installation) -> set[str]:
    """Name what the service was asked to change."""
    reads = {"authorise", "list-access-keys", "list-clients", "list-keysets"}
    return {call.operation for call in installation.vault.calls()} - reads


def test_a_workspace_is_a_place_beside_the_accounts(installation: Installation) -> None:
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        assert [(item.provider, item.account, item.name) for item in app.places()] == [
            ("aws-iam", HOME, "prod"),
            ("cipherstash", VAULT, "vault"),
        ]


def test_a_plan_shows_the_keys_of_both_providers_and_changes_nothing(
    installation: Installation,
) -> None:
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        rows = app.plan(VAULT)

    assert sorted(row.principal for row in rows) == ["rotator-admin", "web", "web"]
    assert changes(installation) == set()


def test_an_operator_opens_a_workspace_by_its_id_or_its_name(installation: Installation) -> None:
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        by_name, by_id = app.workspace("vault"), app.workspace(VAULT)
        made = by_name.create_access_key("by-hand", AccessRole.MEMBER)

        assert made.key_id in {key.key_id for key in by_id.access_keys()}
        with pytest.raises(NotFoundError):
            app.workspace("other")


def test_in_plan_mode_nothing_is_changed_by_hand_either(installation: Installation) -> None:
    settings = installation.settings("plan")
    with (
        open_app(settings, read_only=True, clock=installation.clock) as app,
        pytest.raises(RejectedError),
    ):
        app.workspace("vault").create_keyset("new", "for a test")


def test_one_word_about_a_workspace_is_a_word_about_both_its_providers(
    installation: Installation,
) -> None:
    settings = installation.settings()
    with open_app(settings, read_only=False, clock=installation.clock) as app:
        app.scan()
        modes = {row.principal.provider: app.parts.terms_for(row).mode for row in rows(app)}
        assert modes == {ACCESS_KEYS: Mode.PLAN, CLIENT_KEYS: Mode.PLAN}

        app.confirm_account(VAULT, operator="ann")

        modes = {row.principal.provider: app.parts.terms_for(row).mode for row in rows(app)}
        assert modes == {ACCESS_KEYS: Mode.ENFORCE, CLIENT_KEYS: Mode.ENFORCE}
        assert [item.account for item in unconfirmed(app.places(), app.journal.accounts())] == [
            HOME
        ]


def rows(app: App) -> list[Credential]:
    return [row for row in app.journal.credentials() if row.principal.account == VAULT]


def test_each_provider_has_its_own_traits(installation: Installation) -> None:
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.scan()
        traits = {row.principal.provider: app.parts.terms_for(row).traits for row in rows(app)}

    assert not traits[ACCESS_KEYS].can_disable
    assert traits[CLIENT_KEYS].has_grants


def test_a_quick_providers_credential_waits_for_what_aws_may_still_let_land(
    installation: Installation,
) -> None:
    settings = installation.settings()
    with open_app(settings, read_only=False, clock=installation.clock) as app:
        app.scan()
        windows = {app.parts.terms_for(row).traits.signature_window for row in rows(app)}

    assert windows == {settings.aws.traits.signature_window}
    assert windows != {settings.workspaces[0].traits.request_window}


def test_a_bundle_and_our_own_key_are_rotated_and_nobody_else_is_asked(
    installation: Installation,
) -> None:
    before, own = installation.published("cs/web"), installation.published("cs/own")
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.confirm_account(VAULT, operator="ann")
        app.once()
        # The service does not tell how old a client is, so it would be due in 20 days only.
        for row in rows(app):
            if row.principal.provider == CLIENT_KEYS:
                app.order(row, Trigger.MANUAL, operator="ann")
        for _ in range(12):
            installation.use()
            app.once()
            installation.clock.advance_to(installation.clock.now() + timedelta(hours=6))
        holds = [(row.principal.name, row.hold) for row in rows(app) if row.hold]

    after = installation.published("cs/web")
    state = installation.vault.state(workspace_id=VAULT).workspaces[VAULT]
    living = [key.name.partition(".rotator-") for key in state.access_keys if not key.revoked_at]
    clients = {item.id: item for item in state.clients if item.deleted_at is None}
    assert holds == []
    assert after["CS_WORKSPACE_CRN"] == before["CS_WORKSPACE_CRN"]
    assert all(after[name] != before[name] for name in before if name != "CS_WORKSPACE_CRN")
    assert installation.published("cs/own") != own
    assert sorted((name, bool(mark)) for name, mark, _ in living) == [
        ("rotator-admin", True),
        ("web", True),
    ]
    assert list(clients) == [after["CS_CLIENT_ID"]]
    assert len(clients[after["CS_CLIENT_ID"]].grants) == len(("orders", "default"))
