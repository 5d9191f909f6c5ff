"""One simulated CipherStash for each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.simulators.cipherstash.process import SimulatedCipherStash
from tests.adapters.cipherstash.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedCipherStash]:
    with SimulatedCipherStash() as process:
        yield process


@pytest.fixture
def service(_process: SimulatedCipherStash) -> Iterator[Service]:
    _process.reset()
    made = Service(_process)
    yield made
    made.close()
