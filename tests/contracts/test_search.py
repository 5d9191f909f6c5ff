"""The fake destination is searched as the real adapter is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.survey import Shape
from rotator.ports.destination import CanSearch
from rotator.testing.fake_destination import FakeDestination, WriteOnlyFakeDestination
from rotator.testing.manual_clock import ManualClock
from rotator.testing.search_contract import SearchContract
from tests.contracts.test_fakes import FakeDestinationBench

if TYPE_CHECKING:
    from rotator.testing.destination_bench import DestinationBench


class TestFakeSearch(SearchContract):
    @pytest.fixture
    def bench(self) -> DestinationBench:
        return FakeDestinationBench(FakeDestination)


def test_an_object_that_may_not_be_read_is_told_with_the_reason() -> None:
    bench = FakeDestinationBench(FakeDestination)
    ref = bench.new_ref()
    bench.create_by_hand(ref, "{}")
    bench.fake.objects[ref.id].is_readable = False
    assert isinstance(bench.fake, CanSearch)

    (found,) = bench.fake.search(ref.account, ref.region)
    assert (found.shape, found.code) == (Shape.UNREADABLE, "access_denied")


def test_what_cannot_be_read_cannot_be_searched() -> None:
    assert not isinstance(WriteOnlyFakeDestination(ManualClock()), CanSearch)
