"""HTTP/1.1 with keep-alive on the loopback interface.

moto's own server runs Flask on werkzeug, which closes the connection after each
answer and costs 2 to 3 ms a call; moto's response classes alone cost 0.3 ms.
"""

from __future__ import annotations

import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from wsgiref.handlers import format_date_time

from rotator.simulators.aws.control import PREFIX, Control
from rotator.simulators.aws.gateway import Gateway
from rotator.simulators.aws.moto_patches import patch_moto
from rotator.simulators.aws.signature import HttpRequest
from rotator.simulators.aws.world import World

if TYPE_CHECKING:
    from rotator.simulators.aws.answers import Answer
    from rotator.simulators.aws.simulated_time import SimulatedTime

HOST = "127.0.0.1"


class SimulatorServer(ThreadingHTTPServer):
    """The simulated AWS on a port; one thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, time: SimulatedTime) -> None:
        """Bind; port 0 lets the system choose. Only one server fits into a process."""
        self.world = World(time)
        patch_moto(self.world.date)
        self.gateway = Gateway(self.world)
        self.control = Control(self.world, self.gateway)
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up that http.server makes of its own address."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Print what broke in a thread, unless the client just went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SimulatorServer

    def do_GET(self) -> None:
        """Serve one request."""
        request = self._read()
        if request.path.startswith(PREFIX):
            self._write(self.server.control.answer(request))
            return
        answer = self.server.gateway.answer(request)
        if answer is None:
            self.close_connection = True
            return
        if answer.delay_seconds:
            threading.Event().wait(answer.delay_seconds)
        self._write(answer)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's naming

    def log_message(self, *_args: Any) -> None:  # noqa: ANN401 - http.server's signature
        """Write nothing: the log of calls is kept in memory."""

    def _read(self) -> HttpRequest:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        return HttpRequest(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )

    def _write(self, answer: Answer) -> None:
        date = format_date_time(self.server.world.now().timestamp())
        head = (
            f"HTTP/1.1 {answer.status} {'OK' if answer.status < 400 else 'Refused'}\r\n"  # noqa: PLR2004
            f"Server: simulator\r\nDate: {date}\r\n"
            f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\n"
            f"x-amzn-RequestId: {uuid4()}\r\n\r\n"
        )
        # One write, so that a small answer is one packet.
        self.wfile.write(head.encode() + answer.body)
