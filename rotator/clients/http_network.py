"""Connections to addresses that were checked, and the end of a call's time.

httpcore opens, keeps and shares connections, and asks this backend for the bytes.
Here a name is resolved once, each address is judged, and the connection is made to
the very address that was judged; certificate and ``Host`` stay with the name. And
here every read and write is measured against the whole call's deadline, so that a
server that sends a byte now and then gains nothing.

Through a proxy it is the proxy's address that is resolved and judged: the
operator's own word, so that a private one is taken. See `http_proxy` for what is
then still known of the vendor's.

A connection outlives the call that opened it, so both find the call under way in a
context variable, which each thread has for itself.
"""

from __future__ import annotations

import socket
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import httpcore

from rotator.clients.http_guard import refusal
from rotator.clients.http_proxy import literal_refusal, open_tunnel
from rotator.clients.http_tls import pin_of
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
    PROXY = "proxy"
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
        proxy: Origin | None = None,
        pins: frozenset[str] = frozenset(),
        sockets: httpcore.NetworkBackend | None = None,
    ) -> None:
        """Prepare.

        Args:
            resolve: Asked for addresses; may raise `OSError`, and takes its own time.
            allow_private: Let them be private ones.
            proxy: What every connection goes through; None goes straight.
            pins: Public keys of which the server must have one; empty takes any.
            sockets: Opens connections; the system's if None.
        """
        self._resolve = resolve
        self._allow_private = allow_private
        self._proxy = proxy
        self._pins = pins
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
            UnavailableError: The proxy makes no connection to it.
            httpcore.ConnectError: It leads nowhere, or nobody answers.
            httpcore.ConnectTimeout: Nobody answers in time.
        """
        call = CALL.get()
        call.stage = Stage.RESOLVE
        if self._proxy is None:
            refused = partial(refusal, scheme=call.origin.scheme, allow_private=self._allow_private)
            addresses = self._good_addresses(host, port, call, refused)
        else:
            addresses = self._proxy_addresses(self._proxy, call)
            port = self._proxy.port
        call.stage = Stage.CONNECT
        opening = partial(
            self._sockets.connect_tcp, local_address=local_address, socket_options=socket_options
        )
        stream = _connected(opening, addresses, port, timeout)
        if self._proxy is not None:
            _tunnelled(stream, call, timeout)
        return TimedStream(stream, self._pins)

    def _proxy_addresses(self, proxy: Origin, call: Call) -> list[str]:
        reason = literal_refusal(call, allow_private=self._allow_private)
        if reason:
            raise _refused(call, call.host, reason)
        # The operator named the proxy: only what is nobody's address is refused.
        refused = partial(refusal, scheme="https", allow_private=True)
        return self._good_addresses(proxy.host, proxy.port, call, refused)

    def _good_addresses(
        self, host: str, port: int, call: Call, refused: Callable[[str], str]
    ) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name was not resolved") from None
        reasons = {address: refused(address) for address in found}
        good = [address for address, reason in reasons.items() if not reason]
        if reasons and not good:
            raise _refused(call, host, next(iter(reasons.values())))
        return good


class TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends when the call's time does."""

    def __init__(self, stream: httpcore.NetworkStream, pins: frozenset[str] = frozenset()) -> None:
        """Take over an open connection; over TLS only to a server with one of these keys."""
        self._stream = stream
        self._pins = pins

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
        """Prove that the server is whom the name means; raises as httpcore's streams do.

        Raises:
            RejectedError: It is, but has none of the keys that were pinned.
        """
        CALL.get().stage = Stage.TLS
        patience = _patience(timeout, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, patience)
        if self._pins and _pin(stream) not in self._pins:
            stream.close()
            call = CALL.get()
            msg = f"{call.operation} was not sent: {call.host} has none of the pinned keys"
            hint = "see whether the vendor has changed its key, and ask it for the new one"
            raise RejectedError(msg, subject=call.subject, code="pin_refused", hint=hint)
        return TimedStream(stream)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        """Return what httpcore knows of the connection."""
        return self._stream.get_extra_info(info)


def _connected(
    opening: Callable[[str, int, float], httpcore.NetworkStream],
    addresses: list[str],
    port: int,
    timeout: float | None,
) -> httpcore.NetworkStream:
    failure: Exception = httpcore.ConnectError("no address")
    for address in addresses:
        patience = _patience(timeout, httpcore.ConnectTimeout)
        try:
            return opening(address, port, patience)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            failure = error
    raise failure


def _tunnelled(stream: httpcore.NetworkStream, call: Call, timeout: float | None) -> None:
    """Let the proxy connect a stream; close it if it does not."""
    call.stage = Stage.PROXY
    try:
        open_tunnel(stream, call, lambda: _patience(timeout, httpcore.ConnectTimeout))
    except BaseException:
        stream.close()
        raise


def _refused(call: Call, host: str, why: str) -> RejectedError:
    msg = f"{call.operation} was not sent to {host}: {why}"
    return RejectedError(msg, subject=call.subject, code="address_refused")


def _pin(stream: httpcore.NetworkStream) -> str:
    # The connection's own object takes no arguments by name.
    return pin_of(stream.get_extra_info("ssl_object").getpeercert(True))


def _patience(timeout: float | None, late: type[Exception]) -> float:
    """Return how long a step may take, in seconds, more than zero."""
    left = CALL.get().seconds_left()
    if left <= 0:
        msg = "the call's time is over"
        raise late(msg)
    return left if timeout is None else min(timeout, left)
