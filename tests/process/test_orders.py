"""Orders beside a running daemon: real processes, one SQLite journal, the simulated AWS."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.process.consumer import Consumer
from tests.process.installation import Installation, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

WHY = ("--reason", "asked the team", "--yes")


class Operator:
    """Types commands beside a daemon that is at work."""

    def __init__(self, site: Installation) -> None:
        self.site = site

    def types(self, *words: str) -> CompletedProcess[str]:
        done = self.site.run(*words)
        assert done.returncode == 0, done.stderr
        return done

    def rotation(self) -> dict[str, Any]:
        """Read the newest rotation, once there is one."""
        told = eventually(
            lambda: self.site.run("rotations", "list", "--json").stdout, what="a list"
        )
        rows = json.loads(told)
        return rows[0] if rows else {}

    def waits_for(self, what: str, **facts: object) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            row = self.rotation()
            return row if facts.items() <= row.items() else None

        return eventually(probe, what=what)


@pytest.fixture
def site(aws: SimulatedAws, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("ordered"), aws)
    made.add_user("old", days=80)
    policy = made.folder / "policy.yaml"
    # A command takes a second to start: the rotation must still be there then.
    policy.write_text(policy.read_text().replace("min: 1s", "min: 15s"))
    return made


@pytest.fixture
def consumer(site: Installation, hands: SimulatedClients) -> Iterator[Consumer]:
    with Consumer(site, hands, "old").working() as working:
        yield working


def test_pause_rollback_and_resume_beside_a_daemon_refuse_no_consumer(
    site: Installation, consumer: Consumer
) -> None:
    operator = Operator(site)
    with ExitStack() as stack:
        daemon = stack.enter_context(site.daemon())
        operator.waits_for("a promoted key", phase="promoted")
        operator.types("pause", "--everything", *WHY)
        row = operator.rotation()
        old, new = row["oldKeyId"], row["newKeyId"]

        operator.types("rotations", "rollback", row["id"], *WHY)

        eventually(lambda: site.published("old") == old, what="the old key current again")
        row = operator.waits_for("a swap", oldKeyId=new, newKeyId=old)
        assert row["isPaused"] is True
        assert row["reversedAt"] is not None
        listed = json.loads(operator.types("pauses", "--json").stdout)
        assert [item["principal"] for item in listed] == [None, "old"]
        assert {key.status for key in site.user("old").keys} == {"Active"}

        operator.types("resume", "--everything", "--yes")
        operator.types("resume", "--principal", "old", "--yes")

        eventually(
            lambda: new not in {key.access_key_id for key in site.user("old").keys},
            what="the end of the key that was rolled back",
        )
        assert daemon.stop() == 0
    assert consumer.refused == []


def test_a_daemon_that_is_told_to_stop_while_it_starts_ends_in_good_order(
    site: Installation,
) -> None:
    with site.daemon(is_measured=False) as daemon:
        caught = f"/proc/{daemon.process.pid}/status"
        eventually(lambda: _hears_sigterm(caught), what="somebody who hears SIGTERM")

        code = daemon.stop()

    assert code == 0
    assert daemon.told("daemon stopped")


def _hears_sigterm(status: str) -> bool:
    with open(status, encoding="ascii") as lines:  # noqa: PTH123 - no file of ours
        mask = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(mask, 16) & 1 << 14)
