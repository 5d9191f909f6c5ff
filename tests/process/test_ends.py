"""The power fails between an effect and its answer; the next start puts things right.

The simulated AWS holds the answer back, so that the end falls between the two
every time. All ends happen side by side, for most of their time is waiting.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.aws.shapes import FaultKind, FaultRule
from tests.process.consumer import Consumer
from tests.process.installation import Daemon, Installation, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

POINTS = (
    "CreateAccessKey",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "UpdateAccessKey",
)


SIGTERM = "SIGTERM"


@dataclass(frozen=True)
class Outcome:
    """What became of one installation after its daemon's end and another start."""

    site: Installation
    consumer: Consumer
    failure: str


@pytest.fixture(scope="module")
def outcomes(
    aws: SimulatedAws, hands: SimulatedClients, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """Kill an installation at each point, start it again, and wait for it to come to rest."""
    folder = tmp_path_factory.mktemp("killed")
    with ThreadPoolExecutor(len(POINTS)) as pool:
        found = pool.map(lambda point: killed_at(point, folder / point, aws, hands), POINTS)
        return dict(zip(POINTS, found, strict=True))


def killed_at(point: str, folder: Path, aws: SimulatedAws, hands: SimulatedClients) -> Outcome:
    site = Installation(folder, aws)
    site.add_user("old", days=80)
    ours = site.seeded.admin.access_key_id
    aws.add_fault(FaultRule(kind=FaultKind.DELAY_ANSWER, operation=point, caller=ours, seconds=2))
    consumer = Consumer(site, hands, "old")
    failure = ""
    with consumer.working():
        try:
            with site.daemon() as daemon:
                eventually(lambda: site.calls(point), what=point)
                daemon.kill()
            with site.daemon() as daemon:
                site.wait_for_replacement("old")
                daemon.stop()
        except AssertionError as error:
            failure = str(error)
    return Outcome(site, consumer, failure)


@pytest.mark.parametrize("point", POINTS)
def test_after_a_kill_one_key_is_left_and_it_is_the_published_one(
    point: str, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[point]

    assert outcome.failure == ""
    (key,) = outcome.site.user("old").keys
    assert key.status == "Active"
    assert key.access_key_id == outcome.site.published("old")


@pytest.mark.parametrize("point", POINTS)
def test_no_kill_makes_consumers_see_a_refusal(point: str, outcomes: dict[str, Outcome]) -> None:
    consumer = outcomes[point].consumer

    assert consumer.refused == []
    assert consumer.used[-1] == outcomes[point].site.published("old")


@pytest.mark.parametrize("point", POINTS)
def test_no_kill_leaves_a_pending_version_behind(point: str, outcomes: dict[str, Outcome]) -> None:
    assert outcomes[point].site.secret("old").labelled("AWSPENDING") is None


@pytest.mark.parametrize("point", [point for point in POINTS if point != "CreateAccessKey"])
def test_a_key_that_is_accounted_for_is_not_minted_twice(
    point: str, outcomes: dict[str, Outcome]
) -> None:
    assert outcomes[point].site.calls_about("old", "CreateAccessKey") == 1
