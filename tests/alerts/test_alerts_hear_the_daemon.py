"""What alerts listen for is exported by the daemon as it is wired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.settings.loading import load
from tests.cli.app_estate import VAULT, Installation, installation, simulators

if TYPE_CHECKING:
    from rotator.app import App
    from rotator.settings.settings import Settings

pytestmark = pytest.mark.process

__all__ = ["installation", "simulators"]


def value(app: App, name: str, **labels: str) -> float | None:
    return app.telemetry.registry.get_sample_value(f"rotator_{name}", {"account": VAULT, **labels})


def with_environments(installation: Installation) -> Settings:
    settings = installation.settings()
    text = settings.file.read_text(encoding="utf-8")
    named = "environments: {production: orders, staging: default}"
    text = text.replace("      name: vault\n", f"      name: vault\n      {named}\n")
    settings.file.write_text(text, encoding="utf-8")
    return load(settings.file, {})


def test_a_scan_that_fails_is_exported_until_one_succeeds(installation: Installation) -> None:
    present = installation.vault.settings()
    unpaid = {"code": "payment_required"}
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        installation.vault.configure(present.model_copy(update={"unpaid": (VAULT,)}))
        app.scan()
        failed = [
            value(app, "scan_failed", provider=name, **unpaid)
            for name in (ACCESS_KEYS, CLIENT_KEYS)
        ]
        installation.vault.configure(present)
        app.scan()
        after = value(app, "scan_failed", provider=CLIENT_KEYS, **unpaid)

    assert failed == [1, 1]
    assert after is None


def test_a_client_of_two_environments_is_exported_by_the_next_scan(
    installation: Installation,
) -> None:
    with open_app(
        with_environments(installation), read_only=False, clock=installation.clock
    ) as app:
        app.scan()
        # The application's client is granted both keysets from the beginning.
        crosses = value(app, "workspace_findings", kind="client_crosses")
        missing = value(app, "workspace_findings", kind="keyset_missing")

    assert crosses == 1
    assert missing == 0


def test_the_deadline_of_a_workspaces_keys_is_exported(installation: Installation) -> None:
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.confirm_account(VAULT, operator="ann")
        app.once()
        deadline = value(
            app, "earliest_deadline_timestamp_seconds", provider=ACCESS_KEYS, rule="bundle"
        )

    # The application's key is 25 days old, and policy lets it get 30.
    expected = installation.clock.now() + timedelta(days=5)
    assert deadline == pytest.approx(expected.timestamp(), abs=60)
