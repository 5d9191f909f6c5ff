"""Two simulated AWS for the session: one in real time, one whose clock a test moves."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import Settings
from rotator.telemetry.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = Settings(
    propagation_delay_seconds=0.5, revocation_lag_seconds=0, last_used_quantum_seconds=1
)


@pytest.fixture(scope="session")
def aws() -> Iterator[SimulatedAws]:
    """Return a simulated AWS that ticks with the machine and is quick about everything."""
    now = SystemClock().now().astimezone(UTC)
    with SimulatedAws(start=now, is_ticking=True) as process:
        process.configure(QUICK)
        yield process


@pytest.fixture(scope="session")
def hands(aws: SimulatedAws) -> SimulatedClients:
    """Return a maker of clients for `aws`."""
    return SimulatedClients(aws.url)


@pytest.fixture(scope="session")
def stepped() -> Iterator[SimulatedAws]:
    """Return a simulated AWS that is as slow and coarse as the real one, on its own clock."""
    with SimulatedAws() as process:
        yield process


@pytest.fixture(scope="session")
def stepped_hands(stepped: SimulatedAws) -> SimulatedClients:
    """Return a maker of clients for `stepped`."""
    return SimulatedClients(stepped.url)
