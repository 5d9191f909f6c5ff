"""The journal's file is lost in the middle of a rotation: real adapters, a real SQLite journal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app, upgrade
from rotator.core.ids import AccountId
from rotator.core.rotation import Phase
from rotator.settings.loading import load
from tests.process.installation import MUTATING, Installation
from tests.process.stepping import Stepping

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


def lose(steps: Stepping) -> None:
    """Put the journal and the log of its chain aside, as the manual says."""
    for file in steps.site.folder.glob("rotator.db*"):
        file.rename(file.with_name(f"lost-{file.name}"))
    steps.site.audit.rename(steps.site.audit.with_name("lost.jsonl"))


def test_a_lost_journal_is_rebuilt_and_its_rotation_goes_on_once_somebody_confirms(
    stepped: SimulatedAws,
    stepped_hands: SimulatedClients,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = Stepping(tmp_path, stepped, stepped_hands)
    for name, value in steps.site.environ.items():
        monkeypatch.setenv(name, value)
    steps.site.add_user("old", days=80)
    steps.consumer.work()
    with steps.open() as app:
        while not any(item.phase is Phase.DISABLED for item in app.journal.rotations()):
            steps.go_on(timedelta(hours=1))
    lose(steps)

    sent = len(steps.site.calls(*MUTATING))
    settings = load(steps.site.file, steps.site.environ)
    upgrade(settings)
    with open_app(settings, read_only=True, clock=steps.clock) as app:
        (row,) = app.rebuild(app.rebuild_plan(), operator="ann")
    assert row.rebuilt is not None
    assert any(item.proof.startswith("replaced by ours") for item in row.rebuilt.findings)
    with steps.open():
        steps.go_on(timedelta(days=2))
    assert len(steps.site.calls(*MUTATING)) == sent
    assert len(steps.site.user("old").keys) == 2

    with steps.open() as app:
        app.confirm_account(AccountId(steps.site.account), operator="ann")
        steps.finish()

    assert steps.site.is_replaced("old")
    assert steps.consumer.refused == []


def test_without_a_journal_nothing_can_be_rebuilt(aws: SimulatedAws, tmp_path: Path) -> None:
    site = Installation(tmp_path, aws, mode="plan")
    site.add_user("old", days=80)

    assert site.run("rebuild", "--plan").returncode == 0
    refused = site.run("rebuild", "--yes")

    assert refused.returncode == 1
    assert "rotator db upgrade" in refused.stderr
