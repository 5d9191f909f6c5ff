"""The simulated CipherStash inside the process that calls it: no sockets, no waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.addresses import read_address
from rotator.simulators.cipherstash.gateway import Gateway
from rotator.simulators.cipherstash.routes import find_operation
from rotator.simulators.cipherstash.sockets import EmbeddedSockets
from rotator.simulators.cipherstash.transport import EmbeddedTransport, ignore_request
from rotator.simulators.cipherstash.world import World
from rotator.simulators.messages import HttpRequest
from rotator.simulators.simulated_time import BorrowedTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from rotator.ports.clock import Clock
    from rotator.simulators.cipherstash.shapes import Call
    from rotator.simulators.cipherstash.transport import OnRequest
    from rotator.simulators.messages import Answer


class EmbeddedCipherStash:
    """A simulated CipherStash without a process of its own; a process may have many.

    Attributes:
        time: Its clock, which is the caller's.
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
        self.time = BorrowedTime(clock, offset)
        self.world = World(self.time, seed=seed)
        self._gateway = Gateway(self.world)
        self._on_call = on_call
        self._told = 0

    def handle(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        base: str,
        *,
        on_request: OnRequest = ignore_request,
    ) -> Answer | None:
        """Carry out one call; None means that no answer arrives.

        Args:
            method: Such as ``POST``.
            url: Path and query.
            headers: By name, in any case.
            body: As it is on the wire.
            base: Scheme and host by which the service was called: the vendor's own, as
                in ``https://us-east-1.aws.cts.cipherstashmanaged.net``, or any other,
                for which the path decides as on the loopback interface.
            on_request: Is told of the request before and after its effect.
        """
        path, _, query = url.partition("?")
        asked = find_operation(read_address(base, path), method, self.world.settings.moved)
        operation = asked[0].name if isinstance(asked, tuple) else ""
        on_request(operation, is_over=False)
        self.land()
        lowered = {name.lower(): value for name, value in headers.items()}
        request = HttpRequest(method=method, path=path, query=query, headers=lowered, body=body)
        answer = self._gateway.answer(request, base)
        self._tell()
        on_request(operation, is_over=True)
        return answer

    def transport(self, *, on_request: OnRequest = ignore_request) -> EmbeddedTransport:
        """Return what an `httpx.Client` sends through, so that nothing leaves the process."""
        return EmbeddedTransport(self, on_request=on_request)

    def sockets(self, *, on_request: OnRequest = ignore_request) -> EmbeddedSockets:
        """Return what httpcore connects through, so that nothing leaves the process."""
        return EmbeddedSockets(self, on_request=on_request)

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, by the service's clock."""
        return self._gateway.next_landing()

    def land(self) -> None:
        """Let every late request take effect whose time has come, each at its own instant."""
        while (due := self._gateway.next_landing()) is not None and due <= self.world.now():
            with self.time.held_at(due):
                self._gateway.land_due()
                self._tell()

    def _tell(self) -> None:
        while self._told < len(self.world.calls):
            self._told += 1
            self._on_call(self.world.calls[self._told - 1])
