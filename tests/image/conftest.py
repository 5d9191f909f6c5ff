"""The image, built once, and a simulated AWS that is quick about everything."""

from __future__ import annotations

import pytest

from tests.image.containers import built
from tests.process.conftest import aws, hands

__all__ = ["aws", "hands"]


@pytest.fixture(scope="session")
def image() -> str:
    """Return the name of the image, as `make image` builds it."""
    return built("localhost/rotator:test")
