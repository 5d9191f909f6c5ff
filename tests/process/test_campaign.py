"""A short campaign on each journal: kills, freezes, and no promise broken.

`python -m tests.process.campaign` runs a long one; a failure here is looked into
with its seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.process.campaign.running import Campaign, Options

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Server
    from tests.process.campaign.running import Verdict

pytestmark = pytest.mark.process

SEED = 307


def run(folder: Path, journal: str, replicas: int, server: Server | None = None) -> Verdict:
    options = Options(
        journal=journal,
        replicas=replicas,
        users=6,
        seconds=90,
        kills=3,
        freezes=1,
        completed=2,
        seed=SEED,
        settle_seconds=120,
    )
    return Campaign(options, folder, print, server).run()


def assert_clean(verdict: Verdict) -> None:
    assert verdict.violations == []
    assert verdict.oddities == []
    assert verdict.settled_after is not None
    assert verdict.counts["kills"] >= 3
    assert verdict.counts["freezes"] >= 1
    assert verdict.counts["rotations completed"] >= 2


def test_one_daemon_on_sqlite_breaks_no_promise(tmp_path: Path) -> None:
    assert_clean(run(tmp_path, "sqlite", 1))


def test_two_replicas_on_postgres_break_no_promise(tmp_path: Path, postgres_server: Server) -> None:
    assert_clean(run(tmp_path, "postgres", 2, postgres_server))
