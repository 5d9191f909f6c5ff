"""A vendor of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.http_provider.shapes import House
from tests.adapters.http_provider.vendor import Vendor, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def house() -> Iterator[House]:
    vendor = Vendor()
    with serving(vendor) as url:
        house = House(vendor=vendor, url=url)
        yield house
        for client in house.clients:
            client.close()
