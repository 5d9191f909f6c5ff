"""The plan gives the scan's verdicts, and tells of keys that are nobody's to rotate."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.app import App, open_app, upgrade
from rotator.core.ownership import ROOT_ACCOUNT, Ownership
from rotator.core.reasons import Reason
from rotator.core.rotation import Hold
from rotator.reconcile.judging import A_PERSON, Territory
from rotator.settings.loading import load
from rotator.testing.fake_provider import ACCOUNT, FakeProvider
from tests.builders import EPOCH, PROVIDER, credential, key_record
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.desk import Desk


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    journal = f"journal: {{url: 'sqlite:///{tmp_path}/journal.db'}}\n"
    audit = f"audit: {{file: '{tmp_path}/audit.jsonl'}}\n"
    Files(tmp_path).write(CONFIGURATION + journal + audit, POLICY)
    settings = load(tmp_path / "rotator.yaml", {})
    upgrade(settings)
    with open_app(settings, read_only=True) as made:
        yield made


def settle(app: App) -> FakeProvider:
    """Put a fake provider in the place of AWS."""
    provider = FakeProvider(app.clock)
    provider.habits = replace(provider.habits, name=PROVIDER)
    app.parts = replace(app.parts, providers={PROVIDER: provider})
    app.scanner = replace(
        app.scanner,
        territories=(Territory(name="aws-iam", provider=provider, account=ACCOUNT),),
        ownership=Ownership(contact_tags=("owner",)),
        on_scanned=lambda *_: None,
    )
    return provider


def test_a_plan_reports_whose_keys_are_not_ours_to_rotate(app: App) -> None:
    provider = settle(app)
    for name in ("ci-jane", "ci-stack", "ci-none"):
        made = provider.add_principal(name)
        if name != "ci-none":
            provider.mint_by_hand(made)
        provider.tag_by_hand(made, "owner", "jane@example.com")
        if name == "ci-stack":
            provider.tag_by_hand(made, "ManagedBy", "Terraform")
        if name == "ci-jane":
            provider.people.add(made.uid)
    provider.root_keys[ACCOUNT] = 1

    rows = {row.principal: row for row in app.plan()}

    assert set(rows) == {"ci-jane", "ci-stack", ROOT_ACCOUNT}
    assert {row.what for row in rows.values()} == {"report"}
    assert rows["ci-jane"].reason == A_PERSON
    assert "aws_iam_access_key" in rows["ci-stack"].reason
    assert rows["ci-stack"].contact == "jane@example.com"
    assert "delete the root key" in rows[ROOT_ACCOUNT].reason
    assert not rows[ROOT_ACCOUNT].is_held


def test_root_keys_are_exported(app: App) -> None:
    provider = settle(app)
    provider.root_keys[ACCOUNT] = 1

    app.scan()

    found = app.telemetry.registry.get_sample_value("rotator_root_keys", {"account": ACCOUNT})
    assert found == 1


def test_whoever_is_to_be_asked_is_named_where_a_key_waits(desk: Desk) -> None:
    hold = Hold(reason=Reason.SLOTS_FULL, since=EPOCH)
    held = credential("ci-held", contact="jane@example.com", hold=hold)
    desk.keep(held, keys=(key_record(held),))

    (record,) = json.loads(desk.run("keys", "list", "--json").stdout)

    assert "ask: jane@example.com" in desk.run("keys", "list").stdout
    assert record["contact"] == "jane@example.com"
