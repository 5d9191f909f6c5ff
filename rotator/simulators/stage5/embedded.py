"""The simulated Stage5 inside the process that calls it: no sockets, no waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.embedded import EmbeddedSimulator
from rotator.simulators.simulated_time import BorrowedTime
from rotator.simulators.stage5.gateway import Gateway
from rotator.simulators.stage5.routes import find_operation
from rotator.simulators.stage5.shapes import Call
from rotator.simulators.stage5.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Clock


class EmbeddedStage5(EmbeddedSimulator[Call]):
    """A simulated Stage5 without a process of its own.

    Attributes:
        world: Settings, workspaces, faults and calls, to be read and changed directly.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        offset: timedelta = timedelta(0),
        seed: int = 0,
        on_call: Callable[[Call], None] = lambda _: None,
    ) -> None:
        """Start empty, with default settings.

        Args:
            clock: The time.
            offset: How far the service's clock is ahead of that one.
            seed: What generated ids and secrets come from.
            on_call: Is told of every call after its effect, late ones too.
        """
        time = BorrowedTime(clock, offset)
        self.world = World(time, seed=seed)
        super().__init__(time, self.world, Gateway(self.world), on_call)

    def operation_of(self, method: str, base: str, path: str) -> str:  # noqa: ARG002 - any host
        """Name what a request asks for; empty for a path that nobody serves."""
        asked = find_operation(method, path)
        return asked[0].name if isinstance(asked, tuple) else ""
