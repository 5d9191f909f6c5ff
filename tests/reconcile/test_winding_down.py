"""Before rotator is removed, its rules say `report`: what has begun ends, and nothing begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rotator.core.rotation import Action, Phase
from tests.reconcile.estate import Estate


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
def test_what_has_begun_comes_to_its_end_when_policy_only_reports(phase: Phase) -> None:
    estate = Estate()
    estate.run(timedelta(days=90), until=phase)
    begun = estate.newest
    estate.register(replace(estate.credential(), action=Action.REPORT, destination=None))

    estate.run(timedelta(days=200))

    assert begun.phase is phase
    assert (estate.newest.id, estate.newest.phase) == (begun.id, Phase.COMPLETED)
    assert estate.enabled() == {begun.new_key_id}
    assert len(estate.journal.rotations()) == 1
