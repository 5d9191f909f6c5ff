"""Pictures through the real app, on a real SQLite journal, without any vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app, upgrade
from rotator.core.attestation import attest
from rotator.core.pictures import from_text
from rotator.settings.loading import load
from rotator.testing.manual_clock import ManualClock
from tests.builders import at, credential
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.settings.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    journal = f"journal: {{url: 'sqlite:///{tmp_path}/journal.db'}}\n"
    audit = f"audit: {{file: '{tmp_path}/audit.jsonl'}}\n"
    Files(tmp_path).write(f"{CONFIGURATION}mode: enforce\n{journal}{audit}")
    made = load(tmp_path / "rotator.yaml", {})
    upgrade(made)
    return made


def test_a_picture_is_attested_by_the_sealed_log(settings: Settings) -> None:
    clock = ManualClock(at(days=3))
    with open_app(settings, read_only=False, clock=clock) as app:
        app.journal.register(credential("ci-one", rule="ci", inspected_at=at(days=2)))
        app.pictures.keep_one_a_day(is_complete=True)
        app.seal()
        kept = app.journal.snapshot_at(at(days=4))
        assert kept is not None
        attested = attest(kept, app.journal.attesting(kept), ())

    picture = from_text(kept.body)
    assert attested.seq == 0
    assert (picture.log, picture.owner, picture.mode) == ("tests", "tests", "enforce")
    assert picture.policy == settings.policy_digest
    assert [(it.name, it.is_confirmed, it.root_keys) for it in picture.accounts] == [
        ("prod", False, None)
    ]
    assert [(it.principal, it.max_age) for it in picture.credentials] == [("ci-one", 90 * 86_400)]
    assert picture.unread == ()


def test_a_command_that_scans_nothing_does_not_claim_to_have_seen_all(settings: Settings) -> None:
    with open_app(settings, read_only=True) as app:
        assert app.pictures.now().unread is None
