"""Connections that end in an embedded simulator, for clients that use httpcore's own pool.

Bytes are real up to here: our transport writes a request, reads an answer, keeps
the connection and measures its patience as it does on the network. A request has
its effect when its sender begins to wait for the answer.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import httpcore

from rotator.simulators.loopback import Site, exchange

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from rotator.simulators.embedded_transport import Handler, OnRequest
    from rotator.simulators.messages import Answer, HttpRequest


class EmbeddedSockets(httpcore.NetworkBackend):
    """Connects to an embedded simulator, whatever the address."""

    def __init__(self, simulator: Handler, *, on_request: OnRequest) -> None:
        """Connect to this one, and tell of each request."""
        self._simulator = simulator
        self._on_request = on_request
        self._numbers = count(1)

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the Host header says by which name it was meant
        port: int,  # noqa: ARG002 - the same
        timeout: float | None = None,  # noqa: ARG002 - nothing waits here
        local_address: str | None = None,  # noqa: ARG002 - there is no interface
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - no socket
    ) -> httpcore.NetworkStream:
        """Connect."""
        return _Stream(self, scheme="http")

    def exchange(self, sent: bytes, scheme: str) -> bytes:
        """Answer one whole request; an empty answer is a dropped connection."""

        def answer(request: HttpRequest) -> Answer | None:
            base = f"{scheme}://{request.headers.get('host', '')}"
            url = f"{request.path}?{request.query}" if request.query else request.path
            return self._simulator.handle(
                request.method,
                url,
                request.headers,
                request.body,
                base,
                on_request=self._on_request,
            )

        site = Site(
            answer=answer,
            now=self._simulator.now,
            id_header="x-request-id",
            new_id=lambda: str(next(self._numbers)),
        )
        return exchange(site, sent)


class _Stream(httpcore.NetworkStream):
    def __init__(self, sockets: EmbeddedSockets, *, scheme: str) -> None:
        self._sockets, self._scheme = sockets, scheme
        self._sent = self._told = b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - no wait
        self._sent += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - no wait
        if self._sent:
            sent, self._sent = self._sent, b""
            self._told += self._sockets.exchange(sent, self._scheme)
        part, self._told = self._told[:max_bytes], self._told[max_bytes:]
        return part

    def close(self) -> None:
        self._sent = self._told = b""

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - nobody listens in this process
        server_hostname: str | None = None,  # noqa: ARG002 - the same
        timeout: float | None = None,  # noqa: ARG002 - the same
    ) -> httpcore.NetworkStream:
        return _Stream(self._sockets, scheme="https")

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401, ARG002 - httpcore's own signature
        return None
