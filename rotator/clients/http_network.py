"""Connections to addresses that were checked, and the end of a call's time.

httpcore opens, keeps and shares connections, and asks this backend for the bytes.
Here a name is resolved once, each address is judged, and the connection is made to
the very address that was judged; certificate and ``Host`` stay with the name. And
here every read and write is measured against the whole call's deadline, so that a
server that sends a byte now and then gains nothing.

A connection outlives the call that opened it, so both find the call under way in a
context variable, which each thread has for itself.
"""

from __future__ import annotations

import socket
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import httpcore

from rotator.clients.http_guard import refusal
from rotator.errors import ConflictError, RejectedError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence

    from rotator.clients.http_guard import Origin
    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock

    Resolve = Callable[[str, int], Sequence[str]]


class Stage(StrEnum):
    """How far a call has come; what fails before `SENT` surely was not done."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    SENT = "sent"


@dataclass(slots=True, kw_only=True)
class Call:
    """A call under way; its stage is written by the network as it goes.

    Attributes:
        ends_at: By `monotonic`: nothing is read or written later.
        not_after: By `clock`: nothing is sent later.
    """

    operation: str
    subject: str
    origin: Origin
    is_change: bool
    clock: Clock
    monotonic: Callable[[], float]
    ends_at: float
    not_after: Instant | None
    stage: Stage = Stage.CONNECT

    @property
    def host(self) -> str:
        """Return whom it is sent to."""
        return self.origin.host

    def seconds_left(self) -> float:
        """Return how much of its time is left; not positive when it is over."""
        return self.ends_at - self.monotonic()

    def leave(self) -> None:
        """Note that its first byte is about to be sent.

        Raises:
            ConflictError: It is later than `not_after`.
        """
        if self.stage is Stage.SENT:
            return
        if self.not_after is not None and self.clock.now() > self.not_after:
            msg = f"{self.operation} was not sent: its time was over"
            raise ConflictError(msg, subject=self.subject, code="too_late")
        self.stage = Stage.SENT


CALL: ContextVar[Call] = ContextVar("rotator_http_call")
"""The call that a thread is making; set around everything that httpcore does."""


def system_addresses(host: str, port: int) -> list[str]:
    """Ask the system's resolver for a name's addresses, the preferred one first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Network(httpcore.NetworkBackend):
    """Opens connections to addresses that may be connected to."""

    def __init__(
        self,
        resolve: Resolve,
        *,
        allow_private: bool,
        sockets: httpcore.NetworkBackend | None = None,
    ) -> None:
        """Ask `resolve` for addresses; may raise `OSError`, and takes its own time."""
        self._resolve = resolve
        self._allow_private = allow_private
        self._sockets = sockets or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a name's good addresses that answers.

        Raises:
            RejectedError: The name leads nowhere that may be connected to.
            httpcore.ConnectError: It leads nowhere, or nobody answers.
            httpcore.ConnectTimeout: Nobody answers in time.
        """
        call = CALL.get()
        call.stage = Stage.RESOLVE
        addresses = self._good_addresses(host, port, call)
        call.stage = Stage.CONNECT
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            patience = _patience(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, patience, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream)
        raise failure

    def _good_addresses(self, host: str, port: int, call: Call) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name was not resolved") from None
        reasons = {
            address: refusal(address, scheme=call.origin.scheme, allow_private=self._allow_private)
            for address in found
        }
        good = [address for address, reason in reasons.items() if not reason]
        if reasons and not good:
            msg = f"{call.operation} was not sent to {host}: {next(iter(reasons.values()))}"
            raise RejectedError(msg, subject=call.subject, code="address_refused")
        return good


class TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends when the call's time does."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        """Take over an open connection."""
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has arrived, empty at the end; raises as httpcore's streams do."""
        return self._stream.read(max_bytes, _patience(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send; raises as httpcore's streams do, and `ConflictError` as `Call.leave` does."""
        CALL.get().leave()
        self._stream.write(buffer, _patience(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Prove that the server is whom the name means; raises as httpcore's streams do."""
        CALL.get().stage = Stage.TLS
        patience = _patience(timeout, httpcore.ConnectTimeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, patience))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        """Return what httpcore knows of the connection."""
        return self._stream.get_extra_info(info)


def _patience(timeout: float | None, late: type[Exception]) -> float:
    """Return how long a step may take, in seconds, more than zero."""
    left = CALL.get().seconds_left()
    if left <= 0:
        msg = "the call's time is over"
        raise late(msg)
    return left if timeout is None else min(timeout, left)
