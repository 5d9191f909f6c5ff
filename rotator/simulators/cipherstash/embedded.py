"""The simulated CipherStash inside the process that calls it: no sockets, no waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.addresses import read_address
from rotator.simulators.cipherstash.gateway import Gateway
from rotator.simulators.cipherstash.routes import find_operation
from rotator.simulators.cipherstash.shapes import Call
from rotator.simulators.cipherstash.world import World
from rotator.simulators.embedded import EmbeddedSimulator
from rotator.simulators.simulated_time import BorrowedTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Clock


class EmbeddedCipherStash(EmbeddedSimulator[Call]):
    """A simulated CipherStash without a process of its own; a process may have many.

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
            clock: The time; late requests land as soon as it is looked at again.
            offset: How far the service's clock is ahead of that one.
            seed: What generated ids and secrets come from.
            on_call: Is told of every call after its effect, late ones too; then
                `world` tells the instant of the effect.
        """
        time = BorrowedTime(clock, offset)
        self.world = World(time, seed=seed)
        super().__init__(time, self.world, Gateway(self.world), on_call)

    def operation_of(self, method: str, base: str, path: str) -> str:
        """Name what a request asks for; empty for a path that nobody serves.

        Args:
            method: Such as ``POST``.
            base: Scheme and host: the vendor's own, as in
                ``https://us-east-1.aws.cts.cipherstashmanaged.net``, or any other, for
                which the path decides as on the loopback interface.
            path: Without a query.
        """
        asked = find_operation(read_address(base, path), method, self.world.settings.moved)
        return asked[0].name if isinstance(asked, tuple) else ""
