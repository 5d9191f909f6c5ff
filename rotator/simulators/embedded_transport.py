"""How an httpx client reaches an embedded simulator, and never a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from wsgiref.handlers import format_date_time

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rotator.simulators.messages import Answer


class OnRequest(Protocol):
    """Is told of each request as it leaves, and again before its answer is handed over."""

    def __call__(self, operation: str, *, is_over: bool) -> None:
        """Take note, or raise what ends the process here.

        Args:
            operation: Such as ``create-access-key``; empty for a path that nobody serves.
            is_over: Whether the request has had whatever effect it has.
        """
        ...


def ignore_request(operation: str, *, is_over: bool) -> None:
    """Take no note of a request."""


class Handler(Protocol):
    """What answers requests in this process."""

    def now(self) -> datetime:
        """Return the instant that its answers are dated with."""
        ...

    def handle(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        base: str,
        *,
        on_request: OnRequest,
    ) -> Answer | None:
        """Carry out one call; None means that no answer arrives."""
        ...


class EmbeddedTransport(httpx.BaseTransport):
    """Carries requests to an embedded simulator."""

    def __init__(self, simulator: Handler, *, on_request: OnRequest) -> None:
        """Carry to this one, and tell of each request."""
        self._simulator = simulator
        self._on_request = on_request

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request.

        Raises:
            httpx.RemoteProtocolError: No answer arrives.
        """
        base = f"{request.url.scheme}://{request.url.netloc.decode()}"
        answer = self._simulator.handle(
            request.method,
            request.url.raw_path.decode(),
            request.headers,
            request.read(),
            base,
            on_request=self._on_request,
        )
        if answer is None:
            raise httpx.RemoteProtocolError("the peer closed without an answer", request=request)
        date = format_date_time(self._simulator.now().timestamp())
        headers = {"Date": date, "Content-Type": answer.content_type, **answer.headers}
        return httpx.Response(answer.status, headers=headers, content=answer.body)
