"""The fake workspace keeps the contract that the real one is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.workspace import AccessRole
from rotator.testing.fake_workspace import FakeWorkspace
from rotator.testing.manual_clock import ManualClock
from rotator.testing.workspace_contract import WorkspaceBench, WorkspaceContract
from tests.contracts.test_fakes import FAILURES

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from rotator.core.ids import Instant, KeyId
    from rotator.testing.bench import Fault


class FakeWorkspaceBench(WorkspaceBench):
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fake = FakeWorkspace(self.clock)
        self.fake.add_access_key(self.fake.own_name, AccessRole.ADMIN)

    @property
    def workspace(self) -> FakeWorkspace:
        return self.fake

    def entered_as(self, role: AccessRole) -> FakeWorkspace:
        self.fake.role = role
        return self.fake

    @property
    def own_name(self) -> str:
        return self.fake.own_name

    def new_device(self) -> KeyId:
        return self.fake.add_client("laptop", is_device=True).key_id

    def now(self) -> Instant:
        return self.clock.now()

    def advance(self, period: timedelta) -> None:
        self.clock.advance(period)

    def settle(self) -> None:
        """Everything is seen at once."""

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        return self.fake.wire.breaking(FAILURES[fault])


class TestFakeWorkspace(WorkspaceContract):
    @pytest.fixture
    def bench(self) -> FakeWorkspaceBench:
        return FakeWorkspaceBench()
