"""A provider that the configuration names no more, while the journal still has its keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.app import open_app
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase
from rotator.settings.loading import load
from tests.cli.http_estate import (
    ACME,
    POLICY,
    PROVIDER,
    Installation,
    http_installation,
    http_simulators,
)
from tests.cli.test_app_http import rotations

if TYPE_CHECKING:
    from rotator.settings.settings import Settings

__all__ = ["http_installation", "http_simulators"]


def without_http(installation: Installation) -> Settings:
    """Take the account and its spec out of the configuration, and leave the policy."""
    installation.settings()
    file = installation.folder / "rotator.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("http:\n")], encoding="utf-8")
    policy = POLICY[: POLICY.index("rules:")]
    (installation.folder / "policy.yaml").write_text(policy, encoding="utf-8")
    return load(file, {})


def test_keys_of_a_provider_that_is_configured_no_more_wait_for_a_person(
    http_installation: Installation,
) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.confirm_account(ACME, operator="ann")
        app.once()
        assert rotations(app)["web"].phase is Phase.PROMOTED

    installation.clock.advance_to(installation.clock.now() + timedelta(hours=3))
    with open_app(without_http(installation), read_only=False, clock=installation.clock) as app:
        app.once()
        holds = {row.principal.name: row.hold for row in app.journal.credentials()}
        phase = rotations(app)["web"].phase
    assert phase is Phase.PROMOTED
    found = holds["rotator"]
    assert found is not None
    assert found.reason is Reason.ACCESS_DENIED
    assert found.detail.startswith("not_configured: ")
    assert f"{PROVIDER}, whose account {ACME}" in found.detail
