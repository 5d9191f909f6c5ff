"""HTTP/1.1 with keep-alive on the loopback interface, for the simulators."""

from __future__ import annotations

import socketserver
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from wsgiref.handlers import format_date_time

from rotator.simulators.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rotator.simulators.messages import Answer

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served.

    Attributes:
        answer: Carries out a request; None means that the connection is dropped.
        now: What the Date header tells.
        id_header: The header in which the vendor gives each request an id.
        new_id: Makes these ids.
    """

    answer: Callable[[HttpRequest], Answer | None]
    now: Callable[[], datetime]
    id_header: str
    new_id: Callable[[], str] = lambda: str(uuid4())


class LoopbackServer(ThreadingHTTPServer):
    """A simulator on a port; one thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, site: Site) -> None:
        """Bind; port 0 lets the system choose."""
        self.site = site
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


def exchange(site: Site, sent: bytes) -> bytes:
    """Answer one whole request without a socket; an empty answer is a dropped connection."""
    return _Exchange(site, sent).told


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LoopbackServer

    @property
    def site(self) -> Site:
        """What is served here."""
        return self.server.site

    def do_GET(self) -> None:
        """Serve one request."""
        answer = self.site.answer(self._read())
        if answer is None:
            self.close_connection = True
            return
        if answer.delay_seconds:
            threading.Event().wait(answer.delay_seconds)
        self._write(answer)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - http.server's naming

    def log_message(self, *_args: Any) -> None:  # noqa: ANN401 - http.server's signature
        """Write nothing: the log of calls is kept in memory."""

    def _read(self) -> HttpRequest:
        path, _, query = self.path.partition("?")
        return HttpRequest(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._read_body(),
        )

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue  # trailers, which nobody needs
        return body

    def _write(self, answer: Answer) -> None:
        headers = {
            "Server": "simulator",
            "Date": format_date_time(self.site.now().timestamp()),
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            self.site.id_header: self.site.new_id(),
            **answer.headers,
        }
        reason = "OK" if answer.status < 400 else "Refused"  # noqa: PLR2004 - HTTP's own boundary
        lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
        # One write, so that a small answer is one packet.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + answer.body)


class _Exchange(_Handler):
    def __init__(self, site: Site, sent: bytes) -> None:  # a socket would serve by itself
        self._site = site
        self._answered = BytesIO()
        self.rfile, self.wfile = BytesIO(sent), self._answered
        self.client_address = (HOST, 0)
        self.handle_one_request()

    @property
    def site(self) -> Site:
        return self._site

    @property
    def told(self) -> bytes:
        """What came back."""
        return self._answered.getvalue()
