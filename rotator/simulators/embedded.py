"""A simulator inside the process that calls it: no sockets, no waiting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rotator.simulators.embedded_sockets import EmbeddedSockets
from rotator.simulators.embedded_transport import EmbeddedTransport, ignore_request
from rotator.simulators.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from rotator.simulators.embedded_transport import OnRequest
    from rotator.simulators.messages import Answer
    from rotator.simulators.simulated_time import BorrowedTime

CallT = TypeVar("CallT")
CallT_co = TypeVar("CallT_co", covariant=True)


class Door(Protocol):
    """The simulator's front door."""

    def answer(self, request: HttpRequest, base: str) -> Answer | None:
        """Carry out one call; None means that the connection must be dropped."""
        ...

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, if one is under way."""
        ...

    def land_due(self) -> None:
        """Carry out the late requests whose time has come."""
        ...


class LoggedWorld(Protocol[CallT_co]):
    """A world that remembers calls."""

    @property
    def calls(self) -> Sequence[CallT_co]:
        """Return the calls so far, oldest first."""
        ...

    def now(self) -> datetime:
        """Return the exact simulated instant."""
        ...


class EmbeddedSimulator(ABC, Generic[CallT]):
    """A simulator without a process of its own; a process may have many.

    Attributes:
        time: Its clock, which is the caller's.
    """

    def __init__(
        self,
        time: BorrowedTime,
        world: LoggedWorld[CallT],
        door: Door,
        on_call: Callable[[CallT], None],
    ) -> None:
        """Serve a world through its door.

        Args:
            time: The time; late requests land as soon as it is looked at again.
            world: What is behind the door.
            door: Where calls arrive.
            on_call: Is told of every call after its effect, late ones too; then the
                world tells the instant of the effect.
        """
        self.time = time
        self._logged, self._door, self._on_call = world, door, on_call
        self._told = 0

    @abstractmethod
    def operation_of(self, method: str, base: str, path: str) -> str:
        """Name what a request asks for; empty for a path that nobody serves."""

    def now(self) -> datetime:
        """Return the instant by the simulator's clock."""
        return self._logged.now()

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
            base: Scheme and host by which the service was called.
            on_request: Is told of the request before and after its effect.
        """
        path, _, query = url.partition("?")
        operation = self.operation_of(method, base, path)
        on_request(operation, is_over=False)
        self.land()
        lowered = {name.lower(): value for name, value in headers.items()}
        request = HttpRequest(method=method, path=path, query=query, headers=lowered, body=body)
        answer = self._door.answer(request, base)
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
        return self._door.next_landing()

    def land(self) -> None:
        """Let every late request take effect whose time has come, each at its own instant."""
        while (due := self._door.next_landing()) is not None and due <= self.now():
            with self.time.held_at(due):
                self._door.land_due()
                self._tell()

    def _tell(self) -> None:
        while self._told < len(self._logged.calls):
            self._told += 1
            self._on_call(self._logged.calls[self._told - 1])
