"""The fake cluster keeps the contract that the real one is held to."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from rotator.core.consumers import ConsumerKind, ConsumerRef
from rotator.testing.consumers_bench import ConsumersBench
from rotator.testing.consumers_contract import ConsumersContract
from rotator.testing.fake_consumers import FakeConsumers
from tests.contracts.test_fakes import FakeBench

if TYPE_CHECKING:
    from rotator.ports.consumers import Consumers


class FakeConsumersBench(FakeBench, ConsumersBench):
    """A fake cluster and whoever deploys to it."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeConsumers(self.clock, self.wire)
        self.names = count(1)

    @property
    def consumers(self) -> Consumers:
        return self.fake

    def settle(self) -> None:
        self.advance(timedelta(minutes=5))

    def new_feed(self) -> ConsumerRef:
        return self._new(ConsumerKind.EXTERNAL_SECRET)

    def new_workload(self) -> ConsumerRef:
        return self._new(ConsumerKind.DEPLOYMENT)

    def new_mount(self, name: str, version: str) -> ConsumerRef:
        self.fake.published = {name: version}
        return self._new(ConsumerKind.MOUNT)

    def pause_by_hand(self, ref: ConsumerRef) -> None:
        self.fake.living[ref].obstacle = "is paused"

    def change_by_hand(self, ref: ConsumerRef) -> None:
        self.fake.living[ref].edition += 1

    def _new(self, kind: ConsumerKind) -> ConsumerRef:
        ref = ConsumerRef(kind=kind, namespace="shop", name=f"c-{next(self.names)}")
        self.fake.add(ref)
        return ref


class TestFakeConsumers(ConsumersContract):
    @pytest.fixture
    def bench(self) -> FakeConsumersBench:
        return FakeConsumersBench()


def test_a_consumer_that_is_broken_or_ill_is_not_well() -> None:
    bench = FakeConsumersBench()
    ref = bench.new_workload()
    broken = bench.fake.living[ref]
    before = bench.fake.read((ref,), "x").states[0]
    bench.fake.restart(before, at=bench.now(), not_after=bench.soon())
    broken.is_broken = True
    bench.settle()

    assert not bench.fake.read((ref,), "x").states[0].is_well
    broken.is_broken, broken.is_ill = False, True
    assert not bench.fake.read((ref,), "x").states[0].is_well
