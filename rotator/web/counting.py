"""Counting requests by route and code of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rotator.ports.evidence import Telemetry

_OTHER = "other"
_FAILED = "500"
"""What a request ends in that raised before there was an answer."""


class RequestCount:
    """A middleware that counts every request once it is answered, however that ends."""

    def __init__(self, app: ASGIApp, *, routes: Collection[str], telemetry: Telemetry) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            routes: The paths that are counted by name; others are anybody's invention.
            telemetry: What counts.
        """
        self._app = app
        self._routes = routes
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        code = _FAILED

        async def noting(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            path = scope["path"]
            route = path if path in self._routes else _OTHER
            self._telemetry.count("http_requests", route=route, code=code)
