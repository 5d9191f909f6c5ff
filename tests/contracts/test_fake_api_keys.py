"""The fake account of an HTTP API keeps the contract that the real one is held to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKeyWish
from rotator.testing.api_keys_contract import ApiKeysBench, ApiKeysContract
from rotator.testing.fake_api_keys import FakeApiKeys
from rotator.testing.manual_clock import ManualClock
from tests.contracts.test_fakes import FAILURES

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rotator.core.ids import Instant
    from rotator.testing.bench import Fault


class FakeApiKeysBench(ApiKeysBench):
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fake = FakeApiKeys(self.clock)

    @property
    def keys(self) -> FakeApiKeys:
        return self.fake

    def entered_as_nobody(self) -> FakeApiKeys:
        self.fake.is_admin = False
        return self.fake

    def now(self) -> Instant:
        return self.clock.now()

    def advance(self, period: timedelta) -> None:
        self.clock.advance(period)

    def settle(self) -> None:
        self.clock.advance(self.fake.revoke_lag)

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        return self.fake.wire.breaking(FAILURES[fault])


class TestFakeApiKeys(ApiKeysContract):
    @pytest.fixture
    def bench(self) -> FakeApiKeysBench:
        bench = FakeApiKeysBench()
        bench.fake.own = bench.fake.add(ApiKeyWish(name="rotator-admin")).key.key_id
        return bench


class TestFakeThatTellsLittle(ApiKeysContract):
    """One that tells of no uses, gives no ends, and is slow to end a key."""

    @pytest.fixture
    def bench(self) -> FakeApiKeysBench:
        bench = FakeApiKeysBench()
        bench.fake.does_tell_use, bench.fake.refuses_lifetime = False, True
        bench.fake.revoke_lag = timedelta(seconds=30)
        return bench
