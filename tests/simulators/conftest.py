"""One simulated AWS for each module, empty at the start of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import KeySeed, SecretSeed, UserSeed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.aws.shapes import SeededAccount

ACCOUNT = "111122223333"


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedAws]:
    with SimulatedAws() as process:
        yield process


@pytest.fixture
def aws(_process: SimulatedAws) -> SimulatedAws:
    """Return a simulated AWS without accounts, faults or calls."""
    _process.reset()
    return _process


@pytest.fixture(scope="module")
def clients(_process: SimulatedAws) -> SimulatedClients:
    """Return a maker of clients for `aws`; one for a module, as a session costs 0.1 s."""
    return SimulatedClients(_process.url)


@pytest.fixture
def account(aws: SimulatedAws) -> SeededAccount:
    """Return an account with user ``ci`` (one key, 100 days old) and its secret ``ci/key``."""
    return aws.seed(
        ACCOUNT,
        users=[UserSeed(name="ci", path="/svc/", keys=(KeySeed(age_seconds=100 * 86_400),))],
        secrets=[SecretSeed(name="ci/key", value="{}")],
    )
