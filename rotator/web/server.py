"""The web server: uvicorn in a thread of its own."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from rotator.errors import FatalError

if TYPE_CHECKING:
    from starlette.applications import Starlette

_DRAIN_SECONDS = 2
_JOIN_SECONDS = 5.0


class WebServer:
    """Serves one application from `start` to `stop`."""

    def __init__(self, app: Starlette, *, host: str, port: int) -> None:
        """Take where to listen; port 0 lets the system choose."""
        self._host = host
        self._port = port
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                http="h11",
                lifespan="off",
                log_config=None,
                loop="asyncio",
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_SECONDS,
                ws="none",
            )
        )
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Listen, serve from now on, and return the real port.

        Requests that come before the thread is up wait in the socket's queue.

        Raises:
            FatalError: The address cannot be listened on.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listener = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            msg = f"cannot listen on {self._host} port {self._port}: {error.strerror}"
            raise FatalError(msg, code="listen", hint="choose another port or address") from error
        self._thread = threading.Thread(
            target=self._serve, args=(listener,), name="rotator-web", daemon=True
        )
        self._thread.start()
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        """Answer what is being asked, then stop; no error when it never started."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def _serve(self, listener: socket.socket) -> None:
        with listener:
            self._server.run(sockets=[listener])
