"""Each promise holds on the simulated AWS and is broken by stock moto.

The second half of that is what shows the first half to be worth something: a
promise that stock moto keeps as well would not test a patch. The numbers are
the rows of the table of moto's divergences.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.moto_patches import restore_moto
from rotator.simulators.aws.shapes import Credentials
from tests.simulators import promises_of_iam, promises_of_secrets
from tests.simulators.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.simulators.aws.process import SimulatedAws

TRIES = 5
PROMISES = [*promises_of_iam.PROMISES, *promises_of_secrets.PROMISES]


@pytest.fixture
def simulated(aws: SimulatedAws, clients: SimulatedClients) -> Cloud:
    """Return the simulated AWS."""
    return Cloud(aws.url, aws.seed("111122223333").admin, clients, aws.advance, aws.now)


@pytest.fixture(scope="module")
def stock() -> Iterator[Cloud]:
    """Return moto as it is installed, whatever an embedded AWS made of it before."""
    restore_moto()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    admin = Credentials(access_key_id="AKIAAAAAAAAAAAAAAAAA", secret_access_key="testing")
    url = f"http://{host}:{port}"
    yield Cloud(url, admin, SimulatedClients(url), lambda _: None, lambda: datetime.now(UTC))
    server.stop()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_simulated_aws_keeps_the_promise(
    promise: Callable[[Cloud], None], simulated: Cloud
) -> None:
    """It does what AWS does."""
    promise(simulated)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_stock_moto_breaks_the_promise(promise: Callable[[Cloud], None], stock: Cloud) -> None:
    """When this fails, moto has caught up and the patch can go."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        tried(promise, stock)


def tried(promise: Callable[[Cloud], None], cloud: Cloud) -> None:
    """Try more than once, for a race between threads is not lost each time."""
    for _ in range(TRIES):
        promise(cloud)
