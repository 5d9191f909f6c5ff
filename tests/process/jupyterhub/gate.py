"""A gate in front of an API: it lets everything through, and can keep an answer back."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_SECONDS = 60
_HOPS = frozenset({"connection", "content-length", "keep-alive"})


@dataclass(frozen=True, kw_only=True)
class Passed:
    """One request that went through."""

    method: str
    path: str
    credential: str


class Gate:
    """Listens on the loopback interface for one API."""

    def __init__(self, api: str) -> None:
        self.passed: list[Passed] = []
        self._api = urlsplit(api)
        self._lock = threading.Lock()
        self._keeps: Callable[[Passed], bool] | None = None
        self._kept = threading.Event()
        self._released = threading.Event()

    def __enter__(self) -> Self:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name.startswith("do_"):
                    return lambda: gate.pass_on(self)
                raise AttributeError(name)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Return the API's base URL, through the gate."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{self._api.path}"

    def keep_answer_to(self, request: Callable[[Passed], bool]) -> None:
        """Keep the next answer to such a request back, once, until it is released."""
        self._keeps = request

    @property
    def keeps(self) -> bool:
        """Whether an answer is kept back: what was asked for is done, and nobody knows it."""
        return self._kept.is_set()

    def release(self) -> None:
        """Let the answer go; whoever asked may be gone."""
        self._released.set()

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        """Ask the API the same, and answer with what it says."""
        body = asked.rfile.read(int(asked.headers.get("Content-Length", "0")))
        passed = Passed(
            method=asked.command,
            path=asked.path,
            credential=asked.headers.get("Authorization", ""),
        )
        status, headers, content = self._answer(asked, body)
        self.passed.append(passed)
        if self._is_to_keep(passed):
            self._kept.set()
            self._released.wait(_PATIENCE_SECONDS)
        try:
            _say(asked, status, headers, content)
        except OSError:  # whoever asked was killed meanwhile
            asked.close_connection = True

    def _is_to_keep(self, passed: Passed) -> bool:
        with self._lock:
            if self._keeps is None or not self._keeps(passed):
                return False
            self._keeps = None
            return True

    def _answer(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._api.netloc, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(asked.command, asked.path, body, dict(asked.headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


def _say(
    asked: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes
) -> None:
    asked.send_response_only(status)
    for name, value in headers:
        if name.lower() not in _HOPS:
            asked.send_header(name, value)
    asked.send_header("Content-Length", str(len(content)))
    asked.end_headers()
    asked.wfile.write(content)
