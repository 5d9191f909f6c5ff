"""Workspaces keep the port's contract: the real one in front of the simulator, and the fake."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.providers.cipherstash.workspace import CipherStashWorkspace
from rotator.simulators.cipherstash.shapes import ADMIN_NAME, FaultKind
from rotator.testing.bench import Fault
from rotator.testing.workspace_contract import WorkspaceBench, WorkspaceContract

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from rotator.core.ids import Instant, KeyId
    from rotator.core.workspace import AccessRole
    from tests.adapters.cipherstash.service import Service

KINDS = {
    Fault.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Fault.THROTTLED: FaultKind.THROTTLE,
    Fault.DENIED: FaultKind.ACCESS_DENIED,
}


class CipherStashBench(WorkspaceBench):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._workspace = CipherStashWorkspace(service.admission)
        # Enter before a fault can meet the entrance instead of the call.
        self._workspace.keysets()
        self._workspace.access_keys()

    @property
    def workspace(self) -> CipherStashWorkspace:
        return self._workspace

    def entered_as(self, role: AccessRole) -> CipherStashWorkspace:
        key = self._service.access_key(f"the-{role}")
        config = replace(self._service.new_config(), admin=lambda: key)
        return CipherStashWorkspace(self._service.new_admission(config))

    @property
    def own_name(self) -> str:
        return ADMIN_NAME

    def new_device(self) -> KeyId:
        return self._service.new_client("laptop", is_device=True).key_id

    def now(self) -> Instant:
        return self._service.clock.now()

    def advance(self, period: timedelta) -> None:
        self._service.clock.sleep(period.total_seconds())

    def settle(self) -> None:
        self._service.clock.sleep(self._service.process.settings().list_lag_seconds)

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        return self._service.failing(KINDS[fault])


class TestCipherStash(WorkspaceContract):
    @pytest.fixture
    def bench(self, service: Service) -> CipherStashBench:
        return CipherStashBench(service)


class TestCipherStashWithOldListings(WorkspaceContract):
    """Listings that are a minute old."""

    @pytest.fixture
    def bench(self, service: Service) -> CipherStashBench:
        service.clock.sleep(60)
        service.configure(list_lag_seconds=60)
        return CipherStashBench(service)
