"""The simulated cluster inside the process that calls it: no sockets, no waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.embedded import EmbeddedSimulator
from rotator.simulators.kubernetes.gateway import Gateway
from rotator.simulators.kubernetes.paths import target_of
from rotator.simulators.kubernetes.shapes import Call
from rotator.simulators.kubernetes.world import World
from rotator.simulators.simulated_time import BorrowedTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Clock
    from rotator.simulators.kubernetes.shapes import RemoteValue


class EmbeddedKubernetes(EmbeddedSimulator[Call]):
    """A simulated cluster without a process of its own.

    Attributes:
        world: Settings, objects, accounts, faults and calls, to be read and changed
            directly; see `seeding.seed` and `state.state_of`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        offset: timedelta = timedelta(0),
        seed: int = 0,
        remote: Callable[[str], RemoteValue | None] | None = None,
        on_call: Callable[[Call], None] = lambda _: None,
    ) -> None:
        """Start empty, with default settings.

        Args:
            clock: The time.
            offset: How far the cluster's clock is ahead of that one.
            seed: What generated uids and tokens come from.
            remote: What a secret store outside the cluster holds under a name, for
                External Secrets and the Secrets Store CSI driver.
            on_call: Is told of every call after its effect, late ones too.
        """
        time = BorrowedTime(clock, offset)
        self.world = World(time, seed=seed, remote=remote)
        super().__init__(time, self.world, Gateway(self.world), on_call)

    def operation_of(self, method: str, base: str, path: str) -> str:  # noqa: ARG002 - any host
        """Name what a request asks for, by method; empty for a path that nobody serves."""
        target = target_of(path)
        return f"{method.lower()}-{target.kind.plural}" if target else ""
