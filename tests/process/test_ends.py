"""However a daemon ends between an effect and its answer, the next start puts things right.

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

SIGTERM = "SIGTERM"
MINT = "CreateAccessKey"
STORED = ("PutSecretValue", "UpdateSecretVersionStage", "UpdateAccessKey")
WAYS = (MINT, *STORED, SIGTERM)
"""The call behind which the daemon is killed; or it is asked to end, behind PutSecretValue."""


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
    """End a daemon in each way, start another, and wait until things have come to rest."""
    folder = tmp_path_factory.mktemp("ended")
    with ThreadPoolExecutor(len(WAYS)) as pool:
        found = pool.map(lambda way: ended(way, folder / way, aws, hands), WAYS)
        return dict(zip(WAYS, found, strict=True))


def ended(way: str, folder: Path, aws: SimulatedAws, hands: SimulatedClients) -> Outcome:
    site = Installation(folder, aws)
    site.add_user("old", days=80)
    point = "PutSecretValue" if way == SIGTERM else way
    ours = site.seeded.admin.access_key_id
    aws.add_fault(FaultRule(kind=FaultKind.DELAY_ANSWER, operation=point, caller=ours, seconds=1))
    consumer, failure = Consumer(site, hands, "old"), ""
    with consumer.working():
        try:
            with site.daemon() as daemon:
                eventually(lambda: site.calls(point), what=point)
                if way == SIGTERM:
                    drain(site, daemon)
                else:
                    daemon.kill()
            with site.daemon() as daemon:
                eventually(lambda: is_at_rest(way, site), what=f"rest after {way}")
                assert daemon.stop() == 0, "the second daemon did not end well"
        except AssertionError as error:
            failure = str(error)
    return Outcome(site, consumer, failure)


def drain(site: Installation, daemon: Daemon) -> None:
    assert daemon.stop() == 0, "not a clean end"
    assert (daemon.told("daemon stopped") or {})["drained"] is True, "not drained"
    assert site.calls("UpdateSecretVersionStage"), "what was begun was not finished"


def is_at_rest(way: str, site: Installation) -> bool:
    """Whether the old key is replaced, or the key whose secret died with the process is gone.

    The second try after a lost key comes a minute later: too long to wait for here.
    """
    return len(site.truth().deleted_keys) == 1 if way == MINT else site.is_replaced("old")


@pytest.mark.parametrize("way", WAYS)
def test_one_key_is_left_and_it_is_the_published_one(
    way: str, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[way]

    assert outcome.failure == ""
    (key,) = outcome.site.user("old").keys
    assert key.status == "Active"
    assert key.access_key_id == outcome.site.published("old")


@pytest.mark.parametrize("way", WAYS)
def test_consumers_never_see_a_refusal(way: str, outcomes: dict[str, Outcome]) -> None:
    consumer = outcomes[way].consumer

    assert consumer.refused == []
    assert consumer.used[-1] == outcomes[way].site.published("old")


@pytest.mark.parametrize("way", WAYS)
def test_no_version_is_left_pending(way: str, outcomes: dict[str, Outcome]) -> None:
    assert outcomes[way].site.secret("old").labelled("AWSPENDING") is None


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_minted_twice(way: str, outcomes: dict[str, Outcome]) -> None:
    assert outcomes[way].site.calls_about("old", MINT) == 1
