"""`rotator run` as operators run it: a process, beside commands, until SIGTERM."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.process.consumer import Consumer
from tests.process.installation import MUTATING, Daemon, Installation, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


@dataclass(frozen=True)
class Running:
    site: Installation
    daemon: Daemon
    consumer: Consumer


@pytest.fixture(scope="module")
def running(
    aws: SimulatedAws, hands: SimulatedClients, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    site = Installation(tmp_path_factory.mktemp("running"), aws)
    site.add_user("old", days=80)
    site.add_user("young", days=5)
    consumer = Consumer(site, hands, "old")
    with ExitStack() as stack:
        stack.enter_context(consumer.working())
        yield Running(site, stack.enter_context(site.daemon()), consumer)


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=20)


def test_probes_and_metrics_answer(running: Running) -> None:
    url = running.daemon.url()

    assert get(f"{url}/livez").status_code == 200
    eventually(lambda: get(f"{url}/readyz").status_code == 200, what="readiness")
    assert "rotator_rotations_total" in get(f"{url}/metrics").text


def test_an_order_beside_the_daemon_starts_a_rotation(running: Running) -> None:
    site = running.site
    eventually(lambda: "young" in site.run("keys", "list").stdout, what="a first scan")

    ordered = site.run("keys", "rotate", "young")

    assert ordered.returncode == 0, ordered.stderr
    eventually(lambda: len(site.user("young").keys) == 2, what="a new key")


def test_a_second_daemon_on_the_journal_is_refused_with_a_remedy(running: Running) -> None:
    running.daemon.url()

    second = running.site.run("run")

    assert second.returncode == 1
    assert "rotator.db.lock" in second.stderr
    assert f"({running.daemon.process.pid})" in second.stderr
    assert "stop that process" in second.stderr
    assert "Traceback" not in second.stderr


def test_an_old_key_is_replaced_disabled_and_deleted(running: Running) -> None:
    site = running.site

    site.wait_for_replacement("old")

    (key,) = site.user("old").keys
    assert key.access_key_id == site.published("old")
    assert site.calls_about("old", "CreateAccessKey") == 1
    assert running.consumer.refused == []
    assert running.consumer.used[-1] == key.access_key_id


def test_the_daemon_tells_nothing_that_is_secret(running: Running) -> None:
    site, daemon = running.site, running.daemon
    site.wait_for_replacement("old")
    told = [get(f"{daemon.url()}/metrics").text, *(map(str, daemon.lines()))]
    told += [path.read_bytes().decode(errors="replace") for path in site.folder.iterdir()]

    for secret in site.secrets():
        assert not [text for text in told if secret in text]


def test_plan_mode_sends_nothing_that_changes_anything(
    aws: SimulatedAws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = Installation(tmp_path_factory.mktemp("planned"), aws, mode="plan")
    site.add_user("old", days=80)

    planned, done = site.run("plan"), site.run("once")

    assert planned.returncode == 0, planned.stderr
    assert "rotate" in planned.stdout
    assert done.returncode == 0, done.stderr
    assert done.stdout == "", "standard output is for answers, not for logs"
    assert site.calls("ListAccessKeys")
    assert site.calls(*MUTATING) == []


def test_nothing_is_changed_in_an_account_until_it_is_confirmed(
    aws: SimulatedAws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = Installation(tmp_path_factory.mktemp("unconfirmed"), aws, is_confirmed=False)
    site.add_user("old", days=80)

    before, sent = site.run("once"), site.calls(*MUTATING)
    confirmed = site.run("accounts", "confirm", site.account, "--yes")
    after = site.run("once")

    assert before.returncode == confirmed.returncode == after.returncode == 0, confirmed.stderr
    assert "account not confirmed" in before.stderr
    assert sent == []
    assert "1 key is rotated: old" in confirmed.stdout
    assert "iam/old" in confirmed.stdout
    assert site.calls_about("old", "CreateAccessKey") == 1
    assert "plan: not confirmed" not in site.run("accounts", "list").stdout


def test_the_package_runs_as_a_module(
    aws: SimulatedAws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = Installation(tmp_path_factory.mktemp("module"), aws)

    asked = site.run("--help")

    assert asked.returncode == 0
    assert asked.stdout.startswith("Usage: rotator ")
