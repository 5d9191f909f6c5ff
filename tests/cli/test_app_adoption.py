"""Adopting through the real app, on a real SQLite journal, without any vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app, upgrade
from rotator.core.adoption import AdoptionRow, Finding, Verdict
from rotator.errors import RejectedError, UnavailableError
from rotator.settings.loading import load
from tests.builders import ACCOUNT, OLD_KEY, credential, principal
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.rotation import Credential
    from rotator.settings.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    journal = f"journal: {{url: 'sqlite:///{tmp_path}/journal.db'}}\n"
    audit = f"audit: {{file: '{tmp_path}/audit.jsonl'}}\n"
    Files(tmp_path).write(f"{CONFIGURATION}{journal}{audit}")
    return load(tmp_path / "rotator.yaml", {})


def row(candidate: Credential | None) -> AdoptionRow:
    finding = Finding(verdict=Verdict.ADOPTABLE, why="policy ignores it")
    who = principal("ci")
    return AdoptionRow(
        account=ACCOUNT, name="ci", principal=who, finding=finding, candidate=candidate
    )


def test_before_there_is_a_journal_nothing_is_adopted(settings: Settings) -> None:
    with open_app(settings, read_only=True) as app, pytest.raises(UnavailableError):
        app.adopt(row(credential("ci", current_key_id=None)), operator="ann")


def test_what_policy_ignores_is_not_adopted(settings: Settings) -> None:
    upgrade(settings)
    with (
        open_app(settings, read_only=True) as app,
        pytest.raises(RejectedError, match="policy ignores it"),
    ):
        app.adopt(row(None), operator="ann")


def test_what_is_managed_already_is_left_as_it_is(settings: Settings) -> None:
    upgrade(settings)
    managed = credential("ci", current_key_id=OLD_KEY)
    with open_app(settings, read_only=True) as app:
        app.journal.register(managed)

        assert app.adopt(row(managed), operator="ann") is None
        assert app.journal.credentials()[0].current_key_id == OLD_KEY
        assert app.journal.unsealed(limit=9) == ()
