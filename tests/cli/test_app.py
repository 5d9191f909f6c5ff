"""Orders and pauses through the real app, on a real SQLite journal, without any vendor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from rotator.app import App, open_app, upgrade
from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core.events import AuditAction
from rotator.core.ids import AccountId
from rotator.core.orders import Verb
from rotator.core.rotation import Trigger
from rotator.core.terms import Mode
from rotator.errors import NotFoundError, UnavailableError
from rotator.settings.loading import load
from tests.builders import ACCOUNT, credential, rotation
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.settings.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    journal = f"journal: {{url: 'sqlite:///{tmp_path}/journal.db'}}\n"
    audit = f"audit: {{file: '{tmp_path}/audit.jsonl'}}\n"
    Files(tmp_path).write(f"{CONFIGURATION}mode: enforce\n{journal}{audit}")
    return load(tmp_path / "rotator.yaml", {})


def test_while_our_clock_is_off_one_credential_is_looked_at_to_see_if_it_still_is(
    settings: Settings,
) -> None:
    upgrade(settings)
    with open_app(settings, read_only=True) as app:
        app.journal.register(credential("one"))
        app.journal.register(credential("two"))
        app.parts.on_skew("aws-iam", -2 * settings.limits.clock_skew)
        while_off = len(app.due(5))
        app.parts.on_skew("aws-iam", settings.limits.clock_skew)

        assert (while_off, len(app.due(5))) == (1, 2)


def test_one_provider_that_agrees_does_not_hide_another_one_that_does_not(
    settings: Settings,
) -> None:
    limit = settings.limits.clock_skew
    upgrade(settings)
    with open_app(settings, read_only=True) as app:
        app.parts.on_skew("cipherstash-client-key", -2 * limit)
        app.parts.on_skew("aws-iam", limit / 2)
        while_one_disagrees = app.skew.is_off(limit)
        app.parts.on_skew("cipherstash-client-key", -limit / 2)

        assert (while_one_disagrees, app.skew.is_off(limit)) == (True, False)


def actions(app: App) -> list[tuple[AuditAction, str]]:
    return [(item.action, item.actor) for item in app.journal.unsealed(limit=10)]


def test_an_order_is_durable_when_the_command_returns(settings: Settings) -> None:
    upgrade(settings)
    one = credential("ci")
    made = rotation(one)
    with open_app(settings, read_only=True) as app:
        app.journal.register(one)
        app.order(one, Trigger.MANUAL, operator="ann")
        given = app.instruct(one, Verb.ABORT, operator="ann", reason="why", rotation=made)

    with open_app(settings, read_only=True) as app:
        (row,) = app.journal.credentials()
        assert row.order == given
        assert actions(app) == [
            (AuditAction.OPERATOR_ROTATE, "operator:ann"),
            (AuditAction.OPERATOR_ABORT, "operator:ann"),
        ]


def test_a_pause_is_durable_when_the_command_returns_and_so_is_its_end(settings: Settings) -> None:
    upgrade(settings)
    with open_app(settings, read_only=True) as app:
        paused = app.pause(operator="ann", reason="incident")

    with open_app(settings, read_only=True) as app:
        assert app.journal.pauses() == (paused,)
        assert app.unpause(paused, operator="bob", reason="") == paused
        assert app.unpause(paused, operator="bob", reason="") is None
        assert app.journal.pauses() == ()
        assert actions(app)[:2] == [
            (AuditAction.OPERATOR_PAUSE, "operator:ann"),
            (AuditAction.OPERATOR_UNPAUSE, "operator:bob"),
        ]


def test_a_pause_that_nobody_would_know_of_is_refused(settings: Settings) -> None:
    with (
        open_app(settings, read_only=True) as app,
        pytest.raises(UnavailableError, match="no journal yet"),
    ):
        app.pause(operator="ann", reason="incident")

    result = CliRunner().invoke(
        cli,
        ["pause", "--everything", "--reason", "incident", "--yes"],
        obj=Invocation(config=settings.file, environ={"USER": "ann"}),
    )

    assert result.exit_code == 1
    assert "rotator db upgrade" in result.stderr


def test_an_account_is_in_plan_mode_until_it_is_confirmed_and_from_its_withdrawal_on(
    settings: Settings,
) -> None:
    upgrade(settings)
    with open_app(settings, read_only=True) as app:

        def mode() -> Mode:
            return app.parts.terms_for(credential("ci")).mode

        before = mode()
        confirmed = app.confirm_account(ACCOUNT, operator="ann", reason="ticket 1")
        between = mode()
        withdrawn = app.withdraw_account(ACCOUNT, operator="bob")

        assert (before, between, mode()) == (Mode.PLAN, Mode.ENFORCE, Mode.PLAN)
        assert (confirmed.operator, confirmed.reason) == ("ann", "ticket 1")
        assert app.journal.accounts() == (withdrawn,)
        assert actions(app) == [
            (AuditAction.OPERATOR_CONFIRM_ACCOUNT, "operator:ann"),
            (AuditAction.OPERATOR_WITHDRAW_ACCOUNT, "operator:bob"),
        ]


def test_a_confirmation_does_not_outweigh_plan_mode_by_configuration(settings: Settings) -> None:
    upgrade(settings)
    planned = replace(settings, mode=Mode.PLAN)
    with open_app(planned, read_only=True) as app:
        app.confirm_account(ACCOUNT, operator="ann")

        assert app.parts.terms_for(credential("ci")).mode is Mode.PLAN


def test_an_account_that_is_not_configured_cannot_be_confirmed(settings: Settings) -> None:
    upgrade(settings)
    with open_app(settings, read_only=True) as app, pytest.raises(NotFoundError):
        app.confirm_account(AccountId("999900001111"), operator="ann")


def test_a_confirmation_that_nobody_would_know_of_is_refused(settings: Settings) -> None:
    with (
        open_app(settings, read_only=True) as app,
        pytest.raises(UnavailableError, match="no journal yet"),
    ):
        app.confirm_account(ACCOUNT, operator="ann")


@pytest.mark.parametrize("mode", list(Mode))
def test_the_log_names_accounts_that_stay_in_plan_mode_against_the_configuration(
    settings: Settings, mode: Mode
) -> None:
    with open_app(replace(settings, mode=mode), read_only=False) as app, capture_logs() as logs:
        app.stop()
        app.run()

    told = [line["account"] for line in logs if line["event"] == "account not confirmed"]
    assert told == ([ACCOUNT] if mode is Mode.ENFORCE else [])


def test_an_app_that_is_stopped_before_it_runs_ends_in_good_order(settings: Settings) -> None:
    with open_app(settings, read_only=False) as app:
        app.stop()
        app.run()

        sealed = app.settings.audit_file.read_text(encoding="utf-8")

    assert "daemon.start" in sealed
    assert "drained" in sealed
