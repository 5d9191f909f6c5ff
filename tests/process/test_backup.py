"""Our own backup, a kill, the backup put back: a real daemon and a real SQLite journal."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.process.consumer import Consumer
from tests.process.installation import Installation, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


def back_up(site: Installation, folder: Path) -> None:
    """Copy the log and then the journal, as the manual says."""
    folder.mkdir()
    if site.audit.exists():
        shutil.copy(site.audit, folder)
    done = site.run("db", "backup", str(folder / site.database.name))
    assert done.returncode == 0, done.stderr
    assert "copied the journal to " in done.stdout


def restore(site: Installation, folder: Path) -> None:
    """Put what is left aside, and the backup in its place."""
    lost = site.folder / "lost"
    lost.mkdir()
    for file in [*site.folder.glob("rotator.db*"), site.audit]:
        file.rename(lost / file.name)
    for file in folder.iterdir():
        shutil.copy(file, site.folder)


@pytest.fixture
def site(aws: SimulatedAws, tmp_path: Path) -> Installation:
    made = Installation(tmp_path / "site", aws)
    made.add_user("old", days=80)
    return made


def test_a_backup_of_mid_rotation_is_put_back_after_a_kill_and_the_rotation_ends(
    site: Installation, hands: SimulatedClients, tmp_path: Path
) -> None:
    consumer = Consumer(site, hands, "old")
    with consumer.working():
        with site.daemon(is_measured=False) as daemon:
            eventually(lambda: len(site.user("old").keys) == 2, what="a new key")
            back_up(site, tmp_path / "backup")
            daemon.kill()
        restore(site, tmp_path / "backup")

        with site.daemon() as daemon:
            site.wait_for_replacement("old")
            assert daemon.stop() == 0

    assert site.calls_about("old", "CreateAccessKey") == 1
    assert consumer.refused == []
    records = [json.loads(line) for line in site.audit.read_text().splitlines()]
    assert [it["seq"] for it in records] == list(range(len(records)))


def test_a_backup_of_a_rotation_ago_is_put_back_after_a_kill_and_one_key_is_left(
    site: Installation, hands: SimulatedClients, tmp_path: Path
) -> None:
    consumer = Consumer(site, hands, "old")
    with consumer.working():
        with site.daemon(is_measured=False) as daemon:
            site.wait_for_replacement("old")
            back_up(site, tmp_path / "backup")
            first = site.published("old")
            assert site.run("keys", "rotate", "old").returncode == 0
            eventually(lambda: site.published("old") != first, what="a second new key")
            daemon.kill()
        second = site.published("old")
        restore(site, tmp_path / "backup")

        with site.daemon() as daemon:
            eventually(
                lambda: [key.access_key_id for key in site.user("old").keys] == [second],
                what="the second key alone",
            )
            assert site.published("old") == second
            assert daemon.stop() == 0

    assert site.calls_about("old", "CreateAccessKey") == 2
    assert consumer.refused == []
