"""A power cut before or after any call to consumers: they are moved once, and the old key waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Phase
from rotator.testing.fake_consumers import FakeConsumers
from tests.reconcile.test_consumers import API, FEED, WEB, Town

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerRef, ConsumersReading, ConsumerState
    from rotator.core.ids import Instant

METHODS = ("read", "refresh", "restart")


class PowerCutError(BaseException):
    """The process ends here."""


class Cutting(FakeConsumers):
    """A cluster during one of whose calls the power is cut, once."""

    method, is_after, left = "", False, 1

    def read(self, refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        self._before("read")
        reading = super().read(refs, mounts)
        self._after("read")
        return reading

    def refresh(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        self._before("refresh")
        super().refresh(state, at=at, not_after=not_after)
        self._after("refresh")

    def restart(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        self._before("restart")
        super().restart(state, at=at, not_after=not_after)
        self._after("restart")

    def _before(self, method: str) -> None:
        if not self.is_after:
            self._cut(method)

    def _after(self, method: str) -> None:
        if self.is_after:
            self._cut(method)

    def _cut(self, method: str) -> None:
        if method == self.method:
            self.left -= 1
            if self.left == 0:
                raise PowerCutError


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("method", METHODS)
def test_a_power_cut_costs_time_and_nothing_else(
    method: str, number: int, *, is_after: bool
) -> None:
    town = Town(FEED, API, WEB)
    cluster = Cutting(town.clock, town.wire, town.there)
    cluster.method, cluster.is_after, cluster.left = method, is_after, number
    town.cluster = cluster
    town.rotate()
    for _ in range(2):
        try:
            town.run(timedelta(days=9), until=Phase.COMPLETED)
        except PowerCutError:
            continue

    assert town.newest.phase is Phase.COMPLETED
    # A second refresh is harmless; a second rollout is not asked for.
    assert town.there[API].edition == 2
    assert town.there[WEB].edition == 2
    assert town.newest.refreshed_at is not None
